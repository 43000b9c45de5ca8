"""What each unit adds, computed again from the queries: of the new one, and of earlier ones on the same data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.disclosure.history.measures import Column
from saferoom.disclosure.history.sets import shares_of
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import Mask
from saferoom.disclosure.queries.model import Statistic, parse_query
from saferoom.disclosure.queries.plan import make_plan
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.statbarns.case import Case, Outcome

_ADDED_UP = frozenset({Statistic.FREQUENCY, Statistic.SUM, Statistic.MEAN})
"""Whose numbers are totals of what the units add, or are with the number of units."""


@dataclass(frozen=True, eq=False)
class Recomputed:
    """Shares from queries.

    Attributes
    ----------
    case, outcome : Case and Outcome
        Of the new query.
    opened : callable
        Returns another engine on the same data, still closed; the new query's own keeps its tables.
    """

    case: Case
    outcome: Outcome
    visible: Mask
    opened: Callable[[], AbstractContextManager[Engine]]

    def new(self) -> Sequence[Column]:
        """Return the columns of the new query; none where its number is no total and no mean."""
        return tuple(_columns(self.case, self.outcome, self.visible))

    def earlier(self, query: Mapping[str, Any]) -> Sequence[Column] | None:
        """Return the columns of an earlier query on the same data; None when it cannot be computed on it."""
        # Here, because statbarns import what the history returns.
        from saferoom.disclosure.statbarns.registry import STATBARNS

        try:
            parsed = parse_query({**query, "protect": {"method": "none"}})
            with self.opened() as engine:
                case = replace(self.case, plan=make_plan(parsed, engine.relations), engine=engine)
                outcome = STATBARNS[parsed.statistic].evaluate(case)
                return tuple(_columns(case, outcome, np.ones(len(outcome.cells), dtype=bool)))
        except BadInputError:
            return None


def _columns(case: Case, outcome: Outcome, visible: Mask) -> Iterator[Column]:
    if case.plan.query.statistic not in _ADDED_UP:
        return
    for unit, cells, places, keys, columns in shares_of(outcome, case.engine, visible):
        for values in columns:
            yield Column(unit, cells, places, keys, values)
