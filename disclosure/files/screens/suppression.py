"""Blanked cells that totals give away: worked out by linear equations over all tables of a file, not guessed.

Vocabulary
----------
cell
    Known by the set of its categories; totals are no category, so a total of one table and a cell of another are the
    same cell.
equation
    The cells along one dimension add up to the cell without that dimension.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from saferoom.disclosure.files.screens.low_counts import counts
from saferoom.disclosure.files.screens.numerals import is_blank, printed_value, upper_bound
from saferoom.disclosure.files.screens.places import Rule
from saferoom.disclosure.files.screens.subject import Subject
from saferoom.disclosure.files.screens.views import Column, Floats, View
from saferoom.disclosure.files.screens.words import Role, is_total
from saferoom.disclosure.verdict import Finding, Label, Risk, Verdict

_MOST_CELLS = 20_000
_MOST_BLANKS = 400
_MOST_SOLVED = 60
_NARROW = 3.0 - 1e-6
"""Narrower intervals are named: an attacker knows a count to three."""
_EXACT = 1.0 - 1e-6
Key = frozenset[tuple[str, str]]
RECOVERED = Rule(
    "suppressed-cell-revealed",
    Risk.DIFFERENCING,
    Verdict.FAIL,
    "a blanked count can be worked out exactly from the totals and the other cells",
    "Blank further cells so that no equation has a single unknown, or leave the totals out "
    "(protect: {method: suppress} in a declared query does it).",
)
LARGE = Rule(
    "suppressed-cell-revealed",
    Risk.DIFFERENCING,
    Verdict.REVIEW,
    "a blanked cell can be worked out from the totals; what comes out is no small count",
    "Say why it is blank, or blank further cells.",
)
NARROW = Rule(
    "suppressed-cell-narrowed",
    Risk.DIFFERENCING,
    Verdict.REVIEW,
    "a blanked count is known to within three from the totals and the other cells",
    "Blank further cells, or leave the totals out (protect: {method: suppress} in a declared query does it).",
)
TOO_MANY = Rule(
    "suppression-not-audited",
    Risk.DIFFERENCING,
    Verdict.REVIEW,
    "has more blanked cells than can be audited",
    "Divide the file, or declare the table as a query with protect: {method: suppress}.",
)


@dataclass
class _System:
    """All cells of tables of one measure, and where each stands."""

    values: dict[Key, float] = field(default_factory=dict)
    blanks: dict[Key, tuple[View, int, int, float]] = field(default_factory=dict)
    groups: set[tuple[Key, tuple[Key, ...]]] = field(default_factory=set)

    def add(self, key: Key, cell: Label, spot: tuple[View, int, int]) -> None:
        number = printed_value(cell)
        if number is not None and not is_blank(cell):
            self.values.setdefault(key, number.value)
        elif is_blank(cell) and key not in self.values:
            bound = upper_bound(cell)
            self.blanks.setdefault(key, (*spot, np.inf if bound is None else max(bound - 1.0, 0.0)))

    def unknown(self) -> list[Key]:
        return [key for key in self.blanks if key not in self.values]


def screen(subject: Subject) -> list[Finding]:
    """Return blanked cells that can be worked out."""
    views = [view for view in subject.views if 0 < view.rows * view.width <= _MOST_CELLS]
    found: list[Finding] = []
    spots: dict[tuple[str, int, int], tuple[View, float, float]] = {}
    for system in [_system([view]) for view in views] + ([_system(views)] if len(views) > 1 else []):
        if len(system.unknown()) > _MOST_BLANKS:
            found.append(TOO_MANY.at("the whole file"))
            continue
        for key, interval in revealed(system).items():
            view, row, column, _ = system.blanks[key]
            spots[(view.place, row, column)] = (view, *interval)
    return list(dict.fromkeys([*found, *_findings(spots, subject.policy.threshold_units)]))


def _findings(spots: dict[tuple[str, int, int], tuple[View, float, float]], threshold: int) -> list[Finding]:
    """Return what is found about blanked cells, with the smallest and largest value that each can have."""
    found: list[Finding] = []
    for place in dict.fromkeys(place for place, _, _ in spots):
        cells = [(view, row, column, low, high) for (p, row, column), (view, low, high) in spots.items() if p == place]
        exact = [(row, column, high) for _, row, column, low, high in cells if high - low < _EXACT]
        small = [(row, column) for row, column, high in exact if 0.5 < high < threshold]
        large = [(row, column) for row, column, high in exact if high >= threshold]
        narrow = [(row, column) for _, row, column, low, high in cells if high - low >= _EXACT]
        for rule, chosen in ((RECOVERED, small), (LARGE, large), (NARROW, narrow)):
            found += [rule.in_cells(cells[0][0], chosen)] if chosen else []
    return found


def _system(views: Sequence[View]) -> _System:
    system = _System()
    for view in views:
        cells = list(_cells(view))
        if _contradicts(system, cells):
            continue
        for key, cell, row, column in cells:
            system.add(key, cell, (view, row, column))
        system.groups |= _groups([key for key, *_ in cells], view)
    return system


def _contradicts(system: _System, cells: Sequence[tuple[Key, Label, int, int]]) -> bool:
    """Say whether a table gives other numbers for the same cells: then it is about something else."""
    for key, cell, _, _ in cells:
        number = printed_value(cell)
        if number is not None and key in system.values and abs(system.values[key] - number.value) > 0.5:
            return True
    return False


def _cells(view: View) -> Iterator[tuple[Key, Label, int, int]]:
    """Yield every count of a table with its categories: labels of the row, and the head where heads are categories."""
    counted = {c.column.position for c in counts(view)}
    named = [c for c in view.columns if c.role is Role.COUNT and (c.is_numeric or c.is_number.any())]
    crossed = [c for c in view.columns if c.role in {Role.UNKNOWN, Role.TOTAL} and _countable(c, counted)]
    columns = named or crossed
    labels = [c for c in view.columns if c not in columns and (c.is_text or c.position == 0) and c not in named]
    if not columns or not labels:
        return
    wide = not named
    rows = _labels(labels)
    for column in columns if wide else columns[:1]:
        for row, value in enumerate(column.values):
            yield _key(rows[row], column.head if wide else None), value, row, column.position


def _countable(column: Column, counted: set[int]) -> bool:
    return column.position in counted or (column.position > 0 and bool(column.blanks.all()))


def _labels(columns: Sequence[Column]) -> list[tuple[str, ...]]:
    """Return the labels of every row; a blank label is the one above it (an index printed once)."""
    filled: list[list[str]] = []
    for column in columns:
        labels, last = [], ""
        for value in column.values:
            text = "" if value is None else str(value).strip().casefold()
            last = text or last
            labels.append(last)
        filled.append(labels)
    return list(zip(*filled, strict=True))


def _key(labels: Sequence[str], head: str | None) -> Key:
    """Return the categories of a cell, each with its dimension's place in the table; totals are none."""
    parts = [*labels, *([] if head is None else [head.strip().casefold()])]
    return frozenset(("", part) for part in parts if not is_total(part))


