"""An estimate with and without the correction for linkage: two declared statistics, side by side.

Records that could not be linked are missing from an extract, and some groups more than others. The linkage weight in an
extract is one over the chance of a record like this to be linked, so that linked records also stand for those that
were missed; see `saferoom.projects.linkage.weights`.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saferoom.disclosure.verdict import Label, Table
from saferoom.hub.notebook.asking import evaluate
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.markup import words_html
from saferoom.hub.notebook.results import Result

if TYPE_CHECKING:
    import pandas as pd

WEIGHT = "linkage_weight"
_WORTH_TELLING = 0.01
_COLUMNS = ("without", "with", "difference")


@dataclass(frozen=True)
class Corrected:
    """A declared statistic without and with the linkage weight.

    Attributes
    ----------
    without, with_weight : Result
        Each is released like any other result: ``saferoom.release(corrected.with_weight, ...)``.
    """

    without: Result
    with_weight: Result

    @property
    def sentence(self) -> str:
        """What the correction changes, in a sentence, from the numbers that may leave."""
        rows = [row for row in self._rows() if row[-1] is not None]
        if not rows:
            return "No number can be compared: none of them is in both tables, or may leave."
        name, before, after = self._largest(rows)
        if not before:
            return f"With the linkage weight {name} changes from 0 to {_number(after)}."
        change = (after - before) / abs(before)
        count = "the number compared" if len(rows) == 1 else f"any of {len(rows)} numbers"
        if abs(change) < _WORTH_TELLING:
            return (
                f"The linkage weight changes {count} by less than 1 %: whom linkage missed, as far as the weight "
                "knows, makes little difference here."
            )
        way = "higher" if change > 0 else "lower"
        many = "" if len(rows) == 1 else f"; of {len(rows)} numbers that is the largest change"
        return (
            f"With the linkage weight {name} is {100 * abs(change):.1f} % {way}, {_number(after)} in place of "
            f"{_number(before)}{many}. Report both: the weight corrects only for what it was estimated from."
        )

    def frame(self) -> pd.DataFrame:
        """Return both numbers of every cell, as they may leave, and their difference."""
        import pandas as pd

        labels, values = self._columns()
        head = [*labels, *(["statistic"] if len(values) > 1 else []), *_COLUMNS]
        rows = [[*row[0], *([row[1]] if len(values) > 1 else []), *row[2:]] for row in self._rows()]
        return pd.DataFrame(rows, columns=head)

    def _columns(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        one, other = self.without.table, self.with_weight.table
        dimensions = self.without.dimensions
        return one.columns[:dimensions], tuple(c for c in one.columns[dimensions:] if c in other.columns)

    def _rows(self) -> list[tuple[tuple[Label, ...], str, float | None, float | None, float | None]]:
        """Return labels, column, and the three numbers, of every cell that is in both tables."""
        _, values = self._columns()
        dimensions = self.without.dimensions
        weighted = {row[:dimensions]: row for row in self.with_weight.table.rows}
        found = []
        for row in self.without.table.rows:
            other = weighted.get(row[:dimensions])
            for name in values if other is not None else ():
                before = _value(self.without.table, row, name)
                after = None if other is None else _value(self.with_weight.table, other, name)
                apart = None if before is None or after is None else after - before
                found.append((row[:dimensions], name, before, after, apart))
        return found

    def _largest(self, rows: list[Any]) -> tuple[str, float, float]:
        labels, name, before, after, _ = max(
            rows, key=lambda row: abs(row[4]) / abs(row[2]) if row[2] else (math.inf if row[4] else 0.0)
        )
        place = ", ".join(str(label) for label in labels)
        return (f"{name} ({place})" if place else str(name)), before, after

    def __repr__(self) -> str:
        """Return the sentence and the table as text."""
        return f"{self.sentence}\n\n{self.frame().to_string(index=False)}"

    def _repr_html_(self) -> str:
        frame = self.frame()
        cells = [[_shown(value) for value in row] for row in frame.itertuples(index=False)]
        verdicts = f"without: {self.without.verdict.value}; with: {self.with_weight.verdict.value}"
        return (
            f"<p>{html.escape(self.sentence)}</p>{words_html([str(name) for name in frame.columns], cells)}"
            f"<p>{html.escape(verdicts)}</p>"
        )


def with_correction(query: Mapping[str, Any] | Result, *, weight: str = WEIGHT) -> Corrected:
    """Evaluate a statistic without and with the linkage weight, both over linked records only.

    Parameters
    ----------
    query : mapping or Result
        A query document, or a result whose query is taken.
    weight : str
        The column of weights; where the query has a weight of its own, the product of both weighs.

    Raises
    ------
    RoomError
        It is no query, it is one with differential privacy, or the airlock refuses one of the two.

    Examples
    --------
    ``saferoom.with_correction(saferoom.mean("income", by="region", source="pupils"))``
    """
    document: object = query.query if isinstance(query, Result) else query
    if not isinstance(document, Mapping) or "statistic" not in document:
        raise RoomError("with_correction takes a query document or a result, such as saferoom.mean('income')")
    if not weight.isidentifier():
        raise RoomError("weight: give the name of a column, such as linkage_weight")
    protect = document.get("protect")
    if isinstance(protect, Mapping) and protect.get("method") == "dp":
        raise RoomError("with_correction spends no privacy budget: take a query without differential privacy")
    plain = {key: value for key, value in document.items() if key != "chart"}
    where, own = plain.get("where"), plain.get("weight")
    linked = f"{weight} IS NOT NULL"
    plain["where"] = f"({where}) AND {linked}" if where else linked
    weighed = {**plain, "weight": f"({own}) * {weight}" if own else weight}
    return Corrected(evaluate(plain), evaluate(weighed))


def _value(table: Table, row: tuple[Label, ...], name: str) -> float | None:
    value = row[table.columns.index(name)]
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _number(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else _number(value)
    return "" if value is None else str(value)
