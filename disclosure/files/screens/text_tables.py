"""Tables that stand in running text: printed frames, Stata and R output, Markdown, LaTeX.

A table is two or more lines after another whose cells are divided by bars, tabs, ``&`` or two spaces, or that are a
label followed by numbers. Rules (``-----``) divide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from saferoom.disclosure.files.model import Grid, Passage
from saferoom.disclosure.files.screens.numerals import count_and_share, is_blank, printed

MOST_LINES = 60_000
_MOST_HEADS = 4
_RULE = re.compile(r"[\s\-=+|_.:\u2500-\u257f*~]*|\s*\\(?:hline|toprule|midrule|bottomrule|cline.*|cmidrule.*)\s*")
_DIVIDER = re.compile(r"\s*[|\u2502\u2503\u2506]\s*|\t|\s{2,}")
_LATEX_DIVIDER = re.compile(r"(?<!\\)&")
_LATEX_END = re.compile(r"\\\\(?:\[[^\]]*\])?\s*(?:\\(?:hline|midrule|bottomrule|toprule|addlinespace)\s*)*$")
_LATEX_WRAP = re.compile(
    r"\\(?:textbf|textit|emph|multicolumn\{\d+\}\{[^}]*\}|multirow(?:\[[^\]]*\])?\{-?\d+\}\{[^}]*\}|num|texttt)\{([^{}]*)\}"
)
_BARS = frozenset("|\u2502\u2503")
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[^\s|\u2502\u2503\u2506]+")
_TYPES = re.compile(
    r"\s*(?:<[a-z]{2,6}>\s*)+|[\u2502\s]*(?:(?:---|str|varchar|[iuf]\d+|int\d+|double|bool|date)[\u2502\u2506\s]+)+"
)
"""The lines below the heads in which R, Polars and DuckDB name the types of columns."""
_HEAD = re.compile(r"\s*[^\s#>.*:(]+ [^:(]*")
_MOST_REFERENCE = 50


@dataclass(frozen=True)
class _Line:
    """A line of a table: its number in the text, its cells, and the text itself, which says where they stand."""

    number: int
    cells: list[str]
    text: str

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Where each cell begins and ends in the text; nothing where cells are no part of it as they stand."""
        found, position = [], 0
        for cell in self.cells:
            start = self.text.find(cell, position)
            if start < 0:
                return []
            position = start + len(cell)
            found.append((start, position))
        return found


def tables_in(passage: Passage) -> Iterator[Grid]:
    """Yield the tables of a passage, each with its lines as its place."""
    block: list[_Line] = []
    lines = passage.text.splitlines()[:MOST_LINES]
    for number, text in enumerate(lines, start=1):
        if _RULE.fullmatch(text) or _TYPES.fullmatch(text):
            if text.strip():
                continue
            cells: list[str] = []
        else:
            cells = split(text)
        if len(cells) >= 2 or _may_be_head(block, cells):
            block.append(_Line(number, cells, text))
            continue
        yield from _grids(passage.place, block)
        # Heads that are one space apart look like a sentence; the lines below say which it is.
        block = [_Line(number, cells, text)] if cells and _HEAD.fullmatch(text) and not _has_number(cells) else []
    yield from _grids(passage.place, block)


def _may_be_head(block: list[_Line], cells: list[str]) -> bool:
    """Say whether a line of one cell goes on with a head: the names of the rows' levels below those of the columns."""
    return bool(cells and cells[0] and block) and not any(_has_number(line.cells) for line in block)


def split(line: str) -> list[str]:
    """Return the cells of a line.

    >>> split("N    510  3"), split("Isle 12 3"), split(r"North & 12 & 3 \\\\")
    (['N', '510', '3'], ['Isle', '12', '3'], ['North', '12', '3'])
    """
    if len(line) > 5_000:
        return []
    if _LATEX_DIVIDER.search(line) and (_LATEX_END.search(line) or line.count("&") > 1):
        text = _LATEX_WRAP.sub(r"\1", _LATEX_END.sub("", line))
        return [cell.strip().strip("$").replace("\\%", "%").replace("\\_", "_") for cell in _LATEX_DIVIDER.split(text)]
    text = line.strip()
    barred = text[:1] in _BARS or text[-1:] in _BARS
    cells = [cell.strip() for cell in _DIVIDER.split(text.strip("|\u2502\u2503 ") if barred else text)]
    spread: list[str] = []
    for cell in cells:
        spread += _numbers_apart(cell)
    return spread


