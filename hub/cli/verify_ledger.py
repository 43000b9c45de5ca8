"""Verifies a bundle against the instance that released it: its record of releases, its ledger, its audit trail.

A key that was stolen signs whatever it is given; what was signed and is not on record is found here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from saferoom.digests import sha256
from saferoom.disclosure.privacy.certificate import Certificate
from saferoom.errors import IntegrityError
from saferoom.hub.store.airlock import AirlockReading
from saferoom.hub.store.airlock_records import ReleaseRow
from saferoom.hub.store.audit_log import AuditLinkRow, verify_audit_log
from saferoom.hub.store.ledger import LedgerReading
from saferoom.ids import Digest, EvaluationId
from saferoom.projects.airlock import certificates, quotes
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.store import Selection
from saferoom.projects.airlock.verify_report import BundleReport, Check
from saferoom.projects.ledger.model import CHARGED, Charge, ChargeState, Paid
from saferoom.signing import VerifyingKey

_LEFT = frozenset({State.APPROVED, State.RELEASED})
_RELEASED = "request.released"
_PAID = frozenset({ChargeState.COMPUTED, ChargeState.RELEASED})


def with_record(report: BundleReport, data: bytes, session: Session, key: VerifyingKey) -> BundleReport:
    """Return `report` of a good bundle with what the instance's own record says of it.

    Parameters
    ----------
    data : bytes
        The bundle.
    """
    checks: list[Check] = []
    for name, enforces, check in _checks(report, data, session, key):
        try:
            check()
        except IntegrityError as error:
            return replace(report, checks=(*report.checks, *checks, Check(name, enforces, error.message)))
        checks.append(Check(name, enforces))
    return replace(report, checks=(*report.checks, *checks))


def _checks(
    report: BundleReport, data: bytes, session: Session, key: VerifyingKey
) -> tuple[tuple[str, str, Callable[[], object]], ...]:
    return (
        ("trail", "an unbroken audit trail, to its last signed head", lambda: verify_audit_log(session, key)),
        ("release", "this release is on record, with these bytes", lambda: _check_release(report, data, session)),
        ("ledger", "every charge is on record as it is certified", lambda: _check_charges(report, session)),
        ("once", "what was drawn was released once", lambda: _check_once(report, session)),
    )


def _check_release(report: BundleReport, data: bytes, session: Session) -> None:
    row = session.get(ReleaseRow, report.release)
    if row is None:
        raise IntegrityError("the instance has no such release on record")
    if row.bundle != sha256(data):
        raise IntegrityError("the instance has this release on record with other bytes")
    # Downloads name the bundle, too; they say that somebody has it, and not that it left.
    events = select(AuditLinkRow.payload).where(AuditLinkRow.subject == row.request, AuditLinkRow.action == _RELEASED)
    said = session.scalars(events.order_by(AuditLinkRow.seq)).all()
    if said != [{"release": report.release, "bundle": row.bundle}]:
        raise IntegrityError("the audit trail does not record this release with these bytes")


def _check_charges(report: BundleReport, session: Session) -> None:
    for one in report.certificates:
        which = f"output {one.output}: the ledger"
        charge = LedgerReading(session).charge(one.entry.charge)
        if charge is None:
            raise IntegrityError(f"{which} has no such charge")
        link = _link(charge, session)
        if link is None or certificates.entry(Paid(charge, *link)) != one.entry:
            raise IntegrityError(f"{which} has another entry than the certificate")
        read = {(source.name, source.version) for source in one.datasets}
        if charge.wanted.project != one.project or set(charge.wanted.versions.items()) != read:
            raise IntegrityError(f"{which} has the charge for other data or another project")
        if charge.state not in _PAID:
            raise IntegrityError(f"{which} says of the charge that its result did not leave")


def _link(charge: Charge, session: Session) -> tuple[int, Digest] | None:
    """Return where the audit trail records a charge, if it says the same of it as the ledger."""
    found = LedgerReading(session).entry(charge.id)
    row = None if found is None else session.get(AuditLinkRow, found[0])
    if found is None or row is None or row.payload is None:
        return None
    said = {name: row.payload.get(name) for name in ("plan", "rho", "delta")}
    wanted = {"plan": charge.wanted.plan, "rho": charge.wanted.loss.rho, "delta": charge.wanted.loss.delta}
    accounts = row.payload.get("accounts")
    same = row.action == CHARGED and said == wanted and accounts == [str(account) for account in charge.accounts]
    return found if same else None


def _check_once(report: BundleReport, session: Session) -> None:
    for one in report.certificates:
        requests = _left(one, session)
        if len(requests) > 1:
            raise IntegrityError(f"output {one.output}: what was drawn was released more than once")
        releases = {request.approval.release for request in requests if request.approval is not None}
        if not releases or (one.processing is None and releases != {report.release}):
            raise IntegrityError(f"output {one.output}: what was drawn was released with another release")


def _left(one: Certificate, session: Session) -> tuple[Request, ...]:
    """Return the requests with which what was drawn for a charge has left, as it was drawn."""
    charge = LedgerReading(session).charge(one.entry.charge)
    if charge is None:
        return ()
    drawn = quotes.drawn_id(EvaluationId(charge.wanted.key))
    return AirlockReading(session).requests(Selection(evaluations=frozenset({drawn}), states=_LEFT))
