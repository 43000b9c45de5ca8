"""Does a table look like records of single persons, also when nothing is known of the extract?

A table of statistics has a key of few categories, each row once, and says how many are behind it. Records have ids,
repeat their categories, or are long lists of values in no order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from saferoom.disclosure.files.model import Grid
from saferoom.disclosure.files.screens.numerals import is_empty
from saferoom.disclosure.files.screens.places import Rule
from saferoom.disclosure.files.screens.subject import Subject
from saferoom.disclosure.files.screens.views import Column, View
from saferoom.disclosure.files.screens.words import Role, names_id, names_unit, tokens
from saferoom.disclosure.verdict import Finding, Risk, Verdict

_FEWEST_IDS = 3
_FEWEST_KEYS = 20
_FEWEST_CODES = 5
FEW_RECORDS = 50
MANY_RECORDS = 100
_LONG_LIST = 150
_ROUGH = 0.6
_UNIQUE = 0.98
_FILLED = 0.1
_CODE = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|(?=[a-f]*\d)[0-9a-f]{16,128}"
    r"|(?=[A-F]*\d)[0-9A-F]{16,128}"
)
_NUMBERED = re.compile(r"([A-Za-z]{1,6}[-_/ ]?)(\d{2,12})")
_AREA_CODE = re.compile(r"[EWSNKJ]\d{8}|[EWSNI]\d{2}")
_PERSONAL = frozenset(
    {
        *(
            "surname",
            "forename",
            "firstname",
            "lastname",
            "fullname",
            "email",
            "telephone",
            "phone",
            "mobile",
            "postcode",
        ),
        *("dob", "birthdate", "nino", "nhsno", "passport", "iban", "streetaddress"),
    }
)
_PERSONAL_PAIRS = (("date", "birth"), ("last", "name"), ("first", "name"), ("full", "name"), ("home", "address"))
_RUNS = frozenset(
    {
        *(
            "draw",
            "draws",
            "iteration",
            "iter",
            "bootstrap",
            "replication",
            "rep",
            "sim",
            "simulation",
            "epoch",
            "trial",
        ),
        *("chain", "seed", "fold", "date", "year", "month", "day", "week", "quarter", "time", "t", "lag", "percentile"),
    }
)
_AGGREGATE = "Release a table of counts, means or medians by category, each with at least the threshold of units; "
_DECLARE = _AGGREGATE + "declare it as a query, and it is made and checked for you."
_OWNERS_PLAN = (
    " Records leave by the data owner's plan alone: ask for a record plan, then saferoom.record_file(dataset, plan)."
)

UNIT_IDS = Rule(
    "unit-ids",
    Risk.LOW_COUNT,
    Verdict.FAIL,
    "holds ids of single units by its head, so that every row could be about one person",
    "Remove the column and everything that is per unit. " + _DECLARE + _OWNERS_PLAN,
)
CODES = Rule(
    "unit-ids",
    Risk.LOW_COUNT,
    Verdict.FAIL,
    "every row has a code of its own, as records of single units have",
    "Remove the column and everything that is per unit. " + _DECLARE + _OWNERS_PLAN,
)
PERSONAL = Rule(
    "direct-identifiers",
    Risk.AUXILIARY_INFORMATION,
    Verdict.FAIL,
    "holds names, addresses or numbers of persons by its head, which tell who somebody is",
    "Remove the column. " + _DECLARE,
)
RECORDS = Rule(
    "looks-like-records",
    Risk.LOW_COUNT,
    Verdict.FAIL,
    "looks like records of single units and not like a table of statistics: its categories repeat, or its rows are a "
    "list of single values, and nothing says how many units a row is about",
    _DECLARE + _OWNERS_PLAN,
)
MAYBE_RECORDS = Rule(
    "looks-like-records",
    Risk.LOW_COUNT,
    Verdict.REVIEW,
    "may be records of single units: its categories repeat and nothing says how many units a row is about",
    "Give the number of units of every row, or release a table of statistics.",
)
AS_MANY_ROWS = Rule(
    "rows-near-units",
    Risk.LOW_COUNT,
    Verdict.FAIL,
    "has so many rows for the units of the extract that rows must be about one or two units each",
    _DECLARE + _OWNERS_PLAN,
)
MANY_ROWS = Rule(
    "rows-near-units",
    Risk.LOW_COUNT,
    Verdict.REVIEW,
    "has so many rows that not all of them can be about as many units as the threshold asks",
    "Use broader categories, or declare the table as a query.",
)


def screen(subject: Subject) -> list[Finding]:
    """Return what looks like records."""
    found: list[Finding] = []
    for view in subject.views:
        found += [UNIT_IDS.in_column(view, c) for c in view.columns if _unit_ids(c)]
        found += [PERSONAL.in_column(view, c) for c in view.columns if _personal(c)]
        counted = _counted(view, subject.policy.threshold_units)
        if not counted:
            found += [CODES.in_column(view, c) for c in view.columns if _codes(view, c)]
            found += _lists(view)
            if view.width >= MANY_RECORDS and view.rows * 2 < view.width:
                found += _lists(_turned(view))
        found += _rows(view, subject)
    return found


def _turned(view: View) -> View:
    """Return a table whose columns are the rows: records can stand side by side."""
    # Rows of words would be taken for lines of a head, where they are the categories of records.
    given, width = view.as_given, view.width
    lines = ((*row, *[None] * (width - len(row))) for row in (given.header, *given.rows))
    head, *rows = zip(*lines, strict=True)
    return View(Grid(view.place, tuple("" if cell is None else str(cell) for cell in head), tuple(rows)))


def _filled(column: Column) -> int:
    return int((~column.blanks).sum())


def _counted(view: View, threshold: int) -> bool:
    """Say whether a column tells how many units every row is about, and enough."""
    for column in view.columns:
        if column.role is Role.COUNT and column.is_numeric and column.whole:
            return float(np.nanmedian(column.numbers)) >= threshold and _filled(column) * 2 > view.rows
    return False


def _unit_ids(column: Column) -> bool:
    filled = _filled(column)
    if filled < _FEWEST_IDS or not names_unit(column.head):
        return False
    fractions = column.is_numeric and not column.whole
    return not fractions and column.distinct >= _FEWEST_IDS


def _personal(column: Column) -> bool:
    words = tokens(column.head)
    named = "".join(words) in _PERSONAL or any(set(pair) <= set(words) for pair in _PERSONAL_PAIRS)
    return named and column.is_text and column.distinct >= _FEWEST_IDS


def _codes(view: View, column: Column) -> bool:
    filled = _filled(column)
    if filled < _FEWEST_CODES or column.distinct < filled * 0.9:
        return False
    if names_id(column.head) and filled >= _FEWEST_KEYS:
        return column.is_text or column.whole
    if not column.is_text:
        return False
    sample = [text.strip() for _, text in column.texts()][:400]
    if sum(_CODE.fullmatch(text) is not None for text in sample) * 10 >= len(sample) * 9:
        return True
    return filled >= _FEWEST_KEYS and view.rows >= _FEWEST_KEYS and _numbered(sample)


def _numbered(sample: Sequence[str]) -> bool:
    """Say whether texts are one prefix with running or random numbers, areas apart."""
    parts = [_NUMBERED.fullmatch(text) for text in sample if not _AREA_CODE.fullmatch(text)]
    prefixes = {part[1] for part in parts if part}
    return len(parts) * 10 >= len(sample) * 9 and all(parts) and len(prefixes) <= 2


def _lists(view: View) -> list[Finding]:
    if view.rows < FEW_RECORDS or _runs(view):
        return []
    if _repeats(view) or _loose(view):
        return [(RECORDS if view.rows >= MANY_RECORDS else MAYBE_RECORDS).at(view.place)]
    return []


def _runs(view: View) -> bool:
    return any(_RUNS & set(tokens(column.head)) and column.position <= 1 for column in view.columns)


def _repeats(view: View) -> bool:
    """Say whether the categories of rows repeat, or tell rows apart only together with every number there is.

    A table of statistics has a key of categories, and something beside the key. Where categories hardly fill the table
    that they span and come in no order, they are no key either.
    """
    texts = [c for c in view.columns if c.is_text]
    whole = sorted((c for c in view.numeric if c.whole and c not in texts), key=lambda c: c.distinct)
    others = [c for c in view.numeric if c not in whole]
    if not texts or len(texts) + len(whole) + len(others) < 2:
        return False
    if any(c.distinct > view.rows * _UNIQUE for c in texts):
        return False
    keys = list(texts)
    remaining = list(whole)
    while _different(keys) < view.rows * _UNIQUE:
        if not remaining:
            return bool(others) or len(whole) > 1
        keys.append(remaining.pop(0))
    spanned = float(np.prod([float(c.distinct) for c in keys]))
    scattered = view.rows < spanned * _FILLED and all(
        _changes(c) > 2 * c.distinct for c in keys if c.distinct * 4 < view.rows
    )
    return scattered or (not remaining and not others and len(whole) > 1)


def _different(columns: Sequence[Column]) -> int:
    return int(np.unique(np.stack([_filled_down(column) for column in columns]), axis=1).shape[1])


def _changes(column: Column) -> int:
    return int((np.diff(_filled_down(column)) != 0).sum()) + 1


def _filled_down(column: Column) -> np.typing.NDArray[np.int64]:
    """Return categories as numbers; a blank below a label is the same label (an index printed once)."""
    known: dict[object, int] = {}
    codes, last = [], -1
    for value in column.values:
        if not is_empty(value):
            last = known.setdefault(value, len(known))
        codes.append(last)
    return np.array(codes, dtype=np.int64)


def _loose(view: View) -> bool:
    """Say whether rows are numbers only, in no order: a list of values, the points of a scatter plot."""
    numeric = view.numeric
    if not numeric or view.rows < MANY_RECORDS or any(c.is_text and c.distinct > 1 for c in view.columns):
        return False
    varied = [c for c in numeric if c.distinct * 2 >= view.rows]
    if len(numeric) == 1:
        return view.rows >= _LONG_LIST and bool(varied) and not _steps(numeric[0])
    return any(_rough(c) for c in numeric) and bool(varied)


def _steps(column: Column) -> bool:
    """Say whether numbers rise in equal steps (an index, an axis)."""
    differences = np.diff(column.numbers[column.is_number])
    return bool(differences.size) and bool(np.allclose(differences, differences[0], rtol=1e-6, atol=1e-9))


def _rough(column: Column) -> bool:
    """Say whether neighbours differ as much as any two rows do (a curve's neighbours are alike)."""
    numbers = column.numbers[column.is_number]
    if numbers.size < FEW_RECORDS or np.ptp(numbers) == 0:
        return False
    ranks = np.argsort(np.argsort(numbers)) / numbers.size
    # Two independent ranks differ by a third on average.
    return float(np.mean(np.abs(np.diff(ranks)))) > _ROUGH / 3


def _rows(view: View, subject: Subject) -> list[Finding]:
    units = subject.reference.unit_count if subject.reference else 0
    if view.rows < FEW_RECORDS or not units:
        return []
    if view.rows * 2 >= units:
        return [AS_MANY_ROWS.at(view.place)]
    return [MANY_ROWS.at(view.place)] if view.rows * subject.policy.threshold_units > units else []