def _numbers_apart(cell: str) -> list[str]:
    """Return ``Isle 12 3`` and ``12 3`` in their parts; a label with a single number stays whole."""
    words = cell.split(" ")
    if len(words) < 2 or not _DIGIT.search(cell):
        return [cell]
    count = 0
    for word in reversed(words):
        if printed(word) is None and not (word in {"-", ".", "NA", "NaN"} or (word.startswith("<") and is_blank(word))):
            break
        count += 1
    if count == len(words):
        return words
    return [" ".join(words[:-count]), *words[-count:]] if count >= 2 else [cell]


def _has_number(cells: list[str]) -> bool:
    return any(
        printed(cell) is not None or count_and_share(cell) is not None or (cell.startswith("<") and is_blank(cell))
        for cell in cells
    )


def _grids(place: str, block: list[_Line]) -> Iterator[Grid]:
    """Divide a block where lines of numbers end and a new head begins."""
    start = 0
    for position in range(1, len(block) + 1):
        ended = position == len(block)
        new_head = not ended and not _has_number(block[position].cells) and _has_number(block[position - 1].cells)
        if not ended and not new_head:
            continue
        grid = _grid(place, block[start:position])
        if grid is not None:
            yield grid
        start = position


def _grid(place: str, block: list[_Line]) -> Grid | None:
    first = next((i for i, line in enumerate(block) if _has_number(line.cells)), None)
    if first is None:
        return None
    heads, body = block[:first], block[first:]
    width = max(len(line.cells) for line in body)
    if width < 2:
        return None
    ends = _ends(body, width)
    header = _head(heads, ends, width)
    # A head of years or codes is numbers too; it has no label, so it is one cell shorter than the rows.
    if not header and len(body) > 1 and len(body[0].cells) == width - 1:
        header, body = ("", *body[0].cells), body[1:]
    if not body or (len(body) == 1 and not header):
        return None
    top = heads[0].number if header and heads else body[0].number
    rows = tuple(_row(line, ends, width) for line in body)
    return Grid(f"{place}, lines {top} to {body[-1].number}", header, rows, body[0].number)


def _ends(body: list[_Line], width: int) -> list[int]:
    """Return where every column ends, by the lines that have all of them; nothing where lines do not say."""
    full = [line.spans for line in body[:_MOST_REFERENCE] if len(line.cells) == width and line.spans]
    return [max(spans[i][1] for spans in full) for i in range(width)] if full else []


def _row(line: _Line, ends: list[int], width: int) -> tuple[str, ...]:
    """Return a line's cells; labels that are printed once for several rows are missing on the left of a short line.

    Such a line begins behind the place where those labels end.
    """
    missing = width - len(line.cells)
    behind = missing and ends and line.spans and line.spans[0][0] >= ends[missing - 1]
    left = missing if behind else 0
    return (*[""] * left, *line.cells, *[""] * (missing - left))


def _head(heads: list[_Line], ends: list[int], width: int) -> tuple[str, ...]:
    """Return the head of a table from the lines above it; some of them are the names of the rows' levels alone."""
    exact = [head for line in heads[-_MOST_HEADS:] if (head := _exact_head(line, ends, width))]
    if exact:
        return tuple(" ".join(word for word in column if word) for column in zip(*exact, strict=True))
    short = [line for line in heads if 1 < len(line.cells) < width]
    if not short:
        return ()
    columns = _columns(short[-1].text, ends)
    if columns and all(len(words) <= 1 for words in columns):
        return tuple(" ".join(words) for words in columns)
    return (*[""] * (width - len(short[-1].cells)), *short[-1].cells)


def _exact_head(line: _Line, ends: list[int], width: int) -> tuple[str, ...]:
    """Return the cells of a head by column: by their number, else by where they stand."""
    if len(line.cells) == width:
        return tuple(line.cells)
    if placed := _placed(line.text, ends):
        return placed
    words = [word for cell in line.cells for word in cell.split()]
    for candidate in (line.cells, words):
        for missing in (0, 1):
            if len(line.cells) > 1 and len(candidate) == width - missing:
                return (*[""] * missing, *candidate)
    return ()


def _placed(text: str, ends: list[int]) -> tuple[str, ...]:
    """Return the words of a head by column, where they stand over all columns but the labels'."""
    columns = _columns(text, ends)
    filled = sum(bool(words) for words in columns)
    return tuple(" ".join(words) for words in columns) if filled >= max(2, len(ends) - 1) else ()


def _columns(text: str, ends: list[int]) -> list[list[str]]:
    """Return the words over every column, by where columns end: numbers are printed to the right. None may be past."""
    columns: list[list[str]] = [[] for _ in ends]
    for match in _WORD.finditer(text):
        column = next((i for i, end in enumerate(ends) if match.end() <= end), None)
        if column is None:
            return []
        columns[column].append(match[0])
    return columns
