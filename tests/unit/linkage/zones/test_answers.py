"""What a deriving process answers about associations is tables of the recipe and numbers, or nothing is taken over."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.business_world import LIVES_AT

from saferoom.errors import IntegrityError
from saferoom.hub.linkage.answers import read_associations, read_derivation
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.catalogue.model import Dataset

(DATASET,) = (e.record for e in read_entries([(LIVES_AT, "d")]) if isinstance(e.record, Dataset))
TOLD = {"table": "lives_at", "rows": 9, "pairs": 3, "since": {"new": 1, "gone": 0}}


def test_numbers_of_the_recipes_associations_are_taken() -> None:
    assert read_associations([TOLD], DATASET) == [TOLD]


@pytest.mark.parametrize(
    "found",
    [
        None,
        [],
        [TOLD, TOLD],
        ["lives_at"],
        [TOLD | {"table": "Ada Abbot"}],
        [TOLD | {"rows": "Ada Abbot"}],
        [TOLD | {"rows": 0.5}],
        [TOLD | {"since": {"new": ["Ada Abbot"]}}],
        [TOLD | {7: 1}],
    ],
)
def test_anything_else_is_refused_without_being_repeated(found: Any) -> None:
    with pytest.raises(IntegrityError) as refused:
        read_associations(found, DATASET)
    assert "Abbot" not in refused.value.message


STAMP = {"sha256": "0" * 64, "rows": 9}
TWIN = {"sha256": "1" * 64, "document": {"records": 9}}
ANSWER: dict[str, Any] = {
    "rows": 9,
    "stamp": STAMP,
    "steps": [],
    "associations": [TOLD],
    "risk": {"measured": False, "why": "no variable is described as a quasi-identifier"},
    "twin": TWIN,
}


def test_what_is_told_of_a_derivation_is_read() -> None:
    found = read_derivation(ANSWER, DATASET, twin=True)
    assert found.twin is not None
    assert (found.rows, found.twin.sha256, found.report.rows, found.report.ok) == (9, "1" * 64, 9, True)
    assert read_derivation({**ANSWER, "twin": None}, DATASET, twin=False).twin is None


@pytest.mark.parametrize(
    "told",
    [
        {"rows": 8},
        {"rows": "9"},
        {"stamp": None},
        {"steps": {}},
        {"associations": []},
        {"risk": None},
        {"risk": {"measured": True, "records": "Ada Abbot"}},
        {"twin": None},
        {"twin": {"sha256": "Ada Abbot", "document": {}}},
        {"twin": {"sha256": "1" * 64, "document": "Ada Abbot"}},
    ],
)
def test_a_derivation_told_otherwise_is_refused_without_being_repeated(told: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError) as refused:
        read_derivation({**ANSWER, **told}, DATASET, twin=True)
    assert "Abbot" not in refused.value.message
