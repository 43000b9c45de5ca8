"""What a matrix leaves for differencing: the units of every pair of columns, and both sides of two-valued columns."""

# ruff: noqa: S608 - SQL is put together here, from generated names only
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from saferoom.disclosure.history.contributors import Part, Told
from saferoom.disclosure.queries.base import Base
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import Cells, Mask
from saferoom.disclosure.queries.plan import Plan
from saferoom.disclosure.queries.relations import COUNT
from saferoom.disclosure.statbarns.common import subjects_of
from saferoom.disclosure.statbarns.models.groups import two_values
from saferoom.disclosure.statbarns.models.rows import TABLE, Rows

PartsOf = Callable[[Engine, Mask], tuple[Part, ...]]


def matrix_parts(plan: Plan, complete: Base, rows: Rows, strata: Cells) -> PartsOf:
    """Return a function that reads the units behind the matrix; blanked pairs are kept as if they were shown.

    Parameters
    ----------
    complete : Base
        The rows, as one cell, with the dimensions' columns still there.
    """

    def parts(engine: Engine, _: Mask) -> tuple[Part, ...]:
        # Here, because the history imports what a statbarn returns.
        from saferoom.disclosure.history.sets import unit_sets

        base = replace(complete, text_dimensions=(False,) * len(plan.dimensions))
        ranks = list(range(len(strata)))
        found = []
        for condition, subjects, told in _conditions(plan, base, rows):
            units = tuple(unit_sets(base, engine, j, condition, ranks) for j in range(len(base.units)))
            found.append(Part(subjects, strata.labels, units))
            if told:
                found.append(Part(frozenset({COUNT}), strata.labels, units, told=Told.ALL))
        return tuple(found)

    return parts


def _conditions(plan: Plan, base: Base, rows: Rows) -> Iterator[tuple[str, frozenset[str], bool]]:
    """Yield conditions, what their numbers are made from, and whether how many fulfil them can be worked out."""
    width = len(plan.measures)
    there = ~np.isnan(rows.numbers[:, :width])
    sets: dict[bytes, tuple[str, frozenset[str]]] = {}
    for i in range(width):
        for j in range(i, width):
            key = np.packbits(there[:, i] & there[:, j]).tobytes()
            known = sets.get(key, ("", frozenset()))[1]
            subjects = known | plan.origins(plan.measures[i]) | plan.origins(plan.measures[j])
            sets[key] = (f"m{i} IS NOT NULL AND m{j} IS NOT NULL", subjects)
    yield from ((*found, True) for found in sets.values())
    everything = subjects_of(plan)
    for i in range(width):
        if two_values(rows.numbers[there[:, i], i]):
            # The counts of the two sides can be solved for, and so can totals of other columns in them.
            for side in ("min", "max"):
                yield f"m{i} = (SELECT {side}(m{i}) FROM {TABLE})", everything | {COUNT}, False
    for i in range(base.conditions):
        for truth in ("TRUE", "NOT TRUE"):
            yield f"(k{i}) IS {truth}", everything, False
