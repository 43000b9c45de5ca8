"""Withdraws a release: a new signed statement. What left is not undone, stays on record, and is still remembered.

The statement says which release, when, and for what kind of cause, and no more: an explanation could point at what was
disclosed, so it stays with those concerned. Who took the bundle is told.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from saferoom.audit import Event
from saferoom.clock import isoformat
from saferoom.errors import BadInputError, IntegrityError, NotFoundError, WrongStateError
from saferoom.ids import RequestId, Username
from saferoom.projects.airlock import checking, permissions, states
from saferoom.projects.airlock.layout import WITHDRAWAL_TYPE, WITHDRAWAL_VERSION, WITHDRAWALS_TYPE
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.notices import notice_to, recipients
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.records import AuditFinding, Cause, Sample, Withdrawal
from saferoom.projects.airlock.states import Action, Party
from saferoom.projects.airlock.steps import moved
from saferoom.projects.airlock.store import Reading, Step, Transaction


def withdraw(parts: Parts, person: Username, request_id: RequestId, cause: Cause, explanation: str) -> Request:
    """State that a release is withdrawn; once and for all.

    Raises
    ------
    WrongStateError
        It is withdrawn already.
    """
    text = _explained(explanation)
    with parts.store.transaction() as tx:
        found = _released(tx.request(request_id))
        standing = parts.standing(person, found)
        permissions.decide(standing, Action.WITHDRAW_RELEASE, found.state).enforce()
        if found.withdrawal is not None:
            raise WrongStateError("the release is already withdrawn")
        party = permissions.acting(standing, Action.WITHDRAW_RELEASE, found.state)
        return _withdrawn(parts, tx, found, (person, party, cause, text))


def audit(parts: Parts, checker: Username, request_id: RequestId, finding: AuditFinding, comment: str) -> Request:
    """Say what was found in an automatic release that was drawn; one that should not have left is withdrawn.

    Raises
    ------
    WrongStateError
        It was not drawn, or somebody has said already what was found.
    """
    if finding is AuditFinding.SHOULD_NOT_HAVE_LEFT:
        text = _explained(comment)
    else:
        text = checking.body(comment) if comment.strip() else ""
    with parts.store.transaction() as tx:
        found = _released(tx.request(request_id))
        permissions.decide(parts.standing(checker, found), Action.AUDIT, found.state).enforce()
        row = states.check(found.state, Action.AUDIT, Party.CHECKERS)
        sample = _open(found.sample)
        now = parts.clock.now()
        told = replace(sample, finding=finding, by=checker, comment=text, at=now)
        event = Event(checker, row.audit, found.id, {"release": sample.release, "finding": finding.value})
        after = tx.save_request(moved(found, row, now), Step(event, sample=told))
        if finding is AuditFinding.FINE or after.withdrawal is not None:
            return after
        return _withdrawn(parts, tx, after, (checker, Party.CHECKERS, Cause.DISCLOSURE_CONTROL, text))


def _withdrawn(parts: Parts, tx: Transaction, request: Request, deed: tuple[Username, Party, Cause, str]) -> Request:
    person, party, cause, _ = deed
    row = states.check(request.state, Action.WITHDRAW_RELEASE, party)
    now = parts.clock.now()
    after = moved(request, row, now)
    made = _statement(parts, after, deed)
    event = Event(
        person, row.audit, request.id, {"release": made.release, "cause": cause.value, "statement": made.statement}
    )
    told = notice_to(after, row, Party.AUTHOR, [n for n in _concerned(parts, tx, after) if n != person])
    return tx.save_request(after, Step(event, notice=told, withdrawal=made))


def _concerned(parts: Parts, tx: Reading, request: Request) -> tuple[Username, ...]:
    """Return who has to know: the author, who took the bundle, and the data owners."""
    owners = recipients(parts, replace(request, sign_off=()), Party.OWNERS)
    return (request.author, *tx.downloaders(request.id), *owners)


def _statement(parts: Parts, request: Request, deed: tuple[Username, Party, Cause, str]) -> Withdrawal:
    person, party, cause, text = deed
    if request.release is None or request.approval is None:
        raise IntegrityError(f"request {request.id} is released but has no release on record")
    document = {
        "version": WITHDRAWAL_VERSION,
        "release": request.release.id,
        "project": request.project,
        "bundle": request.release.bundle,
        "approved_at": isoformat(request.approval.at),
        "withdrawn_at": isoformat(request.updated_at),
        "cause": cause.value,
        "by": party.value,
    }
    return Withdrawal(
        release=request.release.id,
        request=request.id,
        cause=cause,
        explanation=text,
        by=person,
        party=party,
        at=request.updated_at,
        statement=parts.signing_key.seal_json(document, WITHDRAWAL_TYPE),
    )


def listed(parts: Parts) -> dict[str, Any]:
    """Return the signed list of all withdrawals, for the public register and ``saferoom verify --withdrawals``.

    It is signed as a whole, so that a list from which a statement was taken out is no list of ours.
    """
    with parts.store.reading() as tx:
        found = tx.withdrawals()
    document = {
        "version": WITHDRAWAL_VERSION,
        "at": isoformat(parts.clock.now()),
        "statements": [dict(one.statement) for one in found],
    }
    return parts.signing_key.seal_json(document, WITHDRAWALS_TYPE)


def _explained(text: str) -> str:
    if not text.strip():
        raise BadInputError("say why, so that those who hold the numbers know what is wrong with them")
    return checking.body(text)


def _released(request: Request | None) -> Request:
    if request is None:
        raise NotFoundError("there is no such request")
    return request


def _open(sample: Sample | None) -> Sample:
    if sample is None:
        raise WrongStateError("this release was not drawn to be looked at again")
    if sample.finding is not None:
        raise WrongStateError("somebody has already said what was found in this release")
    return sample
