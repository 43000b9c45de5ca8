"""Inputs are kept in their order, shown to those who may see them, and destroyed when their time is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.airlock_world import INCOME, MOBILITY, World, world
from tests.support.inputs import KERNEL, heard

from saferoom.audit import Event
from saferoom.errors import NotFoundError
from saferoom.hub.store import tables
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.inputs.model import Kind
from saferoom.projects.inputs.service import Inputs
from saferoom.projects.inputs.store import Wanted
from saferoom.projects.paging import Cut

ANA, BEN, CHRIS, RITA = (Username(name) for name in ("ana", "ben", "chris", "rita"))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def _events(here: World, action: str) -> list[Event]:
    with here.instance.database.reading() as session:
        rows = session.query(AuditLinkRow).filter_by(action=action).order_by(AuditLinkRow.seq).all()
        return [Event(row.actor, row.action, row.subject, row.payload or {}) for row in rows]


def _texts(inputs: Inputs, who: Username, project: ProjectSlug = MOBILITY, **more: object) -> list[str]:
    return [one.heard.text for one in inputs.look(who, project, **more).page.items]  # type: ignore[arg-type]


def test_input_is_shown_to_a_checker_with_all_that_was_heard(here: World) -> None:
    inputs = here.instance.inputs
    inputs.record(MOBILITY, ANA, [heard("a = 1"), heard("yes", Kind.ANSWER)])
    here.clock.advance(timedelta(minutes=1))
    inputs.record(MOBILITY, CHRIS, [heard("b = 2")])
    found = inputs.look(BEN, MOBILITY)
    assert [(one.line.seq, one.line.person, one.heard.text) for one in found.page.items] == [
        (3, "chris", "b = 2"),
        (2, "ana", "yes"),
        (1, "ana", "a = 1"),
    ]
    assert found.page.items[1].heard == heard("yes", Kind.ANSWER)
    assert found.page.items[0].heard.kernel == KERNEL
    assert found.page.items[0].line.at == here.clock.now()
    assert found.sight.only is None


def test_members_see_their_own_even_when_they_are_checkers(here: World) -> None:
    inputs = here.instance.inputs
    inputs.record(MOBILITY, ANA, [heard("a = 1")])
    inputs.record(MOBILITY, CHRIS, [heard("b = 2")])
    assert _texts(inputs, ANA) == ["a = 1"]
    assert _texts(inputs, CHRIS) == ["b = 2"]
    assert _texts(inputs, CHRIS, wanted=Wanted(ANA)) == ["b = 2"]


def test_who_was_a_member_checks_nothing_of_the_project(here: World) -> None:
    inputs = here.instance.inputs
    inputs.record(MOBILITY, ANA, [heard("a = 1")])
    here.change(tables.MemberRow, (MOBILITY, "chris"), ended_at=here.clock.now())
    assert _texts(inputs, CHRIS) == []


@pytest.mark.parametrize("name", ["rita", "dora", "otto", "ada"])
@pytest.mark.parametrize("project", ["mobility", "no-such-project", "No Project!"])
def test_others_are_not_told_whether_there_is_such_a_project(here: World, name: str, project: str) -> None:
    inputs = here.instance.inputs
    inputs.record(MOBILITY, ANA, [heard("a = 1")])
    with pytest.raises(NotFoundError) as refused:
        inputs.look(Username(name), project)
    assert refused.value.message == "there is no such project, or none whose inputs you may see"
    assert not inputs.may_look(Username(name), project)
    assert _events(here, "inputs.viewed") == []


def test_every_look_is_in_the_trail_and_what_was_searched_for_is_not(here: World) -> None:
    inputs = here.instance.inputs
    inputs.record(MOBILITY, ANA, [heard("salary = 98765")])
    inputs.look(BEN, MOBILITY, Wanted(ANA), "98765", Cut(2))
    inputs.look(ANA, MOBILITY)
    viewed = _events(here, "inputs.viewed")
    assert [(one.actor, one.subject, one.payload) for one in viewed] == [
        ("ben", "inputs:mobility", {"of": "ana", "page": 2, "searched": True}),
        ("ana", "inputs:mobility", {"of": "ana", "page": 1, "searched": False}),
    ]


def test_search_finds_a_part_of_a_text_in_capitals_or_not(here: World) -> None:
    inputs = here.instance.inputs
    inputs.record(MOBILITY, ANA, [heard("DF.to_csv('x')"), heard("df.head()"), heard("STRASSE = 1"), heard("50%_")])
    assert _texts(inputs, BEN, search="df.TO_csv") == ["DF.to_csv('x')"]
    assert _texts(inputs, BEN, search="straße") == ["STRASSE = 1"]
    assert _texts(inputs, BEN, search="%_") == ["50%_"]
    assert _texts(inputs, BEN, search="not there") == []
    assert inputs.look(BEN, MOBILITY, search="DF").page.total == 2


def test_long_lists_have_pages_with_and_without_a_search(here: World) -> None:
    inputs = here.instance.inputs
    inputs.record(MOBILITY, ANA, [heard(f"x = {n}") for n in range(120)])
    for search in ("", "x ="):
        found = inputs.look(BEN, MOBILITY, search=search, cut=Cut(3))
        assert (found.page.total, found.page.pages) == (120, 3)
        assert [one.heard.text for one in found.page.items] == [f"x = {n}" for n in range(19, -1, -1)]


def test_only_what_was_run_before_a_time_is_shown(here: World) -> None:
    inputs = here.instance.inputs
    inputs.record(MOBILITY, ANA, [heard("before")])
    here.clock.advance(timedelta(seconds=1))
    inputs.record(MOBILITY, ANA, [heard("after")])
    assert _texts(inputs, BEN, wanted=Wanted(before=here.clock.now())) == ["before"]


def test_search_that_cannot_read_everything_says_how_far_it_came(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saferoom.projects.inputs.service.READ_AT_ONCE", 3)
    inputs = here.instance.inputs
    begun = here.clock.now()
    for n in range(5):
        inputs.record(MOBILITY, ANA, [heard(f"x = {n}")])
        here.clock.advance(timedelta(minutes=1))
    found = inputs.look(BEN, MOBILITY, search="x")
    assert found.page.total == 3
    assert found.read_to == begun + timedelta(minutes=2)
    assert inputs.look(BEN, MOBILITY, Wanted(before=found.read_to), "x").read_to is None


def test_inputs_of_a_project_or_person_that_is_not_there_are_refused_whole(here: World) -> None:
    inputs = here.instance.inputs
    with pytest.raises(NotFoundError):
        inputs.record(ProjectSlug("none"), ANA, [heard("a")])
    with pytest.raises(Exception, match=r"FOREIGN KEY|foreign key"):
        inputs.record(MOBILITY, Username("nobody"), [heard("a")])
    assert inputs.verify() == 0


def test_anchors_are_written_once_for_what_is_new(here: World) -> None:
    inputs = here.instance.inputs
    inputs.record(MOBILITY, ANA, [heard("a"), heard("b")])
    inputs.record(INCOME, RITA, [heard("c")])
    assert inputs.anchor() == 2
    assert inputs.anchor() == 0
    inputs.record(MOBILITY, ANA, [heard("d")])
    assert inputs.anchor() == 1
    assert [(e.subject, e.payload["inputs"]) for e in _events(here, "inputs.anchored")] == [
        ("inputs:income", 1),
        ("inputs:mobility", 2),
        ("inputs:mobility", 3),
    ]
    assert inputs.verify() == 4


def test_inputs_are_destroyed_when_their_time_is_over_and_the_rest_still_holds(here: World) -> None:
    inputs = here.instance.inputs
    inputs.record(MOBILITY, ANA, [heard("old")])
    here.clock.advance(timedelta(days=300))
    inputs.record(MOBILITY, ANA, [heard("new")])
    inputs.anchor()
    assert inputs.expire() == 0
    here.clock.advance(timedelta(days=101))
    assert inputs.expire() == 1
    assert inputs.expire() == 0
    assert inputs.verify() == 1
    (gone,) = _events(here, "inputs.expired")
    assert (gone.subject, gone.payload["inputs"], gone.payload["days"]) == ("inputs:mobility", 1, 400)
    here.clock.advance(timedelta(days=300))
    assert inputs.expire() == 1
    inputs.anchor()
    assert inputs.verify() == 0


def test_how_long_they_are_kept_is_the_platforms(here: World) -> None:
    inputs = here.instance.inputs
    with here.instance.database.transaction() as session:
        session.add(tables.PlatformRow(id=1, risk_appetite={}, release_route={}, inputs_days=7))
    inputs.record(MOBILITY, ANA, [heard("old")])
    here.clock.advance(timedelta(days=8))
    assert inputs.expire() == 1
