"""Tables that stand in running text: printed frames, Stata and R output, Markdown, LaTeX.

A table is two or more lines after another whose cells are divided by bars, tabs, ``&`` or two spaces, or that are a
label followed by numbers. Rules (``-----``) divide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from saferoom.disclosure.files.model import Grid, Passage
from saferoom.disclosure.files.screens.numerals import is_blank, printed

MOST_LINES = 60_000
_RULE = re.compile(r"[\s\-=+|_.:\u2500-\u257f*~]*|\s*\\(?:hline|toprule|midrule|bottomrule|cline.*|cmidrule.*)\s*")
_DIVIDER = re.compile(r"\s*[|\u2502\u2503]\s*|\t|\s{2,}")
_LATEX_DIVIDER = re.compile(r"(?<!\\)&")
_LATEX_END = re.compile(r"\\\\(?:\[[^\]]*\])?\s*(?:\\(?:hline|midrule|bottomrule|toprule|addlinespace)\s*)*$")
_LATEX_WRAP = re.compile(
    r"\\(?:textbf|textit|emph|multicolumn\{\d+\}\{[^}]*\}|multirow\{\d+\}\{[^}]*\}|num|texttt)\{([^{}]*)\}"
)
_DIGIT = re.compile(r"\d")


def tables_in(passage: Passage) -> Iterator[Grid]:
    """Yield the tables of a passage, each with its lines as its place."""
    block: list[tuple[int, list[str]]] = []
    lines = passage.text.splitlines()[:MOST_LINES]
    for number, line in enumerate(lines, start=1):
        if _RULE.fullmatch(line):
            if line.strip():
                continue
            cells: list[str] = []
        else:
            cells = split(line)
        if len(cells) >= 2:
            block.append((number, cells))
            continue
        yield from _grids(passage.place, block)
        block = []
    yield from _grids(passage.place, block)


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
    barred = text[:1] in {"|", "\u2502", "\u2503"}
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
    return any(printed(cell) is not None or (cell.startswith("<") and is_blank(cell)) for cell in cells)


def _grids(place: str, block: list[tuple[int, list[str]]]) -> Iterator[Grid]:
    """Divide a block where lines of numbers end and a new head begins."""
    start = 0
    for position in range(1, len(block) + 1):
        ended = position == len(block)
        new_head = not ended and not _has_number(block[position][1]) and _has_number(block[position - 1][1])
        if not ended and not new_head:
            continue
        grid = _grid(place, block[start:position])
        if grid is not None:
            yield grid
        start = position


def _grid(place: str, block: list[tuple[int, list[str]]]) -> Grid | None:
    first = next((i for i, (_, cells) in enumerate(block) if _has_number(cells)), None)
    if first is None:
        return None
    # A head of years or codes is numbers too; it has no label, so it is one cell shorter than the rows.
    body = block[first:]
    width = max(len(cells) for _, cells in body)
    head = block[first - 1][1] if first else []
    if not head and len(body) > 1 and len(body[0][1]) == width - 1:
        head, body = body[0][1], body[1:]
    if not body or (len(body) == 1 and not head):
        return None
    header = _aligned_head(head, width)
    rows = tuple((*cells, *[""] * (width - len(cells))) for _, cells in body)
    return Grid(f"{place}, lines {block[0][0]} to {body[-1][0]}", header, rows, body[0][0])


def _aligned_head(head: list[str], width: int) -> tuple[str, ...]:
    if len(head) == width:
        return tuple(head)
    words = [word for cell in head for word in cell.split()]
    for candidate in (head, words):
        if len(candidate) == width:
            return tuple(candidate)
        if 0 < len(candidate) < width:
            return (*[""] * (width - len(candidate)), *candidate)
    return ()
