"""What is known of a signature by a key that somebody else had, or may have had.

A key that ended as compromised still counts for what is on its list; but whoever stole it may have signed, and put on
record, what is listed then. So what it signed is never shown without a warning, and what it signed from the moment on
since when it is said to have been in other hands is not taken for the instance's word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saferoom.clock import parse
from saferoom.errors import IntegrityError
from saferoom.signing import EndedKey, VerifyingKey


@dataclass(frozen=True)
class Doubt:
    """A signature by a compromised key.

    Attributes
    ----------
    refused : bool
        It was made after the moment since when the key is said to have been in other hands, or nobody can tell when.
    """

    key: EndedKey
    refused: bool

    @property
    def sentence(self) -> str:
        """What the reader has to know."""
        known = self.key.compromised_since
        since = f"from {known} on" if known else f"until it ended at {self.key.ended_at}, nobody knows since when"
        if self.refused:
            return (
                f"key {self.key.key.key_id} signed this at a time when somebody else had the key, or may have had it "
                f"({since}): it may be a forgery; ask the instance's administrators for a release under its present key"
            )
        return (
            f"key {self.key.key.key_id} signed this, and ended as compromised at {self.key.ended_at}: somebody else "
            f"had it, or may have had it, {since}; ask the instance whether it stands by this"
        )


def doubt(key: VerifyingKey, envelope: Mapping[str, Any], payload_type: str, signed_at: str) -> Doubt | None:
    """Return what has to be said of who signed `envelope`; None where the key was in nobody else's hands.

    Parameters
    ----------
    key : VerifyingKey
        What is trusted; `envelope` bears a signature that it takes.
    signed_at : str
        When, by what was signed; RFC 3339, UTC. What is no such time counts as signed too late.

    Raises
    ------
    IntegrityError
        No valid signature by `key`, or by one that ended before it.
    """
    ended = key.ended_key(key.signer(envelope, payload_type).key_id)
    if ended is None or not ended.compromised:
        return None
    try:
        at = parse(signed_at)
        late = at >= parse(ended.compromised_since) if ended.compromised_since else at > parse(ended.ended_at)
    except (TypeError, ValueError):
        late = True
    return Doubt(ended, late)


def refuse(found: Doubt | None) -> tuple[str, ...]:
    """Return the warnings to show.

    Raises
    ------
    IntegrityError
        It was signed too late.
    """
    if found is None:
        return ()
    if found.refused:
        raise IntegrityError(found.sentence)
    return (found.sentence,)
