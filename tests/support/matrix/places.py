"""The matrix of everything that is about no single request, project or person: lists, beginnings, notices, letters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml
from tests.support.airlock_world import NOW, World
from tests.support.linked_version import linked
from tests.support.matrix import promised
from tests.support.matrix.airlock import asked
from tests.support.matrix.cast import BEN, LAPSED
from tests.support.matrix.trial import NOBODY, Case, Deed, Thing, calling, reading, sending, stranger
from tests.support.record_files import TEACHING, allow

from saferoom.hub.store.catalogue_entries import renew
from saferoom.hub.store.notices_tables import LetterRow
from saferoom.hub.store.tables import IngestedVersionRow
from saferoom.hub.store.twins import KeptTwin, save_twin
from saferoom.ids import DatasetName, Username
from saferoom.projects.catalogue.checks.report import Check, DeliveryReport, Kind, Status
from saferoom.projects.notices.model import LetterState
from saferoom.projects.people.permissions import Actor

PEOPLE = ("ana", "chris", "ben", "dora", "oona", "otto", "rita", "ada", LAPSED, NOBODY)
_RESEARCHERS, _CHECKERS = frozenset({"ana", "chris", "rita"}), frozenset({"chris", "ben"})
PUBLIC = "public"
WHO: dict[str, frozenset[str]] = {
    PUBLIC: frozenset(PEOPLE),
    "everybody": frozenset(PEOPLE) - {LAPSED, NOBODY},
    "output checkers": _CHECKERS,
    "researchers": _RESEARCHERS,
    "members": frozenset({"ana", "chris"}),
    "inputs": frozenset({"ana", "chris", "otto", "ben"}),
    "everybody's inputs": frozenset({"ben"}),
    "own notice": frozenset({"ana"}),
    "report of a delivery": frozenset({"dora", "ada"}),
    "own records": frozenset({"dora"}),
}
"""Who may do what has no page in the reference, said by hand."""
HIDDEN = frozenset({"inputs", "everybody's inputs", "own notice", "report of a delivery", "own records"})
"""Of these, others learn nothing."""
ELSEWHERE: Thing = {
    "notice_id": "999999",
    "project": "no-such-project",
    "slug": "no-such-project",
    "letter_id": "no-such-letter",
}
SENT, DROPPED = "a letter that was sent", "a letter that was dropped"
CONDITIONS = (SENT, DROPPED)
_REGISTER = (
    *("/register", "/register/projects", "/register/datasets", "/register/releases", "/register.json"),
    *(
        "/register.jsonld",
        "/register/withdrawals.json",
        "/register/key.pem",
        "/register/keys.json",
        "/register/datasets/{name}",
    ),
    *("/register/catalogue.json", "/register/catalogue.csv", "/register/catalogue.jsonld"),
    *("/register/catalogue.schema.jsonld", "/register/catalogue/head.json", "/register/datapackage.json"),
)


def _start(thing: Thing) -> Mapping[str, Any]:
    return {"project": thing["project"], "title": "A beginning"}


def _plan(_: Thing) -> Mapping[str, Any]:
    return {"name": "another", "plan": yaml.safe_dump(TEACHING), "until": "2099-12-31", "releases": "1"}


def _api_plan(thing: Thing) -> Mapping[str, Any]:
    return {**_plan(thing), "releases": 1}


def _proposal(_: Thing) -> Mapping[str, Any]:
    return {"slug": "new-study", "title": "A study"}


def _api_proposal(_: Thing) -> Mapping[str, Any]:
    return {"slug": "new-study", "title": "A study", "members": sorted(_RESEARCHERS)}


def _choice(_: Thing) -> Mapping[str, Any]:
    return dict.fromkeys(("requests", "work", "projects", "ends"), "at-once")


def _pages() -> Iterator[Deed]:
    yield Deed("GET /", "everybody", done=303)
    for path in (
        "requests",
        "sign-offs",
        "releases",
        "projects",
        "catalogue",
        "standing",
        "tokens",
        "notices",
        "budgets",
    ):
        yield reading(f"/{path}", "everybody")
    for path in ("budgets", "notices/bell", "notices/choose", "catalogue/{name}", "catalogue/{name}/{variable}"):
        yield reading(f"/{path}", "everybody")
    yield reading("/catalogue/{name}/versions/{version}", "report of a delivery")
    yield reading("/catalogue/{name}/versions/{version}/linkage", "everybody")
    yield reading("/catalogue/{name}/twin.parquet", "report of a delivery")
    yield reading("/catalogue/{name}/records", "report of a delivery")
    yield sending("/catalogue/{name}/records", "own records", _plan)
    yield sending("/catalogue/{name}/records/{plan}/revoke", "own records")
    yield sending("/catalogue/{name}/records/try", "own records", _plan, 200)
    for path in ("queue", "queue/news", "audits"):
        yield reading(f"/{path}", "output checkers")
    yield reading("/projects/new", "researchers")
    yield reading("/projects/{slug}/inputs", "inputs")
    yield sending("/projects/new", "researchers", _proposal)
    yield sending("/requests/new", "members", _start)
    yield sending("/notices/choose", "everybody", _choice)
    yield sending("/notices/read", "everybody")
    for deed in ("read", "open"):
        yield sending(f"/notices/{{notice_id}}/{deed}", "own notice")
    yield reading("/notices/letters", "view letters")
    yield sending("/notices/letters/{letter_id}/retry", "retry")
    for path in _REGISTER:
        yield reading(path, PUBLIC)
    yield Deed("GET /register/catalogue", PUBLIC, done=303)


def _calls() -> Iterator[Deed]:
    for path in (
        "requests",
        "sign-offs",
        "releases",
        "service-levels",
        "projects",
        "me",
        "tokens",
        "notices",
        "budgets",
    ):
        yield calling(f"GET /{path}", "everybody")
    for path in ("budgets", "catalogue", "catalogue/{name}", "catalogue/{name}/variables", "notices/preferences"):
        yield calling(f"GET /{path}", "everybody")
    yield calling("GET /catalogue/{name}/versions", "everybody")
    yield calling("GET /catalogue/{name}/versions/{version}/checks", "report of a delivery")
    yield calling("GET /catalogue/{name}/versions/{version}/linkage", "everybody")
    yield calling("GET /catalogue/{name}/twin", "report of a delivery")
    yield calling("GET /catalogue/{name}/record-plans", "report of a delivery")
    yield calling("POST /catalogue/{name}/record-plans", "own records", _api_plan, 201)
    yield calling("POST /catalogue/{name}/record-plans/{plan}/revoke", "own records")
    yield calling("POST /catalogue/{name}/record-plans/try", "own records", _api_plan)
    for path in ("", "/codes"):
        yield calling(f"GET /catalogue/{{name}}/variables/{{variable}}{path}", "everybody")
    for path in ("evaluations", "outbox"):
        yield calling(f"GET /{path}", "everybody", query="?project={project}")
    for path in ("queue", "audits", "audits/found"):
        yield calling(f"GET /{path}", "output checkers")
    yield calling("GET /projects/{slug}/inputs", "everybody's inputs")
    yield calling("POST /requests", "members", _start, 201)
    yield calling("POST /projects", "researchers", _api_proposal, 201)
    yield calling("PUT /notices/preferences", "everybody", _choice)
    yield calling("POST /notices/read", "everybody")
    yield calling("POST /notices/{notice_id}/read", "own notice")
    for path in ("letters", "mailing"):
        yield calling(f"GET /{path}", "view letters")
    yield calling("POST /letters/{letter_id}/retry", "retry")


PAGES, CALLS = tuple(_pages()), tuple(_calls())


def deeds(condition: str) -> tuple[Deed, ...]:
    """Return what is tried in a condition."""
    return tuple(deed for deed in (*PAGES, *CALLS) if condition == SENT or deed.action == "retry")


def expected(condition: str) -> Callable[[str, Deed], int]:
    """Return how each deed is refused in a condition."""

    def refusal(name: str, deed: Deed) -> int:
        if deed.action == PUBLIC:
            return 0
        if name == NOBODY:
            return stranger(deed)
        if name == LAPSED:
            return 403
        if deed.action not in WHO:
            standing = {"self", "administrator"} if name == "ada" else {"self"}
            found = 0 if standing & promised.NOTICES.permitted[deed.action] else 403
            return found or (409 if deed.action == "retry" and condition == SENT else 0)
        if name in WHO[deed.action]:
            return 0
        if deed.action == "everybody's inputs" and name in WHO["inputs"]:
            return 403
        # Of a project somebody could work in, but does not, nothing is told.
        hidden = deed.action in HIDDEN or (deed.action == "members" and name in _RESEARCHERS)
        return 404 if hidden else 403

    return refusal


def case(world: World, condition: str) -> Case:
    """Return what lists, notices and letters are about, with everybody who tries something."""
    request = asked(world, "submitted")
    world.instance.airlock.return_to_author(BEN, request.id, "Once more, please.")
    (told, *_) = world.instance.notices.mine(Actor.person(Username("ana"))).items
    (letter, *_) = world.instance.notices.letters(Actor.operator("admin:root")).items
    state = LetterState.SENT if condition == SENT else LetterState.DROPPED
    world.change(LetterRow, letter.id, state=state.value)
    thing = {"notice_id": str(told.id), "letter_id": letter.id, "project": "mobility", "slug": "mobility"}
    thing |= {"name": "survey", "variable": "region", "plan": "teaching-file", "version": _delivered(world)}
    allow(world)
    return Case(thing, expected(condition), PEOPLE, frozenset({LAPSED, NOBODY}), doors=condition == SENT)


def _delivered(world: World) -> str:
    """Let a version of Dora's data come in, whose checks found something, and be linked; return its name."""
    found = DeliveryReport("survey", 600, [Check(Kind.SCHEMA, Status.PASS, "every variable is there")])
    came: dict[str, Any] = {"sha256": "0" * 64, "rows": 600, "breaking": False, "ingested_at": NOW}
    with world.instance.database.transaction() as session:
        session.add(IngestedVersionRow(dataset="survey", version="2", report=found.to_json(), **came))
        renew(session, ["survey"], NOW)
    linked(world, "2")
    told = {"records": 600, "made_with": "dice", "not_kept": "anything", "statistical_disclosure_check": "nothing."}
    twin = KeptTwin("2", world.instance.vault.put(b"made-up records"), told, NOW)
    with world.instance.database.transaction() as session:
        save_twin(session, DatasetName("survey"), twin, "the shape")
    return "2"
