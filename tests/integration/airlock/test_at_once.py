"""Several people, and several processes, at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.support.airlock_domain import ANA, BEN, CHECKED, CLEO, DEE, SAFE, WORDS, Domain

from saferoom.audit import Event
from saferoom.errors import WrongStateError
from saferoom.hub.store.airlock_record_rows import release_row
from saferoom.projects.airlock.model import Choice, Release, Request
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.store import Step

ALMOST = {**SAFE, "where": "age <> 47"}


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Make `calls` in threads that start together; return what each gave or raised."""
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


def test_two_checkers_who_vote_at_once_both_count(world: Domain) -> None:
    world.route(checkers_declared=2)
    request = world.submit(CHECKED)
    (output,) = request.outputs
    outcomes = at_once(
        *(lambda who=who: world.airlock.vote(who, request.id, output.id, Choice.APPROVED) for who in (BEN, CLEO))
    )
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert world.stored(request.id).state is State.RELEASED
    assert {vote.by for vote in world.stored(request.id).votes} == {BEN, CLEO}
    assert world.actions().count("request.released") == 1


def test_checkers_who_approve_reject_and_return_at_once_end_in_one_state(world: Domain) -> None:
    request = world.submit(CHECKED)
    (output,) = request.outputs
    outcomes = at_once(
        lambda: world.airlock.vote(BEN, request.id, output.id, Choice.APPROVED),
        lambda: world.airlock.reject(CLEO, request.id, "no"),
        lambda: world.airlock.return_to_author(DEE, request.id, "again"),
        lambda: world.airlock.withdraw(ANA, request.id),
    )
    done = [outcome for outcome in outcomes if isinstance(outcome, Request)]
    assert all(isinstance(o, Request | WrongStateError) for o in outcomes), outcomes
    state = world.stored(request.id).state
    assert state in (State.RELEASED, State.REJECTED, State.RETURNED, State.WITHDRAWN)
    assert done
    assert (world.actions().count("request.released") == 1) is (state is State.RELEASED)
    assert world.audit().links


def test_same_submission_sent_twice_at_once_is_one_request(world: Domain) -> None:
    record = world.record()
    outcomes = at_once(*[lambda: world.ask([record.id])] * 3)
    assert all(isinstance(outcome, Request) for outcome in outcomes), outcomes
    assert len({outcome.id for outcome in outcomes if isinstance(outcome, Request)}) == 1
    assert world.actions().count("request.released") == 1


def test_two_tables_harmless_alone_sent_at_once_do_not_both_leave(world: Domain) -> None:
    records = [world.record(SAFE), world.record(ALMOST)]
    outcomes = at_once(*(lambda r=r: world.ask([r.id]) for r in records))
    states = sorted(outcome.state for outcome in outcomes if isinstance(outcome, Request))
    assert states == [State.RELEASED, State.SUBMITTED]


def test_daily_limit_holds_when_everything_comes_at_once(world: Domain) -> None:
    world.project_route(automatic_per_day=2)
    # Of different people: whichever two are first, neither tells anything beside the other.
    places = ("region = 'north'", "region = 'south'", "region = 'east' AND age < 45", "region = 'east' AND age >= 45")
    queries = [{"from": "survey", "statistic": "frequency", "where": place} for place in places]
    records = [world.record(query) for query in queries]
    outcomes = at_once(*(lambda r=r: world.ask([r.id]) for r in records if r.route.automatic))
    released = [o for o in outcomes if isinstance(o, Request) and o.state is State.RELEASED]
    assert len(released) == 2


def test_resume_in_several_processes_at_once_releases_once(world: Domain) -> None:
    def stop(step: str) -> None:
        if step == "approved":
            raise KeyboardInterrupt

    stopped = replace(world.airlock, checkpoint=stop)
    record = world.record()
    with pytest.raises(KeyboardInterrupt):
        stopped.submit(ANA, record.project, [record.id], WORDS["title"], WORDS["context"], WORDS["controls"])
    outcomes = at_once(*[world.airlock.resume] * 3)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)], outcomes
    assert world.actions().count("request.released") == 1


def test_write_that_started_from_an_older_version_is_refused(world: Domain) -> None:
    request = world.stored(world.submit(CHECKED).id)
    world.airlock.comment(BEN, request.id, "meanwhile")
    with pytest.raises(WrongStateError, match="changed by somebody else"), world.airlock.store.transaction() as tx:
        tx.save_request(replace(request, title="stale"), Step(Event("x", "x", "x")))
    assert world.stored(request.id).title == request.title


def test_second_release_of_a_request_is_refused_by_the_store(world: Domain) -> None:
    request = world.stored(world.submit().id)
    assert request.release is not None
    again = replace(request.release, id=type(request.release.id)("release-again"))
    for release in (again, request.release):
        with pytest.raises(WrongStateError), world.airlock.store.transaction() as tx:
            tx.save_request(request, Step(Event("x", "x", "x"), release=release))
    with pytest.raises(WrongStateError, match="same moment"):
        _insert(world, again)


def _insert(world: Domain, release: Release) -> None:
    with world.airlock.store.transaction() as tx:
        tx._session.add(release_row(release))  # type: ignore[attr-defined]
