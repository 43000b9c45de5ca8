"""Counts below the threshold: in columns and rows that say they are counts, and in cross-tabulations.

What is no count is left alone: p-values, percentages, coefficients, standard errors, years, ages, degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saferoom.disclosure.files.screens.numerals import count_and_share
from saferoom.disclosure.files.screens.places import Rule
from saferoom.disclosure.files.screens.subject import Subject
from saferoom.disclosure.files.screens.views import Bools, Column, Floats, View
from saferoom.disclosure.files.screens.vocabulary import NOT_UNITS
from saferoom.disclosure.files.screens.words import Role, is_total, role, tokens
from saferoom.disclosure.verdict import Finding, Risk, Verdict

_MOST_SUM = 101.0
_VALUES = frozenset({"value", "values", "estimate", "statistic", "result"})
LOW_COUNT = Rule(
    "low-count",
    Risk.LOW_COUNT,
    Verdict.FAIL,
    "a count of units is below the threshold, so that somebody who knows a few persons could learn who they are",
    "Merge the categories, or blank the cells and enough others that they cannot be worked out from totals "
    "(protect: {method: suppress} in a declared query does both).",
)
MAYBE_LOW = Rule(
    "low-count",
    Risk.LOW_COUNT,
    Verdict.REVIEW,
    "small whole numbers may be counts of units below the threshold",
    "Say in the head what the numbers are; merge or blank them where they are counts.",
)
EMPTY = Rule(
    "empty-cells",
    Risk.CLASS_DISCLOSURE,
    Verdict.REVIEW,
    "a count of nobody tells something about everybody in its row or column",
    "Merge the category with another, unless nobody can be in it by its nature.",
)


def screen(subject: Subject) -> list[Finding]:
    """Return counts below the policy's threshold."""
    found: list[Finding] = []
    for view in subject.views:
        found += low_counts(view, subject.policy.threshold_units)
    return found


def low_counts(view: View, threshold: int) -> list[Finding]:
    """Return the counts of a table that are below `threshold`."""
    sure: list[tuple[int, int]] = []
    maybe: list[tuple[int, int]] = []
    empty: list[tuple[int, int]] = []
    for counted in counts(view):
        numbers = counted.numbers
        low = (numbers > 0) & (numbers < threshold)
        spots = [(row, counted.column.position) for row in np.flatnonzero(low).tolist()]
        (sure if counted.certain else maybe).extend(spots)
        empty += [(row, counted.column.position) for row in np.flatnonzero(numbers == 0).tolist()]
    found = [LOW_COUNT.in_cells(view, sorted(set(sure)))] if sure else []
    found += [MAYBE_LOW.in_cells(view, sorted(set(maybe) - set(sure)))] if set(maybe) - set(sure) else []
    return found + ([EMPTY.in_cells(view, sorted(set(empty)))] if empty else [])


class Counted:
    """Cells of one column that are counts.

    Attributes
    ----------
    numbers : ndarray of float, shape (rows,)
        The counts, nan where a cell is none.
    certain : bool
        Whether the table itself says so.
    """

    def __init__(self, column: Column, numbers: Floats, *, certain: bool) -> None:
        self.column = column
        self.numbers = numbers
        self.certain = certain


def counts(view: View) -> list[Counted]:
    """Return the cells of a table that are counts of units."""
    if not view.rows:
        return []
    by_row = _count_rows(view)
    found = []
    grid = _crosstab(view, ~by_row)
    for column in view.columns:
        if _sizes(view, column):
            continue
        if column.role is Role.COUNT and (column.is_numeric or column.is_number.any()):
            found.append(Counted(column, _whole(column, ~_stat_rows(view)), certain=True))
        elif by_row.any() and _below_labels(column) and column.is_number.any():
            found.append(Counted(column, _whole(column, by_row), certain=True))
        shares = _counts_with_shares(column)
        if shares is not None:
            found.append(Counted(column, shares, certain=True))
    return found + grid


def _sizes(view: View, column: Column) -> bool:
    """Say whether a first column called after a count is what rows are about: 0, 1, 2, 3 children."""
    if column.position or view.rows < 2 or not column.whole or column.role is not Role.COUNT:
        return False
    rising = bool(column.is_number.all()) and bool(np.all(np.diff(column.numbers) == 1))
    return rising and any(other.role is Role.COUNT and other.is_numeric for other in view.columns[1:])


