"""Which pages people of each role open in the `web` benchmark, how often, and of what."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from saferoom.hub.bench.web_people import DATASETS, dataset_name, visitors
from saferoom.hub.store.airlock_tables import RequestRow
from saferoom.hub.store.life_tables import LifePersonRow
from saferoom.hub.store.tables import ApprovalRow, DatasetRow
from saferoom.hub.wiring import Instance
from saferoom.ids import Username
from saferoom.projects.airlock.states import TURN, State
from saferoom.projects.people.model import Role

PREFIX = "/services/airlock/"
_MOST = 40
_AMONG_CHECKERS = tuple(state.value for state in TURN)


@dataclass(frozen=True)
class Page:
    """One kind of page with the addresses that somebody opens.

    Attributes
    ----------
    weight : int
        How often it is opened, beside the person's other pages.
    """

    name: str
    weight: int
    paths: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return the page as JSON."""
        return asdict(self)


def pages_of_all(instance: Instance) -> dict[Username, tuple[Page, ...]]:
    """Return the pages of everybody who visits."""
    found: dict[Username, tuple[Page, ...]] = {}
    with instance.database.reading() as session:
        for username, role in visitors().items():
            pages = (*_everybodys(session), *_OF_ROLE[role](session, username))
            found[username] = tuple(page for page in pages if page.paths)
    return found


def _page(name: str, weight: int, *paths: str) -> Page:
    return Page(name, weight, tuple(PREFIX + path for path in paths))


def _everybodys(session: Session) -> tuple[Page, ...]:
    datasets = [dataset_name(number) for number in range(DATASETS)]
    left = _requests(session, RequestRow.state == State.RELEASED.value, RequestRow.release_id)
    return (
        _page("catalogue", 1, "catalogue"),
        _page("catalogue, searched", 1, "catalogue?q=pay", "catalogue?q=hours+region", "catalogue?q=part+3"),
        _page("dataset", 1, *(f"catalogue/{name}" for name in datasets)),
        _page("variable", 1, *(f"catalogue/{name}/region" for name in datasets)),
        _page("releases", 2, "releases", "releases?page=2"),
        _page("notices", 1, "notices"),
        _page("own standing", 1, "standing"),
        _page("register", 1, "register"),
        _page("register, projects", 1, "register/projects", "register/projects?page=9"),
        _page("register, datasets", 1, "register/datasets"),
        _page("register, releases", 1, "register/releases", "register/releases?page=40"),
        _page("register, one release", 1, *(f"register/releases/{id_}" for id_ in left)),
    )


def _researchers(session: Session, username: Username) -> tuple[Page, ...]:
    mine = _requests(session, RequestRow.author == username)
    projects = session.scalars(select(LifePersonRow.life).where(LifePersonRow.username == username)).all()
    return (
        _page("own requests", 4, "requests", "requests?state=released"),
        _page("one request, author", 6, *(f"requests/{id_}" for id_ in mine)),
        _page("projects", 2, "projects"),
        _page("one project", 3, *(f"projects/{slug}" for slug in projects[:_MOST])),
    )


def _checkers(session: Session, username: Username) -> tuple[Page, ...]:  # noqa: ARG001 - all see the same
    waiting = _requests(session, RequestRow.state.in_(_AMONG_CHECKERS))
    left = _requests(session, RequestRow.state == State.RELEASED.value)
    return (
        _page("queue", 5, "queue", "queue?page=3", "queue?order=riskiest", "queue?lane=declared"),
        _page("one request, checker", 8, *(f"requests/{id_}" for id_ in waiting)),
        _page("one release, checker", 2, *(f"requests/{id_}" for id_ in left)),
        _page("audits", 1, "audits"),
    )


def _owners(session: Session, username: Username) -> tuple[Page, ...]:
    own = select(DatasetRow.name).where(DatasetRow.owner == username)
    slugs = session.scalars(select(ApprovalRow.project).where(ApprovalRow.dataset.in_(own)).limit(_MOST)).all()
    waits = RequestRow.state == State.AWAITING_SIGN_OFF.value
    signs = [
        row.id
        for row in session.execute(select(RequestRow.id, RequestRow.sign_off).where(waits).order_by(RequestRow.id))
        if set(row.sign_off) & set(session.scalars(own))
    ]
    return (
        _page("to sign", 4, "sign-offs"),
        _page("one request, data owner", 5, *(f"requests/{id_}" for id_ in signs[:_MOST])),
        _page("projects", 3, "projects", "projects?waiting=yes", "projects?q=part+7"),
        _page("one project", 4, *(f"projects/{slug}" for slug in slugs)),
        _page("break-glass", 1, "break-glass"),
    )


def _administrators(session: Session, username: Username) -> tuple[Page, ...]:  # noqa: ARG001 - all see the same
    slugs = session.scalars(select(LifePersonRow.life).distinct().limit(_MOST)).all()
    names = [f"people/{name}" for name in visitors()]
    return (
        _page("people", 4, "people", "people?page=3", "people?q=person+r1", "people?role=data-owner"),
        _page("one person", 5, *names),
        _page("projects", 3, "projects", "projects?page=5", "projects?state=closed"),
        _page("one project", 4, *(f"projects/{slug}" for slug in slugs)),
        _page("break-glass", 1, "break-glass"),
    )


_OF_ROLE = {
    Role.RESEARCHER: _researchers,
    Role.OUTPUT_CHECKER: _checkers,
    Role.DATA_OWNER: _owners,
    Role.ADMINISTRATOR: _administrators,
}


def _requests(session: Session, chosen: ColumnElement[bool], column: Any = RequestRow.id) -> Sequence[str]:
    """Return some of the chosen requests: the same ones each time, and not only the oldest."""
    ids: list[str] = list(session.scalars(select(column).where(chosen).order_by(RequestRow.id)))
    return random.Random(1).sample(ids, min(len(ids), _MOST))  # noqa: S311 - no secret
