"""What every opener is given, and what it writes down.

Vocabulary
----------
limit
    How much of a file is ever looked at. Beyond it nothing is guessed: the file fails.
budget
    What is left of the limits while one file, with all the files inside it, is opened.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from saferoom.disclosure.files.kind import Kind
from saferoom.disclosure.files.model import Concealed, Grid, Opened, Passage, Picture
from saferoom.disclosure.verdict import Finding, Label, Risk, Verdict

MEBIBYTE = 1 << 20
# A file that a person looks at closely can hold this many remarks; more only hide each other.
_MOST_OF_A_SORT = 200


@dataclass(frozen=True)
class OpenLimits:
    """How much is opened of one file, everything inside it included.

    Attributes
    ----------
    file_bytes, expanded_bytes : int
        Size as it came, and size of everything that is unpacked from it.
    ratio : int
        Most bytes that one packed byte may become, for entries above 1 MiB.
    entries, depth : int
        Files in all archives together, and archives within archives.
    cells, columns, field_characters : int
        Cells of all tables, columns of one table, and characters of one cell.
    text_characters : int
        Characters of all texts.
    pixels : int
        Pixels of all pictures.
    pages : int
        Pages of a document.
    nesting : int
        Levels of lists, elements and objects within each other.
    marks : int
        Marks (points, vertices) of a drawing.
    """

    file_bytes: int = 64 * MEBIBYTE
    expanded_bytes: int = 512 * MEBIBYTE
    ratio: int = 200
    entries: int = 2_000
    depth: int = 3
    cells: int = 1_600_000
    columns: int = 1_000
    field_characters: int = 1_000_000
    text_characters: int = 40_000_000
    pixels: int = 60_000_000
    pages: int = 500
    nesting: int = 200
    marks: int = 200_000


class OpeningError(Exception):
    """A file, or a part of it, cannot be looked at; `reason` completes the sentence "FILE ...".

    Attributes
    ----------
    rule : str
        ``unreadable``, ``too-large``, ``encrypted``, ``hostile`` ...
    """

    def __init__(self, rule: str, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.rule = rule
        self.reason = reason
        self.remedy = remedy


def too_large(reason: str) -> OpeningError:
    """Return the error for a file beyond a limit."""
    return OpeningError("too-large", reason, "Release a summary, not the data: a smaller file that a person can read.")


def unreadable(kind: str, why: str = "damaged or cut short") -> OpeningError:
    """Return the error for a file that is no proper `kind`."""
    return OpeningError("unreadable", f"cannot be read as {kind}: it is {why}", "Write the file again and check it.")


class Budget:
    """What is left of the limits."""

    def __init__(self, limits: OpenLimits) -> None:
        self.limits = limits
        self._bytes = limits.expanded_bytes
        self._entries = limits.entries
        self._cells = limits.cells
        self._characters = limits.text_characters
        self._pixels = limits.pixels
        self._marks = limits.marks

    @property
    def bytes_left(self) -> int:
        """Bytes that may still be unpacked."""
        return self._bytes

    @property
    def cells_left(self) -> int:
        """Cells that may still be read."""
        return self._cells

    def unpack(self, count: int) -> None:
        """Take `count` unpacked bytes."""
        self._bytes -= count
        if self._bytes < 0:
            raise too_large(f"unpacks to more than {self.limits.expanded_bytes >> 20} MiB")

    def entry(self) -> None:
        """Take one file inside the file."""
        self._entries -= 1
        if self._entries < 0:
            raise too_large(f"holds more than {self.limits.entries:,} files")

    def cells(self, count: int) -> None:
        """Take `count` cells of tables."""
        self._cells -= count
        if self._cells < 0:
            raise too_large(f"has more than {self.limits.cells:,} cells, which nobody can check")

    def characters(self, count: int) -> None:
        """Take `count` characters of text."""
        self._characters -= count
        if self._characters < 0:
            raise too_large(f"has more than {self.limits.text_characters:,} characters, which nobody can check")

    def pixels(self, width: int, height: int) -> None:
        """Take a picture of `width` times `height` pixels."""
        if width <= 0 or height <= 0:
            raise unreadable("a picture", "without any pixels")
        self._pixels -= width * height
        if self._pixels < 0:
            raise too_large(f"has pictures of more than {self.limits.pixels // 1_000_000} million pixels")

    def marks(self, count: int) -> None:
        """Take `count` marks of drawings."""
        self._marks -= count
        if self._marks < 0:
            raise too_large(f"draws more than {self.limits.marks:,} marks, which nobody can check")


@dataclass
class Found:
    """Everything found so far; what was found before an error is kept."""

    grids: list[Grid] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    concealed: list[Concealed] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    inner: list[tuple[str, str, Opened]] = field(default_factory=list)

    def opened(self) -> Opened:
        """Return it for the screens."""
        return Opened(
            grids=tuple(self.grids),
            passages=tuple(self.passages),
            pictures=tuple(self.pictures),
            concealed=tuple(self.concealed),
            findings=tuple(self.findings),
            inner=tuple(self.inner),
        )


@dataclass(frozen=True)
class File:
    """One file to open.

    Attributes
    ----------
    label : str
        How sentences name it: after the files it lies in.
    open_inner : callable
        Opens a file inside this one under the same budget; see `openers.open_inner`.
    """

    name: str
    data: bytes
    kind: Kind
    budget: Budget
    depth: int
    found: Found
    open_inner: Callable[[File, str, bytes], None]
    label: str = ""

    @property
    def limits(self) -> OpenLimits:
        """The limits of this opening."""
        return self.budget.limits

    def place(self, *parts: str) -> str:
        """Return a place in this file."""
        return ", ".join(part for part in parts if part) or "the whole file"

    def grid(self, place: str, rows: Iterable[tuple[Label, ...]], *, head: bool | None = None, first: int = 1) -> None:
        """Write down a table whose cells were not counted yet; `head` None finds out whether the first row is one."""
        kept = []
        for row in rows:
            self.budget.cells(len(row))
            kept.append(row)
        if kept:
            self.found.grids.append(grid_of(self.place(place), kept, head=head, first=first))

    def passage(self, place: str, text: str, *, is_code: bool = False) -> None:
        """Write down a text, unless it is blank."""
        if text.strip():
            self.budget.characters(len(text))
            self.found.passages.append(Passage(self.place(place), text, is_code))

    def conceal(self, place: str, what: str, severity: Verdict = Verdict.FAIL) -> None:
        """Write down something that a person who opens the file does not see."""
        entry = Concealed(self.place(place), what, severity)
        if len(self.found.concealed) < _MOST_OF_A_SORT and entry not in self.found.concealed:
            self.found.concealed.append(entry)

    def finding(self, rule: str, reason: str, remedy: str, severity: Verdict = Verdict.FAIL) -> None:
        """Write down what the opener itself knows; `reason` completes the sentence "FILE ..."."""
        if len(self.found.findings) < _MOST_OF_A_SORT:
            message = f"{self.label or shown(self.name)} {reason}."
            self.found.findings.append(Finding(rule, _RISKS.get(rule, Risk.UNPROVEN), severity, (), message, remedy))


_RISKS = {"record-file": Risk.LOW_COUNT, "concealed": Risk.FREE_TEXT}


def shown(name: str) -> str:
    """Return a name as it may be shown: one short line without anything invisible."""
    visible = "".join(char if unicodedata.category(char)[0] not in "CZ" or char == " " else "?" for char in name)
    return visible if len(visible) <= 80 else visible[:60] + "..." + visible[-15:]


def is_number(cell: Label) -> bool:
    """Tell whether a cell holds a number, also one written with signs, percent, stars or thousands separators."""
    if isinstance(cell, str):
        text = cell.strip()
        return 0 < len(text) <= 40 and any(char.isdigit() for char in text) and not any(c.isalpha() for c in text)
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def grid_of(place: str, rows: list[tuple[Label, ...]], *, head: bool | None, first: int) -> Grid:
    """Return the table of `rows`, the first of which is its head where `head` says so or it looks like one."""
    if head is None:
        head = len(rows) > 1 and _looks_like_head(rows)
    if not head:
        return Grid(place, (), tuple(rows), first)
    names = tuple("" if cell is None else str(cell) for cell in rows[0])
    return Grid(place, names, tuple(rows[1:]), first + 1)


def _looks_like_head(rows: list[tuple[Label, ...]]) -> bool:
    if any(is_number(cell) and not _year(cell) for cell in rows[0]):
        return False
    return any(is_number(cell) for row in rows[1:50] for cell in row) or all(
        isinstance(cell, str) and cell.strip() for cell in rows[0]
    )


def _year(cell: Label) -> bool:
    return str(cell).strip().isdigit() and 1900 <= int(str(cell).strip()[:6]) <= 2100
