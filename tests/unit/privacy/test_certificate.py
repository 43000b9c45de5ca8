"""A certificate says what a release costs, and is believed only where everything in it follows from its plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from saferoom.digests import canonical, sha256
from saferoom.disclosure.privacy.aggregates import Aggregate, Bounds, Kind
from saferoom.disclosure.privacy.calibrate import Budget, calibrated
from saferoom.disclosure.privacy.certificate import (
    Certificate,
    Entry,
    Processing,
    Source,
    digest_of,
    software,
)
from saferoom.disclosure.privacy.certificate_reading import read
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.noise import plan_loss
from saferoom.disclosure.privacy.plan import PrivacyMeasure, PrivacyPlan
from saferoom.disclosure.verdict import Table
from saferoom.errors import IntegrityError

COUNT = Aggregate(Kind.COUNT, "count", 1.0)
SUM = Aggregate(Kind.SUM, "sum", 1.0, Bounds.of_mean(0.0, 9.0))
TABLE = Table(("region", "count"), (("north", 12), ("south", -1.5)))


def _plan(measure: PrivacyMeasure = PrivacyMeasure.ZERO_CONCENTRATED, delta: Fraction = Fraction(0)) -> PrivacyPlan:
    budget = Budget(measure, Fraction(1, 10), delta)
    return calibrated(budget, "person_id", Contributions(6, 2, 3), 0 if delta else 4, [COUNT, SUM])


def _certificate(plan: PrivacyPlan | None = None, processing: Processing | None = None) -> Certificate:
    made = plan or _plan()
    return Certificate(
        release="release-1",
        project="mobility",
        output=1,
        files={"csv": sha256(b"csv")},
        table=digest_of(TABLE),
        plan=made,
        datasets=(Source("htv", "2"),),
        lineages=("htv",),
        policy=sha256(b"rules"),
        entry=Entry("charge-1", "2026-01-01T00:00:00Z", made.digest, 10**8, 0, ("lineage:htv",), 7, sha256(b"link")),
        software=software(),
        processing=processing,
    )


def _document(certificate: Certificate | None = None) -> dict[str, Any]:
    """Return a certificate as whoever verifies it reads it."""
    found: dict[str, Any] = json.loads(canonical((certificate or _certificate()).document()))
    return found


@pytest.mark.parametrize("measure", PrivacyMeasure)
@pytest.mark.parametrize("delta", [Fraction(0), Fraction(1, 10**8)])
def test_a_certificate_is_read_back_as_it_was_written(measure: PrivacyMeasure, delta: Fraction) -> None:
    made = _certificate(_plan(measure, delta))
    assert read(_document(made)) == made


def test_a_certificate_of_a_processed_table_is_read_back_as_it_was_written() -> None:
    made = _certificate(
        processing=Processing(TABLE, 1, ({"round": {"to": 5}},), {"names": {}, "groups": {}, "figures": {}})
    )
    assert read(_document(made)) == made
    assert made.drawn == digest_of(TABLE)


def test_losses_are_exact_and_add_up_to_what_the_plan_costs() -> None:
    plan = _plan(delta=Fraction(1, 10**8))
    document = _document(_certificate(plan))
    loss = plan_loss(plan)
    assert Fraction(document["loss"]["value"]) == loss.value <= Fraction(1, 10)
    assert sum(Fraction(one["loss"]) for one in document["aggregates"]) == loss.value
    assert sum(Fraction(one["delta"]) for one in document["aggregates"]) == loss.delta > 0
    assert [one["scale"] for one in document["aggregates"]] == [one.scale for one in plan.aggregates]


def test_versions_of_what_draws_are_named() -> None:
    assert set(software()) == {"saferoom", "opendp", "duckdb", "numpy"}
    assert software()["opendp"].startswith("0.16")


def test_integers_and_whole_floats_have_one_digest() -> None:
    assert digest_of(TABLE) == digest_of(Table(("region", "count"), (("north", 12.0), ("south", -1.5))))


def _with_half_the_scale(document: dict[str, Any]) -> None:
    document["plan"]["aggregates"][0]["scale"] /= 2


def _with_half_the_scale_and_its_digest(document: dict[str, Any]) -> None:
    _with_half_the_scale(document)
    document["plan_digest"] = PrivacyPlan.from_json(document["plan"]).digest


def _with_half_the_scale_everywhere(document: dict[str, Any]) -> None:
    _with_half_the_scale_and_its_digest(document)
    document["aggregates"][0]["scale"] /= 2


def _with_losses_of_another_plan(document: dict[str, Any]) -> None:
    honest = _document()["loss"]
    _with_half_the_scale_and_its_digest(document)
    document["aggregates"] = _document(replace(_certificate(), plan=PrivacyPlan.from_json(document["plan"])))[
        "aggregates"
    ]
    document["loss"] = honest


def _with_a_smaller_loss(document: dict[str, Any]) -> None:
    document["loss"]["value"] = "1/1000"


def _with_another_unit(document: dict[str, Any]) -> None:
    document["unit"] = "school_id"


def _with_another_unit_in_the_plan(document: dict[str, Any]) -> None:
    document["plan"]["unit"] = "school_id"
    document["plan_digest"] = PrivacyPlan.from_json(document["plan"]).digest


def _with_more_contributions(document: dict[str, Any]) -> None:
    document["plan"]["contributions"]["per_cell"] = 6
    document["plan_digest"] = PrivacyPlan.from_json(document["plan"]).digest


def _with_a_scale_of_nothing(document: dict[str, Any]) -> None:
    document["plan"]["aggregates"][0]["scale"] = 0


def _with_a_text_as_scale(document: dict[str, Any]) -> None:
    document["plan"]["aggregates"][0]["scale"] = "wide"


def _without_the_ledger(document: dict[str, Any]) -> None:
    del document["ledger"]


def _with_half_a_nano_rho(document: dict[str, Any]) -> None:
    document["ledger"]["rho"] = 0.5


def _with_an_entry_more(document: dict[str, Any]) -> None:
    document["note"] = "trust me"


def _with_an_entry_more_in_the_plan(document: dict[str, Any]) -> None:
    document["plan"]["note"] = "trust me"


def _with_another_label(document: dict[str, Any]) -> None:
    document["label"] = "noise-infused, not differentially private"


def _of_a_later_version(document: dict[str, Any]) -> None:
    document["version"] = 2


def _of_version_true(document: dict[str, Any]) -> None:
    document["version"] = True


@pytest.mark.parametrize(
    ("forge", "sentence"),
    [
        (_with_half_the_scale, "plan is not the one that its digest names"),
        (_with_half_the_scale_and_its_digest, "scales and losses are not those that follow from its plan"),
        (_with_half_the_scale_everywhere, "scales and losses are not those that follow from its plan"),
        (_with_losses_of_another_plan, "privacy loss is not the one that follows from its plan"),
        (_with_a_smaller_loss, "privacy loss is not the one that follows from its plan"),
        (_with_another_unit, "names another unit of privacy"),
        (_with_another_unit_in_the_plan, "names another unit of privacy"),
        (_with_more_contributions, "scales and losses are not those that follow from its plan"),
        (_with_a_scale_of_nothing, "lacks an entry of its version, or has one of another kind"),
        (_with_a_text_as_scale, "lacks an entry of its version, or has one of another kind"),
        (_without_the_ledger, "lacks an entry of its version, or has one of another kind"),
        (_with_half_a_nano_rho, "lacks an entry of its version, or has one of another kind"),
        (_with_an_entry_more, "has not exactly the entries of its version"),
        (_with_an_entry_more_in_the_plan, "has not exactly the entries of its version"),
        (_with_another_label, "is not one of differential privacy"),
        (_of_a_later_version, "version this program does not know"),
        (_of_version_true, "version this program does not know"),
    ],
)
def test_a_forged_certificate_is_refused_with_its_own_sentence(
    forge: Callable[[dict[str, Any]], None], sentence: str
) -> None:
    document = _document()
    forge(document)
    with pytest.raises(IntegrityError, match=sentence):
        read(document)


def test_a_plan_that_no_noise_can_be_drawn_by_is_refused() -> None:
    # A threshold below one unit's contribution: OpenDP has no map for it.
    document = _document(_certificate(_plan(delta=Fraction(1, 10**8))))
    document["plan"]["threshold"] = 0
    document["plan_digest"] = PrivacyPlan.from_json(document["plan"]).digest
    with pytest.raises(IntegrityError, match="not one that noise can be drawn by"):
        read(document)
