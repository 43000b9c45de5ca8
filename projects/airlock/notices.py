"""Who is told what of a request's steps.

A notice says what happened to which request; nothing of any output, and no word of a researcher's, is in it. Its
recipients are settled when it is given: who becomes an output checker later was not told.
"""

from __future__ import annotations

from collections.abc import Iterable

from saferoom.ids import Username
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.permissions import Standing, standings
from saferoom.projects.airlock.records import Notice
from saferoom.projects.airlock.states import Party, Transition
from saferoom.projects.people.entitlement import standing as in_good_standing
from saferoom.projects.people.model import Role


def notice(parts: Parts, request: Request, row: Transition, actor: Username | None = None) -> Notice | None:
    """Return the notice of the step `row` of `request`, None when the table tells nobody.

    Parameters
    ----------
    actor : Username, optional
        Who took the step; nobody is told of their own.
    """
    if row.notify is None:
        return None
    return notice_to(request, row, row.notify, (n for n in recipients(parts, request, row.notify) if n != actor))


def notice_to(request: Request, row: Transition, to: Party, people: Iterable[Username]) -> Notice:
    """Return the notice of the step `row` to `people`, who are told as `to`."""
    return Notice(
        request=request.id,
        project=request.project,
        kind=row.audit,
        to=to,
        at=request.updated_at,
        recipients=tuple(sorted(set(people))),
    )


def recipients(parts: Parts, request: Request, to: Party) -> tuple[Username, ...]:
    """Return who `to` is for `request` now: people who may sign in and take that side."""
    if to is Party.AUTHOR:
        return (request.author,)
    wanted = {Party.CHECKERS: Standing.CHECKER, Party.OWNERS: Standing.DATA_OWNER}[to]
    role = {Party.CHECKERS: Role.OUTPUT_CHECKER, Party.OWNERS: Role.DATA_OWNER}[to]
    circle, now = parts.circle(request), parts.clock.now()
    # Who is on the author's side, or voted as a checker, does not sign.
    apart = {request.author, *circle.members, *(vote.by for vote in request.votes)} if to is Party.OWNERS else set()
    return tuple(
        person.username
        for person in parts.registry.people_as(role, now)
        if wanted in standings(person, circle)
        and person.username not in apart
        and (to is not Party.OWNERS or not circle.signers or person.username in circle.signers)
        and in_good_standing(person, now)
    )
