"""What people have kernels run, as it was heard on its way into a room.

Vocabulary
----------
input
    One message from a person's browser to a kernel that has something run: code, an answer to a prompt, a widget's
    message. What files run, what runs by itself, and what kernels say to each other never passes outside a room and is
    no input.
chain
    The inputs of one project in their order, each with the digest of the one before it.
anchor
    An event in the audit trail with the digest of a chain's newest input: what is removed or changed later is noticed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from saferoom.clock import isoformat
from saferoom.digests import canonical, sha256
from saferoom.ids import Digest, ProjectSlug, Username

KEPT_BYTES = 64 * 1024
"""Most bytes of a text that are kept; of the rest its length and digest are."""
FIRST = Digest("0" * 64)
"""What the first input of a chain has in place of the digest of the one before it."""


class Kind(StrEnum):
    """What an input is."""

    EXECUTE = "execute"
    """Code to run, with the expressions that are run after it."""
    ANSWER = "answer"
    """What was typed at a prompt of running code."""
    COMM = "comm"
    """A widget's message."""
    DEBUG = "debug"
    """A debugger's message."""
    OTHER = "other"
    """A message of a kind that is not known here."""
    UNREADABLE = "unreadable"
    """Bytes that no message could be read from, or a message too long to be read."""


@dataclass(frozen=True)
class Heard:
    """An input as it was heard.

    Attributes
    ----------
    kernel : str
        The id of the kernel, by the address; empty where it names none.
    text : str
        What was to be run, `KEPT_BYTES` of it at most.
    bytes : int
        How long the whole text was, in UTF-8.
    sha256 : Digest
        Of the whole text; of the whole message where it is unreadable.
    cut : bool
        Whether `text` is not all of it.
    """

    kernel: str
    kind: Kind
    text: str
    bytes: int
    sha256: Digest
    cut: bool


@dataclass(frozen=True)
class Line:
    """Where an input stands, without its text.

    Attributes
    ----------
    seq : int
        From 1, in each project.
    """

    project: ProjectSlug
    seq: int
    at: datetime
    person: Username


@dataclass(frozen=True)
class Input:
    """An input with its place."""

    line: Line
    heard: Heard


def link(line: Line, sealed: bytes, previous: Digest) -> Digest:
    """Return the digest of a kept input and, through `previous`, of all before it."""
    return sha256(
        canonical(
            {
                "project": line.project,
                "seq": line.seq,
                "at": isoformat(line.at),
                "person": line.person,
                "sealed": sha256(sealed),
                "previous": previous,
            }
        )
    )
