"""Submits outputs for release: everything is checked again, rendered once, sealed, and sent on its route.

What leaves later is byte for byte what is rendered here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from saferoom.audit import Event
from saferoom.errors import NotFoundError, WrongStateError
from saferoom.ids import DatasetName, ProjectSlug, RequestId
from saferoom.projects.airlock import (
    drafts,
    earlier,
    evaluations,
    paying,
    preparing,
    privacy,
    quotes,
    record_rules,
    routing,
    screening,
    seals,
    states,
)
from saferoom.projects.airlock.model import Group, Lane, Request, Route
from saferoom.projects.airlock.notices import notice
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.preparing import Prepared
from saferoom.projects.airlock.states import Action, Party, State
from saferoom.projects.airlock.steps import approve, moved, next_round
from saferoom.projects.airlock.store import Reading, Selection, Step, Transaction
from saferoom.projects.airlock.wanted import Wanted, tidy, wanted_from
from saferoom.projects.people.entitlement import may_enter
from saferoom.projects.policies import effective


def submit(parts: Parts, wanted: Wanted, again: RequestId | None = None, version: int | None = None) -> Request:
    """Submit a new request, or `again` one that is a draft or was returned.

    Submitting the same evaluations with the same words twice gives the same request, so that a client may repeat a
    call whose answer it did not get. Submitting the evaluations of a request that was returned is its next round.

    Parameters
    ----------
    version : int, optional
        The version of `again` that its author has seen; a draft that somebody changed since is not submitted.
    """
    may_enter(parts.registry, wanted.author, wanted.project, parts.clock.now()).enforce()
    wanted = tidy(drafts.replaced(wanted, privacy.known(parts, wanted.evaluations)), complete=True)
    prepared = preparing.prepare(parts, wanted, for_submission=True)
    groups = preparing.groups_of(parts, wanted)
    _refuse_identifiers(parts, wanted, prepared)
    parts.checkpoint("prepared")
    wanted, prepared = _with_noise(parts, wanted, prepared, (again, version))
    with parts.store.transaction() as tx:
        tx.lock()
        again = again or _returned(tx, wanted)
        twin = _twin(tx, wanted, again)
        if twin is not None:
            return twin
        before = drafts.new(parts, tx, wanted, prepared, groups) if again is None else _before(tx, wanted, again)
        if again is not None:
            drafts.check_version(before, version)
        request = _submitted(parts, tx, before, (wanted, groups, prepared))
        if request.automatic:
            request = approve(parts, tx, request, "every output was proven safe; no person was needed")
    parts.checkpoint("submitted")
    return request


def _with_noise(
    parts: Parts, wanted: Wanted, prepared: tuple[Prepared, ...], seen: tuple[RequestId | None, int | None]
) -> tuple[Wanted, tuple[Prepared, ...]]:
    """Return what is submitted with the numbers that its quotes were drawn as, paid for and drawn now or before.

    This comes after everything that could refuse the request, because what is paid is not given back.
    """
    again, version = seen
    if privacy.open_quotes(prepared):
        with parts.store.reading() as tx:
            _twin(tx, wanted, again)
            if again is not None:
                before = _before(tx, wanted, again)
                drafts.check_version(before, version)
                states.check(before.state, Action.SUBMIT, Party.AUTHOR)
        wanted = drafts.replaced(wanted, privacy.draw(parts, prepared))
        prepared = preparing.prepare(parts, wanted, for_submission=True)
    for one in prepared:
        if one.judgement is not None and quotes.is_drawn(one.judgement.evaluation) and one.record.file is None:
            paying.paid(parts, one.record, one.judgement.evaluation)
    return wanted, prepared


def _refuse_identifiers(parts: Parts, wanted: Wanted, prepared: Sequence[Prepared]) -> None:
    if parts.identifiers is None:
        return
    names = [dataset.name for dataset in preparing.datasets(prepared)]
    texts = (*wanted.texts(), *preparing.file_names(prepared))
    screening.refuse_identifiers(texts, parts.identifiers, wanted.project, names)


def _returned(tx: Transaction, wanted: Wanted) -> RequestId | None:
    """Return the author's returned request with the same outputs."""
    selection = Selection(
        author=wanted.author,
        project=wanted.project,
        states=frozenset({State.RETURNED}),
        evaluations=frozenset(wanted.evaluations),
    )
    same = [r.id for r in tx.requests(selection) if tuple(o.evaluation for o in r.outputs) == wanted.evaluations]
    return same[0] if same else None


