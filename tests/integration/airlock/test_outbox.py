"""Files in the outbox become a draft, once, whatever a watcher repeats and whatever else lies there."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.airlock_domain import ANA, BEN, MOBILITY, RITA, TABLE, Domain, screened

from saferoom.errors import BadInputError, ForbiddenError, NotFoundError, SaferoomError
from saferoom.ids import Username
from saferoom.projects.airlock.drafts import content_of
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.outbox import Became, Dropped, Outcome, Place, place_of
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.uploads import LARGEST_BYTES, Screened, Upload

OTHER = TABLE + b"east,300\r\n"


def screen(upload: Upload) -> Screened:
    return screened(upload.name)


def drop(world: Domain, *files: Dropped, author: Username = ANA) -> tuple[Outcome, ...]:
    return world.airlock.draft_files(author, MOBILITY, files, screen)


def only(world: Domain) -> Request:
    (request,) = world.airlock.requests_of(ANA)
    return request


def test_files_of_folders_become_groups_of_one_draft(world: Domain) -> None:
    outcomes = drop(
        world,
        Dropped("Counts", "table.csv", TABLE),
        Dropped("Counts", "context.txt", b"People by region."),
        Dropped("Counts", "Controls.md", b"Ten or more."),
        Dropped("Counts/supporting", "means.py", b"print(1)\n"),
        Dropped("Means", "table.csv", OTHER),
    )
    assert {outcome.became for outcome in outcomes} == {Became.DRAFTED}
    request = only(world)
    assert request.state is State.DRAFT
    assert [(g.name, g.context, g.controls, [f.title for f in g.supporting]) for g in request.groups] == [
        ("Counts", "People by region.", "Ten or more.", ["means.py"]),
        ("Means", "", "", []),
    ]
    assert [(o.title, o.group) for o in request.outputs] == [("table.csv", 1), ("table.csv", 2)]


def test_watcher_that_sees_the_same_files_again_changes_nothing(world: Domain) -> None:
    files = [Dropped("", "table.csv", TABLE), Dropped("", "context.txt", b"Why.")]
    drop(world, *files)
    before, actions = only(world), world.actions()
    assert [o.became for o in drop(world, *files)] == [Became.KNOWN, Became.KNOWN]
    assert only(world) == before
    assert world.actions() == actions


def test_same_file_twice_in_one_look_is_taken_once(world: Domain) -> None:
    file = Dropped("", "table.csv", TABLE)
    assert [o.became for o in drop(world, file, file)] == [Became.DRAFTED, Became.KNOWN]
    assert len(only(world).outputs) == 1


def test_changed_file_takes_the_place_of_the_first(world: Domain) -> None:
    drop(world, Dropped("A", "table.csv", TABLE), Dropped("A", "other.csv", TABLE))
    before = only(world)
    (outcome,) = drop(world, Dropped("A", "table.csv", OTHER))
    after = only(world)
    assert (outcome.became, outcome.request) == (Became.REPLACED, before.id)
    assert [o.title for o in after.outputs] == ["table.csv", "other.csv"]
    assert after.outputs[0].evaluation != before.outputs[0].evaluation
    assert after.outputs[1].evaluation == before.outputs[1].evaluation


def test_discarded_draft_does_not_come_back_by_itself(world: Domain) -> None:
    drop(world, Dropped("", "table.csv", TABLE))
    world.airlock.discard(ANA, only(world).id)
    assert [o.became for o in drop(world, Dropped("", "table.csv", TABLE))] == [Became.KNOWN]
    assert only(world).state is State.WITHDRAWN
    assert [o.became for o in drop(world, Dropped("", "table.csv", OTHER))] == [Became.DRAFTED]


def test_file_of_a_returned_request_is_revised_in_it_and_others_go_into_a_draft(world: Domain) -> None:
    drop(world, Dropped("G", "table.csv", TABLE), Dropped("G", "context.txt", b"c"), Dropped("G", "controls.txt", b"d"))
    request = only(world)
    world.airlock.save(ANA, request.id, request.version, "Title", _wanted(request))
    world.airlock.submit_draft(ANA, request.id, request.version + 1)
    world.airlock.return_to_author(BEN, request.id, "Round it.")
    first, second, third = drop(
        world,
        Dropped("G", "table.csv", OTHER),
        Dropped("G", "context.txt", b"rounded now"),
        Dropped("H", "new.csv", OTHER),
    )
    assert (first.became, first.request, second.request) == (Became.REPLACED, request.id, request.id)
    assert third.request not in (None, request.id)
    revised = world.stored(request.id)
    assert revised.draft is not None
    assert revised.draft.groups[0].context == "rounded now"
    assert revised.groups[0].context == "c", "what was submitted stays"
    again = world.airlock.submit_draft(ANA, request.id, revised.version)
    assert (again.round, again.groups[0].context) == (2, "rounded now")


def _wanted(request: Request) -> Any:
    return content_of(request).groups


def test_file_that_is_refused_keeps_no_other_out(world: Domain) -> None:
    outcomes = drop(
        world,
        Dropped("", "empty.csv", b""),
        Dropped("a/b", "deep.csv", TABLE),
        Dropped("", "x" * 200 + ".csv", TABLE),
        Dropped("", "big.csv", b"x" * (LARGEST_BYTES + 1)),
        Dropped("G", "context.txt", b"\xff\xfe"),
        Dropped("G", "controls.txt", b"x" * 70_000),
        Dropped("G\u202e", "turned.csv", TABLE),
        Dropped("", "fine.csv", TABLE),
    )
    assert [o.became for o in outcomes] == [Became.REFUSED] * 7 + [Became.DRAFTED]
    assert all(o.message and "x" * 20 not in o.message for o in outcomes[:7])
    assert [o.title for o in only(world).outputs] == ["fine.csv"]


def test_more_files_than_a_request_holds_are_refused_with_a_sentence(world: Domain) -> None:
    outcomes = drop(world, *[Dropped("", f"{n}.csv", TABLE + str(n).encode()) for n in range(22)])
    assert [o.became for o in outcomes].count(Became.DRAFTED) == 20
    assert {o.message for o in outcomes[20:]} == {"a request has at most 20 outputs; make several requests"}


def test_what_editors_leave_behind_and_paths_that_lead_out_are_passed_over(world: Domain) -> None:
    outcomes = drop(
        world,
        Dropped("", ".hidden", TABLE),
        Dropped(".ipynb_checkpoints", "a.csv", TABLE),
        Dropped("", "a.csv~", TABLE),
        Dropped("../other", "a.csv", TABLE),
    )
    assert {o.became for o in outcomes} == {Became.PASSED_OVER}
    assert world.airlock.requests_of(ANA) == ()


def test_nobody_fills_the_outbox_of_a_project_that_they_may_not_enter(world: Domain) -> None:
    for person in (RITA, BEN):
        with pytest.raises((NotFoundError, ForbiddenError)):
            drop(world, Dropped("", "table.csv", TABLE), author=person)


def test_screening_that_fails_takes_nothing_in(world: Domain) -> None:
    def broken(_upload: Upload) -> Screened:
        raise SaferoomError("the screening ended without an answer")

    (outcome,) = world.airlock.draft_files(ANA, MOBILITY, [Dropped("", "a.csv", TABLE)], broken)
    assert (outcome.became, outcome.message) == (Became.REFUSED, "the screening ended without an answer")
    assert [o.became for o in drop(world, Dropped("", "a.csv", TABLE))] == [Became.DRAFTED]


@pytest.mark.parametrize(
    ("folder", "name", "place"),
    [
        ("", "a.csv", Place("", False, "a.csv")),
        ("G", "a.csv", Place("G", False, "a.csv")),
        ("G/", "a.csv", Place("G", False, "a.csv")),
        ("supporting", "a.py", Place("", True, "a.py")),
        ("G/Supporting", "context.txt", Place("G", True, "context.txt")),
        ("G", "CONTROLS.MD", Place("G", False, "CONTROLS.MD", "controls")),
        ("G/.git", "a.csv", None),
    ],
)
def test_place_is_told_by_folder_and_name(folder: str, name: str, place: Place | None) -> None:
    assert place_of(folder, name) == place


def test_place_that_there_is_none_of_is_refused() -> None:
    for folder, name in (("a/b", "c.csv"), ("supporting/a/b", "c.csv"), ("", "a:b.csv")):
        with pytest.raises(BadInputError):
            place_of(folder, name)
