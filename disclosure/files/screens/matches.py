"""Do rows of a table stand in the extract, also under other names, in another order, rounded, or turned round?

Method
------
Columns are followed greedily: the column that tells most first, then every further one that keeps rows matched. A
match counts when few rows of the extract have it (below the threshold). How often that happens by chance is measured on
the same numbers: several columns with their rows moved against each other, a single column with its values moved by a
few units of the last printed digit. Labels of a table of statistics are in the extract by their nature, but not rarer
together than by chance; so are small counts, ages and years.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from saferoom.disclosure.files.model import Grid
from saferoom.disclosure.files.reference import Coded, Codes, Known, hashes, scaled
from saferoom.disclosure.files.screens.places import Rule
from saferoom.disclosure.files.screens.subject import Subject
from saferoom.disclosure.files.screens.views import Column, View
from saferoom.disclosure.files.screens.words import tokens
from saferoom.disclosure.verdict import Finding, Risk, Verdict

MOST_ROWS = 20_000
_MOST_COLUMNS = 60
_MOST_TURNED = 200_000
_FEWEST_ROWS = 3
_FEWEST_IN_TEXT = 10
_TELLING_DIGITS = 5
_MOST_NUMBERS = 200_000
_NUMERAL = re.compile(r"(?<![\w.])\d{1,15}(?:\.\d{1,9})?(?![\w.]*\w)")
_FEWEST_SINGLE = 5
_BEYOND_CHANCE = 5
_LEAST_SHARE = 0.15
_MORE_THAN_CHANCE = 0.9
_ROUNDEST = 4
_SAME = 1e-3
_KEPT_SHARE = 0.5
_QUANTILES = frozenset(
    {"median", "quantile", "quartile", "percentile", "decile", "p5", "p10", "p25", "p50", "p75", "p90", "p95"}
)
ROWS = Rule(
    "records-of-the-extract",
    Risk.LOW_COUNT,
    Verdict.FAIL,
    "rows agree with rows of the extract that few units have, in {columns} columns: these are records, not statistics",
    "Release counts, means or medians by category; declare the table as a query, and it is made and checked for you.",
)
VALUES = Rule(
    "values-of-the-extract",
    Risk.LOW_COUNT,
    Verdict.FAIL,
    "values of single units of the extract stand here, far more than by chance",
    "Release statistics of many units in place of single values; declare the table as a query.",
)
QUANTILES = Rule(
    "values-of-the-extract",
    Risk.LOW_COUNT,
    Verdict.REVIEW,
    "quantiles stand here as they are in the extract, so that each can be the value of one unit",
    "Round them, or declare the table as a query, which counts the units between quantiles.",
)
NOT_COMPARED = Rule(
    "extract-not-compared",
    Risk.UNPROVEN,
    Verdict.REVIEW,
    "the extract is too wide to compare this file with all of its columns",
    "Look for columns of the extract by hand, or give a narrower extract.",
)


@dataclass(frozen=True)
class Pair:
    """A column of a file that may be a column of the extract.

    Attributes
    ----------
    codes : ndarray of int, shape (rows,)
        Of the file's cells among the extract's different values, -1 where there is none.
    coded : Coded
        The extract's column, rounded as the file's is.
    chance : float
        Share of neighbouring values that are in the extract's column too; 1 for texts, which have no neighbours.
    """

    column: Column
    known: Known
    codes: Codes
    coded: Coded
    chance: float

    @property
    def known_codes(self) -> npt.NDArray[np.int32]:
        """Which value every row of the extract has, shape (rows of the extract,)."""
        return self.coded.codes


def screen(subject: Subject) -> list[Finding]:
    """Return tables that hold rows or single values of the extract."""
    reference = subject.reference
    if not reference:
        return []
    found: list[Finding] = []
    for view in subject.views:
        for turned in _both_ways(view):
            found += _matches(turned, subject)
    found += _in_texts(subject)
    if reference.partial and subject.views:
        found.append(NOT_COMPARED.at("the whole file"))
    return found


def _in_texts(subject: Subject) -> list[Finding]:
    """Return texts and code whose numbers, in whatever layout, are values of single units."""
    found = []
    for passage in subject.opened.passages:
        tokens_found = [m[0] for m in _NUMERAL.finditer(passage.text) if len(m[0]) >= _TELLING_DIGITS][:_MOST_NUMBERS]
        different = list(dict.fromkeys(tokens_found))
        by_decimals: dict[int, list[str]] = {}
        for token in different:
            by_decimals.setdefault(len(token.partition(".")[2]), []).append(token)
        columns = [Column(0, "", texts) for texts in by_decimals.values() if len(texts) >= _FEWEST_IN_TEXT]
        if any(_of_units(column, subject) for column in columns):
            found.append(VALUES.at(passage.place))
    return found


def _of_units(column: Column, subject: Subject) -> bool:
    for known in subject.reference.columns:
        pair = None if known.numbers is None else _pair(column, known, _sample(len(column.values)), least=0.0)
        if pair is not None and _single(pair, subject.policy.threshold_units, _FEWEST_IN_TEXT):
            return True
    return False


def _both_ways(view: View) -> Iterator[View]:
    yield view
    if view.width > 4 and view.rows * view.width <= _MOST_TURNED and view.rows <= _MOST_COLUMNS:
        width = view.width
        rows = [(*row, *[None] * (width - len(row))) for row in (view.grid.header, *view.grid.rows) if row]
        yield View(Grid(view.place, (), tuple(zip(*rows, strict=True))))


def _matches(view: View, subject: Subject) -> list[Finding]:
    if view.rows < _FEWEST_ROWS:
        return []
    chosen = _sample(view.rows)
    threshold = subject.policy.threshold_units
    aggregate = view.rows * threshold <= subject.reference.unit_count
    for dataset in subject.reference.datasets:
        pairs = list(_pairs(view, subject.reference.of(dataset), chosen))
        for pair in pairs:
            if _single(pair, threshold):
                quantile = aggregate and _is_quantile(pair.column)
                return [(QUANTILES if quantile else VALUES).in_column(view, pair.column)]
        joined = _followed([p for p in pairs if not (aggregate and _is_quantile(p.column))], threshold)
        if joined:
            rule = ROWS
            place = f"{view.place}, columns {', '.join(str(p.column.position + 1) for p in joined)}"
            return [_filled_in(rule, len(joined)).at(place)]
    return []


def _filled_in(rule: Rule, columns: int) -> Rule:
    return Rule(rule.name, rule.risk, rule.severity, rule.message.format(columns=columns), rule.remedy)


def _is_quantile(column: Column) -> bool:
    return bool(_QUANTILES & set(tokens(column.head)))


def _sample(rows: int) -> npt.NDArray[np.int64]:
    if rows <= MOST_ROWS:
        return np.arange(rows)
    return np.linspace(0, rows - 1, MOST_ROWS).astype(np.int64)


def _pairs(view: View, known: Sequence[Known], rows: npt.NDArray[np.int64]) -> Iterator[Pair]:
    for column in view.columns[:_MOST_COLUMNS]:
        candidates = [k for k in known if (k.numbers is None) == column.is_text or k.is_unit]
        for candidate in candidates:
            pair = _pair(column, candidate, rows)
            if pair is not None:
                yield pair


def _pair(column: Column, known: Known, rows: npt.NDArray[np.int64], least: float = _LEAST_SHARE) -> Pair | None:
    if known.numbers is None:
        return _text_pair(column, known, rows)
    filled = column.is_number[rows]
    if not filled.any():
        return None
    decimals = _precision(column.numbers[rows][filled], min(int(column.decimals[rows].max()), 9))
    numbers = column.numbers[rows]
    low, high = known.bounds
    margin = 10.0**-decimals
    if float(np.mean((numbers[filled] >= low - margin) & (numbers[filled] <= high + margin))) < least:
        return None
    # What is given more exactly than the extract is can only agree where it has no more decimals.
    decimals = min(decimals, known.decimals)
    coded, units = known.coded(decimals), scaled(numbers, decimals)
    exact = np.abs(numbers * 10.0**decimals - units) < _SAME
    codes = np.where(filled & exact, coded.find(units), -1)
    share = int((codes >= 0).sum()) / int(filled.sum())
    if int((codes >= 0).sum()) < _FEWEST_ROWS or share < least:
        return None
    steps = [units[filled & exact] + step for step in (-3, -2, 2, 3)]
    chance = float(np.mean([np.mean(coded.find(moved) >= 0) for moved in steps]))
    # As many as by chance: the values are others, and only so many that some agree.
    if share < _MORE_THAN_CHANCE and share < 2 * chance:
        return None
    return Pair(column, known, codes, coded, chance)


def _precision(numbers: npt.NDArray[np.float64], printed: int) -> int:
    """Return to how many decimals numbers are given; negative where all are round (to tens: -1)."""
    if numbers.size < _FEWEST_SINGLE or not np.any(numbers):
        return printed
    for decimals in range(-_ROUNDEST, printed):
        units = numbers * 10.0**decimals
        if np.allclose(units, np.rint(units), rtol=0, atol=1e-7):
            return decimals
    return printed


def _text_pair(column: Column, known: Known, rows: npt.NDArray[np.int64]) -> Pair | None:
    if known.texts is None:
        return None
    different: dict[str | None, int] = {}
    places = [different.setdefault(_as_text(column.values[row]), len(different)) for row in rows.tolist()]
    found = known.texts.find(hashes(list(different)))
    codes = np.where(column.blanks[rows], -1, found[np.array(places, dtype=np.int64)])
    if int((codes >= 0).sum()) < max(_FEWEST_ROWS, _LEAST_SHARE * len(codes)):
        return None
    return Pair(column, known, codes, known.texts, 1.0)


def _as_text(value: object) -> str | None:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None else str(value).strip().lower()


def _single(pair: Pair, threshold: int, fewest: int = _FEWEST_SINGLE) -> bool:
    """Say whether one column alone holds values of single units: rare ones, and far more than by chance."""
    if pair.known.numbers is None:
        return False
    times = np.where(pair.codes >= 0, pair.coded.frequency[np.maximum(pair.codes, 0)], 0)
    rare = (times > 0) & (times < threshold)
    different = np.unique(pair.codes[rare]).size
    tested = int((pair.column.is_number).sum())
    expected = pair.chance * min(tested, pair.codes.size)
    return different >= fewest and different > _BEYOND_CHANCE * expected


def _rare(known_codes: Codes, codes: Codes, threshold: int) -> npt.NDArray[np.bool_]:
    """Return which codes are in the extract, in fewer rows than the threshold."""
    kept = known_codes[known_codes >= 0]
    size = int(max(kept.max(initial=-1), codes.max(initial=-1))) + 1
    frequency = np.bincount(kept, minlength=size)
    there = codes >= 0
    times = np.where(there, frequency[np.maximum(codes, 0)], 0)
    rare: npt.NDArray[np.bool_] = (times > 0) & (times < threshold)
    return rare


def _followed(pairs: Sequence[Pair], threshold: int) -> list[Pair]:
    """Return the columns in which rows agree beyond chance, or none.

    Columns are taken in the order of how much they tell; the extract shrinks to the rows that still agree.
    """
    order = sorted(
        pairs, key=lambda pair: (pair.known.name.lower() != pair.column.head.strip().lower(), -pair.known.distinct)
    )
    best: list[Pair] = []
    for seed in order[:4]:
        joined = _grown(seed, order, threshold)
        if len(joined) > len(best):
            best = joined
    return best


def _grown(seed: Pair, order: Sequence[Pair], threshold: int) -> list[Pair]:
    rows = _rows_with(seed)
    joined, keys, known_keys = [seed], seed.codes, seed.known_codes[rows].astype(np.int64)
    matched = int((keys >= 0).sum())
    for pair in order:
        used = {p.column.position for p in joined}
        if pair.column.position in used or any(pair.known is p.known for p in joined):
            continue
        new, known_new = _combined(keys, pair.codes, known_keys, pair.known_codes[rows])
        agreeing = int((new >= 0).sum())
        if agreeing < max(_FEWEST_ROWS, _KEPT_SHARE * matched):
            continue
        kept = np.isin(known_new, new[new >= 0])
        joined, keys, known_keys, rows = [*joined, pair], new, known_new[kept], rows[kept]
        matched = agreeing
    return joined if _beyond_chance(joined, keys, known_keys, threshold) else []


def _rows_with(pair: Pair) -> npt.NDArray[np.int64]:
    """Return the extract's rows that have a value of the file's column."""
    # The last place stands for what is missing (-1).
    wanted = np.zeros(pair.coded.values.size + 1, dtype=bool)
    wanted[pair.codes[pair.codes >= 0]] = True
    return np.flatnonzero(wanted[pair.known_codes])


def _combined(codes: Codes, more: Codes, known: Codes, known_more: npt.NDArray[np.int32]) -> tuple[Codes, Codes]:
    """Return codes of pairs of codes, for the file and for the extract; -1 where the extract has no such pair."""
    width = int(max(more.max(initial=0), known_more.max(initial=0))) + 1
    pairs = np.where((known >= 0) & (known_more >= 0), known * width + known_more, -1)
    different, positions = np.unique(pairs, return_inverse=True)
    wanted = np.where((codes >= 0) & (more >= 0), codes * width + more, -2)
    if not different.size:
        return np.full(codes.shape, -1, dtype=np.int64), np.zeros(0, dtype=np.int64)
    position = np.minimum(np.searchsorted(different, wanted), different.size - 1)
    found = np.where(different[position] == wanted, position, -1).astype(np.int64)
    return found, np.where(pairs >= 0, positions, -1).astype(np.int64)


def _beyond_chance(joined: Sequence[Pair], keys: Codes, known_keys: Codes, threshold: int) -> bool:
    if len(joined) < 2:
        return False
    rare = int(_rare(known_keys, keys, threshold).sum())
    if rare < _FEWEST_ROWS or (len(joined) == 2 and rare < _FEWEST_SINGLE):
        return False
    by_chance = [_moved(joined, shift, threshold) for shift in (1, 2)]
    return rare > _BEYOND_CHANCE * float(np.mean(by_chance))


def _moved(joined: Sequence[Pair], shift: int, threshold: int) -> int:
    """Return how many rows agree when every column is moved against the one before it."""
    first = joined[0]
    rows = _rows_with(first)
    keys, known = first.codes, first.known_codes[rows].astype(np.int64)
    for position, pair in enumerate(joined[1:], start=1):
        moved = np.roll(pair.codes, shift * position)
        keys, known = _combined(keys, moved, known, pair.known_codes[rows])
    return int(_rare(known, keys, threshold).sum())
