"""Everybody tries everything: what is promised is done; what is refused tells outsiders nothing and changes nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import anyio.to_thread
import structlog
from fastapi import APIRouter
from fastapi.routing import APIRoute
from tests.support.matrix.cast import LAPSED
from tests.support.matrix.inside import Answer, Caller, Inside
from tests.support.matrix.memory import Kept

Thing = Mapping[str, Any]
"""What a case is about: the parameters of addresses, and what forms have to say, by name."""
NOBODY = "nobody"


def nothing(_: Thing) -> Mapping[str, Any]:
    """Say nothing in the form."""
    return {}


@dataclass(frozen=True)
class Deed:
    """One address that can be asked for or sent to.

    Attributes
    ----------
    route : str
        As the application has it, e.g. ``POST /requests/{request_id}/claim``.
    action : str
        What the reference calls it.
    fixed : mapping of str to str
        Parameters of the address that make several deeds out of one route.
    done : int
        How it is answered when it is done.
    frame : bool
        Whether a frame of the request's own page asks for it.
    opens : bool
        Whether it opens an empty form, which another deed sends.
    """

    route: str
    action: str
    body: Callable[[Thing], Mapping[str, Any]] = nothing
    fixed: Mapping[str, str] = field(default_factory=dict)
    done: int = 303
    api: bool = False
    frame: bool = False
    query: str = ""
    opens: bool = False

    @property
    def method(self) -> str:
        return self.route.split(" ")[0]

    @property
    def name(self) -> str:
        """What a report calls it."""
        return ("api " if self.api else "") + " ".join([self.route, *self.fixed.values()])

    def at(self, thing: Thing) -> str:
        """Return the address for `thing`."""
        words = {**thing, **self.fixed}
        return (self.route.split(" ")[1] + self.query).format(**words)


def reading(route: str, action: str, **fixed: str) -> Deed:
    """Return a page that is opened."""
    return Deed(f"GET {route}", action, fixed=fixed, done=200)


def opening(route: str, action: str, **fixed: str) -> Deed:
    """Return an empty form that is opened."""
    return Deed(f"GET {route}", action, fixed=fixed, done=200, opens=True)


def sending(
    route: str, action: str, body: Callable[[Thing], Mapping[str, Any]] = nothing, done: int = 303, **fixed: str
) -> Deed:
    """Return a form that is sent."""
    return Deed(f"POST {route}", action, body, fixed, done)


def calling(
    route: str,
    action: str,
    body: Callable[[Thing], Mapping[str, Any]] = nothing,
    done: int = 200,
    query: str = "",
    **fixed: str,
) -> Deed:
    """Return a call of the API."""
    return Deed(route, action, body, fixed, done, api=True, query=query)


@dataclass(frozen=True)
class Case:
    """A thing in one condition.

    Attributes
    ----------
    expected : callable
        Returns the status with which somebody's deed is refused, 0 where it is done.
    people : iterable of str
        Who tries.
    outside : frozenset of str
        Those of them whom it does not concern: they may learn nothing, not even by a word.
    doors : bool
        Whether the doors before every state are tried here.
    """

    thing: Thing
    expected: Callable[[str, Deed], int]
    people: Iterable[str]
    outside: frozenset[str] = frozenset()
    doors: bool = False


def tried(inside: Inside, case: Case, deeds: Iterable[Deed], elsewhere: Thing) -> dict[str, str]:
    """Let everybody try every deed; return what went otherwise than it should, by who did what.

    Parameters
    ----------
    elsewhere : Thing
        The same, but of something that does not exist.
    """
    inside.admit()
    with quiet(), inside.memory.kept(), closing(inside.keep()) as kept:
        inside.memory.back(kept)
        try:
            return asyncio.run(_Trial(inside, case, elsewhere, kept).all_of(tuple(deeds)))
        finally:
            inside.memory.forget(kept)


@contextmanager
def quiet() -> Iterator[None]:
    """Let the service write no line for each request, and do everything in one thread: there are thousands."""
    logs, threads = structlog.get_config(), anyio.to_thread.run_sync
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    setattr(anyio.to_thread, "run_sync", _here)  # noqa: B010 - of another type
    try:
        yield
    finally:
        structlog.configure(**logs)
        anyio.to_thread.run_sync = threads


async def _here(work: Callable[..., Any], *about: Any, **_: Any) -> Any:
    return work(*about)


@dataclass(frozen=True)
class _Trial:
    inside: Inside
    case: Case
    elsewhere: Thing
    kept: Kept

    async def all_of(self, deeds: tuple[Deed, ...]) -> dict[str, str]:
        wrong: dict[str, str] = {}
        for name in self.case.people:
            who = Caller(name) if name == NOBODY else self.inside.callers[name]
            for deed in deeds:
                said = await self._one(who, deed) if self._is_tried(name, deed) else ""
                if said:
                    wrong[f"{name}: {deed.name}"] = said
        return wrong

    def _is_tried(self, name: str, deed: Deed) -> bool:
        """Tell whether `name` tries `deed` here.

        An empty form is opened by those who may send it, and by outsiders: that others may not is tried by sending it.
        Whose standing has lapsed is refused by the API before anything is asked for, so that once is enough.
        """
        if name == LAPSED and deed.api:
            return self.case.doors
        return not deed.opens or name in self.case.outside or not self.case.expected(name, deed)

    async def _one(self, who: Caller, deed: Deed) -> str:
        inside, case = self.inside, self.case
        expected, before = case.expected(who.name, deed), inside.version()
        answer = await ask(inside, who, deed, case.thing)
        changed = inside.version() != before
        if changed:
            inside.restore(self.kept)
        if not expected:
            return "" if answer.status == deed.done else f"promised, but answered {answer.status}"
        if answer.status != expected:
            return f"answered {answer.status} in place of {expected}"
        # The token of somebody who may not come in any more ends with its next use.
        if changed and not (deed.api and who.name == LAPSED):
            return "refused, but something was written"
        if who.name in case.outside:
            return await self._told(who, deed, _without(answer, case.thing, self.elsewhere))
        return ""

    async def _told(self, who: Caller, deed: Deed, answer: Answer) -> str:
        """Compare the answer that somebody got whom a thing does not concern with that for what does not exist."""
        inside, known = self.inside, self.inside.nowhere.get((who.name, deed.name))
        if answer == known:
            return ""
        before = inside.version()
        nowhere = await ask(inside, who, deed, {**self.case.thing, **self.elsewhere})
        if inside.version() != before:
            inside.restore(self.kept)
        nowhere = inside.nowhere[who.name, deed.name] = _without(nowhere, self.elsewhere, self.elsewhere)
        return "" if answer == nowhere else "not the answer that is given to what does not exist"


def _without(answer: Answer, thing: Thing, elsewhere: Thing) -> Answer:
    """Return an answer without the words that its asker has typed, which an error's page gives back."""
    body = answer.body
    for name in elsewhere:
        body = body.replace(f">{thing[name]}<".encode(), b"><")
    return replace(answer, body=body)


def stranger(deed: Deed) -> int:
    """Return how somebody is refused who is not signed in: a page leads to the sign-in, all else is refused."""
    return 303 if deed.method == "GET" and not deed.api else 401


async def ask(inside: Inside, who: Caller, deed: Deed, thing: Thing) -> Answer:
    """Try one deed."""
    address, body = deed.at(thing), deed.body(thing)
    if deed.api:
        return await inside.call(who, deed.method, address, body)
    if deed.frame:
        address += f"?key={inside.frame_key(who, thing['request_id'], thing['file_id'])}"
    return await inside.page(who, deed.method, address, body, deed.frame)


def routes(routers: Iterable[APIRouter]) -> frozenset[str]:
    """Return every route of some routers, e.g. ``POST /requests/{request_id}/claim``."""
    return frozenset(
        f"{method} {route.path}"
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    )
