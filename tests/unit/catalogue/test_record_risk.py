"""What a delivery's records would disclose is measured at ingest; it keeps nothing out, and no value is in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.deliveries import ROWS, Row, checked, pupils

from saferoom.hub.catalogue import record_risk as measuring
from saferoom.projects.catalogue.checks.report import DeliveryReport
from saferoom.projects.catalogue.model import Dataset

SECRET = "Zebedee-Quux-77"


def survey(**roles: str) -> Dataset:
    """Pupils with a unit of their own in the file, and `roles` for some of its variables."""
    described = pupils().model_dump(mode="json")
    described["units"] = ["pupil", "school"]
    described["variables"] = [one for one in described["variables"] if one["name"] != "person_id"]
    for one in described["variables"]:
        if one["name"] == "pupil":
            one |= {"role": "id", "identifies": None}
        one["role"] = roles.get(one["name"], one["role"])
        if one["role"] == "other":
            one["identifies"] = None
    return Dataset.model_validate(described, strict=False)


def risk(folder: Path, spoil: Any = None, dataset: Dataset | None = None) -> dict[str, Any]:
    """Return the measured risk of a delivery that enters."""
    report = checked(folder, spoil, dataset or survey(left_on="quasi"))
    assert report.ok, report.text()
    assert report.risk is not None
    return dict(report.risk)


def test_uniques_are_counted_as_by_hand(tmp_path: Path) -> None:
    combinations: dict[tuple[str, str], int] = {}

    def count(rows: list[Row]) -> None:
        for row in rows:
            key = row["sex"], row["left_on"]
            combinations[key] = combinations.get(key, 0) + 1

    found = risk(tmp_path, count)
    counts = list(combinations.values())
    assert found["measured"]
    assert (found["records"], found["unit"], found["keys"]) == (ROWS, "pupil", ["sex", "left_on"])
    assert found["sample_uniques"] == counts.count(1)
    assert found["below_threshold"] == sum(n for n in counts if n < found["threshold"])
    assert found["expected_reidentifications"] == pytest.approx(len(counts))


def test_a_unit_counts_once_for_each_combination(tmp_path: Path) -> None:
    def twice(rows: list[Row]) -> None:
        rows += [row | {"points": 1.5} for row in rows]

    once = risk(tmp_path)
    dataset = survey(left_on="quasi").model_copy(update={"key": ()})
    again = risk(tmp_path, twice, dataset)
    assert (again["records"], again["sample_uniques"]) == (once["records"], once["sample_uniques"])


def test_the_owners_own_id_counts_where_the_unit_comes_from_linking(tmp_path: Path) -> None:
    found = risk(tmp_path, dataset=pupils())
    assert (found["unit"], found["records"], found["keys"]) == ("pupil", ROWS, ["sex"])


def test_rows_count_where_nothing_tells_whose_they_are(tmp_path: Path) -> None:
    found = risk(tmp_path, dataset=survey(left_on="quasi").model_copy(update={"units": ("school", "pupil")}))
    assert found["unit"] == "school"
    described = pupils().model_dump(mode="json")
    for one in described["variables"]:
        one["identifies"] = "surname" if one["identifies"] == "id" else one["identifies"]
    described["key"] = []
    found = risk(tmp_path, dataset=Dataset.model_validate(described, strict=False))
    assert (found["unit"], found["records"]) == (None, ROWS)


def test_weights_count_unless_they_are_no_weights(tmp_path: Path) -> None:
    def weigh(rows: list[Row]) -> None:
        for row in rows:
            row["points"] = 20

    def weigh_one_by_nothing(rows: list[Row]) -> None:
        weigh(rows)
        rows[0]["points"] = 0

    dataset = survey(left_on="quasi", points="weight")
    weighted = risk(tmp_path, weigh, dataset)
    assert weighted["basis"] == "weights"
    assert weighted["expected_reidentifications"] < risk(tmp_path)["expected_reidentifications"]
    spoiled = risk(tmp_path, weigh_one_by_nothing, dataset)
    assert spoiled["basis"] == "records"
    assert "weights are not all above zero" in spoiled["notes"][0]


def test_households_are_found_together(tmp_path: Path) -> None:
    described = survey(left_on="quasi").model_dump(mode="json")
    for one in described["variables"]:
        if one["name"] == "school":
            one |= {"name": "household_id", "column": "school"}
    described["units"] = ["pupil", "household_id"]
    found = risk(tmp_path, dataset=Dataset.model_validate(described, strict=False))
    assert found["household_expected_reidentifications"] > found["expected_reidentifications"]


def test_what_is_out_of_memory_is_counted_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = risk(tmp_path)
    monkeypatch.setattr(measuring, "MOST_IN_MEMORY", 10)
    outside = risk(tmp_path)
    assert inside["sensitive"]
    assert not outside["sensitive"]
    assert inside | {"sensitive": 0} == outside | {"sensitive": 0}


def test_a_sensitive_value_shared_by_all_who_are_alike_is_told(tmp_path: Path) -> None:
    def alike(rows: list[Row]) -> None:
        for row in rows:
            row["points"] = 7 if row["sex"] == "F" else row["points"]

    found = risk(tmp_path, alike, survey())
    assert found["sensitive"]["points"]["disclosed"] > 0


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        (survey(sex="other"), "no variable is described as a quasi-identifier"),
        (survey(remark="quasi"), "every value of 'remark' is missing"),
    ],
)
def test_what_cannot_be_measured_is_said_and_keeps_nothing_out(tmp_path: Path, dataset: Dataset, said: str) -> None:
    def silence(rows: list[Row]) -> None:
        for row in rows:
            row["remark"] = ""

    found = risk(tmp_path, silence, dataset)
    assert not found["measured"]
    assert said in found["why"]


def test_many_quasi_identifiers_are_named_as_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "MOST_KEYS", 1)
    found = risk(tmp_path)
    assert (found["keys"], found["keys_left_out"]) == (["sex"], ["left_on"])


def test_no_value_is_in_it_and_it_is_read_back(tmp_path: Path) -> None:
    def mark(rows: list[Row]) -> None:
        rows[0]["remark"] = SECRET

    report = checked(tmp_path, mark, survey(remark="quasi", left_on="quasi"))
    assert report.risk is not None
    assert report.risk["sample_uniques"]
    assert SECRET not in json.dumps(report.to_json()) + report.text()
    assert "would find" in report.text()
    assert DeliveryReport.read(report.to_json()) == DeliveryReport(
        report.dataset, report.rows, report.checks, report.breaking, list(report.changes), {}, report.risk
    )


def test_reports_of_before_are_read(tmp_path: Path) -> None:
    written = checked(tmp_path).to_json()
    del written["risk"]
    assert DeliveryReport.read(written).risk is None
