"""Histograms, box plots and hexagons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from saferoom.disclosure.charts.model import NOT_SHOWN, Labels, Picture, Sheet, words
from saferoom.disclosure.charts.style import (
    BLANK_EDGE,
    COLOUR_MAP,
    COLOURS,
    HATCHES,
    canvas,
    finished,
    grouped,
    legend,
    logarithmic,
)
from saferoom.errors import BadInputError

MOST_BOXES, MOST_PANELS = 40, 6
QUANTILES = ("q0.05", "q0.25", "q0.5", "q0.75", "q0.95")


def histogram(sheet: Sheet, value: str, *, log: bool) -> Picture:
    """Draw one bar per bin, in the bins' own order; groups stand side by side within a bin."""
    bins = sheet.categories(-1)
    groups = sheet.categories(0) if len(sheet.names) > 1 else [None]
    grouped(len(groups), sheet.names[0])
    numbers = sheet.numbers(value)
    figure, axes = canvas()
    ax = axes[0, 0]
    width, blanks = 0.96 / len(groups), False
    for g, group in enumerate(groups):
        shown = [numbers.get((group, each) if len(sheet.names) > 1 else (each,)) for each in bins]
        places = np.arange(len(bins)) + (g - (len(groups) - 1) / 2) * width
        heights = [0.0 if number is None else number for number in shown]
        name = words(group) if len(sheet.names) > 1 else None
        ax.bar(places, heights, width, color=COLOURS[g], hatch=HATCHES[g], edgecolor="white", linewidth=0.6, label=name)
        for place, number in zip(places.tolist(), shown, strict=True):
            if number is None:
                blanks = True
                ax.text(place, 0, f" {NOT_SHOWN}", rotation=90, ha="center", va="bottom", fontsize=7, color="#555555")
    if log:
        ax.set_yscale("log")
        logarithmic(ax.yaxis)
    ax.set_xticks(range(len(bins)), [words(each) for each in bins], rotation=40, ha="right", fontsize=8)
    ax.set_xlabel(words(sheet.names[-1]))
    ax.set_ylabel(words(value))
    ax.grid(axis="y", color=BLANK_EDGE, alpha=0.25, linewidth=0.6)
    if len(sheet.names) > 1:
        legend(ax, words(sheet.names[0]))
    gaps = f" Some are {NOT_SHOWN}." if blanks else ""
    return finished(
        figure, sheet.title, f"Histogram with {len(bins)} bins; the counts are in the data sheet beside it.{gaps}"
    )


def box(sheet: Sheet, *, log: bool) -> Picture:
    """Draw a box from the lower to the upper quartile, whiskers to the 5 and 95 % quantiles; no outliers."""
    missing = [name for name in QUANTILES if name not in sheet.columns]
    if missing:
        raise BadInputError(f"chart.kind: a box needs the columns {', '.join(QUANTILES)}")
    if len(sheet.labels) > MOST_BOXES:
        raise BadInputError(f"chart.kind: more than {MOST_BOXES} boxes cannot be read; use broader categories")
    figure, axes = canvas()
    ax = axes[0, 0]
    blanks = False
    for place in range(len(sheet.labels)):
        found = [sheet.columns[name][place] for name in QUANTILES]
        low, lower, middle, upper, high = found
        if lower is None or middle is None or upper is None:
            blanks = True
            ax.text(place, 0.02, NOT_SHOWN, transform=ax.get_xaxis_transform(), rotation=90, ha="center", fontsize=7)
        else:
            # A whisker that few lie beyond is left out of the table; the box then ends at its quartile.
            ends = (lower if low is None else low, upper if high is None else high)
            _one_box(ax, place, (ends[0], lower, middle, upper, ends[1]))
    if log:
        if any(number <= 0 for name in QUANTILES for number in sheet.columns[name] if number is not None):
            raise BadInputError("chart.log: a logarithmic axis has no place for zero or less; leave log out")
        ax.set_yscale("log")
        logarithmic(ax.yaxis)
    texts = [", ".join(words(label) for label in labels) for labels in sheet.labels]
    slanted = sum(map(len, texts)) > 70
    ax.set_xticks(range(len(texts)), texts, rotation=40 if slanted else 0, ha="right" if slanted else "center")
    ax.set_xlim(-0.7, len(texts) - 0.3)
    ax.set_xlabel(", ".join(words(name) for name in sheet.names))
    ax.set_ylabel("median, quartiles, 5 and 95 %")
    ax.grid(axis="y", color=BLANK_EDGE, alpha=0.25, linewidth=0.6)
    gaps = f" Some are {NOT_SHOWN}." if blanks else ""
    return finished(
        figure, sheet.title, f"Box plot of {len(texts)} groups; the quantiles are in the data sheet beside it.{gaps}"
    )


