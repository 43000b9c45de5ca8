"""What is told people of a query with differential privacy: what it costs, whom it protects, how exact it is.

Vocabulary
----------
quote
    What a release would cost and how exact it would be; no row was looked at, and nothing was drawn or spent.
trial
    The query on a synthetic twin, a made-up table in the shape of the dataset; free, and about nobody.
drawn
    The noisy numbers, once the budget was debited. They are drawn once, however often they are asked for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saferoom.disclosure.verdict import Label, Table

_NAMES = {"zcdp": "rho", "pure": "epsilon"}
_IN_WORDS = {"zcdp": "of zero-concentrated differential privacy", "pure": "of pure differential privacy"}
PRIVATE = "differentially private"
NOISE_INFUSED = "noise-infused, not differentially private"
_MARGIN = "_margin_95"
_NOTHING = "nothing to tell"
_QUOTED = "Margins of error at 95 %, because of the noise alone; sampling error comes on top."
_DRAWN = "Numbers with noise: within ± of what the data say in 95 of 100 draws."
_QUOTED_NOTHING = "How exact the numbers will be depends on the data, so that no margin of error is told."
_MISSING = "Where there is no number, nothing can be told, as of a mean of nobody, or of a line through too few people."
_NEGATIVE = "Counts may be negative."
_UNKNOWN = "Without ±: the noise is too large for a margin of error to be told, or the margin depends on the data."
_WITHOUT_MARGINS = "Numbers with noise; no margin of error is told, because it depends on the data."


@dataclass(frozen=True)
class Privacy:
    """What is known of a query with differential privacy.

    Attributes
    ----------
    measure : str
        In which terms the loss counts: ``zcdp`` (rho) or ``pure`` (epsilon).
    loss, delta : float
        What the release costs.
    unit : str
        Whom it protects: the column with the ids of the units of privacy.
    contributions : mapping of str to int
        How many of a unit's ``rows`` count, how many ``per_cell``, and in how many ``cells``.
    cells : int
        How many cells there are; 0 where they are found in the data.
    drawn, synthetic : bool
        Whether noise was drawn, and whether on made-up data.
    label : str
        ``differentially private``, or that it is not.
    columns : tuple of mapping
        Of each number its ``name``, its ``margin_95`` where that is known beforehand, and its noise's ``scale``.
    refusal : str or None
        Why the budget would not be enough at this moment, empty when it would; None where there is no budget.
    """

    measure: str
    loss: float
    delta: float
    unit: str
    contributions: Mapping[str, int]
    cells: int
    drawn: bool
    label: str
    columns: tuple[Mapping[str, Any], ...]
    refusal: str | None = None
    synthetic: bool = False
    between: tuple[float, float] | None = None
    """What values are clamped to before they are added up; None where nothing is added up."""
    steps: tuple[str, ...] = ()
    """What was done to drawn numbers afterwards, which costs nothing; empty where they are as they were drawn."""

    @property
    def processed(self) -> bool:
        """Whether the numbers were made from drawn ones afterwards."""
        return bool(self.steps)

    @property
    def sentence(self) -> str:
        """What happened, in a few words."""
        if self.synthetic:
            return "Trial on made-up data: nothing was spent, and no number is about anybody"
        if self.asks and self.refusal:
            return "Quote: the privacy budget is not enough at this moment; nothing was drawn or spent"
        if self.processed:
            return "Processed from released numbers with noise: nothing was spent again"
        return "Drawn with noise, once" if self.drawn else "Quote: nothing was drawn, and nothing was spent"

    @property
    def asks(self) -> bool:
        """Whether a release can be asked for with it: drawn numbers have left or wait, trials never leave."""
        return not (self.drawn or self.synthetic)

    @property
    def cost(self) -> str:
        """What it costs, in words."""
        amount = f"{_NAMES[self.measure]} {self.loss:g}"
        if self.label != PRIVATE:
            return f"{amount}, charged as if it were differentially private"
        chance = f", and a delta of {self.delta:g}" if self.delta else ""
        return f"{amount} {_IN_WORDS[self.measure]}{chance}"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What a reader should know beside the numbers: names and what they say."""
        known = f"{self.cells:,}, known without the data" if self.cells else "found in the data, by noisy counts"
        found = [("cost" if self.drawn and not self.synthetic else "would cost", self.cost)]
        if self.processed:
            found = [("processed", "; ".join(self.steps)), ("cost", f"nothing more; what was drawn did {self.cost}")]
        found += [("protects" if self.label == PRIVATE else "unit", self._protects), ("cells", known)]
        if self.between is not None:
            low, high = self.between
            clamped = f"below {low:,g} count as {low:,g}, above {high:,g} as {high:,g}"
            found.append(("values", f"{clamped}; rows without a number are left out"))
        if self.label != PRIVATE:
            found.append(("note", f"{self.label}; a person always looks before it leaves"))
        if self.asks and self.refusal is not None:
            found.append(("budget", self.refusal or "enough at this moment"))
        return tuple(found)

    @property
    def _protects(self) -> str:
        rows, each, cells = (int(self.contributions[key]) for key in ("rows", "per_cell", "cells"))
        if rows == 1:
            return f"every {self.unit}, of which one row counts"
        return f"every {self.unit}, of which {rows:,} rows count at most: {each:,} in a cell, and in {cells:,} cells"

    def legend(self, table: Table) -> str:
        """Return what the numbers of ``shown(table)`` are."""
        if not self.drawn:
            told = any(one.get("margin_95") is not None or one.get("margin_95_at") for one in self.columns)
            return _QUOTED if told else _QUOTED_NOTHING
        margins = [place for place, name in enumerate(table.columns) if name.endswith(_MARGIN)]
        if not margins:
            missing = any(value is None for row in table.rows for value in row)
            return f"{_WITHOUT_MARGINS} {_MISSING}" if missing else _WITHOUT_MARGINS
        said = [_DRAWN, _NEGATIVE] if "count" in table.columns else [_DRAWN]
        unknown = any(row[place] is None and row[place - 1] is not None for row in table.rows for place in margins)
        return " ".join([*said, _UNKNOWN] if unknown else said)

    def shown(self, table: Table) -> Table:
        """Return a table for reading: the quote's margins in words, or drawn numbers with their margins beside them."""
        if self.drawn:
            return _with_margins(table)
        rows = tuple((str(one["name"]), _expected(one), _scale(one)) for one in self.columns)
        return Table(("number", "margin of error", "scale of the noise"), rows)


