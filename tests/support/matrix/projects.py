"""The matrix of projects: one in every state of its life, and everything that can be done to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.support.airlock_world import NOW, World
from tests.support.matrix import promised
from tests.support.matrix.cast import ADA, ANA, DORA, LAPSED, OTTO, RITA, peopled
from tests.support.matrix.trial import NOBODY, Case, Deed, Thing, calling, opening, reading, sending, stranger

from saferoom.hub.administration import Administration
from saferoom.hub.store import tables
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.approvals.model import Terms
from saferoom.projects.life.model import Alteration, Proposal, Wish
from saferoom.projects.life.parts import Actor

_LEAD, _MEMBER, _OWNER, _ADMIN, _CHECKER = "lead", "member", "data owner", "administrator", "output checker"
PIA, OMAR = Username("pia"), Username("omar")
PEOPLE = ("rita", "ana", "pia", "dora", "otto", "oona", "ada", "ben", LAPSED, NOBODY)
STUDY, HOMES, PAY = ProjectSlug("study"), DatasetName("homes"), DatasetName("pay")
ENDS = NOW.date() + timedelta(days=300)
_VERSIONED = """\
{kind: dataset, name: NAME, title: NAME, owner: OWNER, source: NAME.csv, version: "VERSION", units: [person_id],
 variables: [{name: person_id, type: integer, role: id}, {name: sex, type: text}, {name: rent, type: TYPE}]}
"""
_FIRST = {"homes": "dora", "pay": "otto", "other": "oona"}
_BEFORE = frozenset({"draft", "submitted", "returned", "decided", "declined", "withdrawn"})
_ACTS = {one: Actor.person(name) for one, name in (("lead", RITA), ("dora", DORA), ("otto", OTTO), ("ada", ADA))}
ASIDE, CHANGED, HELD, KEPT = (
    "active, one of its people owns data of it now",
    "active, a dataset changed",
    "paused by everybody",
    "sealed, to be kept",
)
CONDITIONS: dict[str, str] = {state: state for state in promised.PROJECTS.states} | {
    ASIDE: "active",
    CHANGED: "active",
    HELD: "paused",
    KEPT: "sealed",
}
"""Every condition in which a project is tried, with its state."""
_ONLY: dict[str, frozenset[str]] = {
    ASIDE: promised.PROJECTS.of("data owner"),
    CHANGED: frozenset({"confirm refresh"}),
    HELD: frozenset({"pause", "lift"}),
    KEPT: frozenset({"delete"}),
}
"""What is tried in a condition that differs from its state's in some actions alone."""
ELSEWHERE: Thing = {"slug": "no-such-project"}


@contextmanager
def supplied(folder: Path) -> Iterator[World]:
    """Yield the world of the matrix with datasets for projects: Dora's, Otto's, and Oona's, which nobody asks for."""
    with peopled(folder) as world:
        for name in _FIRST:
            _describe(world, name)
        yield world


def _describe(world: World, name: str, version: str = "1", type_: str = "number") -> None:
    """Let the owner describe a dataset, or a new version of it."""
    instance, text = world.instance, _VERSIONED.replace("NAME", name).replace("OWNER", _FIRST[name])
    text = text.replace("VERSION", version).replace("TYPE", type_)
    administration = Administration(instance.database, instance.clock, instance.signing_key, "admin:root")
    administration.apply(read_entries([(text, "data.yaml")]))


def standing(condition: str, name: str) -> frozenset[str]:
    """Return what somebody is to the project, said by hand."""
    state = CONDITIONS[condition]
    submitted, begun = state not in ("draft", "withdrawn"), state not in _BEFORE
    known = {
        "rita": {_LEAD, _MEMBER},
        "ana": {_MEMBER},
        "omar": {_MEMBER},  # a data owner, too, but not of anything here unless the condition says so
        "pia": {_MEMBER} if state in ("active", "paused") else set(),  # asked to come in
        "dora": {_OWNER} if submitted and condition != ASIDE else set(),
        "otto": {_OWNER} if submitted else set(),
        "ada": {_ADMIN},
        "ben": {_CHECKER} if begun else set(),
    }
    return frozenset(known.get(name, set()))


