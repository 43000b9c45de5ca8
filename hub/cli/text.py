"""Plain text for terminals: tables whose long cells wrap, readable when piped as well."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest

_NARROWEST = 20
_WIDEST = 36
_WIDTH_WITHOUT_TERMINAL = 120


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return aligned columns under `headers`; long cells wrap, and the last column takes what is left of the line.

    Parameters
    ----------
    rows : sequence of sequence of str, shape (n, len(headers))
    """
    columns = list(zip(headers, *rows, strict=True))
    widths = [min(_WIDEST, max(len(cell) for cell in column)) for column in columns[:-1]]
    width = shutil.get_terminal_size((_WIDTH_WITHOUT_TERMINAL, 24)).columns
    left = width - sum(widths) - 2 * len(widths)
    widths.append(min(max(_NARROWEST, left), max(len(cell) for cell in columns[-1])))
    rule = ["-" * size for size in widths]
    return "\n".join(line for row in (headers, rule, *rows) for line in _lines(row, widths))


def _lines(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    wrapped = [textwrap.wrap(cell, size) or [""] for cell, size in zip(cells, widths, strict=True)]
    for parts in zip_longest(*wrapped, fillvalue=""):
        yield "  ".join(part.ljust(size) for part, size in zip(parts, widths, strict=True)).rstrip()
