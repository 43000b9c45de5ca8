"""Steps of post-processing that change what a table's rows and columns are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from saferoom.disclosure.privacy.processed import MARGIN, Certified, Public
from saferoom.disclosure.privacy.steps import Figures, Join, Totals
from saferoom.disclosure.queries.classification import key_of
from saferoom.disclosure.verdict import Label, Table
from saferoom.errors import BadInputError

ADDITIVE = ("count", "sum")
"""Columns whose numbers add up over cells, as they were drawn."""
Row = tuple[Label, ...]


def added(done: Certified, step: Totals) -> Certified:
    """Return the sums over dimensions of what adds up; everything else is left out."""
    if done.no_totals:
        raise BadInputError(f"steps: {done.no_totals}", field="steps")
    over = {done.at(name, done.dimensions) for name in step.over}
    labels = [i for i in range(done.labels) if i not in over]
    sums = [name for name in ADDITIVE if name in done.numbers]
    if not sums:
        raise BadInputError("steps: the table has no counts or sums that could be added up", field="steps")
    cells: dict[tuple[Any, ...], list[Row]] = {}
    for row in done.table.rows:
        cells.setdefault(tuple(key_of(row[i]) for i in labels), []).append(row)
    columns, makers = _sums(done, sums)
    rows = tuple((*(parts[0][i] for i in labels), *(make(parts) for make in makers)) for parts in cells.values())
    names = (*(done.table.columns[i] for i in labels), *columns)
    return replace(done, table=Table(names, rows), labels=len(labels), beside=())


def _sums(done: Certified, names: Sequence[str]) -> tuple[list[str], list[Callable[[Sequence[Row]], Label]]]:
    columns: list[str] = []
    makers: list[Callable[[Sequence[Row]], Label]] = []
    for name in names:
        columns.append(name)
        makers.append(_maker(done.table.columns.index(name), math.fsum))
        if name + MARGIN in done.numbers:
            columns.append(name + MARGIN)
            makers.append(_maker(done.table.columns.index(name + MARGIN), lambda margins: math.hypot(*margins)))
    return columns, makers


def _maker(place: int, add: Callable[[Sequence[float]], float]) -> Callable[[Sequence[Row]], Label]:
    def made(parts: Sequence[Row]) -> Label:
        values = [row[place] for row in parts]
        numbers = [value for value in values if isinstance(value, int | float)]
        if len(numbers) < len(values):
            return None
        total = add(numbers)
        return int(total) if total == math.floor(total) else total

    return made


def joined(done: Certified, step: Join, public: Public) -> Certified:
    """Return the table with the group of each code of some dimensions; empty where it belongs to none."""
    for name in step.to:
        place = done.at(name, done.dimensions)
        groups = public.groups.get(name)
        if groups is None:
            raise BadInputError(
                f"steps: the catalogue has no classification of {name} that could be joined", field="steps"
            )
        column = f"{name}_group"
        if column in done.table.columns:
            raise BadInputError(f"steps: the table has the groups of {name} already", field="steps")
        known = {key_of(code): group for code, group in groups.items()}
        rows = tuple(
            (*row[: done.labels], known.get(key_of(row[place])), *row[done.labels :]) for row in done.table.rows
        )
        columns = (*done.dimensions, column, *done.numbers)
        seen = {key_of(row[place]) for row in done.table.rows}
        taken = {code: group for code, group in groups.items() if key_of(code) in seen}
        used = replace(done.used, groups={**done.used.groups, name: taken})
        done = replace(done, table=Table(columns, rows), labels=done.labels + 1, used=used)
    return done


def beside(done: Certified, step: Figures, public: Public) -> Certified:
    """Return the table with public numbers of its codes beside its own; empty where there is none."""
    for name, figures in step.of.items():
        place = done.at(name, done.dimensions)
        for figure in figures:
            done = _beside(done, (name, place), figure, public.figures.get(name, {}))
    return done


def _beside(
    done: Certified, dimension: tuple[str, int], figure: str, there: Mapping[str, Mapping[Label, float]]
) -> Certified:
    name, place = dimension
    column = f"{name}_{figure}"
    if figure not in there:
        has = f"; it has {', '.join(there)}" if there else ""
        raise BadInputError(f"steps: the catalogue has no such figures of {name}{has}", field="steps")
    if column in done.table.columns:
        raise BadInputError(f"steps: the table has a column called {column} already", field="steps")
    known = {key_of(code): value for code, value in there[figure].items()}
    rows = tuple((*row, known.get(key_of(row[place]))) for row in done.table.rows)
    seen = {key_of(row[place]) for row in done.table.rows}
    taken = {code: value for code, value in there[figure].items() if key_of(code) in seen}
    before = done.used.figures
    used = replace(done.used, figures={**before, name: {**before.get(name, {}), figure: taken}})
    table = Table((*done.table.columns, column), rows)
    return replace(done, table=table, used=used, beside=(*done.beside, column))


def renamed(done: Certified, public: Public) -> Certified:
    """Return the table with the catalogue's names of dimensions, where it has one."""
    names = {name: public.names[name] for name in done.dimensions if name in public.names}
    columns = (*(names.get(name, name) for name in done.dimensions), *done.numbers)
    if len(set(columns)) < len(columns):
        raise BadInputError("steps: the catalogue calls two columns of the table the same", field="steps")
    used = replace(done.used, names=names)
    return replace(done, table=Table(columns, done.table.rows), used=used)
