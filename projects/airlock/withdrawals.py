"""Reads statements that releases are withdrawn, offline: bytes and a trusted key in, statements out.

What is read is either one statement or the signed list of all of them that the public register has. A list is signed as
a whole, and every statement in it by itself: one that was taken out, changed or added is noticed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from saferoom.errors import BadInputError, IntegrityError
from saferoom.projects.airlock.layout import WITHDRAWAL_TYPE, WITHDRAWAL_VERSION, WITHDRAWALS_TYPE
from saferoom.signing import VerifyingKey

MOST_BYTES = 64 * 2**20
_BROKEN = "the list of withdrawals is not one that this key signed; fetch it again from the instance's public register"


@dataclass(frozen=True)
class Withdrawn:
    """What a statement says.

    Attributes
    ----------
    bundle : str
        The SHA-256 of the bundle.
    withdrawn_at : str
        RFC 3339, UTC.
    by : str
        ``checkers`` or ``owners``.
    """

    release: str
    project: str
    bundle: str
    approved_at: str
    withdrawn_at: str
    cause: str
    by: str

    def document(self) -> dict[str, str]:
        """Return the statement as JSON."""
        return asdict(self)


def read_withdrawals(data: bytes, key: VerifyingKey) -> Mapping[str, Withdrawn]:
    """Return every withdrawal in `data`, by release.

    Raises
    ------
    BadInputError
        It is neither a statement nor a list, or `key` did not sign it: then nothing is known of withdrawals.
    """
    try:
        if len(data) > MOST_BYTES:
            raise ValueError
        envelope = json.loads(data)
        if envelope.get("payloadType") == WITHDRAWAL_TYPE:
            statements = [envelope]
        else:
            listed = key.open_json(envelope, WITHDRAWALS_TYPE)
            _check_version(listed, {"version", "at", "statements"})
            statements = listed["statements"]
        found = [_statement(statement, key) for statement in statements]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, IntegrityError):
        raise BadInputError(_BROKEN) from None
    return {one.release: one for one in found}


def _statement(envelope: Any, key: VerifyingKey) -> Withdrawn:
    said = key.open_json(envelope, WITHDRAWAL_TYPE)
    _check_version(said, {"version", *Withdrawn.__dataclass_fields__})
    texts = {name: value for name, value in said.items() if name != "version"}
    if not all(isinstance(value, str) for value in texts.values()):
        raise ValueError
    return Withdrawn(**texts)


def _check_version(document: Any, entries: set[str]) -> None:
    if not isinstance(document, dict) or set(document) != entries or document["version"] != WITHDRAWAL_VERSION:
        raise ValueError