def expected(condition: str) -> Callable[[str, Deed], int]:
    """Return how each deed is refused in a condition."""
    state = CONDITIONS[condition]

    def refusal(name: str, deed: Deed) -> int:
        if name == NOBODY:
            return stranger(deed)
        if name == LAPSED:
            return 403
        part, action = standing(condition, name), deed.action
        if action == "certificate":
            return promised.in_projects(part, "view", state) or (0 if state == "deleted" else 404)
        if action == USE:
            shown = part & {_LEAD, _OWNER, _ADMIN}
            return promised.in_projects(part, "view", state) or (0 if shown else 404)
        people = action.endswith(_OF_PEOPLE)
        action = action.removesuffix(_OF_PEOPLE)
        # Data owners decide about own datasets: Otto about none of those that are tried, and nobody about people.
        own = name == "dora" if "dataset" in deed.fixed else not people
        found = promised.in_projects(part, action, state, own=own)
        shows = deed.method == "GET"
        return found or (0 if shows else _besides(condition, name, action))

    return refusal


_OF_PEOPLE = " (people)"
USE = "see what was never used"
"""Shown to the lead, the data owners and administrators; the reference has no action for it."""


def _besides(condition: str, name: str, action: str) -> int:
    """Return how a deed is refused for a reason that lies in this one project."""
    if action == "confirm refresh":
        return 0 if condition == CHANGED else 409
    if CONDITIONS[condition] == "paused":
        everybody = condition == HELD
        if action == "pause":
            return 409 if everybody or name == "dora" else 0
        if action == "lift":
            return 0 if everybody or name == "dora" else 403
    return 409 if condition == KEPT and action == "delete" else 0


def _version(thing: Thing) -> Mapping[str, Any]:
    return {"version": thing["version"]}


def _reason(thing: Thing) -> Mapping[str, Any]:
    return {"version": thing["version"], "reason": "Because of the rules."}


def _proposal(thing: Thing) -> Mapping[str, Any]:
    rows = {"datasets.0.dataset": "homes", "datasets.0.variables": ["rent"]}
    return {"title": "Another title", "version": thing["version"], "members.0.username": "ana", **rows}


def _terms(thing: Thing) -> Mapping[str, Any]:
    return {"until": ENDS.isoformat(), "variables": ["rent"], "version": thing["version"]}


def _api_terms(thing: Thing) -> Mapping[str, Any]:
    return {"version": thing["version"], "terms": {"until": ENDS.isoformat(), "variables": ["rent"]}}


def _amend(thing: Thing) -> Mapping[str, Any]:
    sooner = (ENDS - timedelta(days=9)).isoformat()
    return {"ends": sooner, "why": "It ends sooner.", "version": thing["version"]}


def _api_amend(thing: Thing) -> Mapping[str, Any]:
    sooner = (ENDS - timedelta(days=9)).isoformat()
    return {"version": thing["version"], "change": {"ends": sooner}, "why": "It ends sooner."}


def _api_proposal(thing: Thing) -> Mapping[str, Any]:
    document = _wanted().model_dump(mode="json") | {"title": "Another title"}
    return {"version": thing["version"], "proposal": document}


def _hand_over(thing: Thing) -> Mapping[str, Any]:
    return {"version": thing["version"], "lead": "ana"}


def _simple() -> list[tuple[str, str, Callable[[Thing], Mapping[str, Any]]]]:
    return [
        ("submit", "submit", _version),
        ("withdraw", "withdraw", _version),
        ("confirm", "confirm", _version),
        ("return", "ask changes (people)", _reason),
        ("decline", "decline (people)", _reason),
        ("pause", "pause", _reason),
        ("lift", "lift", _version),
        ("hand-over", "hand over", _hand_over),
        ("close", "close", _reason),
        ("seal", "seal", _version),
        ("delete", "delete", _version),
    ]


