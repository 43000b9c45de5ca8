"""The signed statements at the end of a project: what was sealed, and that it was deleted.

Both are DSSE envelopes over canonical JSON, signed with the instance's key, so that anybody who has the public key can
check them without this instance (`check_certificate`, ``saferoom verify CERTIFICATE.json``).

The workspace is packed as one tar archive (POSIX.1-2001), cut into parts, and each part is encrypted under a key that
exists for this archive alone. Destroying that key destroys every copy of the archive, backups of its parts included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from saferoom.clock import isoformat, parse
from saferoom.digests import canonical, sha256
from saferoom.errors import IntegrityError
from saferoom.ids import Digest
from saferoom.policies.models import PolicyModel
from saferoom.projects.fields import ProjectSlugField
from saferoom.signing import SigningKey, VerifyingKey

_Model = TypeVar("_Model", bound=PolicyModel)
SEAL_TYPE = "application/vnd.saferoom.workspace-seal+json"
CERTIFICATE_TYPE = "application/vnd.saferoom.deletion-certificate+json"


class Part(PolicyModel):
    """One encrypted part of an archive."""

    name: str
    sha256: str
    bytes: int


class Packed(PolicyModel):
    """What was packed.

    Attributes
    ----------
    sha256 : str
        Of the archive before it was cut and encrypted.
    left_out : int
        Sockets, pipes and devices, which hold nothing to keep.
    """

    format: str = "tar (pax), AES-256-GCM per part"
    files: int
    bytes: int
    left_out: int
    sha256: str
    parts: tuple[Part, ...]


class Statement(PolicyModel):
    """What was sealed of a project, when, and until when it is kept."""

    project: ProjectSlugField
    closed_at: str
    sealed_at: str
    retain_until: str
    archive: Packed


class Certificate(PolicyModel):
    """That the sealed workspace of a project was destroyed.

    Attributes
    ----------
    seal : str
        SHA-256 of the sealed statement's payload, so that statement and certificate cannot be swapped.
    destroyed : Packed
        What was destroyed, as the statement said.
    """

    project: ProjectSlugField
    seal: str
    sealed_at: str
    retain_until: str
    deleted_at: str
    deleted_by: str
    key_destroyed: bool
    destroyed: Packed


@dataclass(frozen=True)
class Sealed:
    """A signed statement and its parts."""

    envelope: Mapping[str, Any]
    statement: Statement


def seal_statement(key: SigningKey, project: str, packed: Packed, times: tuple[datetime, datetime, date]) -> Sealed:
    """Return the signed statement of what was sealed.

    Parameters
    ----------
    times : (datetime, datetime, date)
        When the project was closed, when it was sealed, and the last day on which the archive is kept.
    """
    closed_at, sealed_at, retain_until = times
    statement = Statement.model_validate(
        {
            "project": project,
            "closed_at": isoformat(closed_at),
            "sealed_at": isoformat(sealed_at),
            "retain_until": retain_until.isoformat(),
            "archive": packed.model_dump(),
        },
        strict=False,
    )
    return Sealed(key.seal_json(statement.model_dump(mode="json"), SEAL_TYPE), statement)


def open_statement(envelope: Mapping[str, Any], key: VerifyingKey, project: str) -> Statement:
    """Return the statement in `envelope` if `key` signed it for `project`.

    Raises
    ------
    IntegrityError
        It is malformed, not signed by this key, or another project's.
    """
    statement = _read(Statement, key.open_json(envelope, SEAL_TYPE), "statement of the sealed workspace")
    if statement.project != project:
        raise IntegrityError("the statement of the sealed workspace belongs to another project")
    return statement


def certify(key: SigningKey, statement: Statement, by: str, at: datetime) -> dict[str, Any]:
    """Return the signed certificate that what `statement` names was destroyed."""
    certificate = Certificate(
        project=statement.project,
        seal=digest_of(statement),
        sealed_at=statement.sealed_at,
        retain_until=statement.retain_until,
        deleted_at=isoformat(at),
        deleted_by=by,
        key_destroyed=True,
        destroyed=statement.archive,
    )
    return key.seal_json(certificate.model_dump(mode="json"), CERTIFICATE_TYPE)


def check_certificate(
    envelope: Mapping[str, Any], key: VerifyingKey, statement: Statement | None = None
) -> Certificate:
    """Return the certificate in `envelope` if `key` signed it and it holds together.

    Parameters
    ----------
    statement : Statement, optional
        The statement of what was sealed; the certificate must be about exactly that.

    Raises
    ------
    IntegrityError
        Says what does not hold.
    """
    certificate = _read(Certificate, key.open_json(envelope, CERTIFICATE_TYPE), "deletion certificate")
    if not certificate.key_destroyed:
        raise IntegrityError("the deletion certificate does not say that the archive's key was destroyed")
    try:
        kept_until = date.fromisoformat(certificate.retain_until)
        early = parse(certificate.deleted_at).astimezone(UTC).date() <= kept_until
    except ValueError as error:
        raise IntegrityError("the deletion certificate has a time that cannot be read") from error
    if early:
        raise IntegrityError("the deletion certificate says that the archive was deleted while it had to be kept")
    if statement is not None and (
        certificate.seal != digest_of(statement) or certificate.destroyed != statement.archive
    ):
        raise IntegrityError("the deletion certificate is about another archive than the one that was sealed")
    return certificate


def digest_of(statement: Statement) -> Digest:
    """Return the SHA-256 of a statement in canonical JSON."""
    return sha256(canonical(statement.model_dump(mode="json")))


def _read(model: type[_Model], document: Any, what: str) -> _Model:
    try:
        return model.model_validate(document, strict=False)
    except ValidationError as error:
        raise IntegrityError(f"the {what} is malformed") from error
