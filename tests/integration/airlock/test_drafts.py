"""Drafts live: they are changed, saved, discarded, and submitted as they are; what was submitted stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.airlock_domain import ANA, BEN, CHECKED, CHRIS, MOBILITY, OTTO, RITA, WORDS, Domain

from saferoom.errors import BadInputError, ForbiddenError, NotFoundError, WrongStateError
from saferoom.ids import EvaluationId, Username
from saferoom.projects.airlock.model import Choice, Request
from saferoom.projects.airlock.screening import Words
from saferoom.projects.airlock.states import Action, State
from saferoom.projects.airlock.wanted import WantedGroup

MEANS: dict[str, Any] = {"from": "wages", "statistic": "mean", "measure": "wage", "by": ["region"]}
COUNTS = WantedGroup((), "People by region.", "Ten or more.", "Counts")


def drafted(world: Domain) -> Request:
    return world.airlock.draft_groups(ANA, MOBILITY, "Wages", [COUNTS])


def test_draft_is_put_together_step_by_step_and_submitted_as_it_is(world: Domain) -> None:
    request = drafted(world)
    request = world.airlock.add(ANA, request.id, request.version, world.record(CHECKED).id, "counts")
    request = world.airlock.add(ANA, request.id, request.version, world.record(MEANS).id, "Means")
    code = world.upload(b"print(1)\n", name="means.py", type="python")
    request = world.airlock.add(ANA, request.id, request.version, code.id, "Means", supporting=True)
    assert [(g.name, len(request.outputs_of(n)), len(g.supporting)) for n, g in enumerate(request.groups, 1)] == [
        ("Counts", 1, 0),
        ("Means", 1, 1),
    ]
    with pytest.raises(BadInputError, match="context of group 2 may not be empty"):
        world.airlock.submit_draft(ANA, request.id, request.version)
    named = [
        WantedGroup((request.outputs[0].evaluation,), "c", "d", "Counts"),
        WantedGroup((request.outputs[1].evaluation,), "e", "f", "Means", (code.id,)),
    ]
    request = world.airlock.save(ANA, request.id, request.version, "Wages by region", named)
    made = world.airlock.submit_draft(ANA, request.id, request.version)
    assert (made.id, made.state, made.round, made.title) == (request.id, State.SUBMITTED, 1, "Wages by region")
    assert made.draft is None
    assert world.approve(made).state is State.RELEASED


def test_what_is_taken_out_of_a_draft_is_gone_from_it_and_its_empty_group_too(world: Domain) -> None:
    request = drafted(world)
    id_ = world.record(CHECKED).id
    request = world.airlock.add(ANA, request.id, request.version, id_, "Other")
    request = world.airlock.remove(ANA, request.id, request.version, id_)
    assert [g.name for g in request.groups] == ["Counts"], "a group with words stays, an empty one goes"
    assert request.outputs == ()
    with pytest.raises(NotFoundError):
        world.airlock.remove(ANA, request.id, request.version, id_)


def test_same_thing_twice_in_a_draft_is_refused(world: Domain) -> None:
    request, id_ = drafted(world), world.record(CHECKED).id
    request = world.airlock.add(ANA, request.id, request.version, id_)
    with pytest.raises(BadInputError, match="already"):
        world.airlock.add(ANA, request.id, request.version, id_, "Other")


def test_second_window_with_an_older_draft_overwrites_nothing(world: Domain) -> None:
    request = drafted(world)
    newer = world.airlock.save(ANA, request.id, request.version, "Newer", [COUNTS])
    late = world.record(CHECKED).id
    with pytest.raises(WrongStateError, match="in another window"):
        world.airlock.add(ANA, request.id, request.version, late)
    with pytest.raises(WrongStateError, match="in another window"):
        world.airlock.save(ANA, request.id, request.version, "Older", [COUNTS])
    assert world.stored(request.id).title == newer.title == "Newer"


def test_submission_of_a_draft_that_was_changed_meanwhile_is_refused(world: Domain) -> None:
    request = world.airlock.draft(ANA, MOBILITY, [world.record(CHECKED).id], Words(**WORDS))
    world.airlock.save(ANA, request.id, request.version, "Other", [COUNTS])
    # What is submitted is what is there now, but not unseen.
    complete = WantedGroup((request.outputs[0].evaluation,), "c", "d")
    world.airlock.save(ANA, request.id, request.version + 1, "Other", [complete])
    with pytest.raises(WrongStateError, match="in another window"):
        world.airlock.submit_draft(ANA, request.id, request.version)
    assert world.stored(request.id).state is State.DRAFT


@pytest.mark.parametrize("person", [BEN, OTTO, RITA])
def test_nobody_but_its_side_knows_of_a_draft(world: Domain, person: Username) -> None:
    request = world.airlock.draft(ANA, MOBILITY, [world.record(CHECKED).id], Words(**WORDS))
    file = world.upload()
    request = world.airlock.add(ANA, request.id, request.version, file.id)
    attempts: list[Callable[[], object]] = [
        lambda: world.airlock.request(person, request.id),
        lambda: world.airlock.download_file(person, request.id, file.id),
        lambda: world.airlock.judgement(person, request.id, request.outputs[0].id),
        lambda: world.airlock.comment(person, request.id, "?"),
        lambda: world.airlock.withdraw(person, request.id),
        lambda: world.airlock.save(person, request.id, request.version, "T", [COUNTS]),
    ]
    for attempt in attempts:
        with pytest.raises(NotFoundError, match="no such request"):
            attempt()


def test_member_of_the_project_sees_a_draft_and_changes_nothing(world: Domain) -> None:
    request = drafted(world)
    assert world.airlock.request(CHRIS, request.id).id == request.id
    attempts: list[Callable[[], object]] = [
        lambda: world.airlock.save(CHRIS, request.id, request.version, "T", [COUNTS]),
        lambda: world.airlock.discard(CHRIS, request.id),
        lambda: world.airlock.submit_draft(CHRIS, request.id, request.version),
    ]
    for attempt in attempts:
        with pytest.raises(ForbiddenError, match="only the author"):
            attempt()


def test_evaluation_of_somebody_else_cannot_be_put_into_a_draft(world: Domain) -> None:
    request, other = drafted(world), world.record(CHECKED, author=CHRIS)
    for id_ in (other.id, EvaluationId("evaluation-made-up")):
        with pytest.raises(NotFoundError, match="no such evaluation of yours"):
            world.airlock.add(ANA, request.id, request.version, id_)


def test_discarded_draft_is_at_its_end_and_stays_on_record(world: Domain) -> None:
    request = drafted(world)
    assert world.airlock.discard(ANA, request.id).state is State.WITHDRAWN
    assert world.actions()[-1] == "request.discarded"
    with pytest.raises(WrongStateError):
        world.airlock.add(ANA, request.id, request.version + 1, world.record(CHECKED).id)


def test_returned_request_is_revised_while_checkers_see_what_was_submitted(world: Domain) -> None:
    request = world.submit(CHECKED)
    world.airlock.vote(BEN, request.id, request.outputs[0].id, Choice.CHANGES_REQUESTED, "means, please")
    world.airlock.return_to_author(BEN, request.id, "Show means instead.")
    fresh = world.record(MEANS)
    found = world.airlock.request(ANA, request.id)
    saved = world.airlock.save(ANA, request.id, found.version, "Means", [WantedGroup((fresh.id,), "c", "d")])
    assert saved.draft is not None
    assert [o.evaluation for o in saved.draft.outputs] == [fresh.id]
    seen = world.airlock.request(BEN, request.id)
    assert (seen.draft, seen.title, [o.id for o in seen.outputs]) == (
        None,
        request.title,
        [o.id for o in request.outputs],
    )
    again = world.airlock.submit_draft(ANA, request.id, saved.version)
    assert (again.round, again.title, [o.evaluation for o in again.outputs]) == (2, "Means", [fresh.id])
    assert world.stored(request.id).votes == ()
    assert [kept.title for kept in world.stored(request.id).rounds] == [request.title, "Means"]


def test_discarded_revision_goes_back_to_what_was_submitted(world: Domain) -> None:
    request = world.submit(CHECKED)
    world.airlock.return_to_author(BEN, request.id, "Again.")
    version = world.stored(request.id).version
    world.airlock.save(ANA, request.id, version, "Other", [COUNTS])
    after = world.airlock.discard(ANA, request.id)
    assert (after.state, after.draft, after.title) == (State.RETURNED, None, request.title)
    assert world.airlock.submit_draft(ANA, request.id, after.version).state is State.SUBMITTED


def test_comments_of_an_author_are_private_or_public_on_request_group_or_output(world: Domain) -> None:
    request = world.airlock.draft_groups(ANA, MOBILITY, "T", [WantedGroup((world.record(CHECKED).id,), "c", "d", "G")])
    world.airlock.comment(ANA, request.id, "note to ourselves", public=False, group="G")
    world.airlock.comment(ANA, request.id, "look at the north", output_id=request.outputs[0].id)
    made = world.airlock.submit_draft(ANA, request.id, world.stored(request.id).version)
    assert [c.body for c in world.airlock.request(CHRIS, made.id).comments] == [
        "note to ourselves",
        "look at the north",
    ]
    (seen,) = world.airlock.request(BEN, made.id).comments
    assert (seen.body, seen.evaluation) == ("look at the north", made.outputs[0].evaluation)
    with pytest.raises(NotFoundError, match="no such group"):
        world.airlock.comment(BEN, made.id, "?", group="H")


def test_author_can_edit_neither_while_it_is_checked_nor_after(world: Domain) -> None:
    request = world.submit(CHECKED)
    assert not world.airlock.can(ANA, Action.EDIT, request)
    with pytest.raises(WrongStateError):
        world.airlock.save(ANA, request.id, request.version, "T", [COUNTS])
    released = world.approve(request)
    with pytest.raises(WrongStateError):
        world.airlock.save(ANA, request.id, released.version, "T", [COUNTS])
