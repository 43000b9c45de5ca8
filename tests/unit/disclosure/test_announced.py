"""What queries say of their numbers, and which of them tell the same cells."""

from __future__ import annotations

from typing import Any

import pytest

from saferoom.disclosure.history.announced import Announced, announced_of

Document = dict[str, Any]
COUNT: Document = {"from": "people", "statistic": "frequency"}
MEAN: Document = {"from": "people", "statistic": "mean", "measure": '"pay"'}
MEDIAN: Document = {**MEAN, "statistic": "median"}


def _said(document: Document) -> Announced:
    found = announced_of(document)
    assert found is not None
    return found


def _tells(exact: Document, noisy: Document) -> bool:
    return _said(exact).tells(_said(noisy))


@pytest.mark.parametrize(
    ("exact", "noisy", "margins", "told"),
    [
        ([], [], False, True),
        (["a"], [], False, True),
        ([], ["a"], False, False),
        (["a"], ["a"], False, True),
        (["b", "a"], ["a", "b"], False, True),
        (["a", "b"], ["a"], False, True),
        (["a"], ["a", "b"], False, False),
        (["a"], ["a", "b"], True, True),
        (["a", "c"], ["a", "b"], True, True),
        (["c"], ["a", "b"], True, False),
        ([], ["a"], True, False),
        ([], [], True, True),
    ],
)
def test_counts_tell_every_coarser_cell(exact: list[str], noisy: list[str], margins: bool, told: bool) -> None:
    assert _tells({**COUNT, "by": exact}, {**COUNT, "by": noisy, "margins": margins}) is told


@pytest.mark.parametrize(
    ("exact", "shows", "noisy", "margins", "told"),
    [
        (["a"], False, ["a"], False, True),
        (["a", "b"], False, ["a"], False, False),
        (["a", "b"], True, ["a"], False, True),
        (["a"], False, ["a", "b"], True, True),
        (["a", "c"], False, ["a", "b"], True, False),
        (["a", "c"], True, ["a", "b"], True, True),
        (["a"], False, [], False, False),
        (["a"], True, [], False, True),
        (["a"], False, [], True, False),
        ([], False, [], True, True),
    ],
)
def test_medians_tell_what_they_show(
    exact: list[str], shows: bool, noisy: list[str], margins: bool, told: bool
) -> None:
    assert _tells({**MEDIAN, "by": exact, "margins": shows}, {**MEDIAN, "by": noisy, "margins": margins}) is told


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (MEAN, {**MEAN, "statistic": "sum"}, True),
        (MEAN, {**MEAN, "statistic": "std"}, False),
        (MEAN, MEDIAN, False),
        (MEAN, COUNT, False),
        (MEAN, {**MEAN, "measure": '"age"'}, False),
        (MEAN, {**MEAN, "weight": '"w"'}, False),
        (MEAN, {**MEAN, "from": "others"}, False),
        (MEAN, {**MEAN, "views": {"v": "SELECT 1"}}, False),
        (MEAN, {**MEAN, "protect": {"method": "round"}}, True),
        ({**COUNT, "where": "1 < x AND y = 'f'"}, {**COUNT, "where": "('f' = y) AND x > 1"}, True),
        ({**COUNT, "where": "x > 1"}, {**COUNT, "where": "x > 2"}, False),
        ({**COUNT, "where": "x > 1"}, COUNT, False),
        # Not understood: compared as it stands.
        ({**COUNT, "where": "x >"}, {**COUNT, "where": "x >"}, True),
        ({**COUNT, "where": "x >"}, {**COUNT, "where": "x > "}, False),
        ({**COUNT, "by": ["_d1"], "derive": {"_d1": '"a"'}}, {**COUNT, "by": ["a"]}, True),
        ({**COUNT, "by": ["_d1"], "derive": {"_d1": "floor(a)"}}, {**COUNT, "by": ["a"]}, False),
    ],
)
def test_same_cells_are_told_by_what_is_said(first: Document, second: Document, same: bool) -> None:
    assert _tells(first, second) is same
    assert _tells(second, first) is same


@pytest.mark.parametrize("document", [{}, {"file": "figure.png"}])
def test_what_is_no_query_says_nothing(document: Document) -> None:
    assert announced_of(document) is None


def test_what_is_said_is_kept_whole_and_as_digests() -> None:
    said = _said({**MEAN, "by": ["region"], "where": "age > 20", "protect": {"method": "dp", "rho": 1}})
    assert said.noisy
    assert Announced.from_json(said.to_json()) == said
    assert not {"region", "age", "pay", "people"} & set(str(said.to_json()).replace("'", " ").split())
