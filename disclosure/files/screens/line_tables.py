"""Tables in running text whose lines are divided by commas or semicolons, and lists with one number on each line.

Openers read files of such lines as tables where their names say so; in a log, a notebook or a ``.txt`` file they are
text. A table is three lines or more with equally many divisions, and numbers in its cells.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

from saferoom.disclosure.files.model import Grid, Passage
from saferoom.disclosure.files.screens.numerals import is_blank, printed

_FEWEST_LINES = 3
_FEWEST_NUMBERS = 20
_LONGEST = 5_000
_LEAST_NUMBERS = 0.3
_MOST_LINES = 200_000


def tables_of_lines(passage: Passage) -> Iterator[Grid]:
    """Yield the tables of a passage that commas or semicolons divide, each with its lines as its place."""
    for delimiter in ",;":
        if delimiter in passage.text:
            yield from _divided(passage, delimiter)
    yield from _numbers(passage)


def _lines(passage: Passage) -> list[str]:
    return passage.text.splitlines()[:_MOST_LINES]


def _divided(passage: Passage, delimiter: str) -> Iterator[Grid]:
    start, count, lines = 0, 0, _lines(passage)
    for number, line in enumerate([*lines, ""]):
        here = line.count(delimiter) if len(line) <= _LONGEST else 0
        if here == count:
            continue
        if count and number - start >= _FEWEST_LINES:
            yield from _grid(passage.place, lines[start:number], start, delimiter)
        start, count = number, here


def _grid(place: str, lines: Sequence[str], start: int, delimiter: str) -> Iterator[Grid]:
    try:
        rows = [tuple(cell.strip() for cell in row) for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error:
        return
    cells = [cell for row in rows[1:] for cell in row]
    numbers = sum(printed(cell) is not None for cell in cells)
    if len(rows) < _FEWEST_LINES or numbers < len(cells) * _LEAST_NUMBERS:
        return
    named = not any(printed(cell) is not None for cell in rows[0])
    where = f"{place}, lines {start + 1} to {start + len(lines)}"
    yield Grid(where, rows[0] if named else (), tuple(rows[named:]), start + 1 + named)


def _numbers(passage: Passage) -> Iterator[Grid]:
    """Yield lists of numbers, one on each line; blank lines do not end them."""
    found: list[str] = []
    start = 0
    for number, line in enumerate([*_lines(passage), "end"], start=1):
        text = line.strip()
        if printed(text) is not None:
            start = start if found else number
            found.append(text)
        elif not is_blank(text) or number - start > 2 * len(found) + 1:
            if len(found) >= _FEWEST_NUMBERS:
                yield Grid(f"{passage.place}, lines {start} to {number - 1}", (), tuple((t,) for t in found), start)
            found = []
