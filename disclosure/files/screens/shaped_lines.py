"""Records in words: lines, or sentences, that are alike but for a few words and numbers.

``Somebody of place 3 aged 40 had 12.`` two hundred times is a table of two hundred rows, whatever it looks like. So are
the lines of a log. A few such lines are prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from saferoom.disclosure.files.model import Grid, Passage

_FEWEST_LINES = 20
_FEWEST_VARIED = 2
_MOST_TOKENS = 60
_LONG = 400
_MOST_LINES = 200_000
_SENTENCE = re.compile(r"(?<=[.;!?])\s+")
_TOKEN = re.compile(r"[^\s=:|;,()\[\]{}<>\"']+")

_Tokens = tuple[str, ...]


def tables_of_shapes(passage: Passage) -> Iterator[Grid]:
    """Yield a table for every run of lines that have equally many words, some of them always the same.

    Its columns are the words that differ, under the word before each; its place says which lines.
    """
    run: list[_Tokens] = []
    first = 0
    for number, tokens in enumerate([*_lines(passage.text), ()], start=1):
        if run and len(tokens) != len(run[0]):
            yield from _table(passage.place, run, first)
            run = []
        if tokens:
            first = first if run else number
            run.append(tokens)


def _lines(text: str) -> Iterator[_Tokens]:
    """Yield the words of each line, and of each sentence of a long one; blank lines are left out."""
    for line in text.splitlines()[:_MOST_LINES]:
        for part in _SENTENCE.split(line) if len(line) > _LONG else [line]:
            tokens = tuple(token.rstrip(".!?") for token in _TOKEN.findall(part[: 10 * _LONG]))
            if tokens:
                yield tokens if len(tokens) <= _MOST_TOKENS else ()


def _table(place: str, run: Sequence[_Tokens], first: int) -> Iterator[Grid]:
    if len(run) < _FEWEST_LINES:
        return
    columns = list(zip(*run, strict=True))
    same = [len(set(column)) == 1 for column in columns]
    varied = [position for position, constant in enumerate(same) if not constant]
    if len(varied) < _FEWEST_VARIED or not any(s and c[0].isalpha() for s, c in zip(same, columns, strict=True)):
        return
    heads = tuple(columns[p - 1][0] if p and same[p - 1] and columns[p - 1][0].isalpha() else "" for p in varied)
    rows = tuple(zip(*(columns[position] for position in varied), strict=True))
    yield Grid(f"{place}, lines of one shape ({len(run):,} from line {first})", heads, rows, first)