def _groups(keys: Sequence[Key], view: View) -> set[tuple[Key, tuple[Key, ...]]]:
    """Return what adds up to what: cells that differ in one category, and the cell without it."""
    present = set(keys)
    dimension = _dimensions(view)
    groups: dict[tuple[Key, int], list[Key]] = defaultdict(list)
    for key in present:
        for part in key:
            groups[(key - {part}, dimension.get(part[1], -1))].append(key)
    return {(total, tuple(sorted(parts, key=sorted))) for (total, place), parts in groups.items() if place >= 0}


def _dimensions(view: View) -> dict[str, int]:
    """Return which dimension every category belongs to: a column of labels, or the heads."""
    found: dict[str, int] = {}
    for column in view.columns:
        found.setdefault(column.head.strip().casefold(), view.width)
    for column in view.columns:
        if column.is_text or column.position == 0:
            for value in dict.fromkeys(column.values):
                found[("" if value is None else str(value).strip().casefold())] = column.position
    return found


def revealed(system: _System) -> dict[Key, tuple[float, float]]:
    """Return the blanked cells that can have few values only, with the smallest and the largest."""
    unknown = system.unknown()
    if not unknown:
        return {}
    place = {key: i for i, key in enumerate(unknown)}
    known = system.values
    rows: list[Floats] = []
    sums: list[float] = []
    slack = 0.0
    for total, parts in system.groups:
        members = [total, *parts]
        # A cell that is neither a number nor blank (a note) leaves its equation open.
        if len(parts) < 2 or any(member not in known and member not in place for member in members):
            continue
        if not any(member in place for member in members):
            slack = max(slack, abs(known[total] - sum(known[part] for part in parts)))
            continue
        row = np.zeros(len(unknown))
        rest = 0.0
        for member, sign in [(total, -1.0), *((part, 1.0) for part in parts)]:
            if member in place:
                row[place[member]] += sign
            else:
                rest -= sign * known[member]
        rows.append(row)
        sums.append(rest)
    if not rows:
        return {}
    matrix, right = np.array(rows), np.array(sums)
    if slack > 0.5:
        # Rounded totals: cells are known to the rounding only, and whatever is left open is no single value.
        return {}
    uppers = np.array([system.blanks[key][3] for key in unknown])
    solved = _solve(matrix, right, uppers)
    return {unknown[i]: interval for i, interval in solved.items()}


def _solve(matrix: Floats, right: Floats, uppers: Floats) -> dict[int, tuple[float, float]]:
    """Return the unknowns that are narrowed, by the equations alone or with counts being no less than nothing."""
    _, singular, directions = np.linalg.svd(matrix)
    rank = int((singular > 1e-9).sum())
    free = np.abs(directions[rank:]).max(axis=0, initial=0.0) if rank < matrix.shape[1] else np.zeros(matrix.shape[1])
    solution = np.linalg.lstsq(matrix, right, rcond=None)[0]
    if float(np.abs(matrix @ solution - right).max(initial=0.0)) > 0.5:
        return {}
    found = {i: (float(solution[i]), float(solution[i])) for i in np.flatnonzero(free < 1e-9).tolist()}
    involved = np.flatnonzero(np.abs(matrix).max(axis=0) > 0).tolist()
    for i in [i for i in involved if i not in found][:_MOST_SOLVED]:
        interval = _interval(matrix, right, uppers, i)
        if interval is not None and interval[1] - interval[0] < _NARROW:
            found[i] = interval
    return found


def _interval(matrix: Floats, right: Floats, uppers: Floats, which: int) -> tuple[float, float] | None:
    """Return the smallest and largest value that one unknown can have."""
    from scipy.optimize import linprog

    aim = np.zeros(matrix.shape[1])
    aim[which] = 1.0
    bounds = [(0.0, None if np.isinf(upper) else float(upper)) for upper in uppers]
    ends = []
    for sign in (1.0, -1.0):
        result = linprog(sign * aim, A_eq=matrix, b_eq=right, bounds=bounds, method="highs")
        if result.status == 3:
            ends.append(np.inf)
        elif result.status == 0:
            ends.append(sign * float(result.fun))
        else:
            return None
    return ends[0], ends[1]
