"""Certificates of outputs with differential privacy: made when a release is, of what is on record, and signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saferoom.clock import isoformat
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.privacy.certificate import (
    CERTIFICATE_TYPE,
    PRIVATE,
    Certificate,
    Entry,
    Processing,
    Source,
    digest_of,
)
from saferoom.disclosure.privacy.certificate_reading import read
from saferoom.disclosure.privacy.plan import PrivacyPlan
from saferoom.errors import BadInputError, IntegrityError
from saferoom.ids import Digest
from saferoom.projects.ledger.model import AccountKind, Paid
from saferoom.signing import SigningKey, VerifyingKey


@dataclass(frozen=True)
class About:
    """Which output a certificate is for.

    Attributes
    ----------
    output : int
        Its place in the release.
    files : mapping of str to Digest
        SHA-256 of what leaves, by the suffix of its name.
    policy : Digest
        Of the rules that it was judged by.
    """

    release: str
    project: str
    output: int
    files: Mapping[str, Digest]
    policy: Digest


def of(about: About, evaluation: Evaluation, paid: Paid, processing: Processing | None = None) -> Certificate:
    """Return the certificate of an output whose noise was drawn.

    Parameters
    ----------
    evaluation : Evaluation
        With the table that leaves, and under `privacy` what it was drawn by: ``plan`` and ``software``.
    processing : Processing, optional
        What was done to the table that was drawn, where another one leaves.

    Raises
    ------
    IntegrityError
        The evaluation has no drawn table, or the charge was for another plan.
    """
    said, table = evaluation.privacy or {}, evaluation.outgoing
    if not said.get("drawn") or said.get("label") != PRIVATE or table is None:
        raise IntegrityError("an output without drawn noise has no certificate; nothing is released")
    try:
        plan = PrivacyPlan.from_json(said["plan"])
        software = {str(name): str(version) for name, version in said["software"].items()}
    except (KeyError, AttributeError, BadInputError):
        raise IntegrityError("what an output was drawn by cannot be read; nothing is released") from None
    wanted = paid.charge.wanted
    if plan.digest != wanted.plan:
        raise IntegrityError("an output was drawn by another plan than was charged for; nothing is released")
    return Certificate(
        release=about.release,
        project=about.project,
        output=about.output,
        files=dict(about.files),
        table=digest_of(table),
        plan=plan,
        datasets=tuple(Source(name, version) for name, version in sorted(wanted.versions.items())),
        lineages=tuple(one.name for one in paid.charge.accounts if one.kind is AccountKind.LINEAGE),
        policy=about.policy,
        entry=entry(paid),
        software=software,
        processing=processing,
    )


def entry(paid: Paid) -> Entry:
    """Return what a certificate says of a charge; no person is named."""
    charge = paid.charge
    accounts = tuple(str(one) for one in charge.accounts if one.kind is not AccountKind.OWNER)
    return Entry(
        charge=charge.id,
        at=isoformat(charge.at),
        plan=charge.wanted.plan,
        rho=charge.wanted.loss.rho,
        delta=charge.wanted.loss.delta,
        accounts=accounts,
        link=paid.link,
        digest=paid.digest,
    )


def seal(certificate: Certificate, key: SigningKey) -> dict[str, Any]:
    """Return `certificate` in an envelope signed with `key`; the same certificate gives the same bytes."""
    return key.seal_json(certificate.document(), CERTIFICATE_TYPE)


def check(envelope: Mapping[str, Any], key: VerifyingKey) -> Certificate:
    """Return the certificate in `envelope`, its losses computed again.

    Raises
    ------
    IntegrityError
        The signature is not by `key`, or the certificate does not agree with itself.
    """
    document = key.open_json(envelope, CERTIFICATE_TYPE)
    if not isinstance(document, dict):
        raise IntegrityError("the certificate is not a JSON object")
    return read(document)
