"""What a person has to look at: votes, turns, comments, and who may do what, against the real store."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from tests.support.airlock_domain import (
    ADA,
    ANA,
    BEN,
    CHECKED,
    CHRIS,
    CLEO,
    DEE,
    DORA,
    MOBILITY,
    NOW,
    OTTO,
    RITA,
    SAFE,
    WAGES,
    WORDS,
    Domain,
)

from saferoom.errors import BadInputError, ForbiddenError, NotFoundError, SaferoomError, WrongStateError
from saferoom.ids import OutputId, RequestId, Username
from saferoom.policies.models import RiskAppetite
from saferoom.projects.airlock.model import Choice, Request
from saferoom.projects.airlock.screening import Words
from saferoom.projects.airlock.states import Action, Party, State
from saferoom.projects.airlock.verify import verify_bundle
from saferoom.projects.airlock.views import A_CHECKER
from saferoom.projects.people.model import Training

YES, NO = Choice.APPROVED, Choice.CHANGES_REQUESTED
MEANS: dict[str, Any] = {"from": "wages", "statistic": "mean", "measure": "wage", "by": ["region"]}

REGRESSION: dict[str, Any] = {
    "from": "survey",
    "statistic": "regression",
    "derive": {"close_to_it": "wage + age / 40"},
    "options": {"formula": "wage ~ close_to_it"},
}
"""A fit so close that a person has to look at it."""


def record_of(bundle: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        found: dict[str, Any] = json.loads(archive.read("sdc-record.json"))
        return found


def test_one_approval_releases_where_one_is_asked(world: Domain) -> None:
    request = world.approve(world.submit(CHECKED))
    assert request.state is State.RELEASED
    assert verify_bundle(world.airlock.bundle(ANA, request.id), world.key.verifying_key).ok


def test_words_that_a_checker_approved_leave_and_names_do_not(world: Domain) -> None:
    request = world.approve(world.submit(CHECKED, title="Zebras by region"))
    bundle = world.airlock.bundle(ANA, request.id)
    record = record_of(bundle)
    assert record["words"]["title"] == "Zebras by region"
    assert record["route"] == "output-checkers"
    assert record["checkers"] == [{"role": "output-checker", "votes": {"approved": 1}}]
    assert '"ben"' not in json.dumps(record)
    assert '"ana"' not in json.dumps(record)


def test_output_not_proven_safe_goes_to_a_person_and_its_findings_leave_without_evidence(
    world: Domain,
) -> None:
    request = world.submit(REGRESSION)
    assert request.state is State.SUBMITTED
    assert request.waits_because[0] == "the output was not proven safe (verdict: review)"
    world.approve(request)
    (output,) = record_of(world.airlock.bundle(ANA, request.id))["outputs"]
    assert output["verdict"] == "review"
    assert output["findings"]
    assert all(set(finding) == {"rule", "risk", "severity", "cells"} for finding in output["findings"])
    assert all(isinstance(finding["cells"], int) for finding in output["findings"])


def test_every_output_has_to_be_approved(world: Domain) -> None:
    request = world.submit(CHECKED, MEANS)
    first, second = request.outputs
    assert world.airlock.vote(BEN, request.id, first.id, YES).state is State.SUBMITTED
    assert world.airlock.vote(BEN, request.id, second.id, YES).state is State.RELEASED


def test_two_checkers_where_two_are_asked_and_blind_until_both_have_voted(world: Domain) -> None:
    world.route(checkers_declared=2)
    request = world.submit(CHECKED)
    (output,) = request.outputs
    after = world.airlock.vote(BEN, request.id, output.id, YES, "fine to me")
    assert after.state is State.PARTLY_REVIEWED
    assert world.airlock.vote(BEN, request.id, output.id, YES).state is State.PARTLY_REVIEWED, "one person counts once"
    assert not world.airlock.request(CLEO, request.id).votes
    assert [vote.comment for vote in world.airlock.request(BEN, request.id).votes] == ["fine to me", ""]
    assert not world.airlock.request(ANA, request.id).votes
    released = world.airlock.vote(CLEO, request.id, output.id, YES)
    assert released.state is State.RELEASED
    assert {vote.by for vote in released.votes} == {BEN, CLEO}


def test_checkers_who_disagree_see_each_other_and_a_third_decides(world: Domain) -> None:
    world.route(checkers_declared=2)
    request = world.submit(CHECKED)
    (output,) = request.outputs
    world.airlock.vote(BEN, request.id, output.id, YES)
    split = world.airlock.vote(CLEO, request.id, output.id, NO, "round it")
    assert split.state is State.REVIEWED
    assert len(world.airlock.request(BEN, request.id).votes) == 2
    assert world.airlock.vote(DEE, request.id, output.id, YES).state is State.RELEASED


def test_changed_mind_counts(world: Domain) -> None:
    request = world.submit(CHECKED)
    (output,) = request.outputs
    assert world.airlock.vote(BEN, request.id, output.id, NO, "why?").state is State.REVIEWED
    assert world.airlock.vote(BEN, request.id, output.id, YES).state is State.RELEASED


def test_asking_for_changes_needs_a_comment(world: Domain) -> None:
    request = world.submit(CHECKED)
    with pytest.raises(BadInputError, match="what has to change"):
        world.airlock.vote(BEN, request.id, request.outputs[0].id, NO, "  ")


def test_returned_request_is_resubmitted_in_a_new_round_without_its_votes(world: Domain) -> None:
    world.route(checkers_declared=2)
    request = world.submit(CHECKED)
    (output,) = request.outputs
    world.airlock.vote(BEN, request.id, output.id, YES, "private remark")
    world.airlock.return_to_author(CLEO, request.id, "Say which years.")
    returned = world.airlock.request(ANA, request.id)
    assert (returned.state, returned.waiting_for) == (State.RETURNED, Party.AUTHOR)
    assert [(c.by, c.body) for c in returned.comments] == [(A_CHECKER, "Say which years.")]
    words = Words("Education by region", "For the paper; years 2020 to 2024.", "Counts of 10 or more.")
    again = world.airlock.submit_again(ANA, request.id, [output.evaluation], words)
    assert (again.state, again.round) == (State.SUBMITTED, 2)
    assert again.context == words.context
    assert not world.stored(request.id).votes
    assert again.outputs[0].id != output.id
    with pytest.raises(WrongStateError, match="not part of the request's current round"):
        world.airlock.vote(CLEO, request.id, output.id, YES)
    world.airlock.vote(CLEO, request.id, again.outputs[0].id, YES)
    assert world.airlock.vote(BEN, request.id, again.outputs[0].id, YES).state is State.RELEASED


def test_nothing_of_a_returned_round_is_deleted(world: Domain) -> None:
    request = world.submit(CHECKED)
    world.airlock.vote(BEN, request.id, request.outputs[0].id, NO, "first round")
    world.airlock.return_to_author(BEN, request.id, "again")
    world.airlock.submit_again(ANA, request.id, [request.outputs[0].evaluation], Words(**WORDS))
    with world.database.reading() as session:
        assert session.scalar(text("select count(*) from airlock_votes")) == 1
        assert session.scalar(text("select count(*) from airlock_outputs")) == 2, "two rounds"
    again = world.airlock.request(CLEO, request.id)
    assert again.comments[0].body == "again"
    assert [vote.comment for vote in again.earlier_votes] == ["first round"]


def test_words_of_every_round_are_kept(world: Domain) -> None:
    request = world.submit(CHECKED)
    world.airlock.return_to_author(BEN, request.id, "Which years?")
    ids = [request.outputs[0].evaluation]
    world.airlock.submit_again(ANA, request.id, ids, Words("Title", "Years 2020 to 2024.", "Same."))
    seen = world.airlock.request(BEN, request.id)
    assert [kept.context for kept in seen.rounds] == [WORDS["context"], "Years 2020 to 2024."]


def test_returned_outputs_asked_for_again_from_the_notebook_are_the_next_round(world: Domain) -> None:
    request = world.submit(CHECKED)
    world.airlock.return_to_author(BEN, request.id, "Which years?")
    again = world.ask([request.outputs[0].evaluation], context="Years 2020 to 2024.")
    assert (again.id, again.round, again.state) == (request.id, 2, State.SUBMITTED)


def test_author_can_answer_a_returned_request_in_a_comment(world: Domain) -> None:
    request = world.submit(CHECKED)
    world.airlock.return_to_author(BEN, request.id, "Why?")
    seen = world.airlock.comment(ANA, request.id, "Because.")
    assert [(c.by, c.public) for c in seen.comments] == [(A_CHECKER, True), (ANA, True)]


def test_comments_public_reach_the_author_when_the_turn_ends_and_private_ones_never(world: Domain) -> None:
    request = world.submit(CHECKED)
    world.airlock.comment(BEN, request.id, "to everybody", output_id=request.outputs[0].id)
    world.airlock.comment(BEN, request.id, "among us", public=False)
    assert not world.airlock.request(ANA, request.id).comments
    assert len(world.airlock.request(CLEO, request.id).comments) == 2
    world.airlock.return_to_author(BEN, request.id, "see there")
    assert [c.body for c in world.airlock.request(ANA, request.id).comments] == ["to everybody", "see there"]


def test_comment_that_is_empty_or_too_long_is_refused(world: Domain) -> None:
    request = world.submit(CHECKED)
    for body in (" ", "x" * 4001):
        with pytest.raises(BadInputError):
            world.airlock.comment(BEN, request.id, body)


def test_vote_on_a_request_that_does_not_exist_is_refused(world: Domain) -> None:
    with pytest.raises(NotFoundError):
        world.airlock.vote(BEN, RequestId("request-made-up"), OutputId("output-x"), YES)


def test_comment_on_an_output_of_another_request_is_refused(world: Domain) -> None:
    request = world.submit(CHECKED)
    with pytest.raises(NotFoundError, match="no such output"):
        world.airlock.comment(BEN, request.id, "?", output_id=OutputId("output-x"))


def test_rejected_request_is_at_its_end(world: Domain) -> None:
    request = world.submit(CHECKED)
    with pytest.raises(BadInputError, match="say in a comment why"):
        world.airlock.reject(BEN, request.id, "")
    assert world.airlock.reject(BEN, request.id, "It names a school.").state is State.REJECTED
    with pytest.raises(WrongStateError):
        world.airlock.submit_again(ANA, request.id, [request.outputs[0].evaluation], Words(**WORDS))
    assert world.ask([request.outputs[0].evaluation]).state is State.SUBMITTED, "a new request may be made"


def test_withdrawn_request_never_leaves(world: Domain) -> None:
    request = world.submit(CHECKED)
    assert world.airlock.withdraw(ANA, request.id).state is State.WITHDRAWN
    with pytest.raises(WrongStateError):
        world.airlock.vote(BEN, request.id, request.outputs[0].id, YES)
    with pytest.raises(WrongStateError):
        world.airlock.withdraw(ANA, request.id)


def test_draft_is_kept_and_submitted_later(world: Domain) -> None:
    draft = world.airlock.draft(ANA, MOBILITY, [], Words("", "", ""))
    assert (draft.state, draft.waiting_for) == (State.DRAFT, Party.AUTHOR)
    assert draft.id not in {request.id for request in world.airlock.queue_page(BEN).items}
    made = world.airlock.submit_again(ANA, draft.id, [world.record(CHECKED).id], Words(**WORDS))
    assert (made.id, made.state, made.round) == (draft.id, State.SUBMITTED, 1)


def test_draft_of_a_safe_table_leaves_when_it_is_submitted(world: Domain) -> None:
    record = world.record()
    draft = world.airlock.draft(ANA, MOBILITY, [record.id], Words("x", "", ""))
    assert world.airlock.submit_again(ANA, draft.id, [record.id], Words(**WORDS)).state is State.RELEASED


def act(world: Domain, action: Action, person: Username, request: Request) -> object:
    """Take `action` as `person`, whatever it is."""
    airlock, output = world.airlock, request.outputs[0]
    attempts: dict[Action, Callable[[], object]] = {
        Action.VIEW: lambda: airlock.request(person, request.id),
        Action.VIEW_RELEASE: lambda: airlock.bundle(person, request.id),
        Action.SUBMIT: lambda: airlock.submit_again(person, request.id, [output.evaluation], Words(**WORDS)),
        Action.COMMENT: lambda: airlock.comment(person, request.id, "hello"),
        Action.WITHDRAW: lambda: airlock.withdraw(person, request.id),
        Action.VOTE: lambda: airlock.vote(person, request.id, output.id, YES),
        Action.RETURN: lambda: airlock.return_to_author(person, request.id, "again"),
        Action.REJECT: lambda: airlock.reject(person, request.id, "no"),
    }
    return attempts[action]()


CHECKING = (Action.VOTE, Action.RETURN, Action.REJECT)


@pytest.mark.parametrize("action", CHECKING)
@pytest.mark.parametrize("person", [ANA, CHRIS])
def test_author_and_members_of_the_project_never_check(world: Domain, person: Username, action: Action) -> None:
    request = world.submit(CHECKED)
    with pytest.raises(ForbiddenError):
        act(world, action, person, request)
    assert world.stored(request.id).state is State.SUBMITTED


def test_author_who_becomes_a_checker_never_checks_the_own_request(world: Domain) -> None:
    request = world.submit(CHECKED)
    ana, ben = world.registry.persons[ANA], world.registry.persons[BEN]
    promoted = {"roles": ana.roles | ben.roles, "trainings": {**ana.trainings, **ben.trainings}}
    world.registry.persons[ANA] = ana.model_copy(update=promoted)
    world.registry.works[MOBILITY] = world.registry.works[MOBILITY].model_copy(update={"members": frozenset()})
    for action in CHECKING:
        with pytest.raises(ForbiddenError, match="independent"):
            act(world, action, ANA, request)
    assert request.id not in {r.id for r in world.airlock.queue_page(ANA).items}


@pytest.mark.parametrize("action", [Action.VIEW, Action.VIEW_RELEASE, Action.COMMENT, Action.WITHDRAW, *CHECKING])
@pytest.mark.parametrize("person", [RITA, DORA, ADA])
def test_outsiders_cannot_tell_whether_a_request_exists(world: Domain, person: Username, action: Action) -> None:
    request = world.submit(CHECKED)
    with pytest.raises(NotFoundError) as real:
        act(world, action, person, request)
    with pytest.raises(NotFoundError) as made_up:
        world.airlock.request(person, RequestId("request-made-up"))
    assert real.value.message == made_up.value.message


@pytest.mark.parametrize("action", [Action.WITHDRAW, Action.SUBMIT])
def test_checker_cannot_act_as_the_author(world: Domain, action: Action) -> None:
    with pytest.raises(ForbiddenError, match="only the author"):
        act(world, action, BEN, world.submit(CHECKED))


def test_stranger_to_the_instance_is_refused(world: Domain) -> None:
    request = world.submit(CHECKED)
    for action in (Action.VIEW, *CHECKING):
        with pytest.raises(ForbiddenError):
            act(world, action, Username("nobody"), request)


@pytest.mark.parametrize(
    "change",
    [{"active": False}, {"trainings": {Training.OUTPUT_CHECKER: date(2026, 3, 1)}}, {"trainings": {}}],
)
def test_checker_whose_training_or_account_ended_checks_nothing(world: Domain, change: dict[str, Any]) -> None:
    request = world.submit(CHECKED)
    world.registry.persons[BEN] = world.registry.persons[BEN].model_copy(update=change)
    for attempt in (lambda: world.approve(request), lambda: world.airlock.queue_page(BEN).items):
        with pytest.raises(SaferoomError):
            attempt()


def test_author_whose_accreditation_ended_submits_nothing(world: Domain) -> None:
    record = world.record(CHECKED)
    world.registry.persons[ANA] = world.registry.persons[ANA].model_copy(
        update={"accreditation_expires": date(2026, 3, 1)}
    )
    with pytest.raises(ForbiddenError, match="accreditation expired"):
        world.ask([record.id])


def test_queue_shows_the_longest_waiting_first_and_only_what_may_be_checked(world: Domain) -> None:
    first = world.submit(CHECKED)
    world.clock.advance(timedelta(hours=1))
    second = world.submit(MEANS)
    world.submit()
    assert [request.id for request in world.airlock.queue_page(BEN).items] == [first.id, second.id]
    assert world.airlock.queue_page(CHRIS).items == (), "a member of the project does not check it"
    for person in (ANA, ADA, DORA):
        with pytest.raises(ForbiddenError):
            world.airlock.queue_page(person)


def test_requests_of_are_the_authors_own_newest_first(world: Domain) -> None:
    first = world.submit(CHECKED)
    world.clock.advance(timedelta(hours=1))
    second = world.submit()
    assert [request.id for request in world.airlock.requests_of(ANA, MOBILITY)] == [second.id, first.id]
    assert world.airlock.requests_of(CHRIS) == ()


def test_data_owner_sees_what_was_released_from_the_own_dataset_and_nothing_before(world: Domain) -> None:
    request = world.submit(CHECKED)
    with pytest.raises(ForbiddenError, match="not requests under review"):
        world.airlock.request(OTTO, request.id)
    with pytest.raises(WrongStateError):
        world.airlock.bundle(OTTO, request.id)
    world.approve(request)
    assert world.airlock.request(OTTO, request.id).votes == ()
    assert world.airlock.bundle(OTTO, request.id) == world.airlock.bundle(ANA, request.id)
    assert [r.id for r in world.airlock.releases_page(OTTO).items] == [request.id]
    for person in (DORA, ADA, RITA):
        assert world.airlock.releases_page(person).total == 0


def test_earlier_releases_are_at_hand_for_the_checker(world: Domain) -> None:
    first = world.approve(world.submit(CHECKED))
    world.submit()
    second = world.submit(MEANS)
    assert [r.id for r in world.airlock.earlier_page(BEN, second.id).items] == [first.id]
    with pytest.raises(NotFoundError):
        world.airlock.earlier_page(RITA, second.id)


def test_judgement_shows_the_checker_what_was_judged(world: Domain) -> None:
    request = world.submit(CHECKED)
    judgement = world.airlock.judgement(BEN, request.id, request.outputs[0].id)
    assert judgement.evaluation.table == world.evaluate(CHECKED).table
    assert judgement.datasets == (WAGES,)
    with pytest.raises(NotFoundError):
        world.airlock.judgement(RITA, request.id, request.outputs[0].id)
    with pytest.raises(NotFoundError, match="no such output"):
        world.airlock.judgement(BEN, request.id, OutputId("output-x"))


def test_notices_reach_those_who_have_to_act_or_to_know(world: Domain) -> None:
    request = world.submit(CHECKED)
    assert [n.side for n in world.told(BEN)] == [Party.CHECKERS.value]
    assert world.told(ANA) == []
    world.airlock.return_to_author(BEN, request.id, "again")
    assert [n.side for n in world.told(ANA)] == [Party.AUTHOR.value]
    for person in (RITA, ADA, CHRIS):
        assert world.told(person) == []


def test_can_gives_the_reason_that_the_attempt_gives(world: Domain) -> None:
    request = world.submit(CHECKED)
    decision = world.airlock.can(ANA, Action.VOTE, request)
    with pytest.raises(ForbiddenError) as caught:
        world.approve(request, ANA)
    assert caught.value.message == decision.reason
    assert world.airlock.can(BEN, Action.VOTE, request)
    assert not world.airlock.can(Username("nobody"), Action.VIEW, request)


def test_release_made_meanwhile_brings_the_checkers_back_to_what_changed(world: Domain) -> None:
    almost = {**SAFE, "where": "age <> 47"}
    world.project_route(automatic=False)
    waiting, other = world.submit(almost), world.submit(SAFE)
    assert world.approve(other).state is State.RELEASED
    again = world.approve(waiting)
    assert (again.state, again.round) == (State.SUBMITTED, 2)
    assert again.reason.startswith("the review starts again: output 1: Subtracting this from the earlier release")
    assert any("Subtracting" in warning for warning in again.warnings)
    assert not again.votes
    assert world.approve(again).state is State.RELEASED, "a person has seen it and decides"


def test_approval_of_data_that_ended_meanwhile_stops_the_release(world: Domain) -> None:
    request = world.submit(CHECKED)
    granted = world.registry.granted[MOBILITY, WAGES]
    world.registry.granted[MOBILITY, WAGES] = granted.model_copy(update={"ended_at": NOW})
    after = world.approve(request)
    assert after.state is State.SUBMITTED
    assert "the project's approval for wages has ended" in after.reason
    assert world.approve(after).state is State.SUBMITTED, "however often it is approved"


def test_risk_appetite_made_stricter_meanwhile_is_told_to_the_checkers_once(world: Domain) -> None:
    request = world.submit(CHECKED)
    stricter = RiskAppetite(threshold_units=20)
    world.registry.sets[WAGES] = world.registry.sets[WAGES].model_copy(update={"risk_appetite": stricter})
    after = world.approve(request)
    assert after.state is State.SUBMITTED
    assert "the rules have changed since output 1 was judged" in after.reason
    assert world.approve(after).state is State.RELEASED


def test_rules_that_ask_for_more_checkers_meanwhile_count(world: Domain) -> None:
    request = world.submit(CHECKED)
    world.route(checkers_declared=2)
    after = world.approve(request)
    assert (after.state, after.checkers) == (State.SUBMITTED, 2)
    assert world.approve(after, BEN).state is State.PARTLY_REVIEWED
    assert world.approve(world.stored(request.id), CLEO).state is State.RELEASED