def _about_data() -> list[tuple[str, str, bool]]:
    """Return each decision about a dataset: its word in addresses, its action, whether it says terms."""
    return [
        ("approve", "approve", True),
        ("revise", "revise", True),
        ("refresh", "confirm refresh", True),
        ("return", "ask changes", False),
        ("decline", "decline", False),
        ("end", "end approval", False),
    ]


_ON_AMENDMENTS: list[tuple[str, str, str, Callable[[Thing], Mapping[str, Any]]]] = [
    ("confirm", "confirm amendment", "2", _version),
    ("refuse", "decline amendment (people)", "2", _reason),
    ("withdraw", "withdraw amendment", "1", _version),
]
_AT = "/projects/{slug}"
_DO, _DATA, _AMENDMENT = f"{_AT}/do/{{deed}}", f"{_AT}/data/{{dataset}}/{{deed}}", f"{_AT}/amendments/{{number}}"


def _pages() -> Iterator[Deed]:
    yield reading(_AT, "view")
    yield reading(f"{_AT}/history", "view")
    yield reading(f"{_AT}/use", USE)
    yield reading(f"{_AT}/certificate", "certificate")
    forms: dict[str, Callable[[Thing], Mapping[str, Any]]] = {"edit": _proposal, "amend": _amend}
    for name, body in forms.items():
        yield opening(f"{_AT}/{name}", name)
        yield sending(f"{_AT}/{name}", name, body)
    for deed, action, body in _simple():
        yield opening(_DO, action, deed=deed)
        yield sending(_DO, action, body, deed=deed)
    for deed, action, says_terms in _about_data():
        yield opening(_DATA, action, dataset="homes", deed=deed)
        yield sending(_DATA, action, _terms if says_terms else _reason, dataset="homes", deed=deed)
    for deed, action, number, body in _ON_AMENDMENTS:
        yield opening(f"{_AMENDMENT}/{{deed}}", action, number=number, deed=deed)
        yield sending(f"{_AMENDMENT}/{{deed}}", action, body, number=number, deed=deed)
    for deed, action, body in (("agree", "approve amendment", _terms), ("decline", "decline amendment", _reason)):
        yield opening(f"{_AMENDMENT}/{{dataset}}/{deed}", action, number="1", dataset="homes")
        yield sending(f"{_AMENDMENT}/{{dataset}}/{deed}", action, body, number="1", dataset="homes")


def _calls() -> Iterator[Deed]:
    for part in ("", "/history", "/releases"):
        yield calling(f"GET {_AT}{part}", "view")
    yield calling(f"GET {_AT}/certificate", "certificate")
    yield calling(f"GET {_AT}/use", USE)
    yield calling(f"PUT {_AT}/proposal", "edit", _api_proposal)
    yield calling(f"POST {_AT}/amendments", "amend", _api_amend)
    words = {"lift": "resume"}
    for deed, action, body in _simple():
        yield calling(f"POST {_AT}/{words.get(deed, deed)}", action, (lambda _: {}) if deed == "seal" else body)
    words = {"refresh": "confirm-refresh"}
    for deed, action, says_terms in _about_data():
        body = _api_terms if says_terms else _reason
        yield calling(f"POST {_AT}/data/{{dataset}}/{words.get(deed, deed)}", action, body, dataset="homes")
    words = {"refuse": "decline"}
    for deed, action, number, body in _ON_AMENDMENTS:
        yield calling(f"POST {_AMENDMENT}/{words.get(deed, deed)}", action, body, number=number)
    at = f"POST {_AMENDMENT}/data/{{dataset}}"
    yield calling(f"{at}/approve", "approve amendment", _api_terms, number="1", dataset="homes")
    yield calling(f"{at}/decline", "decline amendment", _reason, number="1", dataset="homes")


