"""What output checkers see of protection and of combinations with earlier releases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.airlock_world import MOBILITY, NOW, judged
from tests.support.protected_outputs import audit, combination, protected

from saferoom.digests import sha256
from saferoom.disclosure.history.judgement import How
from saferoom.hub.web.airlock import present_combinations, present_protection
from saferoom.hub.web.airlock.present_combinations import HOW, Earlier, combinations, wanted
from saferoom.hub.web.airlock.present_protection import protection
from saferoom.ids import ReleaseId, RequestId, Username
from saferoom.projects.airlock.model import Release, Request
from saferoom.projects.airlock.states import State


def test_protection_shows_before_after_and_intervals_of_every_hidden_cell() -> None:
    view = protection(protected())
    assert view is not None
    assert view.layers == ("people", "count")
    assert [(cell.name, cell.before, cell.after, cell.intervals) for cell in view.cells] == [
        ("north, high", "3", "x", ("0 to 68", "anything")),
        ("south, high", "65", "x", ("0 to 4,321", "at least 0")),
    ]
    assert view.cells[0].why == "at risk itself"
    facts = dict(view.facts)
    assert facts["Why"] == "2 cells are blank, the least of 2 ways that pass"
    assert facts["How few that is"] == "proven to be the least possible"
    assert (facts["Protected by"], facts["The attacker's audit"]) == ("suppress", "holds")
    assert dict(view.tried)["suppress"] == "blank: goes to a person"


def test_changed_numbers_are_shown_as_they_leave_with_what_a_checker_should_know() -> None:
    cell = {"cell": ["north", "high"], "status": "u", "before": {"count": 6}, "after": {"count": 5}}
    changed = {"method": "controlled_rounding", "holds": False, "layers": ["count"], "said": ["2 cells stay blank"]}
    view = protection(
        replace(protected(), evidence={"audit": {**changed, "cells": [{**cell, "intervals": [[0, 6, 9]]}]}})
    )
    assert view is not None
    assert (view.cells[0].before, view.cells[0].after, view.cells[0].intervals) == ("6", "5", ("0 to 9",))
    facts = dict(view.facts)
    assert facts["Protected by"] == "controlled rounding"
    assert facts["The attacker's audit"] == "does not hold"
    assert facts["What to know of it"] == "2 cells stay blank"
    assert "Units in further cells" not in facts


@pytest.mark.parametrize(
    ("gap", "said"), [(None, "not known"), (0.0001, "proven to be the least possible"), (0.125, "at most 12.5% above")]
)
def test_gap_is_told_in_words(gap: float | None, said: str) -> None:
    view = protection(replace(protected(), evidence={"audit": {**audit(), "gap": gap}}))
    assert view is not None
    assert dict(view.facts)["How few that is"].startswith(said)


def test_output_without_audit_and_choice_has_no_protection_to_show() -> None:
    assert protection(judged()) is None


def test_long_list_of_hidden_cells_says_how_many_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(present_protection, "MOST_CELLS", 1)
    view = protection(protected())
    assert view is not None
    assert (len(view.cells), view.left_out) == (1, 1)
    assert view.cells[0].why == "at risk itself", "the cells at risk come first"


def _earlier() -> Earlier:
    request = Request(
        id=RequestId("req-1"),
        author=Username("ana"),
        project=MOBILITY,
        state=State.RELEASED,
        round=1,
        title="The earlier one",
        automatic=False,
        checkers=1,
        created_at=NOW,
        updated_at=NOW,
        since=NOW,
        release=Release(ReleaseId("rel-1"), RequestId("req-1"), sha256(b""), NOW),
    )
    return Earlier(request, judged())


def test_combination_puts_the_new_cells_beside_those_of_the_release() -> None:
    judged_ = protected([combination("output-1", [("north",), ("gone",)]), combination("output-1", [("south",)])])
    assert wanted(judged_) == {"output-1"}
    [item] = combinations(judged_, {"output-1": _earlier()}.get).shown
    assert item.how == "Subtracting totals leaves a small group"
    first, second = item.rows
    assert (first.new, first.earlier, first.units) == (
        ("north, low: 4,711",),
        (("north: 220", "gone: –"),),
        "1 to 17",
    )
    assert second.earlier == (("south: 180",),)
    [release] = item.releases
    assert (release.title, release.request) == ("Frequency by region", "req-1")
    assert release.about == "project mobility, 2 March 2026, 09:00 UTC"


def test_release_that_may_not_be_seen_is_neither_named_nor_linked() -> None:
    nothing: dict[str, Earlier] = {}
    [item] = combinations(protected([combination("output-1")]), nothing.get).shown
    [release] = item.releases
    assert (release.title, release.request, release.about) == ("A release that you may not see", "", "")
    assert item.rows[0].earlier == ((),)


def test_many_combinations_and_cells_are_cut_with_a_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(present_combinations, "MOST_ROWS", 1)
    monkeypatch.setattr(present_combinations, "MOST_CELLS", 1)
    judged_ = protected([combination("output-1", [("north",), ("south",)]), combination("output-2")])
    judged_ = replace(judged_, evidence={**judged_.evidence, "more_combinations": 7})
    found = combinations(judged_, {"output-1": _earlier()}.get)
    assert (len(found.shown), found.left_out) == (1, 8)
    assert found.shown[0].rows[0].earlier == (("north: 220", "and 1 more cell"),)
    assert wanted(judged_) == {"output-1"}


def test_every_way_to_combine_has_words() -> None:
    assert set(HOW) == set(How)