def read_privacy(said: Mapping[str, Any] | None, refusal: str | None = None) -> Privacy | None:
    """Return what an evaluation says of differential privacy (`Evaluation.privacy`); None of other queries.

    Raises
    ------
    KeyError, TypeError, ValueError
        It says something else.
    """
    if said is None:
        return None
    return Privacy(
        measure=_known(said["measure"]),
        loss=float(said["loss"]),
        delta=float(said["delta"]),
        unit=str(said["unit"]),
        contributions={key: int(said["contributions"][key]) for key in ("rows", "per_cell", "cells")},
        cells=int(said["cells"]),
        drawn=bool(said.get("drawn")),
        label=str(said["label"]),
        columns=tuple(dict(column) for column in said["columns"]),
        refusal=refusal,
        synthetic=bool(said.get("synthetic")),
        between=_between(said),
        steps=tuple(_step(one) for one in (said.get("processing") or {}).get("steps", ())),
    )


def _between(said: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the bounds of the first sum that the plan draws."""
    for one in (said.get("plan") or {}).get("aggregates", ()):
        if one["kind"] == "sum" and one["bounds"] is not None:
            return float(one["bounds"][0]), float(one["bounds"][1])
    return None


def _step(declared: Mapping[str, Any]) -> str:
    """Return a step of post-processing as it was declared, in one line."""
    ((verb, given),) = declared.items()
    return f"{verb} {json.dumps(given, ensure_ascii=False, sort_keys=True)}"


def as_trial(said: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what an evaluation says of differential privacy, and that its numbers are about nobody."""
    return {**(said or {}), "synthetic": True}


def _known(measure: object) -> str:
    if measure not in _NAMES:
        raise ValueError("an unknown measure of privacy loss")
    return str(measure)


def _expected(column: Mapping[str, Any]) -> str:
    if column.get("margin_95") is not None:
        return f"± {column['margin_95']:,.4g}"
    at = column.get("margin_95_at") or {}
    if at:
        return ", ".join(f"± {margin:,.3g} with {int(rows):,} rows" for rows, margin in at.items())
    return "depends on the data"


def _scale(column: Mapping[str, Any]) -> str:
    return "" if column.get("scale") is None else f"{column['scale']:,.4g}"


def _with_margins(table: Table) -> Table:
    """Return `table` with each number and its margin in one column."""
    place = {name: position for position, name in enumerate(table.columns)}
    kept = [name for name in table.columns if not name.endswith(_MARGIN)]
    pairs = [(place[name], place.get(name + _MARGIN)) for name in kept]
    return Table(tuple(kept), tuple(tuple(_paired(row, *pair) for pair in pairs) for row in table.rows))


def _paired(row: tuple[Label, ...], position: int, margin: int | None) -> Label:
    value, around = row[position], None if margin is None else row[margin]
    if value is None and margin is not None:
        # As a mean where the noisy count is below 1.
        return _NOTHING
    if not isinstance(value, int | float) or not isinstance(around, int | float):
        return value
    # As many digits as the margin has to three significant ones: more would look exact.
    digits = max(0, 2 - math.floor(math.log10(abs(around)))) if around else 3
    whole = 0 if isinstance(value, int) else digits
    return f"{value:,.{whole}f} ± {around:,.{0 if float(around).is_integer() else digits}f}"
