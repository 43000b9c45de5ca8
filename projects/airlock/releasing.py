"""Takes approved requests out, in steps that a crash can interrupt anywhere.

1. *approved* (one transaction): release id, time and audit link are fixed; the outputs count as released.
2. The bundle is built from the vault and put into it. Building again gives the same bytes, so this may repeat.
3. *released* (one transaction, at most one release per request): the audit trail's head is signed.

What stops a release is written on the request; it is tried again at the next start.
"""

from __future__ import annotations

from dataclasses import replace

from saferoom.audit import Event
from saferoom.errors import IntegrityError, NotFoundError, SaferoomError, WrongStateError
from saferoom.ids import Digest, RequestId
from saferoom.projects.airlock import (
    bundle,
    files,
    paying,
    processed,
    quotes,
    record_rules,
    seals,
    settling,
    states,
    steps,
)
from saferoom.projects.airlock.model import Output, Release, Request
from saferoom.projects.airlock.notices import notice
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.states import Action, Party, State
from saferoom.projects.airlock.steps import moved
from saferoom.projects.airlock.store import Selection, Step


def finish(parts: Parts, request: Request) -> Request:
    """Release `request` if it is approved; return it as it stands afterwards, with the reason if it is blocked."""
    if request.state is not State.APPROVED:
        return request
    try:
        parts.checkpoint("approved")
        with parts.store.reading() as tx:
            if said := record_rules.obstacle(parts, tx, request):
                raise WrongStateError(said)
        digest = parts.vault.put(build(parts, request))
        parts.checkpoint("bundled")
        released = _release(parts, request, digest)
    except SaferoomError as error:
        return _block(parts, request.id, error.message)
    except Exception as error:
        # A fault of ours must not leave the request waiting without a word; the fault itself goes on to the log.
        _block(parts, request.id, f"the bundle could not be made ({type(error).__name__}); tell the administrator")
        raise
    parts.checkpoint("released")
    return settling.settle(parts, released)


def resume(parts: Parts) -> tuple[Request, ...]:
    """Finish every request that a crash, or a block, left approved; return them as they stand afterwards.

    A request that cannot be finished keeps no other waiting; why is written on it.
    """
    with parts.store.reading() as tx:
        waiting = tx.requests(Selection(states=frozenset({State.APPROVED})))
    return tuple(_attempt(parts, request) for request in waiting)


def _attempt(parts: Parts, request: Request) -> Request:
    try:
        return finish(parts, request)
    except Exception:
        with parts.store.reading() as tx:
            after = _found(tx.request(request.id))
        if not after.blocked:
            raise  # not even the reason could be written: this must not go unseen
        return after


def build(parts: Parts, request: Request) -> bytes:
    """Return the bundle of an approved request: the bytes that were judged, read back by their digests.

    Raises
    ------
    IntegrityError
        Anything at all is not what was submitted.
    """
    if request.approval is None:
        raise IntegrityError(f"request {request.id} has no approval on record; nothing is released")
    seals.check_submission(request, parts.signing_key.verifying_key)
    contents = bundle.Contents(
        request=request,
        approval=request.approval,
        items=tuple(_item(parts, request, output) for output in request.outputs),
    )
    return bundle.build(contents, parts.signing_key)


def _item(parts: Parts, request: Request, output: Output) -> bundle.Item:
    with parts.store.reading() as tx:
        record = tx.evaluation(output.evaluation)
        known = files.known(parts, tx, record) if record else None
    other = IntegrityError(f"output {output.position} of request {request.id} is not the one that was judged")
    if record is None or record.digest != output.judged:
        raise other
    file, paid, made = None, None, None
    if record.file is not None:
        file = files.load(parts, record)
        if (output.files, output.lane) != ({record.file.suffix: record.file.leaving}, files.lane_of(record.file)):
            raise other
        parts.vault.get(record.file.content)
    elif known is not None and known.evaluation.privacy is not None:
        if quotes.is_quote(known.evaluation) or output.lane is not quotes.lane_of(known.evaluation):
            raise other
        paid = paying.paid(parts, record, known.evaluation)
        made = processed.proven(parts, record, known.evaluation)
    leaving = tuple((suffix, parts.vault.get(digest)) for suffix, digest in sorted(output.files.items()))
    return bundle.Item(output, record, known, file, leaving, paid, made)


def _release(parts: Parts, request: Request, digest: Digest) -> Request:
    row = states.check(request.state, Action.RELEASE, Party.SYSTEM)
    if request.approval is None:  # pragma: no cover - `build` refuses this before
        raise IntegrityError(f"request {request.id} has no approval on record; nothing is released")
    now = parts.clock.now()
    release = Release(request.approval.release, request.id, digest, now)
    after = replace(moved(request, row, now), reason="the outputs have left", blocked="")
    step = Step(
        event=Event("system", row.audit, request.id, {"release": release.id, "bundle": digest}),
        notice=notice(parts, after, row),
        release=release,
    )
    try:
        with parts.store.transaction() as tx:
            return tx.save_request(after, step)
    except WrongStateError:
        # Somebody else was faster: another process finished it, or its author withdrew it.
        with parts.store.reading() as tx:
            return _found(tx.request(request.id))


def _block(parts: Parts, id_: RequestId, message: str) -> Request:
    with parts.store.transaction() as tx:
        request = _found(tx.request(id_))
        return steps.block(parts, tx, request, message) if request.state is State.APPROVED else request


def _found(request: Request | None) -> Request:
    if request is None:
        raise NotFoundError("there is no such request")
    return request