def _of_other_things(view: View, label: Column | None) -> Bools:
    """Return the rows whose label says that they count something else than units (``No. of regions``)."""
    if label is None:
        return np.zeros(view.rows, dtype=bool)
    told = {text: bool(NOT_UNITS & set(tokens(text))) and role(text) is Role.UNKNOWN for _, text in label.texts()}
    numbers = {text for text, there in told.items() if there and tokens(text)[0] in {"no", "number", "num", "nr"}}
    return np.array([value in numbers for value in label.values], dtype=bool)


def _below_labels(column: Column) -> bool:
    """Say whether the labels of the rows tell what a column's numbers are, and not its head."""
    return column.role not in {Role.PERCENT, Role.STATISTIC, Role.MEAN} or set(tokens(column.head)) <= _VALUES


def _whole(column: Column, rows: Bools) -> Floats:
    """Return a column's whole numbers in some rows; a fraction is a weighted count and judged like one."""
    numbers = column.numbers[rows & column.is_number]
    # ``3.0`` is how a program prints a count beside a blank or a mean.
    plain = column.is_number if bool(np.all(numbers == np.floor(numbers))) else column.decimals == 0
    percent = (
        np.array([isinstance(v, str) and "%" in v for v in column.values], dtype=bool) if column.percents else False
    )
    return np.where(rows & plain & ~np.asarray(percent), column.numbers, np.nan)


def _label_column(view: View) -> Column | None:
    first = view.columns[0]
    return first if first.is_text and (first.distinct > 1 or view.rows == 1) else None


def _count_rows(view: View) -> Bools:
    """Return the rows whose label says that they are counts (``N``, ``Observations``)."""
    none = np.zeros(view.rows, dtype=bool)
    column = _label_column(view)
    if column is None:
        return none
    labels = [value if isinstance(value, str) else "" for value in column.values]
    short = [label for label in labels if label.strip()]
    # In a list of regions N, S, E, W the N is no count.
    letters = len(short) > 1 and all(len(label.strip()) <= 2 for label in short)
    if letters or role(column.head) is Role.COUNT:
        return none
    found = np.array([role(label) is Role.COUNT for label in labels], dtype=bool)
    alone = np.array([label.strip().lower() == "n" for label in labels], dtype=bool)
    # Among whole numbers a row N may be a category (north); below fractions it counts.
    fractions = any(bool((c.decimals[~found] > 0).any()) for c in view.columns)
    return found if fractions else found & ~alone


def _stat_rows(view: View) -> Bools:
    """Return the rows whose label says that they are no counts (``mean``, ``p-value``) in a column of counts."""
    column = _label_column(view)
    if column is None:
        return np.zeros(view.rows, dtype=bool)
    stats = {Role.MEAN, Role.STATISTIC, Role.PERCENT}
    kinds = {value: role(value) in stats and len(tokens(value)) <= 3 for _, value in column.texts()}
    # Only where the labels are a list of statistics; a category may happen to be called like one.
    listed = sum(kinds.values()) * 2 >= len(kinds) and len(kinds) > 1
    return np.array([listed and isinstance(v, str) and kinds[v] for v in column.values], dtype=bool)


def _counts_with_shares(column: Column) -> Floats | None:
    """Return the counts of cells such as ``12 (34.5%)``."""
    read = {text: count_and_share(text) for _, text in column.texts() if "(" in text or "[" in text}
    pairs = [pair for pair in read.values() if pair is not None]
    if not pairs or not (any(share for _, share in pairs) or column.role is Role.COUNT):
        return None
    values = (read.get(value) if isinstance(value, str) else None for value in column.values)
    return np.array([np.nan if pair is None else pair[0] for pair in values], dtype=np.float64)


