"""Attacks by people on both sides of a request, by those who repeat, race, or arrive after the fact."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.airlock_domain import (
    ANA,
    BEN,
    CHECKED,
    CHRIS,
    CLEO,
    DORA,
    MOBILITY,
    OTTO,
    SURVEY,
    WAGES,
    Domain,
    domain,
)

from saferoom.errors import ForbiddenError, NotFoundError, SaferoomError, WrongStateError
from saferoom.ids import Username
from saferoom.policies.models import ReleaseRoute
from saferoom.projects.airlock.model import AuditFinding, Cause, Choice, Request
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.wanted import WantedGroup
from saferoom.projects.people.model import Role

YES = Choice.APPROVED


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Domain]:
    with domain(tmp_path) as made:
        yield made


@pytest.fixture
def signing(world: Domain) -> Domain:
    world.route(owner_signs=True)
    return world


def gives(world: Domain, person: Username, *roles: Role) -> None:
    """Give `person` more roles, with the training of those who have them."""
    found, ben = world.registry.persons[person], world.registry.persons[BEN]
    more = {"roles": found.roles | set(roles), "trainings": {**found.trainings, **ben.trainings}}
    world.registry.persons[person] = found.model_copy(update=more)


def owns(world: Domain, person: Username) -> None:
    world.registry.sets[WAGES] = world.registry.sets[WAGES].model_copy(update={"owner": person})


def at_once(*calls: Callable[[], object]) -> list[object]:
    barrier, outcomes = threading.Barrier(len(calls)), [object()] * len(calls)

    def work(number: int, call: Callable[[], object]) -> None:
        barrier.wait()
        try:
            outcomes[number] = call()
        except Exception as error:
            outcomes[number] = error

    threads = [threading.Thread(target=work, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def test_author_who_buys_every_role_still_decides_nothing_about_the_own_request(signing: Domain) -> None:
    request = signing.submit(CHECKED)
    gives(signing, ANA, *Role)
    owns(signing, ANA)
    airlock, output = signing.airlock, request.outputs[0]
    deeds: list[Callable[[], object]] = [
        lambda: airlock.vote(ANA, request.id, output.id, YES),
        lambda: airlock.claim(ANA, request.id),
        lambda: airlock.return_to_author(ANA, request.id, "x"),
        lambda: airlock.reject(ANA, request.id, "x"),
        lambda: airlock.leaving(ANA, request.id, output.id),
        lambda: airlock.sign_off(ANA, request.id),
        lambda: airlock.refuse_sign_off(ANA, request.id, "x"),
        lambda: airlock.suggestions(ANA, request.id),
        lambda: airlock.audit(ANA, request.id, AuditFinding.FINE),
        lambda: airlock.withdraw_release(ANA, request.id, Cause.OTHER, "x"),
    ]
    for deed in deeds:
        with pytest.raises(ForbiddenError, match="independent"):
            deed()
    signing.approve(request)
    for deed in deeds:
        with pytest.raises(ForbiddenError, match="independent"):
            deed()
    assert signing.stored(request.id).state is State.AWAITING_SIGN_OFF


def test_author_and_data_owner_who_share_one_account_let_nothing_out_alone(signing: Domain) -> None:
    gives(signing, ANA, Role.DATA_OWNER, Role.OUTPUT_CHECKER)
    owns(signing, ANA)
    request = signing.approve(signing.submit(CHECKED))
    assert signing.airlock.sign_offs_page(ANA).total == 0
    with pytest.raises(ForbiddenError):
        signing.airlock.sign_off(ANA, request.id)
    assert signing.stored(request.id).release is None


def test_checker_who_becomes_the_owner_after_voting_does_not_give_both_words(signing: Domain) -> None:
    signing.route(owner_signs=True, checkers_declared=1)
    gives(signing, BEN, Role.DATA_OWNER)
    request = signing.approve(signing.submit(CHECKED), BEN)
    owns(signing, BEN)
    with pytest.raises(ForbiddenError, match="voted"):
        signing.airlock.sign_off(BEN, request.id)
    assert signing.stored(request.id).release is None


def test_member_who_was_a_checker_before_joining_cannot_finish_the_review(world: Domain) -> None:
    world.route(checkers_declared=2)
    request = world.submit(CHECKED)
    world.approve(request, BEN)
    work = world.registry.works[MOBILITY]
    world.registry.works[MOBILITY] = work.model_copy(update={"members": work.members | {CLEO}})
    with pytest.raises(ForbiddenError, match="independent"):
        world.approve(request, CLEO)


def test_vote_of_a_checker_who_joined_the_project_since_does_not_count(world: Domain) -> None:
    world.route(checkers_declared=2)
    request = world.submit(CHECKED)
    world.approve(request, BEN)
    work = world.registry.works[MOBILITY]
    world.registry.works[MOBILITY] = work.model_copy(update={"members": work.members | {BEN}})
    after = world.approve(request, CLEO)
    assert after.state is State.SUBMITTED
    assert "an output checker who voted is a member of the project now" in after.reason
    assert world.stored(request.id).release is None


def test_replayed_signature_releases_once(signing: Domain) -> None:
    request = signing.approve(signing.submit(CHECKED))
    outcomes = at_once(*[lambda: signing.airlock.sign_off(OTTO, request.id)] * 3)
    assert sum(isinstance(one, Request) for one in outcomes) == 1
    assert sum(isinstance(one, WrongStateError) for one in outcomes) == 2
    assert signing.actions().count("request.released") == 1


def test_signature_refusal_return_and_withdrawal_at_once_end_in_one_state(signing: Domain) -> None:
    request = signing.approve(signing.submit(CHECKED))
    outcomes = at_once(
        lambda: signing.airlock.sign_off(OTTO, request.id),
        lambda: signing.airlock.refuse_sign_off(OTTO, request.id, "no"),
        lambda: signing.airlock.return_to_author(BEN, request.id, "no"),
        lambda: signing.airlock.withdraw(ANA, request.id),
    )
    assert all(isinstance(one, Request | WrongStateError) for one in outcomes), outcomes
    state = signing.stored(request.id).state
    assert state in (State.RELEASED, State.RETURNED, State.WITHDRAWN)
    assert (signing.actions().count("request.released") == 1) is (state is State.RELEASED)


def test_two_windows_that_save_at_once_lose_nothing_silently(world: Domain) -> None:
    draft = world.airlock.draft_groups(ANA, MOBILITY, "T", [WantedGroup((), "c", "d", "G")])
    titles = ("first", "second", "third")
    outcomes = at_once(
        *(lambda t=t: world.airlock.save(ANA, draft.id, draft.version, t, draft_groups()) for t in titles)
    )
    done = [one for one in outcomes if isinstance(one, Request)]
    assert len(done) == 1
    assert sum(isinstance(one, WrongStateError) for one in outcomes) == 2
    assert world.stored(draft.id).title == done[0].title


def draft_groups() -> list[WantedGroup]:
    return [WantedGroup((), "c", "d", "G")]


def test_audit_said_by_two_at_once_is_said_once_and_withdraws_once(world: Domain) -> None:
    route = ReleaseRoute(automatic=True, audit_one_in=1)
    world.registry.sets[SURVEY] = world.registry.sets[SURVEY].model_copy(update={"release_route": route})
    request = world.submit()
    outcomes = at_once(
        *(
            lambda who=who: world.airlock.audit(who, request.id, AuditFinding.SHOULD_NOT_HAVE_LEFT, "x")
            for who in (BEN, CLEO)
        )
    )
    assert sum(isinstance(one, Request) for one in outcomes) == 1
    assert world.actions().count("release.withdrawn") == world.actions().count("release.audited") == 1


def test_release_withdrawn_by_two_at_once_is_withdrawn_once(world: Domain) -> None:
    request = world.approve(world.submit(CHECKED))
    outcomes = at_once(
        *(lambda who=who: world.airlock.withdraw_release(who, request.id, Cause.OTHER, "x") for who in (BEN, OTTO))
    )
    assert sum(isinstance(one, Request) for one in outcomes) == 1
    assert all(isinstance(one, Request | WrongStateError) for one in outcomes)
    assert world.actions().count("release.withdrawn") == 1


def test_request_ids_that_are_guessed_tell_an_outsider_nothing_in_any_deed(signing: Domain) -> None:
    request = signing.approve(signing.submit(CHECKED))
    made_up = type(request.id)("request-aaaaaaaaaaaaaaaaaaaaaaaa")
    for person in (DORA,):
        for name in ("sign_off", "claim", "unclaim", "discard", "request", "bundle", "suggestions", "withdraw"):
            told = []
            for id_ in (request.id, made_up):
                with pytest.raises(NotFoundError) as caught:
                    getattr(signing.airlock, name)(person, id_)
                told.append(caught.value.message)
            assert told[0] == told[1], name


def test_vote_brought_over_from_an_earlier_round_approves_nothing(signing: Domain) -> None:
    request = signing.approve(signing.submit(CHECKED))
    signing.airlock.refuse_sign_off(OTTO, request.id, "say more")
    signing.airlock.submit_draft(ANA, request.id, signing.stored(request.id).version)
    with pytest.raises(WrongStateError, match="current round"):
        signing.airlock.vote(BEN, request.id, request.outputs[0].id, YES)
    with pytest.raises(WrongStateError):
        signing.airlock.sign_off(OTTO, request.id)


def test_sign_off_forged_in_the_database_releases_nothing(signing: Domain) -> None:
    request = signing.approve(signing.submit(CHECKED))
    signing.sql(
        "insert into airlock_sign_offs (request, by, datasets, signed, comment, at, round)"
        " values (:request, 'otto', '[\"wages\"]', true, '', '2026-03-02 09:00:00', 1)",
        request=request.id,
    )
    signing.sql("update airlock_requests set blocked = 'x' where id = :request", request=request.id)
    signing.airlock.resume()
    stored = signing.stored(request.id)
    assert (stored.state, stored.release) == (State.AWAITING_SIGN_OFF, None)
    assert "a data owner's word" in stored.blocked


def test_vote_forged_in_the_database_releases_nothing_until_it_is_cast(world: Domain) -> None:
    world.route(checkers_declared=2)
    request = world.submit(CHECKED)
    world.sql(
        "insert into airlock_votes (request, by, output, choice, comment, at, round)"
        " values (:request, 'cleo', :output, 'approved', '', '2026-03-02 09:00:00', 1)",
        request=request.id,
        output=request.outputs[0].id,
    )
    after = world.approve(request, BEN)
    assert (after.state, after.release) == (State.REVIEWED, None)
    assert "a vote on request" in after.blocked
    assert world.approve(request, CLEO).state is State.RELEASED, "the checker's own vote takes its place"


def test_vote_turned_round_in_the_database_releases_nothing(world: Domain) -> None:
    world.route(checkers_declared=2)
    request = world.submit(CHECKED)
    world.airlock.vote(BEN, request.id, request.outputs[0].id, Choice.CHANGES_REQUESTED, "round it")
    world.sql("update airlock_votes set choice = 'approved'")
    assert world.approve(request, CLEO).blocked
    assert world.stored(request.id).release is None


def test_signature_of_an_earlier_round_put_into_this_one_releases_nothing(signing: Domain) -> None:
    signing.project_route(automatic=False, owner_signs=True)
    file = signing.upload()
    request = signing.ask([file.id])
    signing.approve(request, BEN)
    signing.approve(request, CLEO)
    signing.airlock.sign_off(OTTO, request.id)
    signing.airlock.return_to_author(BEN, request.id, "again")
    again = signing.airlock.submit_draft(ANA, request.id, signing.stored(request.id).version)
    signing.approve(again, BEN)
    signing.approve(again, CLEO)
    signing.sql("update airlock_sign_offs set round = 2")
    after = signing.airlock.sign_off(DORA, request.id)
    assert (after.release, "a data owner's word" in after.blocked) == (None, True)


def test_claims_by_the_hundred_keep_nobody_out(world: Domain) -> None:
    request = world.submit(CHECKED)
    for _ in range(50):
        world.airlock.claim(BEN, request.id)
    assert len([c for c in world.stored(request.id).claims if c.holds(world.clock.now())]) == 1
    assert world.approve(request, CLEO).state is State.RELEASED


def test_refused_deed_writes_nothing_at_all(signing: Domain) -> None:
    request = signing.approve(signing.submit(CHECKED))
    before, actions = signing.stored(request.id), signing.actions()
    deeds: list[Callable[[], object]] = [
        lambda: signing.airlock.sign_off(CHRIS, request.id),
        lambda: signing.airlock.refuse_sign_off(OTTO, request.id, ""),
        lambda: signing.airlock.vote(BEN, request.id, request.outputs[0].id, YES),
        lambda: signing.airlock.withdraw_release(OTTO, request.id, Cause.OTHER, "x"),
        lambda: signing.airlock.audit(BEN, request.id, AuditFinding.FINE),
        lambda: signing.airlock.claim(BEN, request.id),
        lambda: signing.airlock.save(ANA, request.id, before.version, "T", draft_groups()),
    ]
    for deed in deeds:
        with pytest.raises(SaferoomError):
            deed()
    assert signing.stored(request.id) == before
    assert signing.actions() == actions
