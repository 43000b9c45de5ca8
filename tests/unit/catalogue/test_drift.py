"""A version is compared with the last one: rows, missing values, distributions, and the description."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from tests.support.deliveries import TODAY, Row, checked, delivery, found, pupils, written

from saferoom.hub.catalogue.checking import check_delivery
from saferoom.projects.catalogue.checks import drift
from saferoom.projects.catalogue.checks.report import Kind, Status

FAIL, WARN, PASS = Status.FAIL, Status.WARN, Status.PASS


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The profile of a good first version, as it comes back from the store."""
    return json.loads(json.dumps(checked(tmp_path_factory.mktemp("first")).profile))


def worst(folder: Path, before: Any, rows: list[Row], **options: Any) -> dict[str, Status]:
    report = check_delivery(written(folder, rows), pupils(), before, today=TODAY, **options)
    order = [PASS, WARN, FAIL]
    made: dict[str, Status] = {}
    for check in report.checks:
        if check.kind is Kind.DRIFT:
            made[check.subject] = max(made.get(check.subject, PASS), check.status, key=order.index)
    return made


def test_another_sample_of_the_same_is_no_drift(tmp_path: Path, before: Any) -> None:
    assert set(worst(tmp_path, before, delivery(seed=7)).values()) == {PASS}


@pytest.mark.parametrize(("rows", "status"), [(400, PASS), (470, PASS), (500, WARN), (810, FAIL), (190, FAIL)])
def test_rows_beyond_a_fifth_warn_and_beyond_the_double_fail(
    tmp_path: Path, before: Any, rows: int, status: Status
) -> None:
    assert worst(tmp_path, before, delivery(seed=7, rows=rows))[""] is status


@pytest.mark.parametrize(("missing", "status"), [(10, PASS), (60, WARN), (400, FAIL)])
def test_missing_values_that_rise_warn_and_then_fail(tmp_path: Path, before: Any, missing: int, status: Status) -> None:
    rows = delivery(seed=7)
    for row in rows[:missing]:
        row["points"] = ""
    assert worst(tmp_path, before, rows)["points"] is status


def test_another_unit_of_measurement_and_swapped_codes_are_found(tmp_path: Path, before: Any) -> None:
    rows = delivery(seed=7)
    for row in rows:
        row["points"] = row["points"] * 100
        row["sex"] = "F" if random.Random(row["pupil"]).random() < 0.95 else "M"
        row["meals"] = "true"
        row["left_on"] = "2026-07-01"
    found_ = worst(tmp_path, before, rows)
    assert (found_["points"], found_["left_on"]) == (FAIL, FAIL)
    assert {found_["sex"], found_["meals"]} <= {WARN, FAIL}


def test_drift_that_the_owner_means_is_accepted_by_name(tmp_path: Path, before: Any) -> None:
    rows = delivery(seed=7, rows=900)
    for row in rows:
        row["points"] = row["points"] * 100
    refused = worst(tmp_path, before, rows)
    accepted = worst(tmp_path, before, rows, accepted={"points", "rows"})
    assert (refused["points"], refused[""]) == (FAIL, FAIL)
    assert (accepted["points"], accepted[""]) == (WARN, WARN)


def test_only_drift_can_be_accepted(tmp_path: Path) -> None:
    report = checked(tmp_path, lambda rows: rows[0].update(sex="?"), accepted={"sex", "rows"})
    assert [one.kind for one in report.failed] == [Kind.CODELIST]


def test_bins_of_numbers_are_those_of_the_version_before(tmp_path: Path, before: Any) -> None:
    second = check_delivery(written(tmp_path, delivery(seed=7)), pupils(), before, today=TODAY).profile
    assert second["variables"]["points"]["bins"] == before["variables"]["points"]["bins"]
    assert sum(second["variables"]["points"]["counts"]) == 400
    assert "counts" not in second["variables"]["pupil"]
    assert "counts" not in second["variables"]["school"]


def test_breaking_is_decided_by_the_descriptions(tmp_path: Path, before: Any) -> None:
    path = written(tmp_path, delivery(seed=7))
    variables = [one.model_dump(mode="json") for one in pupils().variables]
    wider = pupils(variables=[*variables, {"name": "extra", "type": "text", "column": "remark"}])
    narrower = pupils(variables=[one for one in variables if one["name"] != "remark"])
    same, more, less = (check_delivery(path, one, before, today=TODAY) for one in (pupils(), wider, narrower))
    assert (same.breaking, same.changes) == (False, ())
    assert not more.breaking
    assert any("extra: is new" in said for said in more.changes)
    assert less.breaking
    assert any("remark: is gone" in said for said in less.changes)
    assert found(less, Kind.DESCRIPTION, WARN)


def test_profile_of_another_form_says_nothing(tmp_path: Path, before: Any) -> None:
    first = worst(tmp_path, {**before, "form": 99}, delivery(seed=7, rows=4000))
    assert first == {"": PASS}


def test_index_of_published_values() -> None:
    # Two bins, half and half against 60 and 40 of 100: (.1) ln(.6/.5) + (-.1) ln(.4/.5), half a record aside.
    assert drift.psi([500_000, 500_000], [600_000, 400_000]) == pytest.approx(0.04054651, abs=1e-5)
    assert drift.psi([3, 4], [3, 4]) == pytest.approx(0, abs=1e-12)
    assert drift.noise(10, 100, 100) == pytest.approx((9 + 3 * 18**0.5) / 50)
