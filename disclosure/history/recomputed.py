"""What each unit adds, computed again from the queries: of the new one, and of earlier ones on the same data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.disclosure.history.contributors import Contributors
from saferoom.disclosure.history.measures import ADDED_UP, Column
from saferoom.disclosure.history.sets import contributors_of, shares_of
from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.canonical import canonical_document
from saferoom.disclosure.queries.counting import gather
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import Cells, Mask
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.plan import make_plan
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.statbarns.case import Case, Outcome


@dataclass(frozen=True, eq=False)
class Recomputed:
    """Shares from queries.

    Attributes
    ----------
    case, outcome : Case and Outcome
        Of the new query.
    opened : callable
        Returns another engine on the same data, still closed; the new query's own keeps its tables.
    kept : dict or None
        Columns of earlier queries, where several queries are judged on the same data one after the other.
    """

    case: Case
    outcome: Outcome
    visible: Mask
    opened: Callable[[], AbstractContextManager[Engine]]
    kept: dict[str, Sequence[Column] | None] | None = None

    @property
    def query(self) -> Mapping[str, Any]:
        """The new query, canonical."""
        return canonical_document(self.case.plan)

    def new(self) -> Sequence[Column]:
        """Return the columns of the new query; none where its number is no total and no mean."""
        if self.case.plan.query.statistic not in ADDED_UP:
            return ()
        return tuple(_columns(self.case.engine, self.outcome.base, self.outcome.cells, self.visible))

    def earlier(self, query: Mapping[str, Any]) -> Sequence[Column] | None:
        """Return the columns of an earlier query on the same data; None when it cannot be computed on it."""
        if self.kept is None:
            return self._earlier(query)
        name = json.dumps(query, sort_keys=True)
        if name not in self.kept:
            self.kept[name] = self._earlier(query)
        return self.kept[name]

    def _earlier(self, query: Mapping[str, Any]) -> Sequence[Column] | None:
        # Here, because statbarns import what the history returns.
        from saferoom.disclosure.statbarns.common import measures_with_pieces

        try:
            parsed = parse_query({**query, "protect": {"method": "none"}})
            if parsed.statistic not in ADDED_UP:
                return ()
            with self.opened() as engine:
                case = replace(self.case, plan=make_plan(parsed, engine.relations), engine=engine)
                # What makes cells and shares, without the rules.
                base = make_base(case.plan, engine, measures_with_pieces(case)[0])
                cells = gather(base, engine, 1).cells
                return tuple(_columns(engine, base, cells, np.ones(len(cells), dtype=bool)))
        except BadInputError:
            return None

    def people(self, query: Mapping[str, Any]) -> Contributors:
        """Return who is behind the cells of an earlier query with noise; nobody when it cannot be computed any more."""
        # Here, because statbarns import what the history returns.
        from saferoom.disclosure.statbarns.registry import STATBARNS

        try:
            parsed = parse_query({**query, "protect": {"method": "none"}})
            with self.opened() as engine:
                case = replace(self.case, plan=make_plan(parsed, engine.relations), engine=engine)
                outcome = STATBARNS[parsed.statistic].evaluate(case)
                visible = np.ones(len(outcome.cells), dtype=bool)
                return contributors_of(outcome, engine, visible, True, case.plan.relation.within)
        except BadInputError:
            return Contributors.none()


def _columns(engine: Engine, base: Base, cells: Cells, visible: Mask) -> Iterator[Column]:
    for unit, table, places, keys, columns in shares_of(engine, base, cells, visible):
        for values in columns:
            yield Column(unit, table, places, keys, values)
