"""The one entry: a sheet and what is asked for in, a picture out."""

from __future__ import annotations

from saferoom.disclosure.charts import areas, distributions, series
from saferoom.disclosure.charts.boundaries import Shapes
from saferoom.disclosure.charts.model import Picture, Sheet
from saferoom.disclosure.charts.style import styled
from saferoom.disclosure.queries.charting import ChartKind
from saferoom.disclosure.queries.forms import Statistic
from saferoom.disclosure.queries.model import Chart
from saferoom.errors import BadInputError

_FIRST = ("row_share", "survival", "cumulative_hazard", "count")
"""Which column is drawn, of those a table has, when none is named."""


def draw(sheet: Sheet, chart: Chart, statistic: Statistic, shapes: Shapes | None = None) -> Picture:
    """Return the picture of what leaves.

    Parameters
    ----------
    shapes : mapping, optional
        The boundaries of areas, for a map.

    Raises
    ------
    BadInputError
        When the table cannot be drawn like that, saying what to do.
    """
    if not sheet.labels:
        raise BadInputError("chart: the table has no rows to draw")
    first = _FIRST if statistic is not Statistic.MOBILITY else tuple(n for n in sheet.columns if n.startswith("exp"))
    value = sheet.value(chart.value, first)
    with styled():
        match chart.kind:
            case ChartKind.BAR:
                return series.bar(sheet, value, log=chart.log)
            case ChartKind.LINE:
                return series.line(sheet, value, log=chart.log, steps=statistic is Statistic.SURVIVAL)
            case ChartKind.HISTOGRAM:
                return distributions.histogram(sheet, value, log=chart.log)
            case ChartKind.BOX:
                return distributions.box(sheet, log=chart.log)
            case ChartKind.HEXBIN:
                return distributions.hexbin(sheet, log=chart.log)
            case ChartKind.HEATMAP:
                return areas.heatmap(sheet, value, log=chart.log)
            case ChartKind.MAP:
                return areas.area_map(sheet, value, shapes or {}, log=chart.log)