def _crosstab(view: View, rows: Bools) -> list[Counted]:
    """Return the columns of a cross-tabulation: whole numbers under categories, beside labels.

    Percentages (rows or columns that add up to 100) and flags (0 and 1 only) are none.
    """
    label = _label_column(view)
    columns = [c for c in view.columns if c.is_numeric and c.role in {Role.UNKNOWN, Role.TOTAL} and not c.percents]
    if label is not None and role(label.head) in {Role.STATISTIC, Role.MEAN}:
        return []
    columns = [c for c in columns if c is not label]
    rows = rows & ~_continued(view, label) & ~_of_other_things(view, label)
    if not columns or not _crossed(view, columns, label) or not all(_counts_only(c, rows) for c in columns):
        return []
    table = np.stack([np.where(rows, c.numbers, np.nan) for c in columns], axis=1)
    if _flags(table) or _percentages(table):
        return []
    labels = list(view.row_texts)
    exactly = all(_exactly(c, rows) for c in columns)
    certain = _adds_up(table, columns, labels) or (exactly and (_unnamed(columns) or _categories(columns)))
    certain = certain or (view.rows == 1 and role(view.place) is Role.COUNT)
    return [Counted(c, table[:, i], certain=certain) for i, c in enumerate(columns)]


def _counts_only(column: Column, rows: Bools) -> bool:
    numbers = column.numbers[rows & column.is_number]
    return bool(numbers.size) and bool(np.all((numbers >= 0) & (numbers == np.floor(numbers))))


def _exactly(column: Column, rows: Bools) -> bool:
    """Say whether whole numbers are printed as such; counts beside blanks become ``3.0``, and so do rounded means."""
    return not bool((column.decimals[rows] > 0).any())


def _continued(view: View, label: Column | None) -> Bools:
    """Return the rows without a label that hold shares of the row above them, as Stata and SPSS print them."""
    fractions = np.zeros(view.rows, dtype=bool)
    if label is None:
        return fractions
    for column in view.numeric:
        fractions |= column.decimals > 0
    return fractions & label.blanks


def _crossed(view: View, columns: Sequence[Column], label: Column | None) -> bool:
    if len(columns) == 1:
        # A series of pandas: a label, and a column without a name.
        series = columns[0].head.strip() in {"", "0"} or columns[0].role is Role.TOTAL
        return label is not None and series and len(view.columns) == 2 and view.rows > 1
    others = [c for c in view.columns if c.is_numeric and c not in columns and c.role is not Role.PERCENT]
    measured = [c for c in others if c.role in {Role.STATISTIC, Role.MEAN, Role.EXTREME, Role.SUBJECT}]
    if view.rows == 1 and label is None:
        # A series written as one object: its labels are the heads.
        return len(columns) > 1 and not others
    axis = label is not None or (bool(others) and others[0].position == 0)
    return axis and len([c for c in measured if c.position > 0]) == 0


def _flags(table: Floats) -> bool:
    return bool(np.nanmax(table, initial=0.0) <= 1)


def _percentages(table: Floats) -> bool:
    for axis in (0, 1):
        sums = np.nansum(table, axis=axis)
        sums = sums[sums > 0]
        if sums.size and bool(np.all(np.abs(sums - 100) <= 2)):
            return True
        doubled = bool(np.nanmax(table) <= _MOST_SUM) and sums.size and bool(np.all(np.abs(sums - 200) <= 2))
        if doubled:
            return True
    return False


def _adds_up(table: Floats, columns: Sequence[Column], labels: Sequence[str]) -> bool:
    """Say whether a total is the sum of the others: only counts and sums do that."""
    totals = [i for i, c in enumerate(columns) if is_total(c.head)]
    if len(columns) > len(totals) > 0:
        rest = [i for i in range(len(columns)) if i not in totals]
        if np.allclose(np.nansum(table[:, rest], axis=1), table[:, totals[-1]], atol=0.5):
            return True
    bottom = [i for i, text in enumerate(labels) if is_total(text)]
    if not bottom or len(bottom) == len(labels):
        return False
    above = [i for i in range(len(labels)) if i not in bottom]
    return bool(np.allclose(np.nansum(table[above], axis=0), table[bottom[-1]], atol=0.5))


def _unnamed(columns: Sequence[Column]) -> bool:
    return len(columns) == 1 and columns[0].role is not Role.TOTAL


def _categories(columns: Sequence[Column]) -> bool:
    """Say whether heads are categories, as far as their form tells: short, and none has a unit of measurement."""
    return len(columns) > 1 and all(c.head.strip() and len(c.head) <= 40 and "(" not in c.head for c in columns)
