"""What an opened file holds, and what a screening of it says.

Vocabulary
----------
opener
    Reads the bytes of one type of file into an `Opened`; never runs anything that is in them.
screen
    Looks at an `Opened` and says what could be disclosive, and exactly where.
place
    Where in the file something stands, in words a person can follow: ``sheet 'Pay', row 3``; ``page 2``;
    ``cell 4, output 1``. It never holds a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from saferoom.disclosure.verdict import Finding, Label, Verdict


@dataclass(frozen=True)
class Grid:
    """A table found in a file: rows of cells as they stand there, heads included.

    Attributes
    ----------
    header : tuple of str
        Names of the columns, empty where the first row is no head.
    first_row : int
        The number that people see beside the first of `rows` (2 for a CSV file with a head).
    """

    place: str
    header: tuple[str, ...]
    rows: tuple[tuple[Label, ...], ...]
    first_row: int = 1


@dataclass(frozen=True)
class Passage:
    """Text found in a file: a page, a cell's output, a comment, an attribute."""

    place: str
    text: str
    is_code: bool = False


@dataclass(frozen=True)
class Picture:
    """An image found in a file, and the same picture drawn anew without anything else in the file."""

    place: str
    width: int
    height: int
    clean: bytes
    """PNG."""


@dataclass(frozen=True)
class Concealed:
    """Something in a file that a person who opens it does not see: a hidden sheet, a script, an attachment.

    Attributes
    ----------
    severity : Verdict
        `fail` where it can carry data or act; `review` for what programs write by themselves and a person should know
        of (an author's name, a picture's metadata).
    """

    place: str
    what: str
    severity: Verdict = Verdict.FAIL


@dataclass(frozen=True)
class Opened:
    """Everything in a file that a screen can look at."""

    grids: tuple[Grid, ...] = ()
    passages: tuple[Passage, ...] = ()
    pictures: tuple[Picture, ...] = ()
    concealed: tuple[Concealed, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What the opener itself already knows (record files, encryption, another type than the name says)."""
    inner: tuple[tuple[str, str, Opened], ...] = ()
    """Files inside the file: name, type, content."""


@dataclass(frozen=True)
class FileReport:
    """The judgement on one file."""

    file: str
    type: str
    verdict: Verdict
    findings: tuple[Finding, ...]

    def document(self) -> dict[str, Any]:
        """Return the report as the command line and the web write it."""
        return {
            "file": self.file,
            "type": self.type,
            "verdict": self.verdict.value,
            "findings": [finding.document() for finding in self.findings],
        }


def report(file: str, kind: str, findings: Sequence[Finding]) -> FileReport:
    """Return the report on a file: the worst finding counts, and without any the file still needs a person."""
    verdict = Verdict.worst([Verdict.REVIEW, *(finding.severity for finding in findings)])
    return FileReport(file, kind, verdict, tuple(findings))
