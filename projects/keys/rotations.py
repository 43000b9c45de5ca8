"""Signed statements that one signing key took the place of another, and the published list of an instance's keys.

A statement is signed by both keys and lists, by digest, what the ended key had signed. Each one holds the digest of the
one before, so whoever trusts the newest key needs to trust nothing else: a stolen key of the past can change neither
the statements nor the lists. Whoever had an older key beforehand finds in the signatures of both how it became the
newest.

Pure: gathering what was signed, and keeping statements, are the hub's work.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from saferoom.digests import sha256
from saferoom.errors import BadInputError, IntegrityError
from saferoom.policies.models import PolicyModel
from saferoom.signing import EndedKey, KeyRing, SigningKey, VerifyingKey

ROTATION_TYPE = "application/vnd.saferoom.key-rotation+json"
LIST_VERSION = 1
_MOST_BYTES = 256 * 2**20
_BROKEN = "the list of keys is not one of Saferoom's; fetch it again from the instance's public register"


class PublicKey(PolicyModel):
    """A public key and its id."""

    key_id: str
    public: str

    @classmethod
    def of(cls, key: VerifyingKey) -> PublicKey:
        """Return `key` as it stands in statements."""
        return cls(key_id=key.key_id, public=key.to_pem().decode())


class Rotation(PolicyModel):
    """That a key ended and another took its place.

    Attributes
    ----------
    number : int
        1 for the instance's first rotation.
    after_link, after_digest : int, str
        The newest link of the audit trail before this statement's own; 0 and zeros when there was none.
    listed, kept : str
        SHA-256 of the list of what the ended key had signed for outside, and of the list of what is used inside alone.
    previous : str or None
        SHA-256 of the payload of the statement before.
    compromised_since : str or None
        From when on somebody else had the ended key, or may have had it, where that is known; RFC 3339, UTC.
    """

    number: int
    ended: PublicKey
    new: PublicKey
    at: str
    compromised: bool
    after_link: int
    after_digest: str
    listed: str
    kept: str
    previous: str | None
    compromised_since: str | None = None


@dataclass(frozen=True)
class Stated:
    """A statement as it was signed.

    Attributes
    ----------
    listed : Iterable of str
        The digests that it has lists of.
    """

    envelope: Mapping[str, Any]
    listed: frozenset[str]


def listing(digests: Iterable[str]) -> bytes:
    """Return a list of digests as it is kept and hashed: one a line, in order."""
    return "".join(f"{one}\n" for one in sorted(set(digests))).encode()


def seal(rotation: Rotation, ended: SigningKey, new: SigningKey) -> dict[str, Any]:
    """Return `rotation` in an envelope that both keys signed."""
    document = rotation.model_dump(mode="json")
    both = [key.seal_json(document, ROTATION_TYPE) for key in (ended, new)]
    return {**both[0], "signatures": [one for envelope in both for one in envelope["signatures"]]}


def payload_digest(envelope: Mapping[str, Any], key: VerifyingKey) -> str:
    """Return the SHA-256 of what a statement says, which the next one holds; `key` is the one it brought."""
    return sha256(VerifyingKey.open(key, envelope, ROTATION_TYPE))


def check(
    current: VerifyingKey,
    envelopes: Sequence[Mapping[str, Any]],
    listed: Callable[[Rotation], frozenset[str]],
) -> tuple[tuple[Rotation, EndedKey], ...]:
    """Check every statement backwards from the key that is trusted, and return them, the oldest first.

    Parameters
    ----------
    current : VerifyingKey
        The newest key.
    envelopes : sequence of DSSE envelopes
        The oldest first.
    listed : callable
        Returns the digests that a statement lists, having compared them with it.

    Raises
    ------
    IntegrityError
        Names the first statement that does not hold.
    """
    found: list[tuple[Rotation, EndedKey]] = []
    key, digest = current, None
    for number in range(len(envelopes), 0, -1):
        rotation, ended, said = _opened(envelopes[number - 1], key, number)
        if found and digest != said:
            raise _wrong(number, "is another one than the next statement names")
        if rotation.number != number or rotation.new.key_id != key.key_id or (number == 1) != (not rotation.previous):
            raise _wrong(number, "does not stand where it belongs: one is missing, twice, or in another's place")
        since = rotation.compromised_since
        found.append((rotation, EndedKey(ended, rotation.at, rotation.compromised, listed(rotation), since)))
        key, digest = ended, rotation.previous
    return tuple(reversed(found))


def _opened(envelope: Mapping[str, Any], key: VerifyingKey, number: int) -> tuple[Rotation, VerifyingKey, str]:
    try:
        # By this very key: an ended one of the same ring vouches for nothing here.
        payload = VerifyingKey.open(key, envelope, ROTATION_TYPE)
        rotation = Rotation.model_validate(json.loads(payload))
        ended = VerifyingKey.from_pem(rotation.ended.public.encode())
        ended.open(envelope, ROTATION_TYPE)
    except (IntegrityError, BadInputError, ValidationError, ValueError, RecursionError):
        raise _wrong(number, "was not signed by both keys, or is malformed") from None
    if ended.key_id != rotation.ended.key_id:
        raise _wrong(number, "names the ended key wrongly")
    return rotation, ended, sha256(payload)


def _wrong(number: int, said: str) -> IntegrityError:
    return IntegrityError(f"statement {number} on the change of the signing key {said}")


def key_list(current: VerifyingKey, stated: Sequence[Stated]) -> dict[str, Any]:
    """Return the list of an instance's keys as it is published: the newest key, every statement, what each lists."""
    return {
        "version": LIST_VERSION,
        "public": current.to_pem().decode(),
        "rotations": [{"statement": dict(one.envelope), "listed": sorted(one.listed)} for one in stated],
    }


def read_key_list(data: bytes, known: VerifyingKey | None = None) -> KeyRing:
    """Return the keys of a published list, each ended one with what it had signed.

    Parameters
    ----------
    known : VerifyingKey, optional
        A key of the instance that the reader had beforehand; the list must come from it.

    Raises
    ------
    BadInputError
        It is no such list.
    IntegrityError
        A statement does not hold, or `known` is none of the keys.
    """
    try:
        if len(data) > _MOST_BYTES:
            raise ValueError
        document = json.loads(data)
        if set(document) != {"version", "public", "rotations"} or document["version"] != LIST_VERSION:
            raise ValueError
        current = VerifyingKey.from_pem(document["public"].encode())
        lists: dict[str, frozenset[str]] = {
            sha256(listing(one["listed"])): frozenset(one["listed"]) for one in document["rotations"]
        }
        envelopes = [one["statement"] for one in document["rotations"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, BadInputError):
        raise BadInputError(_BROKEN) from None
    checked = [ended for _, ended in check(current, envelopes, lambda rotation: _list_of(rotation, lists))]
    if known is not None and known.key_id not in {current.key_id, *(one.key.key_id for one in checked)}:
        raise IntegrityError(f"key {known.key_id} is none of the keys on the list: it is another instance's, or forged")
    return KeyRing(current, lambda: checked)


def _list_of(rotation: Rotation, lists: Mapping[str, frozenset[str]]) -> frozenset[str]:
    if rotation.listed not in lists:
        raise _wrong(rotation.number, "comes with another list than it was signed with")
    return lists[rotation.listed]
