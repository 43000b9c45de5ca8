"""The matrix of people: accounts, records, tokens and break-glass acts, and everything that can be done about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from tests.support.airlock_world import NOW, World
from tests.support.api_client import given_token
from tests.support.matrix import promised
from tests.support.matrix.cast import LAPSED
from tests.support.matrix.trial import NOBODY, Case, Deed, Thing, calling, nothing, opening, reading, sending, stranger

from saferoom.ids import Username
from saferoom.projects.people.emergencies import EmergencyForm, Judgement, ReviewForm
from saferoom.projects.people.model import Power
from saferoom.projects.people.permissions import Actor
from saferoom.projects.people.records import AccountForm, DeputyForm, EndForm, Ending

PEOPLE = ("ada", "alan", "tess", "oona", "rita", "ana", "ben", LAPSED, NOBODY)
_STANDING = {
    "ada": frozenset({"administrator"}),
    "alan": frozenset({"administrator"}),
    "tess": frozenset({"deputy"}),
    "oona": frozenset({"data-owner"}),
}
_ACCOUNTS = {"an account": "rita", "a closed account": "pia", "a deputy": "tess", "an administrator": "ada"}
_OPEN, _ENDED, _REVIEWED = "an open break-glass act", "an ended break-glass act", "a reviewed break-glass act"
CONDITIONS = (*_ACCOUNTS, _OPEN, _ENDED, _REVIEWED)
ROOT, ADA, ALAN = Actor.operator("admin:root"), Actor.person(Username("ada")), Actor.person(Username("alan"))
FINDINGS = "The request was checked within the hour."
REASON = "Both checkers are ill and the answer is due tonight."
ELSEWHERE: Thing = {
    "username": "nosuchperson",
    "record_id": "no-such-record",
    "token_id": "no-such-token",
    "emergency_id": "no-such-act",
}
_DAY, _LATER = NOW.date().isoformat(), (NOW.date() + timedelta(days=90)).isoformat()
_DATES = {"body": "The body", "granted": _DAY, "expires": _LATER, "evidence": "A letter."}


def _change(thing: Thing) -> Mapping[str, Any]:
    return {"display_name": "Another Name", "roles": thing["roles"], "version": thing["version"]}


def _account(thing: Thing) -> Mapping[str, Any]:
    return {"reason": REASON, "version": thing["version"]}


def _new(_: Thing) -> Mapping[str, Any]:
    return {"username": "newbie", "display_name": "Somebody New", "roles": ["researcher"]}


def _emergency(thing: Thing) -> Mapping[str, Any]:
    return {"username": thing["username"], "power": "output-checker", "hours": 2, "reason": REASON}


def _deputy(thing: Thing) -> Mapping[str, Any]:
    return {"username": thing["username"], "until": _LATER}


def _said(**words: Any) -> Callable[[Thing], Mapping[str, Any]]:
    return lambda _: words


_ENDING = _said(ending="withdrawn", reason=REASON)
_ACCREDITATION, _TRAINING = _said(level="full", **_DATES), _said(course="safe-researcher", **_DATES)
_REVIEW = _said(judgement="justified", findings=FINDINGS)
_AT, _ACT = "/people/{username}", "/break-glass/{emergency_id}"
_SHEETS: tuple[tuple[str, str, Callable[[Thing], Mapping[str, Any]]], ...] = (
    ("edit", "edit", _change),
    ("accreditation", "record", _ACCREDITATION),
    ("training", "record", _TRAINING),
    ("close", "close", _account),
    ("reopen", "reopen", _account),
    ("deputy", "name deputy", _deputy),
)


def _account_deeds() -> Iterator[Deed]:
    yield reading("/people", "list")
    yield opening("/new-person", "add")
    yield sending("/new-person", "add", _new)
    yield reading(_AT, "view")
    yield reading(f"{_AT}/history", "view")
    for deed, action, body in _SHEETS:
        yield opening(f"{_AT}/{{deed}}", action, deed=deed)
        yield sending(f"{_AT}/{{deed}}", action, body, deed=deed)
    yield sending(f"{_AT}/password", "set password", done=200)
    yield sending(f"{_AT}/end-deputy", "end deputy")
    yield sending(f"{_AT}/end-tokens", "end tokens")
    yield opening(f"{_AT}/records/{{record_id}}", "end record")
    yield sending(f"{_AT}/records/{{record_id}}", "end record", _ENDING)
    yield sending("/tokens/{token_id}/end", "end tokens")
    yield opening("/break-glass/new", "break glass")
    yield sending("/break-glass/new", "break glass", _emergency)
    yield calling("GET /people", "list")
    yield calling("POST /people", "add", _new, 201)
    yield calling(f"GET {_AT}", "view")
    yield calling(f"GET {_AT}/history", "view")
    yield calling(f"PUT {_AT}", "edit", _change)
    yield calling(f"POST {_AT}/close", "close", _account)
    yield calling(f"POST {_AT}/reopen", "reopen", _account)
    yield calling(f"POST {_AT}/accreditations", "record", _ACCREDITATION, 201)
    yield calling(f"POST {_AT}/trainings", "record", _TRAINING, 201)
    yield calling("POST /records/{record_id}/end", "end record", _ENDING)
    yield calling(f"POST {_AT}/password", "set password")
    yield calling(f"POST {_AT}/deputy", "name deputy", _said(until=_LATER), 201)
    yield calling(f"POST {_AT}/end-deputy", "end deputy")
    yield calling(f"GET {_AT}/tokens", "view tokens")
    yield calling(f"POST {_AT}/end-tokens", "end tokens")
    yield calling("POST /tokens/{token_id}/end", "end tokens")
    yield calling("POST /break-glass", "break glass", _emergency, 201)


def _emergency_deeds() -> Iterator[Deed]:
    yield reading("/break-glass", "view emergencies")
    yield reading(_ACT, "view emergencies")
    yield sending(f"{_ACT}/end", "end emergency")
    yield sending(f"{_ACT}/review", "review emergency", _REVIEW)
    yield calling("GET /break-glass", "view emergencies")
    yield calling("GET /deputies", "view emergencies")
    yield calling(f"GET {_ACT}", "view emergencies")
    yield calling(f"POST {_ACT}/end", "end emergency", nothing)
    yield calling(f"POST {_ACT}/review", "review emergency", _REVIEW)


_ON_ACCOUNTS, _ON_EMERGENCIES = tuple(_account_deeds()), tuple(_emergency_deeds())
DEEDS = (*_ON_ACCOUNTS, *_ON_EMERGENCIES)


def deeds(condition: str) -> tuple[Deed, ...]:
    """Return what is tried in a condition."""
    return _ON_ACCOUNTS if condition in _ACCOUNTS else _ON_EMERGENCIES


def expected(condition: str) -> Callable[[str, Deed], int]:
    """Return how each deed is refused in a condition."""
    about = _ACCOUNTS.get(condition, "rita")

    def refusal(name: str, deed: Deed) -> int:
        if name == NOBODY:
            return stranger(deed)
        if name == LAPSED:
            return 403
        # The form that breaks the glass names nobody yet.
        itself = name == about and deed.route != "GET /break-glass/new"
        standing = _STANDING.get(name, frozenset()) | ({"self"} if itself else frozenset())
        found = promised.in_people(standing, deed.action)
        return found or (0 if deed.method == "GET" else _besides(condition, name, deed))

    return refusal


_WRONG: dict[str, frozenset[str]] = {
    "an account": frozenset({"reopen", "end deputy"}),
    "a closed account": frozenset({"close", "end deputy", "name deputy", "end record", "break glass"}),
    "a deputy": frozenset({"reopen", "name deputy"}),
    "an administrator": frozenset({"reopen", "end deputy", "name deputy", "break glass"}),
    _OPEN: frozenset({"review emergency"}),
    _ENDED: frozenset({"end emergency"}),
    _REVIEWED: frozenset({"end emergency", "review emergency"}),
}
"""What cannot be done to somebody, or to an act, in a condition, whoever asks."""


def _besides(condition: str, name: str, deed: Deed) -> int:
    if deed.action == "review emergency" and name == "ada":
        return 403  # she opened it
    if condition == "a closed account" and deed.route == "POST /tokens/{token_id}/end":
        return 409
    return 409 if deed.action in _WRONG[condition] else 0


def case(world: World, condition: str) -> Case:
    """Return an account or a break-glass act in a condition, with everybody who tries something on it."""
    people = world.instance.people
    people.name_deputy(ROOT, DeputyForm(username=Username("tess"), until=NOW.date() + timedelta(days=9)))
    about = Username(_ACCOUNTS.get(condition, "rita"))
    token, _ = given_token(world.instance, about)
    thing: dict[str, Any] = {"username": about, "record_id": f"record-{about}-full", "token_id": token.id}
    if condition == "a closed account":
        people.end_record(ADA, thing["record_id"], EndForm(ending=Ending.WITHDRAWN, reason=REASON))
        world.instance.tokens.end(ADA, token.id)
        version = people.dossier(ADA, about).version
        people.close(ADA, about, AccountForm(reason=REASON, version=version))
    thing["emergency_id"] = "" if condition in _ACCOUNTS else _act(world, condition)
    dossier = people.dossier(ROOT, about)
    thing |= {"version": dossier.version, "roles": sorted(role.value for role in dossier.person.roles)}
    # A second administrator is another one only where it is about the first.
    tries = [name for name in PEOPLE if name != "alan" or about == "ada" or condition not in _ACCOUNTS]
    outside = {name for name in tries if name not in _STANDING and name != about}
    return Case(thing, expected(condition), tries, frozenset(outside), doors=condition in ("an account", _OPEN))


def _act(world: World, condition: str) -> str:
    people = world.instance.people
    form = EmergencyForm(username=Username("rita"), power=Power.OUTPUT_CHECKER, hours=2, reason=REASON)
    made = people.break_glass(ADA, form)
    if condition != _OPEN:
        people.end_emergency(ALAN, made.id)
    if condition == _REVIEWED:
        people.review_emergency(ALAN, made.id, ReviewForm(judgement=Judgement.JUSTIFIED, findings=FINDINGS))
    return made.id
