"""Values that would open a door are refused, whoever writes them: an administrator in a hurry, or one asked to."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from tests.support.chart import SOURCE, Chart, Document

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]


def nested(path: str, value: Any) -> dict[str, Any]:
    """Return `value` below a dotted path."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return dict(value)


IMAGE = {"name": "registry.example.org/other", "digest": "sha256:" + "0" * 64}
CLAIM = {"name": "other", "persistentVolumeClaim": {"claimName": "extracts-lost-children"}}
HOST = {"name": "host", "hostPath": {"path": "/"}}
ATTACKS: dict[str, tuple[str, Any]] = {
    # The internet, for rooms.
    "egress-of-rooms": ("rooms.egress", [{"cidr": "0.0.0.0/0"}]),
    "names-for-rooms": ("rooms.dns", True),
    "rooms-by-the-sub-charts-policy": ("jupyterhub.singleuser.networkPolicy.enabled", True),
    "policies-of-the-hub": ("jupyterhub.hub.networkPolicy.enabled", True),
    "policies-of-the-proxy": ("jupyterhub.proxy.chp.networkPolicy.enabled", True),
    "everything-as-database": ("database.external.cidrs", ["0.0.0.0/0"]),
    "an-address-that-none-is": ("network.kubernetesApi.cidrs", ["300.0.0.1/32"]),
    "half-of-everything": ("database.external.cidrs", ["128.0.0.0/1"]),
    "everything-as-mail": ("network.mail.cidrs", ["::/0"]),
    "everything-as-sign-in": ("network.signIn.cidrs", ["10.0.0.0/8"]),
    "cloud-metadata": ("network.signIn.cidrs", ["169.254.169.254/32"]),
    # Another project's data.
    "claims-of-rooms": ("rooms.volumes", [CLAIM]),
    "volumes-of-rooms-in-the-sub-chart": ("jupyterhub.singleuser.storage.extraVolumes", [CLAIM]),
    "home-of-rooms-in-the-sub-chart": ("jupyterhub.singleuser.storage.type", "static"),
    "volumes-of-the-hub": ("jupyterhub.hub.extraVolumes", [CLAIM]),
    "mounts-of-the-hub": ("jupyterhub.hub.extraVolumeMounts", [{"name": "other", "mountPath": "/other"}]),
    "a-projects-claim-by-name": (
        "projects",
        [{"name": "a", "extracts": "1Gi", "workspace": "1Gi", "claim": "extracts-lost-children"}],
    ),
    "a-project-called-a-path": ("projects", [{"name": "../lost-children", "extracts": "1Gi", "workspace": "1Gi"}]),
    # The host, and more rights on it.
    "privileged-rooms": ("rooms.privileged", True),
    "security-context-of-rooms": ("rooms.securityContext", {"runAsUser": 0}),
    "rooms-pod-in-the-sub-chart": ("jupyterhub.singleuser.extraPodConfig", {"hostNetwork": True}),
    "containers-beside-rooms": ("jupyterhub.singleuser.extraContainers", [{"name": "x", "image": "x"}]),
    "escalation-in-rooms": ("jupyterhub.singleuser.allowPrivilegeEscalation", True),
    "privileged-metadata-blocker": ("jupyterhub.singleuser.cloudMetadata.blockWithIptables", True),
    "profiles-of-rooms": (
        "jupyterhub.singleuser.profileList",
        [{"display_name": "root", "kubespawner_override": {"uid": 0}}],
    ),
    "the-hub-as-root": ("jupyterhub.hub.containerSecurityContext.runAsUser", 0),
    "a-writable-root": ("jupyterhub.hub.containerSecurityContext.readOnlyRootFilesystem", False),
    "capabilities-of-the-proxy": ("jupyterhub.proxy.chp.containerSecurityContext.capabilities", {"add": ["NET_ADMIN"]}),
    "the-hosts-disk": ("jupyterhub.hub.extraVolumes", [HOST]),
    "the-hosts-network": ("jupyterhub.hub.extraPodSpec", {"hostNetwork": True}),
    "a-container-beside-the-hub": ("jupyterhub.hub.extraContainers", [{"name": "x", "image": "x"}]),
    "a-container-before-the-hub": ("jupyterhub.hub.initContainers", [{"name": "x", "image": "x"}]),
    # A token, or more than it should open.
    "token-for-rooms": ("rooms.automountServiceAccountToken", True),
    "account-of-rooms": ("jupyterhub.singleuser.serviceAccountName", "hub"),
    "token-for-the-proxy": ("jupyterhub.proxy.chp.extraPodSpec", {"automountServiceAccountToken": True}),
    "the-sub-charts-roles": ("jupyterhub.rbac.create", True),
    "cluster-administrators-as-operators": ("linker.operators", ["system:authenticated"]),
    # Encryption.
    "plain-http": ("jupyterhub.proxy.https.enabled", False),
    "tls-elsewhere": ("jupyterhub.proxy.https.type", "offload"),
    "a-plain-port": ("jupyterhub.proxy.service.disableHttpPort", False),
    "a-plain-ingress": ("jupyterhub.ingress.enabled", True),
    "a-plain-route": ("jupyterhub.httpRoute.enabled", True),
    "unchecked-database": ("database.external.sslmode", "disable"),
    "unchecked-database-by-its-name": ("database.external.name", "saferoom?sslmode=disable"),
    "another-database-by-its-owner": ("database.external.owner", "saferoom@evil.example/x?"),
    "unchecked-database-by-its-host": ("database.external.host", "db/x?sslmode=disable&"),
    "a-plain-bucket": ("vault.s3.attributes", {"endpoint": "http://bucket.example.org"}),
    "an-unchecked-bucket": ("vault.s3.mountOptions", ["no-verify-ssl"]),
    # Code and settings of the hub.
    "code-in-the-hub": ("jupyterhub.hub.extraConfig", {"zz": "c.Authenticator.allow_all = True"}),
    "dummy-sign-in": ("jupyterhub.hub.config.JupyterHub.authenticator_class", "dummy"),
    "administrators-who-enter-rooms": ("jupyterhub.hub.config.JupyterHub.admin_access", True),
    "a-role-for-rooms": ("jupyterhub.hub.loadRoles", {"x": {"scopes": ["admin:servers"], "groups": ["all"]}}),
    "a-service-that-administers": ("jupyterhub.hub.services", {"x": {"apiToken": "0" * 64}}),
    "a-command-of-the-hub": ("jupyterhub.hub.command", ["sh", "-c", "jupyterhub"]),
    "files-in-the-hub": ("jupyterhub.hub.extraFiles", {"x": {"mountPath": "/etc/x", "stringData": "x"}}),
    "another-proxy": ("jupyterhub.proxy.chp.command", ["configurable-http-proxy"]),
    "no-record-of-inputs": ("jupyterhub.proxy.chp.extraEnv.SAFEROOM_RECORDER", "off"),
    "a-record-of-inputs-elsewhere": ("jupyterhub.proxy.chp.extraEnv.SAFEROOM_RECORDER", "http://other.example.org:80"),
    "arguments-of-the-proxy": ("jupyterhub.proxy.chp.extraCommandLineFlags", ["--insecure"]),
    # A provider that anybody could play, or that decides too much.
    "a-plain-provider": ("signIn.oidc.issuer", "http://id.example.org"),
    "a-provider-and-more": ("signIn.oidc.issuer", "https://id.example.org\n  second_factor: local"),
    "tokens-without-signature": ("signIn.oidc.algorithms", ["none"]),
    "tokens-signed-with-the-clients-secret": ("signIn.oidc.algorithms", ["HS256"]),
    "no-openid": ("signIn.oidc.scopes", ["email"]),
    "a-session-without-end": ("signIn.oidc.sessionHours", 10000),
    "a-clock-of-its-own": ("signIn.oidc.clockSkewSeconds", 86400),
    "roles-from-groups": ("signIn.oidc.adminGroups", ["admins"]),
    "the-clients-secret-in-values": ("signIn.oidc.clientSecret", "hunter2"),  # pragma: allowlist secret
    "everybody-signs-in": ("signIn.method", "none"),
    "settings-of-sign-in-from-elsewhere": (
        "jupyterhub.hub.extraEnv.SAFEROOM_SIGN_IN_SETTINGS",
        "/srv/saferoom/other.yaml",
    ),
    # Secrets where they can be read, images that change.
    "a-password-in-values": ("database.external.password", "hunter2"),
    "credentials-of-the-bucket": ("vault.s3.attributes", {"secretKey": "hunter2"}),
    "an-image-by-tag": ("images.room", {"name": "registry.example.org/room:latest", "digest": "latest"}),
    "the-hubs-image-by-tag": ("jupyterhub.hub.image.tag", "latest"),
    "another-image-for-the-proxy": ("jupyterhub.proxy.chp.image.name", "registry.example.org/other"),
    # Namespaces that belong to others.
    "rooms-with-the-keys": ("rooms.namespace", "saferoom"),
    "zones-together": ("linker.namespace", "saferoom-provisioner"),
    "rooms-in-the-system": ("rooms.namespace", "kube-system"),
    # No unknown word.
    "an-unknown-section": ("extraManifests", [{"kind": "ClusterRoleBinding"}]),
    "an-unknown-key": ("airlock.env", {"X": "y"}),
    "an-unknown-section-of-the-sub-chart": ("jupyterhub.hub.securityContext", {}),
    "renamed-parts": ("jupyterhub.fullnameOverride", "other"),
    "global-values": ("global", {"x": 1}),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_values_that_open_a_door_are_refused(chart: Chart, tmp_path: Path, attack: str) -> None:
    path, value = ATTACKS[attack]
    said = chart.refused("production", nested(path, value), tmp_path)
    assert "values don't meet the specifications" in said or "saferoom: these values cannot be used" in said


def leaves(values: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Return the dotted paths of all values but the empty ones."""
    for name, value in values.items():
        yield from leaves(value, f"{path}{name}.") if isinstance(value, dict) and value else [f"{path}{name}"]


DEFAULTS = yaml.safe_load((SOURCE / "values.yaml").read_text())


def test_no_value_of_ours_can_be_taken_away() -> None:
    """Helm takes away what is null; the schema demands every key, also where a template would render nothing."""
    schema = json.loads((SOURCE / "values.schema.json").read_text())
    demanded = jsonschema.Draft202012Validator(schema)
    assert demanded.is_valid(DEFAULTS)
    ours = {section: value for section, value in DEFAULTS.items() if section != "jupyterhub"}
    for path in leaves(ours):
        values = copy.deepcopy(DEFAULTS)
        *above, last = path.split(".")
        place = values
        for name in above:
            place = place[name]
        del place[last]
        assert not demanded.is_valid(values), path


@pytest.mark.parametrize("section", sorted(DEFAULTS["jupyterhub"]))
def test_a_value_taken_away_does_not_bring_back_what_is_less_safe(chart: Chart, tmp_path: Path, section: str) -> None:
    """What the sub-chart has of its own comes through then: it is refused, or it is the same."""
    path = f"jupyterhub.{section}"
    value = DEFAULTS["jupyterhub"][section]
    before = without_secrets(chart.documents("production"))
    file = tmp_path / "null.yaml"
    for one in [path, *(f"{path}.{leaf}" for leaf in (leaves(value) if isinstance(value, dict) else ()))]:
        file.write_text(yaml.safe_dump(nested(one, None)))
        done = chart.template("production", "--values", str(file))
        assert done.returncode or without_secrets(list(yaml.safe_load_all(done.stdout))) == before, one


def without_secrets(documents: Sequence[Document]) -> list[Document]:
    """Return what is the same each time it is rendered."""
    found = [copy.deepcopy(dict(one)) for one in documents if one and one["kind"] != "Secret"]
    for one in found:
        one.get("spec", {}).get("template", {}).get("metadata", {}).pop("annotations", None)
    return list(found)


@pytest.mark.parametrize("attack", ["plain-http", "code-in-the-hub", "privileged-rooms", "another-image-for-the-proxy"])
def test_it_is_the_value_that_is_refused_and_not_something_else(chart: Chart, tmp_path: Path, attack: str) -> None:
    path, value = ATTACKS[attack]
    assert path.split(".")[-1 if attack != "another-image-for-the-proxy" else -2] in chart.refused(
        "production", nested(path, value), tmp_path
    )


def test_a_release_in_a_namespace_of_the_cluster_is_refused(chart: Chart) -> None:
    for namespace in ("default", "kube-system"):
        done = chart.template("production", namespace=namespace)
        assert done.returncode != 0
        assert f"the namespace {namespace} belongs to the cluster" in done.stderr


def test_what_may_be_chosen_is_taken(chart: Chart, tmp_path: Path) -> None:
    """Otherwise all of the above would be refused for any reason."""
    chosen: dict[str, Any] = {
        **nested("rooms.memory", "8Gi"),
        **nested("database.external.cidrs", ["10.20.0.0/16", "fd00:1::/64"]),
        **nested("jupyterhub.hub.nodeSelector", {"example.org/core": "yes"}),
    }
    file = tmp_path / "chosen.yaml"
    file.write_text(str(chosen).replace("'", '"'))
    done = chart.template("production", "--values", str(file))
    assert done.returncode == 0, done.stderr