def _twin(tx: Reading, wanted: Wanted, again: RequestId | None) -> Request | None:
    """Return the request that this call made before; refuse evaluations that are part of another request."""
    alive = frozenset(State) - {State.DRAFT, State.REJECTED, State.WITHDRAWN}
    selection = Selection(project=wanted.project, states=alive, evaluations=frozenset(wanted.evaluations))
    for other in tx.requests(selection):
        if other.id == again:
            continue
        said = wanted_from(other.author, other.project, (other.title, other.groups, other.outputs))
        if again is None and said == wanted:
            return other
        raise WrongStateError(f"an output of this request is already part of request {other.id}; it can leave once")
    return None


def _before(tx: Reading, wanted: Wanted, again: RequestId) -> Request:
    found = tx.request(again)
    if found is None or (found.author, found.project) != (wanted.author, wanted.project):
        raise NotFoundError("there is no such request")
    return found


def _submitted(
    parts: Parts, tx: Transaction, before: Request, content: tuple[Wanted, tuple[Group, ...], Sequence[Prepared]]
) -> Request:
    wanted, groups, prepared = content
    row = states.check(before.state, Action.SUBMIT, Party.AUTHOR)
    route, findings = _route(parts, tx, before.project, prepared)
    now = parts.clock.now()
    unsealed = replace(
        moved(next_round(parts, replace(before, outputs=tuple(p.output for p in prepared))), row, now),
        title=wanted.title,
        groups=groups,
        draft=None,
        submitted_at=now,
        automatic=route.automatic,
        checkers=route.checkers,
        sign_off=route.sign_off,
        datasets=preparing.datasets(prepared),
        waits_because=route.reasons,
        warnings=(*screening.screen((*wanted.texts(), *preparing.file_names(prepared))), *findings),
        reason="" if route.automatic else "an output checker has to look: " + "; ".join(route.reasons),
        blocked="",
    )
    request = replace(unsealed, seal=seals.seal_submission(unsealed, parts.signing_key))
    told = None if route.automatic else notice(parts, request, row, request.author)
    event = Event(request.author, row.audit, request.id, seals.submission_claims(request))
    return tx.save_request(request, Step(event, told, outputs=request.outputs))


def _route(
    parts: Parts, tx: Transaction, project: ProjectSlug, prepared: Sequence[Prepared]
) -> tuple[Route, tuple[str, ...]]:
    """Return the route, decided inside the transaction, and what the releases made meanwhile add."""
    names: list[DatasetName] = [dataset.name for dataset in preparing.datasets(prepared)]
    _, merged = effective(parts.registry, project, names)
    policy = (merged.policy, merged.origins)
    route = evaluations.route_of(tx, project, [p.judged() for p in prepared], policy, parts.clock.now())
    records = {d.name for p in prepared if p.output.lane is Lane.RECORDS for d in p.record.datasets}
    route = replace(route, sign_off=tuple(sorted({*routing.signing(parts.registry, project, names), *records})))
    known = {p.output.position: p.judgement for p in prepared if p.judgement}
    later = earlier.recheck(parts, tx, project, known)
    later += record_rules.beside(tx, {p.output.position: p.record for p in prepared})
    if not later:
        return route, ()
    needed = routing.checkers([p.output.lane for p in prepared], merged.policy)
    return replace(route, automatic=False, reasons=(*route.reasons, *later), checkers=needed), later