PAGES, CALLS = tuple(_pages()), tuple(_calls())


def case(world: World, condition: str) -> Case:
    """Return the project in a condition, with everybody who tries something on it."""
    _bring(world, condition)
    life = world.instance.lives.life(_ACTS["ada"], STUDY)
    assert life.state.value == CONDITIONS[condition]
    thing = {"slug": STUDY, "version": life.version, "number": 1, "dataset": "homes"}
    people = (*PEOPLE, "omar") if condition == ASIDE else PEOPLE
    outside = frozenset(name for name in people if not standing(condition, name))
    return Case(thing, expected(condition), people, outside, doors=condition == "draft")


def deeds(condition: str) -> tuple[Deed, ...]:
    """Return what is tried in a condition."""
    only = _ONLY.get(condition)
    return tuple(deed for deed in (*PAGES, *CALLS) if only is None or deed.action in only)


def _wanted() -> Proposal:
    return Proposal(
        slug=STUDY,
        title="A study",
        question="Who pays how much?",
        benefit="Better homes.",
        gateway="The Act, section 64",
        assessment="DPIA 7",
        members=frozenset({RITA, ANA, OMAR}),
        ends=ENDS,
        datasets=(Wish(dataset=HOMES, variables=("rent",)), Wish(dataset=PAY, variables=("rent",))),
    )


def _bring(world: World, condition: str) -> None:
    """Lead the project to a condition, each step by whoever takes it."""
    lives, state = world.instance.lives, CONDITIONS[condition]
    lead, dora, otto, ada = (_ACTS[name] for name in ("lead", "dora", "otto", "ada"))
    terms, why = Terms(until=ENDS, variables=("rent",)), "Because of the rules."
    lives.propose(lead, _wanted())
    if state == "withdrawn":
        lives.withdraw(lead, STUDY)
    if state in ("draft", "withdrawn"):
        return
    lives.submit(lead, STUDY)
    if state == "returned":
        lives.ask_changes(dora, STUDY, why, HOMES)
    if state == "declined":
        lives.decline(dora, STUDY, HOMES, why)
        lives.decline(otto, STUDY, PAY, why)
    if state in ("submitted", "returned", "declined"):
        return
    lives.approve(dora, STUDY, HOMES, terms)
    lives.approve(otto, STUDY, PAY, terms)
    if state == "decided":
        return
    lives.confirm(ada, STUDY)
    _amended(world)
    if condition == CHANGED:
        _describe(world, "homes", "2", "integer")
    elif condition == ASIDE:
        world.change(tables.DatasetRow, "homes", owner="omar")
    elif state == "paused":
        lives.pause(dora, STUDY, why)
        if condition == HELD:
            lives.pause(otto, STUDY, why)
            lives.pause(ada, STUDY, why)
    elif state != "active":
        _ended(world, condition)


def _amended(world: World) -> None:
    """Let the lead ask for another variable of Dora's data, and for Pia, to whom both owners agree."""
    lives, lead = world.instance.lives, _ACTS["lead"]
    more = Alteration(datasets=(Wish(dataset=HOMES, variables=("sex", "rent")),))
    lives.amend(lead, STUDY, more, "We need it.")
    lives.amend(lead, STUDY, Alteration(add=frozenset({PIA})), "We need her.")
    for owner, name in ((_ACTS["dora"], HOMES), (_ACTS["otto"], PAY)):
        lives.approve_amendment(owner, STUDY, 2, name)


def _ended(world: World, condition: str) -> None:
    lives, clock, ada = world.instance.lives, world.clock, _ACTS["ada"]
    lives.close(_ACTS["lead"], STUDY, "The work is done.")
    clock.advance(timedelta(minutes=2))
    if condition == "closed":
        return
    lives.seal(ada, STUDY)
    if condition == KEPT:
        return
    clock.advance(timedelta(days=world.instance.registry.platform().retention_days + 1))
    if condition == "deleted":
        lives.delete(ada, STUDY)
