"""What comes out of the process that makes record-level files is read with suspicion."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.airlock_world import judged

from saferoom.disclosure.history.frames import write_frame
from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.recordfiles.job import Made, RecordJob, read_answer, write_answer
from saferoom.projects.record_plans.made import Told

RISK = {
    "records": 3,
    "keys": ["region"],
    "basis": "records",
    "sample_uniques": 1,
    "below_k": {"3": 1},
    "expected_reidentifications": 1.5,
    "max_risk": 1.0,
    "max_household_risk": None,
    "sensitive": {"illness": {"distinct": 2, "entropy": 1.5, "closeness": 0.25, "disclosed": 0}},
}
SAID: dict[str, Any] = {
    "records": 3,
    "columns": ["region"],
    "perturbed": ["region"],
    "draws": True,
    "seed_commitment": "0" * 64,
    "steps": [{"step": 1, "method": "drop", "note": "done", "changed": {}}],
    "risk": {
        "before": RISK,
        "after": {
            **RISK,
            "sample_uniques": 0,
            "max_risk": 0.1,
            "perturbed": {"linked_by_distance": 0.125, "linked_by_rank": 0.0625},
        },
    },
    "utility": {"columns": {"region": {"missing_before": 0.244, "changed": None, "lost": 0.5}}},
    "warnings": ["Another column tells region."],
    "rows": [["north"], [None]],
}


def test_an_answer_comes_back_as_it_was_written() -> None:
    found = read_answer(write_answer(Made(b"region\nnorth\n", SAID, judged())))
    assert (found.csv, found.told, found.evaluation.title) == (b"region\nnorth\n", SAID, "Frequency by region")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        write_frame({}, []),
        write_frame({"told": {}}, [b"x"]),
        write_frame({"told": {}}, [b"x", b"{}"]),
        write_frame({"told": {}}, [b"x", json.dumps([]).encode()]),
        write_frame({"refused": 3, "bad_input": True}, []),
        write_frame({"refused": "no", "bad_input": "yes"}, []),
        write_frame([], []),
    ],
)
def test_what_is_no_answer_is_no_file(data: bytes) -> None:
    with pytest.raises(UnavailableError, match="nothing was made"):
        read_answer(data)


def test_a_refusal_is_the_sentence_that_was_said() -> None:
    with pytest.raises(BadInputError, match="limits do not hold"):
        read_answer(write_answer(BadInputError("limits do not hold")))
    with pytest.raises(UnavailableError, match="no memory"):
        read_answer(write_answer(UnavailableError("no memory")))


def test_a_job_that_is_none_is_refused() -> None:
    for data in (b"", write_frame({}, []), write_frame({"plan": {}, "least_units": 3}, [b"", b"", b""])):
        with pytest.raises(BadInputError):
            RecordJob.from_bytes(data)


@pytest.mark.parametrize("name", sorted(set(SAID) - {"utility", "perturbed"}))
def test_what_is_told_needs_all_of_its_parts(name: str) -> None:
    with pytest.raises(UnavailableError, match="not understood"):
        Told.read({key: value for key, value in SAID.items() if key != name})
    with pytest.raises(UnavailableError, match="not understood"):
        Told.read({**SAID, name: 3.5})


def test_what_leaves_says_nothing_of_the_data_before() -> None:
    told = Told.read(SAID)
    risk = told.public()["risk"]
    assert risk.pop("sensitive") == {"illness": {"distinct": 2, "closeness": 0.25}}
    assert risk == {name: SAID["risk"]["after"][name] for name in risk}
    assert "24.4" not in json.dumps(told.public())
    assert any("region were replaced by others" in said for said in told.sentences())
    assert "24.4" in json.dumps(told.view().to_json())
    assert "Another column" not in json.dumps(told.public())
    assert Told.read({**SAID, "draws": False}).public()["seed_commitment"] is None


def test_people_are_told_what_numbers_do_not_say_and_one_row_of_each_column() -> None:
    told = Told.read(SAID)
    assert "Another column tells region." in told.sentences()
    assert any("would link 12.5 % of the records" in said for said in told.sentences())
    columns = told.tables()[-1]
    assert columns.header == ("column", "missing before", "missing after", "values changed", "information lost")
    assert columns.rows == (("region", "24.4 %", "–", "–", "50.0 %"),)
