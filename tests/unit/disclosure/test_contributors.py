"""Contributors and the memory of releases: what is stored is read back, what is damaged is refused."""

from __future__ import annotations

import json

import pytest
from tests.support.statistics_lab import Lab, people

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.families import Family
from saferoom.disclosure.history.memory import Memory
from saferoom.errors import IntegrityError

QUERY = {"statistic": "frequency", "by": ["region", "sex"], "margins": True}


def test_contributors_are_the_units_of_the_inner_cells(lab: Lab) -> None:
    judged = lab.check(QUERY, people(), units=("person_id", "household_id"), memory=Memory.empty())
    (part,) = judged.contributors.parts
    assert len(part.cells) == 8
    by_kind = {sets.unit: sets for sets in part.units}
    counts = dict(zip(part.cells, (len(cell) for cell in by_kind["person_id"].cells), strict=True))
    assert counts == {row[:2]: row[2] for row in judged.table.rows if "All" not in row}
    assert sum(len(cell) for cell in by_kind["household_id"].cells) <= sum(counts.values())


def test_contributors_are_computed_only_when_there_is_a_memory(lab: Lab) -> None:
    assert lab.check(QUERY, people()).contributors.parts == ()


def test_evaluation_survives_json(lab: Lab) -> None:
    judged = lab.check({**QUERY, "protect": {"method": "round"}}, people(), memory=Memory.empty())
    again = Evaluation.from_json(json.loads(json.dumps(judged.to_json(), allow_nan=False)))
    assert again.document() == judged.document()
    assert again.query == judged.query
    assert again.outgoing == judged.outgoing
    assert again.contributors.to_json() == judged.contributors.to_json()
    assert set(judged.document()) == {"verdict", "findings", "table", "protected"}


@pytest.mark.parametrize("damage", ["verdict", "table", "query", "contributors", "findings"])
def test_damaged_evaluation_is_refused(lab: Lab, damage: str) -> None:
    document = lab.check(QUERY, people(), memory=Memory.empty()).to_json()
    for value in (None, "x", 3, {"parts": 3}):
        with pytest.raises(IntegrityError):
            Evaluation.from_json({**document, damage: value})
    document.pop(damage)
    with pytest.raises(IntegrityError):
        Evaluation.from_json(document)


def test_memory_survives_bytes_and_refuses_damaged_ones(lab: Lab) -> None:
    judged = lab.check(QUERY, people(), memory=Memory.empty())
    data = Memory.empty().with_evaluation(judged).to_bytes()
    (release,) = Memory.from_bytes(data).releases
    assert release.title == judged.title
    assert release.contributors.to_json() == judged.contributors.to_json()
    for damaged in (b"", b"x", data[:-10], data[:20] + b"\0\0\0" + data[23:]):
        with pytest.raises(IntegrityError):
            Memory.from_bytes(damaged)


def test_memory_of_an_evaluation_without_contributors_stays_as_it_was(lab: Lab) -> None:
    assert Memory.empty().with_evaluation(lab.check(QUERY, people())).releases == ()


def test_unions_are_all_margins(lab: Lab) -> None:
    judged = lab.check(QUERY, people(), memory=Memory.empty())
    (part,) = judged.contributors.parts
    family = Family(part.cells, part.units[0].cells)
    found = {family.name(place): family.set(place) for place in range(len(family.signatures))}
    assert {cell: len(members) for cell, members in found.items()} == {row[:2]: row[2] for row in judged.table.rows}
