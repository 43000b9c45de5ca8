"""Drafts: what an author puts together before anybody else looks, and between a return and the next submission.

A draft is changed as a whole: each change names the version it started from, so that two windows do not overwrite each
other. What was submitted before stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from saferoom.audit import Event
from saferoom.digests import canonical, sha256
from saferoom.errors import BadInputError, NotFoundError, StaleVersionError
from saferoom.ids import Digest, EvaluationId, RequestId
from saferoom.projects.airlock import preparing, states
from saferoom.projects.airlock.model import Draft, Group, Request
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.preparing import Prepared
from saferoom.projects.airlock.states import Action, Party
from saferoom.projects.airlock.steps import moved
from saferoom.projects.airlock.store import Step, Transaction
from saferoom.projects.airlock.wanted import Wanted, WantedGroup, tidy, wanted_from
from saferoom.projects.people.entitlement import may_enter

STALE = "the request was changed meanwhile, perhaps in another window; open it again and repeat your change"


def draft(parts: Parts, wanted: Wanted, dropped: tuple[tuple[str, Digest], ...] = ()) -> Request:
    """Keep what the author has so far; nothing is judged by it and nobody else has to act."""
    wanted, prepared, groups = _made(parts, wanted)
    with parts.store.transaction() as tx:
        return new(parts, tx, wanted, prepared, groups, dropped)


def new(
    parts: Parts,
    tx: Transaction,
    wanted: Wanted,
    prepared: Sequence[Prepared],
    groups: tuple[Group, ...],
    dropped: tuple[tuple[str, Digest], ...] = (),
) -> Request:
    """Write a new draft."""
    row = states.check(None, Action.DRAFT, Party.AUTHOR)
    now = parts.clock.now()
    content = Draft(wanted.title, groups, tuple(p.output for p in prepared))
    request = Request(
        id=RequestId(parts.ids("request")),
        author=wanted.author,
        project=wanted.project,
        state=row.to,
        round=0,
        title=content.title,
        automatic=False,
        checkers=0,
        created_at=now,
        updated_at=now,
        since=now,
        groups=content.groups,
        datasets=preparing.datasets(prepared),
        outputs=content.outputs,
        draft=content,
        reason=_DRAFTED,
    )
    event = Event(request.author, row.audit, request.id, {"project": request.project, "content": _digest(content)})
    return tx.add_request(request, Step(event, dropped=dropped))


def save(
    parts: Parts,
    request: Request,
    wanted: Wanted,
    version: int,
    taken: dict[EvaluationId, EvaluationId] | None = None,
    dropped: tuple[tuple[str, Digest], ...] = (),
) -> Request:
    """Put `wanted` in place of what the author of `request` had put together.

    Parameters
    ----------
    taken : dict, optional
        Advice that the change takes: of which evaluation, and what it led to.
    dropped : tuple of (str, Digest)
        Files of the outbox that come in by it.
    """
    row = states.check(request.state, Action.EDIT, Party.AUTHOR)
    wanted, prepared, groups = _made(parts, wanted)
    check_version(request, version)
    content = Draft(wanted.title, groups, tuple(p.output for p in prepared))
    after = replace(moved(request, row, parts.clock.now()), draft=content)
    if request.round == 0:
        used = preparing.datasets(prepared)
        after = replace(after, title=content.title, groups=groups, outputs=content.outputs, datasets=used)
    event = Event(request.author, row.audit, request.id, {"round": request.round, "content": _digest(content)})
    with parts.store.transaction() as tx:
        return tx.save_request(after, Step(event, taken=taken or {}, dropped=dropped))


def forget(parts: Parts, request: Request) -> Request:
    """Go back to what was submitted; of a request that was never submitted nothing remains but its record."""
    now = parts.clock.now()
    if request.round == 0:
        row = states.check(request.state, Action.WITHDRAW, Party.AUTHOR)
        after = replace(moved(request, row, now), reason="its author discarded it")
    else:
        row = states.check(request.state, Action.EDIT, Party.AUTHOR)
        after = replace(moved(request, row, now), draft=None)
    event = Event(request.author, row.audit, request.id, {"round": request.round, "content": None})
    with parts.store.transaction() as tx:
        return tx.save_request(after, Step(event))


def content_of(request: Request) -> Wanted:
    """Return what would be submitted now: what the author works on, or what was submitted last."""
    kept = request.draft or Draft(request.title, request.groups, request.outputs)
    return wanted_from(request.author, request.project, (kept.title, kept.groups, kept.outputs))


def with_output(wanted: Wanted, id_: EvaluationId, group: str, supporting: bool) -> Wanted:
    """Return `wanted` with an evaluation added to the group called `group`, which is made when there is none.

    Raises
    ------
    BadInputError
        It is part of the request already.
    """
    if id_ in (*wanted.evaluations, *wanted.supporting):
        raise BadInputError("this is part of the request already")
    groups = list(wanted.groups)
    place = next((n for n, kept in enumerate(groups) if kept.name.casefold() == group.casefold()), None)
    if place is None and len(groups) == 1 and _empty(groups[0]):
        place, groups[0] = 0, replace(groups[0], name=group)
    if place is None:
        place = len(groups)
        groups.append(WantedGroup(name=group))
    found = groups[place]
    groups[place] = (
        replace(found, supporting=(*found.supporting, id_))
        if supporting
        else replace(found, evaluations=(*found.evaluations, id_))
    )
    return replace(wanted, groups=tuple(groups))


def without_output(wanted: Wanted, id_: EvaluationId) -> Wanted:
    """Return `wanted` without an output or supporting file; a named group that has nothing left goes, too.

    Raises
    ------
    NotFoundError
        It is not part of the request.
    """
    if id_ not in (*wanted.evaluations, *wanted.supporting):
        raise NotFoundError("this is not part of the request")
    groups = tuple(
        replace(
            group,
            evaluations=tuple(kept for kept in group.evaluations if kept != id_),
            supporting=tuple(kept for kept in group.supporting if kept != id_),
        )
        for group in wanted.groups
    )
    left = tuple(group for group in groups if not _empty(group))
    return replace(wanted, groups=left or groups[:1])


def replaced(wanted: Wanted, others: dict[EvaluationId, EvaluationId]) -> Wanted:
    """Return `wanted` with evaluations replaced by others, each in its place."""
    groups = tuple(
        replace(
            group,
            evaluations=tuple(others.get(id_, id_) for id_ in group.evaluations),
            supporting=tuple(others.get(id_, id_) for id_ in group.supporting),
        )
        for group in wanted.groups
    )
    return replace(wanted, groups=groups)


def check_version(request: Request, version: int | None) -> None:
    """Raise `StaleVersionError` when `request` is not the one that was seen."""
    if version is not None and request.version != version:
        raise StaleVersionError(STALE)


def _made(parts: Parts, wanted: Wanted) -> tuple[Wanted, tuple[Prepared, ...], tuple[Group, ...]]:
    may_enter(parts.registry, wanted.author, wanted.project, parts.clock.now()).enforce()
    wanted = tidy(wanted, complete=False)
    return wanted, preparing.prepare(parts, wanted, for_submission=False), preparing.groups_of(parts, wanted)


def _empty(group: WantedGroup) -> bool:
    return not (group.evaluations or group.supporting or group.context or group.controls)


def _digest(content: Draft) -> str:
    """Return the digest by which the audit trail names what was put together; the words themselves are not in it."""
    document = {
        "title": content.title,
        "groups": [[g.name, g.context, g.controls, [f.evaluation for f in g.supporting]] for g in content.groups],
        "outputs": [[output.group, output.evaluation] for output in content.outputs],
    }
    return sha256(canonical(document))


_DRAFTED = "it is not submitted yet"
