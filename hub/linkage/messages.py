"""What the processes of the zones and the hub say to each other: one JSON document in, lines of JSON out.

A line tells progress, or is the end: an answer, a refusal in a sentence, or where it failed (no word of the data).
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from saferoom import errors
from saferoom.errors import SaferoomError, UnavailableError

_NOT_UNDERSTOOD = "a process of the zones gave an answer that was not understood; nothing was changed"
_KINDS: Mapping[str, type[SaferoomError]] = {
    kind.__name__: kind
    for kind in (
        errors.BadInputError,
        errors.NotFoundError,
        errors.WrongStateError,
        errors.IntegrityError,
        errors.UnavailableError,
    )
}
MOST_LINE_BYTES = 32 << 20

Tell = Callable[[str, float], None]
"""Called with what is being done and which share of it is done, from 0 to 1."""


@dataclass(frozen=True)
class Job:
    """What a process is to do.

    Attributes
    ----------
    task : str
        ``module:function`` of this software.
    publics : mapping
        Of zone to its public keys.
    """

    task: str
    document: Mapping[str, Any]
    publics: Mapping[str, Any]

    def to_bytes(self) -> bytes:
        """Write it for standard input."""
        document = {"task": self.task, "document": self.document, "publics": self.publics}
        return json.dumps(document, allow_nan=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Job:
        """Read what `to_bytes` wrote."""
        return cls(**json.loads(data))


class Speaker:
    """The process's side."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._last: tuple[str, int] = ("", -1)

    def progress(self, what: str, share: float) -> None:
        """Tell how far it is, at most once for each hundredth."""
        now = (what, int(share * 100))
        if now != self._last:
            self._last = now
            self._say({"progress": [what, min(max(float(share), 0.0), 1.0)]})

    def answer(self, document: Mapping[str, Any]) -> None:
        """Say what came of it."""
        self._say({"answer": document})

    def refuse(self, error: SaferoomError) -> None:
        """Say why nothing did, in the sentence that is meant for people."""
        kind = next((name for name, one in _KINDS.items() if isinstance(error, one)), "UnavailableError")
        self._say({"refused": {"kind": kind, "message": error.message}})

    def fail(self, error: BaseException) -> None:
        """Say where the program failed; what the error says may hold values and stays here."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if "site-packages" not in frame.filename] or frames
        place = f"{Path(own[-1].filename).name} line {own[-1].lineno}" if own else "nowhere"
        self._say({"failed": f"{type(error).__name__} in {place}"})

    def _say(self, document: Mapping[str, Any]) -> None:
        self._stream.write(json.dumps(document, allow_nan=False).encode() + b"\n")
        self._stream.flush()


def hear(line: bytes, tell: Tell) -> dict[str, Any] | None:
    """Return the answer that `line` is, None where it tells progress.

    Raises
    ------
    SaferoomError
        The process refused, by its sentence.
    UnavailableError
        It failed, or the line is nothing of the kind.
    """
    try:
        document = json.loads(line)
        ((kind, said),) = document.items()
        if kind == "progress":
            what, share = said
            tell(str(what)[:200], min(max(float(share), 0.0), 1.0))
            return None
        if kind == "answer" and isinstance(said, dict):
            return said
        if kind == "refused":
            refused: SaferoomError = _KINDS[said["kind"]](str(said["message"]))
        elif kind == "failed":
            refused = UnavailableError(f"a process of the zones stopped unexpectedly ({said}); nothing was changed")
        else:
            raise ValueError(kind)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UnavailableError(_NOT_UNDERSTOOD) from None
    raise refused


def silent(what: str, share: float) -> None:
    """Take notice of progress and say nothing."""
    _ = what, share
