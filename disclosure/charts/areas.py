"""Maps by area and heat maps: colours for numbers, hatching for what is not shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from saferoom.disclosure.charts.boundaries import Ring, Shapes
from saferoom.disclosure.charts.model import NOT_SHOWN, Picture, Sheet, words
from saferoom.disclosure.charts.style import BLANK, BLANK_EDGE, COLOUR_MAP, canvas, finished, logarithmic
from saferoom.errors import BadInputError

MOST_CATEGORIES = 60
_MOST_WRITTEN = 10
_MERCATOR_LIMIT = 85.0


def heatmap(sheet: Sheet, value: str, *, log: bool) -> Picture:
    """Draw the first dimension downwards and the second across; the number stands in its field where there is room."""
    down, across = sheet.categories(0), sheet.categories(1)
    if max(len(down), len(across)) > MOST_CATEGORIES:
        raise BadInputError(f"chart.kind: more than {MOST_CATEGORIES} rows or columns cannot be read; use broader ones")
    numbers = sheet.numbers(value)
    grid = np.array(
        [[np.nan if (n := numbers.get((a, b))) is None else n for b in across] for a in down], dtype=np.float64
    )
    figure, axes = canvas()
    ax = axes[0, 0]
    norm = _norm(grid[~np.isnan(grid)].tolist(), log=log)
    image = ax.imshow(np.ma.masked_invalid(grid), cmap=COLOUR_MAP, norm=norm, aspect="auto")
    for i, j in np.argwhere(np.isnan(grid)).tolist():
        _blank(ax, (j - 0.5, i - 0.5), 1, 1)
    if len(across) <= _MOST_WRITTEN and len(down) <= 2 * _MOST_WRITTEN:
        for i, j in np.argwhere(~np.isnan(grid)).tolist():
            light = norm(grid[i, j]) > 0.55
            ax.text(j, i, _short(grid[i, j]), ha="center", va="center", fontsize=8, color="black" if light else "white")
    ax.set_xticks(range(len(across)), [words(label) for label in across], rotation=40, ha="right")
    ax.set_yticks(range(len(down)), [words(label) for label in down])
    ax.set_xlabel(words(sheet.names[1]))
    ax.set_ylabel(words(sheet.names[0]))
    bar = figure.colorbar(image, ax=ax, label=words(value.replace("_", " ")))
    if log:
        logarithmic(bar.ax.yaxis)
    return _done(
        figure, sheet, f"Heat map of {value} by {sheet.names[0]} and {sheet.names[1]}", bool(np.isnan(grid).any())
    )


def area_map(sheet: Sheet, value: str, shapes: Shapes, *, log: bool) -> Picture:
    """Draw every area of the boundaries; areas without a number are hatched, whatever the reason."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import PathCollection

    numbers = {words_of(labels[0]): number for labels, number in sheet.numbers(value).items() if labels[0] is not None}
    unknown = [label for label in numbers if label not in shapes]
    if unknown:
        raise BadInputError(
            f"chart.kind: the boundaries lack {len(unknown)} of the table's areas; the data owner has to add them, or "
            "the areas must be written as in the boundaries"
        )
    known = [number for number in numbers.values() if number is not None]
    norm = _norm(known, log=log)
    degrees = _in_degrees(shapes)
    figure, axes = canvas()
    ax = axes[0, 0]
    shown: list[tuple[Any, float | None]] = []
    blank: list[tuple[Any, float | None]] = []
    for label, polygons in shapes.items():
        number = numbers.get(label)
        paths = [_path(polygon, degrees) for polygon in polygons]
        (blank if number is None else shown).extend((path, number) for path in paths)
    faces = PathCollection(
        [path for path, _ in shown], array=np.array([n for _, n in shown]), norm=norm, cmap=COLOUR_MAP
    )
    faces.set_edgecolor("white")
    faces.set_linewidth(0.5)
    ax.add_collection(faces)
    gaps = PathCollection(
        [path for path, _ in blank], facecolor=BLANK, edgecolor=BLANK_EDGE, hatch="////", linewidth=0.4
    )
    ax.add_collection(gaps)
    ax.autoscale_view()
    ax.set_aspect("equal")
    ax.set_axis_off()
    bar = figure.colorbar(ScalarMappable(norm, COLOUR_MAP), ax=ax, label=words(value.replace("_", " ")), shrink=0.8)
    if log:
        logarithmic(bar.ax.yaxis)
    return _done(figure, sheet, f"Map of {value} by {sheet.names[0]}, {len(shapes)} areas", bool(blank))


def _short(number: float) -> str:
    """Return a number for a field.

    >>> _short(28456.93), _short(0.16975)
    ('28,457', '0.1698')
    """
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"


def words_of(label: object) -> str:
    """Return a label as boundaries write it.

    >>> words_of(3.0), words_of("E01")
    ('3', 'E01')
    """
    return f"{label:g}" if isinstance(label, float) else str(label)


def _norm(numbers: Sequence[float], *, log: bool) -> Any:
    from matplotlib.colors import LogNorm, Normalize

    low, high = min(numbers, default=0.0), max(numbers, default=1.0)
    if not log:
        return Normalize(low, high if high > low else low + 1)
    if low <= 0:
        raise BadInputError("chart.log: a logarithmic scale has no place for zero or less; leave log out")
    return LogNorm(low, high if high > low else low * 10)


def _blank(ax: Any, corner: tuple[float, float], width: float, height: float) -> None:
    from matplotlib.patches import Rectangle

    ax.add_patch(Rectangle(corner, width, height, facecolor=BLANK, edgecolor=BLANK_EDGE, hatch="////", linewidth=0))


def _done(figure: Any, sheet: Sheet, said: str, blanks: bool) -> Picture:
    from matplotlib.patches import Patch

    if blanks:
        key = Patch(facecolor=BLANK, edgecolor=BLANK_EDGE, hatch="////", label=NOT_SHOWN)
        figure.legend(handles=[key], loc="outside lower right", frameon=False, fontsize=8)
    gaps = f" Hatched fields are {NOT_SHOWN}." if blanks else ""
    return finished(figure, sheet.title, f"{said}; the numbers are in the data sheet beside it.{gaps}")


def _in_degrees(shapes: Shapes) -> bool:
    """Say whether coordinates are longitudes and latitudes, as RFC 7946 has them, and not metres of a national grid."""
    points = (point for polygons in shapes.values() for polygon in polygons for ring in polygon for point in ring)
    return all(abs(x) <= 180 and abs(y) <= _MERCATOR_LIMIT for x, y in points)


def _path(polygon: Sequence[Ring], degrees: bool) -> Any:
    from matplotlib.path import Path

    points: list[tuple[float, float]] = []
    codes: list[int] = []
    for ring in polygon:
        points += [_projected(x, y) if degrees else (x, y) for x, y in ring]
        codes += [int(Path.MOVETO), *[int(Path.LINETO)] * (len(ring) - 2), int(Path.CLOSEPOLY)]
    return Path(points, codes)


def _projected(longitude: float, latitude: float) -> tuple[float, float]:
    """Return Mercator's projection, in degrees of the equator."""
    return longitude, math.degrees(math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2)))
