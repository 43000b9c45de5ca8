"""The signed certificate that something was deleted because its time was over: what it was by digest, why, when.

It names no file and no person, so that it can be handed to the data owner and shown. `saferoom verify` checks it
offline.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ValidationError

from saferoom.clock import parse
from saferoom.errors import IntegrityError
from saferoom.policies.models import PolicyModel
from saferoom.signing import SigningKey, VerifyingKey

CERTIFICATE_TYPE = "application/vnd.saferoom.retention-certificate+json"
What = Literal["owner's file", "delivery", "draft", "log"]
_DISK = (
    "The file was removed from the instance's disk. Blocks that the disk has not written over, and backups made "
    "before, may still hold it until they end."
)
REMAINS: dict[What, str] = {
    "owner's file": _DISK,
    "log": _DISK,
    "delivery": (
        "Both zones' files of it were removed, and the keys of each were written over before. Backups made before hold "
        "them, encrypted for the zones' keys of then: they are readable until those backups or those keys end. Keyed "
        "hashes by which its records are known again, and reports of its checks, stay."
    ),
    "draft": (
        "The words of the draft, and which outputs it was made of, were removed from the database. What was judged for "
        "it is remembered, as everything that was judged is. Backups made before may hold the draft until they end."
    ),
}
"""What deleting does not reach."""


class FileDeleted(PolicyModel):
    """That one file, or one delivery, was deleted.

    Attributes
    ----------
    sha256, bytes : str, int
        Of the file as it was deleted; of a delivery the digest of the file that the data owner had sent, and the size
        of what was kept of it; of a draft those of its words.
    why : str
        The rule that it fell under.
    unneeded_since, deleted_at : str
        RFC 3339, UTC.
    by : str
        Who started it; no name.
    link, link_digest : int, str
        The link of the audit trail that decided it.
    backups : int or None
        How many backups of data nobody has said to be destroyed, and so may hold it; Saferoom reaches none of them.
    remains : str
        What deleting does not reach.
    """

    what: What
    sha256: str
    bytes: int
    why: str
    unneeded_since: str
    deleted_at: str
    by: Literal["administrator", "housekeeping"]
    link: int
    link_digest: str
    backups: int | None = None
    remains: str = _DISK


def seal(certificate: FileDeleted, key: SigningKey) -> dict[str, Any]:
    """Return `certificate` in a signed envelope."""
    return key.seal_json(certificate.model_dump(mode="json"), CERTIFICATE_TYPE)


def check(envelope: Mapping[str, Any], key: VerifyingKey) -> FileDeleted:
    """Return the certificate in `envelope` if `key` signed it and it agrees with itself.

    Raises
    ------
    IntegrityError
        Says what does not hold.
    """
    try:
        found = FileDeleted.model_validate(key.open_json(envelope, CERTIFICATE_TYPE))
        since, deleted = parse(found.unneeded_since), parse(found.deleted_at)
    except (ValidationError, ValueError):
        raise IntegrityError("the certificate of a deletion is malformed") from None
    if deleted < since:
        raise IntegrityError("the certificate says that the file was deleted while it was needed")
    return found
