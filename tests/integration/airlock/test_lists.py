"""Lists: what the database selects is what the permissions say of each request, and it is quick with ten thousand."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.support.airlock_domain import (
    ADA,
    ANA,
    BEN,
    CHECKED,
    CHRIS,
    CLEO,
    DEE,
    DORA,
    INCOME,
    MOBILITY,
    NOW,
    OTTO,
    RITA,
    Domain,
)
from tests.support.airlock_many import fill

from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError, ForbiddenError
from saferoom.ids import Username
from saferoom.projects.airlock import permissions
from saferoom.projects.airlock.lists import Filters, Line, Order, Page, Paging
from saferoom.projects.airlock.model import Lane, Request
from saferoom.projects.airlock.permissions import Standing
from saferoom.projects.airlock.screening import Words
from saferoom.projects.airlock.states import TURN, Action, State
from saferoom.projects.airlock.store import Selection
from saferoom.projects.people.model import Role

WHOSE = [(ANA, MOBILITY), (CHRIS, MOBILITY), (RITA, INCOME), (DEE, INCOME), (BEN, INCOME)]
ALL = Paging(size=200)


def everything(world: Domain) -> tuple[Request, ...]:
    with world.airlock.store.reading() as tx:
        return tx.requests(Selection())


def whole(read: Callable[[Paging], Page[Line]]) -> list[Line]:
    """Return every line of a list, page by page."""
    first = read(Paging(size=7))
    lines = [line for n in range(1, first.pages + 1) for line in read(Paging(n, 7)).items]
    assert len(lines) == first.total
    return lines


@pytest.fixture
def many(world: Domain) -> Domain:
    """Eighty requests of two projects; an owner checks, a checker is a member, and one owner left the projects."""
    otto, ben = world.registry.persons[OTTO], world.registry.persons[BEN]
    both = {"roles": otto.roles | ben.roles, "trainings": ben.trainings}
    world.registry.persons[OTTO] = otto.model_copy(update=both)
    work = world.registry.works[INCOME]
    world.registry.works[INCOME] = work.model_copy(update={"members": work.members | {DORA, DEE}})
    fill(world.database, 80, WHOSE, NOW)
    return world


PEOPLE = [ANA, CHRIS, RITA, BEN, CLEO, DEE, DORA, OTTO, ADA]


@pytest.mark.parametrize("person", PEOPLE)
def test_queue_is_exactly_what_the_permissions_let_this_person_check(many: Domain, person: Username) -> None:
    if Role.OUTPUT_CHECKER not in many.registry.persons[person].roles:
        with pytest.raises(ForbiddenError):
            many.airlock.queue_page(person)
        return
    expected = [
        r.id
        for r in sorted(everything(many), key=lambda r: (r.since, r.id))
        if r.state in TURN and Standing.CHECKER in many.airlock.standing(person, r)
    ]
    found = whole(lambda paging: many.airlock.queue_page(person, paging=paging))
    assert [line.id for line in found] == expected


@pytest.mark.parametrize("person", PEOPLE)
def test_releases_and_signatures_are_exactly_what_the_permissions_say(many: Domain, person: Username) -> None:
    airlock, requests = many.airlock, everything(many)
    releases = {
        r.id
        for r in requests
        if r.state is State.RELEASED and permissions.may(airlock.standing(person, r), Action.VIEW_RELEASE)
    }
    assert {line.id for line in whole(lambda paging: airlock.releases_page(person, paging=paging))} == releases
    signs = {
        r.id
        for r in requests
        if airlock.can(person, Action.SIGN_OFF, r)
        and any(many.registry.dataset(name).owner == person for name in r.sign_off)
    }
    assert {line.id for line in whole(lambda paging: airlock.sign_offs_page(person, paging))} == signs


def test_own_requests_are_the_authors_alone_drafts_among_them(many: Domain) -> None:
    found = whole(lambda paging: many.airlock.requests_page(ANA, paging=paging))
    assert {line.id for line in found} == {r.id for r in everything(many) if r.author == ANA}
    assert [line.since for line in found] == sorted((line.since for line in found), reverse=True)


def test_filters_leave_exactly_what_fits_them(many: Domain) -> None:
    waiting = whole(lambda paging: many.airlock.queue_page(CLEO, paging=paging))
    filters: dict[str, tuple[Filters, Callable[[Line], bool]]] = {
        "project": (Filters(project=MOBILITY), lambda line: line.project == MOBILITY),
        "risk": (Filters(risk=Verdict.FAIL), lambda line: line.risk is Verdict.FAIL),
        "lane": (Filters(lane=Lane.FILE), lambda line: line.lane is Lane.FILE),
        "age": (Filters(before=NOW - timedelta(days=9)), lambda line: line.since < NOW - timedelta(days=9)),
        "state": (Filters(states=frozenset({State.REVIEWED})), lambda line: line.state is State.REVIEWED),
        "no such": (Filters(states=frozenset({State.RELEASED})), lambda _line: False),
    }
    for chosen, fits in filters.values():
        found = list(many.airlock.queue_page(CLEO, chosen, paging=ALL).items)
        assert [line.id for line in found] == [line.id for line in waiting if fits(line)]


def test_riskiest_come_first_and_the_longest_waiting_of_those(many: Domain) -> None:
    order = [Verdict.FAIL, Verdict.REVIEW, Verdict.PASS]
    found = whole(lambda paging: many.airlock.queue_page(CLEO, order=Order.RISKIEST, paging=paging))
    keys = [(order.index(line.risk), line.since) for line in found]
    assert keys == sorted(keys)
    assert len({line.risk for line in found}) == 3


@pytest.mark.parametrize("asked", [{"page": 0}, {"page": -1}, {"size": 0}, {"size": 10_000}, {"page": 10**12}])
def test_page_that_cannot_be_is_refused_with_a_sentence(asked: dict[str, int]) -> None:
    with pytest.raises(BadInputError, match="pages are numbered"):
        Paging(**asked)


def test_page_behind_the_last_is_empty_and_says_how_many_there_are(many: Domain) -> None:
    page = many.airlock.queue_page(CLEO, paging=Paging(page=99))
    assert page.items == ()
    assert page.total > 0


def test_line_says_what_its_request_says(world: Domain) -> None:
    request = world.submit(CHECKED, {"from": "wages", "statistic": "mean", "measure": "wage", "by": ["region"]})
    (line,) = world.airlock.queue_page(BEN).items
    stored = world.stored(request.id)
    same = ("id", "title", "author", "project", "state", "round", "version", "since", "submitted_at", "reason")
    assert {name: getattr(line, name) for name in same} == {name: getattr(stored, name) for name in same}
    assert (line.outputs, line.risk, line.lane) == (2, Verdict.PASS, Lane.DECLARED)
    assert line.waiting_for is stored.waiting_for


def test_titles_are_told_to_those_who_find_the_request_in_a_list(world: Domain) -> None:
    request = world.submit(CHECKED, title="A title")
    draft = world.airlock.draft(ANA, MOBILITY, [], Words("A draft's title", "", ""))
    asked = {request.id, draft.id}
    assert world.airlock.titles(ANA, asked) == {request.id: "A title", draft.id: "A draft's title"}
    assert world.airlock.titles(BEN, asked) == {request.id: "A title"}
    for name in (RITA, DORA, OTTO, ADA):
        assert world.airlock.titles(name, asked) == {}, name
    assert world.airlock.titles(ANA, set()) == {}


def test_earlier_releases_come_in_pages_too(world: Domain) -> None:
    first = world.approve(world.submit(CHECKED))
    world.submit()
    second = world.submit({"from": "wages", "statistic": "mean", "measure": "wage", "by": ["region"]})
    page = world.airlock.earlier_page(BEN, second.id)
    assert [line.id for line in page.items] == [first.id]
    assert page.total == 1


def test_lists_of_ten_thousand_requests_answer_within_their_time(world: Domain) -> None:
    fill(world.database, 10_000, WHOSE, NOW)
    airlock = world.airlock
    reads: dict[str, Callable[[], object]] = {
        "queue": lambda: airlock.queue_page(CLEO),
        "queue by risk": lambda: airlock.queue_page(CLEO, order=Order.RISKIEST),
        "queue, last page": lambda: airlock.queue_page(CLEO, paging=Paging(50)),
        "queue, filtered": lambda: airlock.queue_page(CLEO, Filters(project=INCOME, risk=Verdict.FAIL)),
        "own requests": lambda: airlock.requests_page(ANA),
        "releases of a checker": lambda: airlock.releases_page(CLEO),
        "releases of an owner": lambda: airlock.releases_page(OTTO),
        "signatures": lambda: airlock.sign_offs_page(OTTO),
        "audits": lambda: airlock.samples_page(CLEO),
        "service levels": lambda: airlock.levels(NOW - timedelta(days=366)),
        "waiting": airlock.waiting,
    }
    took = {name: min(_seconds(read) for _ in range(3)) for name, read in reads.items()}
    slow = {name: f"{seconds * 1000:.0f} ms" for name, seconds in took.items() if seconds > 0.030}
    assert not slow


def _seconds(read: Callable[[], object]) -> float:
    start = time.process_time()
    read()
    return time.process_time() - start
