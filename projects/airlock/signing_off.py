"""The data owner's word on what is about to leave, where policy or approval asks for it.

It comes last, when the output checkers have approved: an owner sees the very files that would leave and what was found
in them, and signs or returns the request. The signature is for the round: any change asks for it anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from saferoom.audit import Event
from saferoom.disclosure.files.view import View
from saferoom.disclosure.verdict import Finding, Verdict
from saferoom.errors import IntegrityError, NotFoundError
from saferoom.ids import DatasetName, OutputId, RequestId, Username
from saferoom.projects.airlock import checking, deciding, evaluations, files, permissions, review, seals, states
from saferoom.projects.airlock.checking import Ending
from saferoom.projects.airlock.model import Lane, Output, Request
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.records import SignOff
from saferoom.projects.airlock.states import Action, Party
from saferoom.projects.airlock.steps import moved
from saferoom.projects.airlock.store import Step


@dataclass(frozen=True)
class Leaving:
    """One output as a data owner sees it: the files that leave, the query, and what was found; no evidence.

    Attributes
    ----------
    view : View
        What pages show of a file; empty for a declared statistic.
    query : mapping or None
        The query as the release record states it; None of a file of which no query is known.
    privacy : mapping or None
        What is known of its noise; None of other outputs, and of files.
    files : mapping of str to bytes
        By the suffixes of their names.
    """

    position: int
    title: str
    verdict: Verdict
    lane: Lane
    findings: tuple[Finding, ...]
    query: Mapping[str, Any] | None
    files: Mapping[str, bytes] = field(repr=False)
    view: View = field(default_factory=View, repr=False)
    privacy: Mapping[str, Any] | None = None


def sign(parts: Parts, owner: Username, request_id: RequestId, comment: str = "", seen: int | None = None) -> Request:
    """Sign for the datasets that `owner` owns, what was `seen`; the last signature lets the request leave."""
    body = checking.body(comment) if comment.strip() else ""
    with parts.store.transaction() as tx:
        found = tx.request(request_id)
        if found is None:
            raise NotFoundError("there is no such request")
        tx.lock()
        permissions.decide(parts.standing(owner, found), Action.SIGN_OFF, found.state).enforce()
        checking.as_seen(found, seen)
        row = states.check(found.state, Action.SIGN_OFF, Party.OWNERS)
        owned = _owned(parts, owner, found)
        permissions.apart(owner in {vote.by for vote in found.votes}).enforce()
        word = SignOff(owner, owned, True, body, parts.clock.now(), found.round)
        word = seals.seal_sign_off(found.id, word, parts.signing_key)
        payload = {"round": found.round, "datasets": list(owned)}
        event = Event(owner, row.audit, found.id, payload)
        reason = review.reason(replace(found, sign_offs=(*found.sign_offs, word)))
        signed = tx.save_request(replace(moved(found, row, word.at), reason=reason), Step(event, sign_offs=(word,)))
        return deciding.count(parts, tx, signed)


def refuse(parts: Parts, owner: Username, request: Request, comment: str) -> Request:
    """Return the request to its author, with a comment that says why nothing is signed."""
    row = states.check(request.state, Action.REFUSE_SIGN_OFF, Party.OWNERS)
    owned = _owned(parts, owner, request)
    word = SignOff(owner, owned, False, comment.strip(), parts.clock.now(), request.round)
    word = seals.seal_sign_off(request.id, word, parts.signing_key)
    return checking.end_turn(parts, request, row, checking.Remark(owner, comment, True), Ending(sign_offs=(word,)))


def _owned(parts: Parts, owner: Username, request: Request) -> tuple[DatasetName, ...]:
    """Return the datasets of the request that `owner` signs for.

    Raises
    ------
    ForbiddenError
        There is none: another data owner has to sign.
    """
    owned = tuple(name for name in request.sign_off if parts.registry.dataset(name).owner == owner)
    permissions.signs(bool(owned)).enforce()
    return owned


def leaving(parts: Parts, request: Request, output_id: OutputId) -> Leaving:
    """Return what leaves of one output, byte for byte, and what was found in it."""
    output = next((o for o in request.outputs if o.id == output_id), None)
    if output is None:
        raise NotFoundError("there is no such output in this request")
    with parts.store.reading() as tx:
        record = tx.evaluation(output.evaluation)
        known = files.known(parts, tx, record) if record else None
    if record is None or record.digest != output.judged:
        raise IntegrityError(f"output {output.position} of request {request.id} is not the one that was judged")
    noise = None
    if record.file is not None:
        judgement = files.load(parts, record)
        found, view = judgement.report.findings, files.view(parts, judgement)
    else:
        evaluation, view = evaluations.load(parts, record).evaluation, View()
        found, noise = evaluation.findings, evaluation.privacy
    return Leaving(
        position=output.position,
        title=output.title,
        verdict=output.verdict,
        lane=output.lane,
        findings=tuple(found),
        query=dict(known.evaluation.canonical) if known and output.lane is not Lane.RECORDS else None,
        files=_bytes(parts, output),
        view=view,
        privacy=noise,
    )


def _bytes(parts: Parts, output: Output) -> dict[str, bytes]:
    return {suffix: parts.vault.get(digest) for suffix, digest in sorted(output.files.items())}