def _one_box(ax: Any, place: int, numbers: Sequence[float]) -> None:
    low, lower, middle, upper, high = numbers
    statistics = [{"med": middle, "q1": lower, "q3": upper, "whislo": low, "whishi": high, "fliers": []}]
    ax.bxp(
        statistics,
        positions=[place],
        widths=0.6,
        showfliers=False,
        manage_ticks=False,
        patch_artist=True,
        boxprops={"facecolor": COLOURS[4], "edgecolor": "black"},
        medianprops={"color": "black", "linewidth": 1.6},
    )


def hexbin(sheet: Sheet, *, log: bool) -> Picture:
    """Draw a hexagon around each centre, coloured by its count; the second dimension makes panels."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import LogNorm, Normalize

    groups = sheet.categories(0) if len(sheet.names) > 1 else [None]
    if len(groups) > MOST_PANELS:
        raise BadInputError(f"chart.kind: more than {MOST_PANELS} panels cannot be read; use broader categories")
    centres = list(zip(sheet.columns["x"], sheet.columns["y"], sheet.columns["count"], sheet.labels, strict=True))
    shown = [(x, y, n, labels) for x, y, n, labels in centres if x is not None and y is not None and n is not None]
    counts = [n for _, _, n, _ in shown] or [1.0]
    norm = LogNorm(max(min(counts), 1e-9), max(counts)) if log else Normalize(0, max(counts))
    wide, tall = _spacing([(x, y) for x, y, _, _ in shown])
    across = min(len(groups), 3)
    figure, axes = canvas(across, -(-len(groups) // across))
    horizontal, vertical = sheet.measures if len(sheet.measures) == 2 else ("x", "y")
    for place, ax in enumerate(axes.flat):
        if place >= len(groups):
            ax.set_axis_off()
            continue
        mine = [(x, y, n) for x, y, n, labels in shown if _in_group(labels, groups[place], len(sheet.names))]
        polygons = [_hexagon(x, y, wide, tall) for x, y, _ in mine]
        faces = PolyCollection(polygons, array=np.array([n for _, _, n in mine]), norm=norm, cmap=COLOUR_MAP)
        faces.set_edgecolor("white")
        faces.set_linewidth(0.4)
        ax.add_collection(faces)
        ax.autoscale_view()
        ax.set_xlabel(words(horizontal))
        ax.set_ylabel(words(vertical))
        if len(sheet.names) > 1:
            ax.set_title(words(groups[place]), fontsize=9)
    bar = figure.colorbar(ScalarMappable(norm, COLOUR_MAP), ax=axes, label="count")
    if log:
        logarithmic(bar.ax.yaxis)
    return finished(
        figure,
        sheet.title,
        f"{len(shown)} hexagons coloured by count; hexagons of few are not drawn. The counts are in the data sheet.",
    )


def _in_group(labels: Labels, group: object, dimensions: int) -> bool:
    return dimensions < 2 or labels[0] == group


def _spacing(centres: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the distance of neighbours in a row, and of a row and the next but one.

    Rows are shifted by half a hexagon, so that differences of x are multiples of half the distance.
    """
    xs, ys = (sorted({round(centre[i], 9) for centre in centres}) for i in (0, 1))
    half = min(np.diff(xs), default=1.0)
    rows = min(np.diff(ys), default=1.0)
    in_rows = [b - a for y in ys for a, b in pairwise(sorted(x for x, other in centres if round(other, 9) == y))]
    wide = min(in_rows, default=2 * half)
    # A lone row tells the distance itself; with shifted rows the smallest difference is half of it.
    return float(2 * half if math.isclose(wide, 2 * half, rel_tol=1e-6) else min(wide, 2 * half)), float(2 * rows)


def _hexagon(x: float, y: float, wide: float, tall: float) -> list[tuple[float, float]]:
    side, low, high = wide / 2, tall / 6, tall / 3
    return [
        (x, y + high),
        (x + side, y + low),
        (x + side, y - low),
        (x, y - high),
        (x - side, y - low),
        (x - side, y + low),
    ]
