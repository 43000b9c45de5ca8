"""Post-processing of certified tables: what is computed from noisy numbers and public knowledge alone costs nothing.

C. Dwork and A. Roth, "The Algorithmic Foundations of Differential Privacy", 2014, proposition 2.1. So no step here may
see anything else: a table goes in, and what the catalogue makes public.

Margins of error
----------------
Rounding adds half a step. Clipping leaves them as they are: a clipped number is no further from the clipped truth.
Totals of counts and sums have the root of the summed squares, which their independent noise does not exceed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal

from saferoom.disclosure.privacy.processed import MARGIN, Certified, Public
from saferoom.disclosure.privacy.reshaping import added, beside, joined, renamed
from saferoom.disclosure.privacy.steps import (
    Clip,
    Drop,
    Figures,
    Join,
    Picture,
    Rename,
    Round,
    Rows,
    Step,
    Totals,
)
from saferoom.disclosure.queries.classification import key_of
from saferoom.disclosure.verdict import Table
from saferoom.errors import BadInputError


def process(drawn: Certified, steps: Sequence[Step], public: Public) -> Certified:
    """Return what `steps` make of `drawn`; a chart changes nothing of it.

    Raises
    ------
    BadInputError
        A step does not fit the table, or what it needs is not in the catalogue.
    """
    done = drawn
    for step in steps:
        done = _applied(done, step, public)
    return done


def _applied(done: Certified, step: Step, public: Public) -> Certified:
    match step:
        case Round():
            return _rounded(done, step)
        case Clip():
            return _clipped(done, step)
        case Drop():
            return _dropped(done, step)
        case Rows():
            return _chosen(done, step)
        case Totals():
            return added(done, step)
        case Join():
            return joined(done, step, public)
        case Figures():
            return beside(done, step, public)
        case Rename():
            return renamed(done, public)
        case Picture():
            return done


def _rounded(done: Certified, step: Round) -> Certified:
    base = Decimal(repr(step.to))

    def rounded(value: float) -> float:
        exact = Decimal(repr(value))
        return _plain((exact / base).to_integral_value(ROUND_HALF_EVEN) * base)

    def wider(margin: float) -> float:
        return _plain(Decimal(repr(margin)) + base / 2)

    values = _values_of(done, step.columns)
    changed = dict.fromkeys(values, rounded) | {name + MARGIN: wider for name in values}
    return _each(done, changed)


def _plain(exact: Decimal) -> float:
    """Return a number as it is written: whole numbers without a point, and no negative zero."""
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def _clipped(done: Certified, step: Clip) -> Certified:
    def clipped(value: float) -> float:
        above = value if step.least is None else max(value, step.least)
        return above if step.most is None else min(above, step.most)

    return _each(done, dict.fromkeys(_values_of(done, step.columns), clipped))


def _values_of(done: Certified, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns to change: those that are named, or all that are neither margins of error nor public."""
    values = tuple(name for name in done.numbers if not name.endswith(MARGIN) and name not in done.beside)
    for name in columns:
        done.at(name, values)
    return tuple(columns) or values


def _each(done: Certified, changed: Mapping[str, Callable[[float], float]]) -> Certified:
    work = [changed.get(name) if i >= done.labels else None for i, name in enumerate(done.table.columns)]
    rows = tuple(
        tuple(
            value if do is None or isinstance(value, bool) or not isinstance(value, int | float) else do(value)
            for value, do in zip(row, work, strict=True)
        )
        for row in done.table.rows
    )
    return replace(done, table=Table(done.table.columns, rows))


def _dropped(done: Certified, step: Drop) -> Certified:
    gone = {done.at(name, done.numbers) for name in step.columns}
    gone |= {i for i, name in enumerate(done.table.columns) if name.removesuffix(MARGIN) in step.columns}
    kept = [i for i in range(len(done.table.columns)) if i not in gone]
    if len(kept) == done.labels:
        raise BadInputError("steps: drop leaves no column of numbers", field="steps")
    return replace(done, table=_only(done.table, kept))


def _only(table: Table, kept: Sequence[int]) -> Table:
    return Table(tuple(table.columns[i] for i in kept), tuple(tuple(row[i] for i in kept) for row in table.rows))


def _chosen(done: Certified, step: Rows) -> Certified:
    rows = done.table.rows
    for name, codes in step.codes.items():
        place, wanted = done.at(name, done.dimensions), {key_of(one) for one in codes}
        if not wanted <= {key_of(row[place]) for row in done.table.rows}:
            raise BadInputError("steps: rows names a code that the table does not have", field="steps")
        rows = tuple(row for row in rows if key_of(row[place]) in wanted)
    if not rows:
        raise BadInputError("steps: rows leaves no row", field="steps")
    return replace(done, table=Table(done.table.columns, rows))
