"""``saferoom admin airlock``: what waits, what became of a request, how long decisions take. It only reads.

Researchers, output checkers and data owners act on their pages or through the API, where they sign in: a command on the
server has no proof of who types it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from saferoom.hub.cli.admin_people import JSON, acting

if TYPE_CHECKING:
    from saferoom.hub.wiring import Instance
    from saferoom.projects.airlock.lists import Filters, Order, Page, Paging
    from saferoom.projects.airlock.overseeing import History, Overseen
    from saferoom.projects.airlock.states import State
    from saferoom.projects.airlock.waiting import Wait

_STATE = typer.Option(None, "--state", help="Only those in this state, as awaiting_sign_off.")
_PROJECT = typer.Option(None, "--project", help="Only those of this project.")
_RISK = typer.Option(None, "--risk", help="pass, review or fail: the worst verdict of an output.")
_LANE = typer.Option(None, "--lane", help="declared, lifted or file: what is known of the numbers.")
_HOURS = typer.Option(None, "--hours", min=0, max=8784, help="Only those that have been in their state for longer.")
_ORDER = typer.Option(None, "--order", help="longest_waiting, riskiest or newest.")
_PAGE = typer.Option(1, "--page", min=1, help="Which page of 50.")


def register(group: typer.Typer) -> None:
    """Add the commands to ``saferoom admin``."""
    inner = typer.Typer(name="airlock", help="Requests: what waits, for whom, and what was done.", no_args_is_help=True)
    inner.command("queue")(queue)
    inner.command("requests")(requests)
    inner.command("show")(show)
    inner.command("levels")(levels)
    group.add_typer(inner)


def queue(
    state: str = _STATE,
    project: str = _PROJECT,
    risk: str = _RISK,
    lane: str = _LANE,
    hours: int = _HOURS,
    order: str = _ORDER,
    page: int = _PAGE,
    as_json: bool = JSON,
) -> None:
    """List the requests that wait for somebody else than their author: for whom, how long, and why."""
    asked = {"state": state, "project": project, "risk": risk, "lane": lane, "hours": hours}
    with acting() as (instance, actor):
        filters, how, cut = _asked(instance, asked, order or "longest_waiting", page)
        found, now = instance.airlock.waiting_page(actor, filters, how, cut), instance.clock.now()
    _print_page(found, now, as_json)


def requests(
    state: str = _STATE,
    project: str = _PROJECT,
    risk: str = _RISK,
    lane: str = _LANE,
    hours: int = _HOURS,
    order: str = _ORDER,
    page: int = _PAGE,
    as_json: bool = JSON,
) -> None:
    """List every request that was ever submitted, the newest first."""
    asked = {"state": state, "project": project, "risk": risk, "lane": lane, "hours": hours}
    with acting() as (instance, actor):
        filters, how, cut = _asked(instance, asked, order or "newest", page)
        found, now = instance.airlock.submitted_page(actor, filters, how, cut), instance.clock.now()
    _print_page(found, now, as_json)


def show(
    request: str = typer.Argument(..., metavar="REQUEST", help="The request's id, from saferoom admin airlock queue."),
    as_json: bool = JSON,
) -> None:
    """Show where a request stands, who has to act, and everything that was done to it, from the audit trail.

    How output checkers vote and what people write is not shown: voting is blind, and this is no way round it.
    """
    from saferoom.ids import RequestId

    with acting() as (instance, actor):
        found, now = instance.airlock.history(actor, RequestId(request)), instance.clock.now()
    if as_json:
        _print_history_json(found)
        return
    item = found.request
    happened = [(one.at[:19].replace("T", " "), one.actor, one.action) for one in found.happened]
    print(f"{item.id}: {_words(item.state)}, project {item.project}, by {item.author}, submission {item.round}")
    print("\n".join(_facts(found, now)))
    print("\n" + _table(("output", "title", "verdict", "lane"), [
        (str(one.position), one.title, one.verdict, one.lane) for one in item.outputs
    ]))  # fmt: skip
    print("\n" + _table(("at (UTC)", "who", "what"), happened))


def levels(
    days: int = typer.Option(30, "--days", min=1, max=3660, help="Decisions of how many days."), as_json: bool = JSON
) -> None:
    """Show how long decisions take, what waits for how long, and what audits of automatic releases found."""
    from datetime import timedelta

    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.web.texts.common import lasting

    with acting() as (instance, _):
        airlock, since = instance.airlock, instance.clock.now() - timedelta(days=days)
        lanes, months = airlock.levels_by_lane(since), airlock.levels(since)
        waiting, audits = airlock.waiting(), airlock.audited()
    if as_json:
        print_json({"days": days, "lanes": lanes, "months": months, "waiting": waiting, "audits": audits})
        return
    rows = [
        (
            one.month or f"last {days} days",
            one.lane,
            f"{one.decisions:,}",
            f"{one.automatic:,}",
            lasting(one.median_seconds),
            lasting(one.p95_seconds),
        )
        for one in (*lanes, *months)
    ]
    heads = ("decided in", "lane", "decisions", "automatic", "median", "95th percentile")
    print(_table(heads, rows) if rows else f"Nothing was decided in the last {days} days.")
    bands = [
        (one.lane, _between(one.from_seconds, one.to_seconds), f"{one.requests:,}") for one in waiting if one.requests
    ]
    print("\n" + (_table(("lane", "waits for", "requests"), bands) if bands else "Nothing waits."))
    found = [(one.month, f"{one.drawn:,}", f"{one.looked_at:,}", f"{one.wrong:,}") for one in audits]
    if found:
        print("\n" + _table(("drawn in", "drawn", "looked at", "should not have left"), found))


def _asked(instance: Instance, asked: Mapping[str, Any], order: str, page: int) -> tuple[Filters, Order, Paging]:
    from datetime import timedelta

    from saferoom.disclosure.verdict import Verdict
    from saferoom.hub.cli.admin_lists import word
    from saferoom.ids import project_slug
    from saferoom.projects.airlock.lists import Filters, Order, Paging
    from saferoom.projects.airlock.model import Lane
    from saferoom.projects.airlock.states import State

    state, hours = word(State, "state", asked["state"]), asked["hours"]
    filters = Filters(
        states=frozenset({state}) if state else None,
        project=project_slug(asked["project"]) if asked["project"] else None,
        risk=word(Verdict, "risk", asked["risk"]),
        lane=word(Lane, "lane", asked["lane"]),
        before=None if hours is None else instance.clock.now() - timedelta(hours=hours),
    )
    return filters, word(Order, "order", order) or Order.NEWEST, Paging(page)


def _print_page(found: Page[Overseen], now: datetime, as_json: bool) -> None:
    from saferoom.hub.cli.commands import plain, print_json
    from saferoom.hub.web.texts.airlock import PARTIES
    from saferoom.hub.web.texts.common import ago

    if as_json:
        items = [plain(one.line) | {"wait": _wait_json(one.wait)} for one in found.items]
        print_json({"total": found.total, "page": found.paging.page, "pages": found.pages, "requests": items})
        return
    rows = [
        (
            one.line.id,
            one.line.project,
            one.line.author,
            _words(one.line.state),
            f"{one.line.risk}, {one.line.lane}",
            PARTIES[one.wait.party] if one.wait else "-",
            ago(one.wait.since, now) if one.wait else "-",
            one.wait.why if one.wait else "-",
        )
        for one in found.items
    ]
    heads = ("request", "project", "author", "state", "risk", "waits for", "since", "why")
    print(_table(heads, rows) if rows else "There are no such requests.")
    if found.pages > 1:
        print(f"Page {found.paging.page} of {found.pages}, {found.total:,} requests.")


def _facts(found: History, now: datetime) -> list[str]:
    from saferoom.hub.web.texts.airlock import PARTIES
    from saferoom.hub.web.texts.common import ago
    from saferoom.projects.airlock.states import TURN

    item, wait = found.request, found.wait
    said = [f"Title: {item.title}", f"Made from: {', '.join(one.name for one in item.datasets)}"]
    if wait:
        said.append(f"Waits for {PARTIES[wait.party]} (the turn began {ago(wait.since, now)}): {wait.why}")
        said += [f"{claim.by} is looking at it (began {ago(claim.at, now)})" for claim in wait.claims]
    if item.state in TURN:
        said.append(f"Output checkers who have decided on every output: {found.looked} of {max(1, found.needed)}")
    said += [f"Signed for {', '.join(one.datasets)} by {one.by}" for one in item.sign_offs if one.signed]
    if item.release:
        said.append(f"Released as {item.release.id}, {ago(item.release.at, now)}")
    if item.withdrawal:
        said.append(f"Withdrawn {ago(item.withdrawal.at, now)}: {item.withdrawal.cause.value.replace('_', ' ')}")
    return said


def _print_history_json(found: History) -> None:
    from saferoom.hub.cli.commands import plain, print_json

    item = found.request
    names = ("id", "title", "project", "author", "state", "round", "version", "automatic", "reason", "blocked")
    times = ("created_at", "since", "submitted_at", "updated_at", "release", "sign_off", "datasets")
    outputs = [
        {name: plain(getattr(one, name)) for name in ("id", "position", "title", "verdict", "lane")}
        for one in item.outputs
    ]
    print_json(
        {name: getattr(item, name) for name in (*names, *times)}
        | {"outputs": outputs, "wait": _wait_json(found.wait), "looked": found.looked, "needed": found.needed}
        | {"withdrawn_at": item.withdrawal.at if item.withdrawal else None, "happened": found.happened}
    )


def _wait_json(wait: Wait | None) -> dict[str, Any] | None:
    from saferoom.hub.cli.commands import plain

    if wait is None:
        return None
    kept = ("party", "since", "why", "claims", "overdue")
    return {name: plain(getattr(wait, name)) for name in kept} | {"seconds": int(wait.age.total_seconds())}


def _between(low: float, high: float | None) -> str:
    from saferoom.hub.web.texts.common import lasting

    return f"{lasting(low)} or more" if high is None else f"{lasting(low)} to {lasting(high)}"


def _words(state: State) -> str:
    return state.value.replace("_", " ")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    from saferoom.hub.cli.text import table

    return table(heads, rows)
