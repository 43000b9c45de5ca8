"""Draws the picture of an evaluation: from the table that leaves, and from boundaries, which are public."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from saferoom.disclosure.charts.boundaries import MOST_BYTES, Shapes, read_boundaries
from saferoom.disclosure.charts.model import Picture, Sheet
from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.charting import ChartKind
from saferoom.disclosure.queries.plan import Plan
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Table
from saferoom.errors import BadInputError


def picture_of(
    plan: Plan, sources: Sequence[Source], table: Table, dimensions: int, title: str, total: str | None
) -> Picture | None:
    """Return the picture of a table that leaves; None when none is asked for.

    Parameters
    ----------
    dimensions : int
        How many of the table's first columns are labels.
    total : str or None
        The label of totals, which are not drawn.
    """
    chart = plan.query.chart
    if chart is None:
        return None
    from saferoom.disclosure.charts.draw import draw

    shapes = _shapes(plan, sources) if chart.kind is ChartKind.MAP else None
    measures = tuple(language.write(tree).replace('"', "") for tree in plan.measures)
    sheet = replace(Sheet.of(table, dimensions, title, total), measures=measures)
    return draw(sheet, chart, plan.query.statistic, shapes)


def _shapes(plan: Plan, sources: Sequence[Source]) -> Shapes:
    dimension = plan.dimensions[0]
    for source in sources:
        for column, path in source.boundaries.items():
            if dimension.column is not None and dimension.origins == {f"{source.name}.{column}"}:
                try:
                    if path.stat().st_size > MOST_BYTES:
                        raise BadInputError(
                            f"the boundaries of {column} are larger than {MOST_BYTES // 1_000_000} MB; simplify them"
                        )
                    return read_boundaries(path.read_bytes(), column)
                except OSError:
                    raise BadInputError(f"the boundaries of {column} cannot be read") from None
    raise BadInputError(
        "chart.kind: a map needs the boundaries of its areas; the data owner registers them as GeoJSON with the "
        "variable (boundaries), and on the command line they are in <column>.geojson beside the data file"
    )
