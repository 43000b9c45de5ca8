"""Every kind of release with differential privacy has a certificate that verifies, and can be processed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.airlock_world import MOBILITY
from tests.support.privacy_airlock import ANA, PrivacyAirlock, privacy_airlock

from saferoom.disclosure.privacy.certificate import CERTIFICATE_TYPE
from saferoom.errors import BadInputError
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.verify import verify_bundle

DP = {"method": "dp"}
RHO, EPSILON = {**DP, "rho": 0.02}, {**DP, "epsilon": 0.2}
WAGE = {"measure": "wage", "by": ["region"]}
TWO = {"by": ["region", "old"], "derive": {"old": "education > 12"}}
QUERIES: dict[str, dict[str, Any]] = {
    "counts": {"statistic": "frequency", "by": ["region"], "protect": RHO},
    "counts in epsilon": {"statistic": "frequency", "by": ["region"], "protect": EPSILON},
    "one count": {"statistic": "frequency", "protect": RHO},
    "with margins": {"statistic": "frequency", **TWO, "margins": True, "protect": RHO},
    "private cells": {
        "statistic": "frequency",
        "by": ["education"],
        "protect": {**RHO, "keys": "private", "delta": 1e-8},
    },
    "sums": {"statistic": "sum", **WAGE, "protect": {**RHO, "bounds": [0, 50]}},
    "means": {"statistic": "mean", **WAGE, "protect": {**RHO, "bounds": [0, 50]}},
    "deviations": {"statistic": "std", **WAGE, "protect": {**EPSILON, "bounds": [0, 50]}},
    "medians": {
        "statistic": "median",
        **WAGE,
        "protect": {**RHO, "candidates": {"from": 0, "to": 50, "step": 5}},
    },
    "histogram": {"statistic": "histogram", "measure": "wage", "options": {"bins": [0, 10, 20, 40]}, "protect": RHO},
    "mobility": {
        "statistic": "mobility",
        "measure": "wage / 50",
        "by": ["region"],
        "options": {"parent": "education / 20"},
        "protect": RHO,
    },
}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivacyAirlock]:
    with privacy_airlock(tmp_path_factory.mktemp("certificates"), sandboxed=False) as made:
        yield made


def record_of(here: PrivacyAirlock, request: Request) -> dict[str, Any]:
    """Return what a release's record says of its output, after the bundle was verified."""
    assert request.state is State.RELEASED, (request.blocked, request.waits_because)
    assert request.release is not None
    data = here.world.instance.vault.get(request.release.bundle)
    report = verify_bundle(data, here.world.instance.signing_key.verifying_key)
    assert report.ok, report.problem
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found: dict[str, Any] = json.loads(archive.read("sdc-record.json"))["outputs"][0]
    return found


@pytest.mark.parametrize("name", QUERIES)
def test_a_release_is_certified_and_can_be_processed(here: PrivacyAirlock, name: str) -> None:
    quote = here.evaluate({"from": "survey", **QUERIES[name]})
    said = record_of(here, here.ask(quote.id, title=name))
    key = here.world.instance.signing_key.verifying_key
    certificate = key.open_json(said["certificate"], CERTIFICATE_TYPE)
    charge = here.charge(quote)
    assert (said["lane"], certificate["label"]) == ("privacy", "differentially private")
    assert certificate["ledger"]["charge"] == charge.id
    assert (certificate["ledger"]["rho"], certificate["ledger"]["delta"]) == (
        charge.wanted.loss.rho,
        charge.wanted.loss.delta,
    )
    assert certificate["plan_digest"] == charge.wanted.plan
    assert certificate["software"]["opendp"] == "0.16.0"
    made, _ = here.airlock.process(ANA, MOBILITY, quote.id, [{"round": 0.5}])
    processed = record_of(here, here.ask(made.id, title=f"{name}, rounded"))
    again = key.open_json(processed["certificate"], CERTIFICATE_TYPE)
    assert again["ledger"] == certificate["ledger"]
    assert again["processing"]["steps"] == [{"round": {"to": 0.5}}]


def test_noise_that_is_not_private_leaves_with_a_person_and_without_a_certificate(here: PrivacyAirlock) -> None:
    estimator = "maximum_observed_sensitivity"
    quote = here.evaluate({"from": "survey", **QUERIES["mobility"], "protect": {**EPSILON, "estimator": estimator}})
    request = here.ask(quote.id, title="Observed sensitivity")
    assert request.state is State.SUBMITTED
    said = record_of(here, here.world.approve(request))
    assert said["lane"] == "declared"
    assert said["privacy"] == {"label": "noise-infused, not differentially private"}
    assert "certificate" not in said
    with pytest.raises(BadInputError, match="noise-infused only has no certificate"):
        here.airlock.process(ANA, MOBILITY, quote.id, [{"round": 0.5}])
