"""Which chart fits which statistic, so that a chart that does not is refused before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from saferoom.disclosure.queries.forms import Statistic


class ChartKind(StrEnum):
    """The charts that can be drawn."""

    BAR = "bar"
    LINE = "line"
    HISTOGRAM = "histogram"
    BOX = "box"
    HEXBIN = "hexbin"
    MAP = "map"
    HEATMAP = "heatmap"


@dataclass(frozen=True)
class Fit:
    """What a chart is drawn from.

    Attributes
    ----------
    words : str
        What it needs, for messages.
    dimensions : pair of int
        Fewest and most dimensions of the query.
    """

    words: str
    statistics: frozenset[Statistic]
    dimensions: tuple[int, int]


_NO_TABLES = frozenset(
    {Statistic.REGRESSION, Statistic.CORRELATION, Statistic.COVARIANCE, Statistic.TEST, Statistic.HEXBIN, Statistic.BOX}
)
_NUMBERS = frozenset(Statistic) - _NO_TABLES
_PLAIN = _NUMBERS - {Statistic.HISTOGRAM, Statistic.SURVIVAL}

FITS: Mapping[ChartKind, Fit] = {
    ChartKind.BAR: Fit("a table with one or two dimensions", _PLAIN, (1, 2)),
    ChartKind.LINE: Fit(
        "a survival curve, or a table whose first or second dimension is numbers or dates",
        _NUMBERS - {Statistic.HISTOGRAM},
        (0, 2),
    ),
    ChartKind.HISTOGRAM: Fit(
        "the statistic histogram, with at most one dimension", frozenset({Statistic.HISTOGRAM}), (0, 1)
    ),
    ChartKind.BOX: Fit("the statistic box, with at most two dimensions", frozenset({Statistic.BOX}), (0, 2)),
    ChartKind.HEXBIN: Fit("the statistic hexbin, with at most one dimension", frozenset({Statistic.HEXBIN}), (0, 1)),
    ChartKind.MAP: Fit("a table with one dimension, the areas", _PLAIN, (1, 1)),
    ChartKind.HEATMAP: Fit("a table with two dimensions", _PLAIN, (2, 2)),
}


def chart_complaint(kind: ChartKind, statistic: Statistic, dimensions: int) -> str | None:
    """Return why a chart does not fit a query with so many dimensions, or None."""
    fit = FITS[kind]
    least, most = fit.dimensions
    if statistic is Statistic.SURVIVAL and kind is ChartKind.LINE:
        most = 1
    elif kind is ChartKind.LINE:
        least = 1
    if statistic in fit.statistics and least <= dimensions <= most:
        return None
    other = [one.value for one, its in FITS.items() if statistic in its.statistics]
    better = f"; for {statistic} there is {', '.join(other)}" if other else f"; no chart is drawn of {statistic}"
    return f"chart.kind: {kind} needs {fit.words}{better}"
