"""What is missing and what contradicts itself is said in a sentence, and nothing is rendered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.chart import SOURCE, Chart

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]

BAD: dict[str, tuple[str, dict[str, Any], str]] = {
    "no host": ("production", {"host": ""}, "host is empty: name the host that people open"),
    "no image": ("production", {"images": {"room": {"digest": ""}}}, "images.room needs a name and a digest"),
    "no hub image": (
        "production",
        {"jupyterhub": {"hub": {"image": {"tag": ""}}}},
        "jupyterhub.hub.image needs a name",
    ),
    "no proxy image": (
        "production",
        {"jupyterhub": {"proxy": {"chp": {"image": {"tag": ""}}}}},
        "jupyterhub.proxy.chp.image needs a name",
    ),
    "no database": ("production", {"database": {"external": {"host": ""}}}, "database.external.host is empty"),
    "one role": (
        "production",
        {"database": {"external": {"owner": "one", "user": "one"}}},
        "database.external.owner and database.external.user name one role",
    ),
    "no address": ("production", {"database": {"external": {"cidrs": []}}}, "database.external.cidrs is empty"),
    "two databases": ("trial", {"database": {"external": {"host": "db.example.org"}}}, "choose one of the two"),
    "trial without image": ("trial", {"images": {"postgresql": {"digest": ""}}}, "images.postgresql needs a name"),
    "no bucket": ("s3-vault", {"vault": {"s3": {"bucket": ""}}}, "vault.s3 needs the CSI driver's name and the bucket"),
    "two vaults": ("s3-vault", {"vault": {"kind": "volume"}}, "vault.kind is volume, and vault.s3 names"),
    "no class of keys": ("kms", {"keys": {"kms": {"providerClass": ""}}}, "keys.kms.providerClass names"),
    "two classes": (
        "kms",
        {"keys": {"kms": {"providerClass": "other"}}},
        "give jupyterhub.hub.extraVolumes the same class",
    ),
    "keys from both": ("kms", {"keys": {"source": "secret"}}, "choose one of the two"),
    "keys of the hub from elsewhere": (
        "kms",
        {"keys": {"source": "secret", "kms": {"providerClass": ""}}},
        "leave jupyterhub.hub.extraVolumes as it is",
    ),
    "nobody": ("production", {"network": {"people": {"namespaces": []}}}, "network.people is empty"),
    "no cluster": ("production", {"network": {"kubernetesApi": {"cidrs": []}}}, "network.kubernetesApi.cidrs is empty"),
    "a provider without an address": (
        "production",
        {"signIn": {"oidc": {"issuer": ""}}},
        "signIn.oidc.issuer is empty, and signIn.method is oidc",
    ),
    "a provider that does not know us": (
        "production",
        {"signIn": {"oidc": {"clientId": ""}}},
        "signIn.oidc.clientId is",
    ),
    "a provider without a name": ("production", {"signIn": {"oidc": {"name": ""}}}, "signIn.oidc.name is empty"),
    "a second factor that is never told": (
        "production",
        {"signIn": {"oidc": {"acrValues": []}}},
        "signIn.oidc.secondFactor is claim: acrValues or amrValues say",
    ),
    "second factors from both": (
        "production",
        {"signIn": {"oidc": {"secondFactor": "local"}}},
        "signIn.oidc.secondFactor is local, and acrValues or amrValues are listed",
    ),
    "a provider that cannot be reached": (
        "production",
        {"network": {"signIn": {"cidrs": []}}},
        "network.signIn.cidrs is empty, and signIn.method is oidc",
    ),
    "a way to no provider": (
        "trial",
        {"network": {"signIn": {"cidrs": ["10.20.30.60/32"]}}},
        "signIn.method is local, and network.signIn.cidrs lists addresses",
    ),
    "a provider that nobody asks": (
        "trial",
        {"signIn": {"oidc": {"issuer": "https://id.example.org"}}},
        "signIn.method is local, and signIn.oidc names a provider",
    ),
    "a project twice": (
        "production",
        {
            "projects": [
                {"name": "a", "extracts": "1Gi", "workspace": "1Gi"},
                {"name": "a", "extracts": "2Gi", "workspace": "1Gi"},
            ]
        },
        "projects names one project twice",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_values_are_refused_in_a_sentence(chart: Chart, tmp_path: Path, case: str) -> None:
    values, override, sentence = BAD[case]
    assert sentence in chart.refused(values, override, tmp_path)


def test_everything_that_is_missing_is_said_at_once(chart: Chart) -> None:
    done = chart.helm("template", "saferoom", str(chart.folder), "--namespace", "saferoom")
    assert done.returncode != 0
    assert done.stdout == ""
    said = [line for line in done.stderr.splitlines() if line.startswith("  - ")]
    assert len(said) >= 9


def test_every_sentence_of_the_template_is_tested_here() -> None:
    text = (SOURCE / "templates" / "validations.yaml").read_text()
    assert text.count("append $said") == len(BAD) + 4, (
        "besides these the namespaces (two), the images that differ and the renamed parts are in test_attacks.py"
    )
