"""Plots of utility: distributions before and after, intervals, correlations, and what tells the tables apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.hub.records.drawing import AFTER, BEFORE, INK, SOFT, drawn, quiet

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.utility.by_column import ColumnUtility
    from saferoom.disclosure.microdata.utility.correlations import Relations
    from saferoom.disclosure.microdata.utility.overlap import Overlap

_ACROSS = 3
_BINS = 40
_ENDS = (0.01, 0.99)
_MOST_BARS = 10
_LETTERS = 18


def densities(columns: Sequence[ColumnUtility]) -> str:
    """Return the distributions of columns of numbers, between the 1st and 99th of a hundred parts of those before."""

    def draw(panels: list[Any]) -> None:
        for panel, one in zip(panels, columns, strict=False):
            before, after = one.variable.numbers_before, one.variable.numbers_after
            if before is None or after is None:
                continue
            low, high = np.nanquantile(before, _ENDS)
            edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
            for values, colour, line in ((before, BEFORE, "-"), (after, AFTER, "--")):
                told = values[~np.isnan(values)]
                heights = np.histogram(told, edges)[0] / max(len(told), 1) / np.diff(edges)
                panel.stairs(heights, edges, color=colour, linestyle=line, linewidth=1.4)
            panel.set_yticks([])
            panel.xaxis.set_major_formatter(_short_number)
            quiet(panel, _short(one.variable.name, 30))

    names = ", ".join(one.variable.name for one in columns)
    return drawn(_shape(len(columns)), draw, "Distributions of numbers before and after", f"Densities of {names}.")


def frequencies(columns: Sequence[ColumnUtility]) -> str:
    """Return the shares of the most frequent categories of columns."""

    def draw(panels: list[Any]) -> None:
        for panel, one in zip(panels, columns, strict=False):
            _bars(panel, one)

    names = ", ".join(one.variable.name for one in columns)
    description = f"Shares of the most frequent categories of {names}."
    return drawn(_shape(len(columns)), draw, "Categories before and after", description, row=2.6)


def _bars(panel: Any, one: ColumnUtility) -> None:
    size = len(one.variable.labels)
    counts = [np.bincount(codes[codes >= 0], minlength=size) for codes in (one.variable.before, one.variable.after)]
    order = np.argsort(-np.maximum(counts[0] / max(counts[0].sum(), 1), counts[1] / max(counts[1].sum(), 1)))
    order = order[(counts[0] + counts[1])[order] > 0]
    occur, order = len(order), order[:_MOST_BARS][::-1]
    place = np.arange(len(order))
    for counted, shift, colour in ((counts[0], 0.2, BEFORE), (counts[1], -0.2, AFTER)):
        panel.barh(place + shift, 100 * counted[order] / max(counted.sum(), 1), 0.4, color=colour)
    panel.set_yticks(place, [_short(one.variable.labels[code]) for code in order])
    more = f" ({len(order)} of {occur})" if occur > len(order) else ""
    quiet(panel, _short(one.variable.name, 24) + f", %{more}")
    panel.grid(visible=False, axis="y")


def intervals(title: str, names: Sequence[str], found: Overlap) -> str:
    """Return estimates with their 95 % intervals, in standard errors before from the estimate before."""
    from saferoom.disclosure.microdata.utility.overlap import REACH

    def draw(panels: list[Any]) -> None:
        panel = panels[0]
        unit = np.where(found.error_before > 0, found.error_before, 1.0)
        away = np.clip((found.after - found.before) / unit, -_FARTHEST, _FARTHEST)
        place = np.arange(len(names))[::-1]
        ratio = np.minimum(found.error_after / unit, _FARTHEST / REACH)
        panel.axvline(0, color=SOFT, linewidth=1)
        panel.errorbar(
            0 * place, place + 0.15, xerr=REACH * (found.error_before > 0), fmt="o", color=BEFORE, markersize=4
        )
        panel.errorbar(away, place - 0.15, xerr=REACH * ratio, fmt="s", color=AFTER, markersize=4)
        panel.set_yticks(place, [_short(name, 34) for name in names])
        panel.set_xlabel("standard errors before")
        quiet(panel, "")

    description = f"Intervals before and after of {len(names)} estimates; the table beside tells their overlap."
    return drawn((1, 1), draw, title, description, row=0.9 + 0.3 * len(names))


_FARTHEST = 12.0


def correlations(found: Relations) -> str:
    """Return how correlations changed, as a table of colours with their numbers."""

    def draw(panels: list[Any]) -> None:
        panel = panels[0]
        away = found.after - found.before
        size = len(found.names)
        for i in range(size):
            for j in range(i):
                if np.isfinite(away[i, j]):
                    change = round(float(away[i, j]), 2)
                    panel.add_patch(_frame(j, i))
                    if change:
                        shade = 0.12 + 0.68 * min(1.0, abs(change) / 0.5)
                        panel.add_patch(_square(j, i, shade, AFTER if change < 0 else BEFORE))
                    panel.text(j, i, f"{change:+.2f}" if change else "0", ha="center", va="center", fontsize=7)
        panel.plot([], [])
        panel.set_xlim(-0.5, size - 1.5)
        panel.set_ylim(size - 0.5, 0.5)
        panel.set_xticks(range(size - 1), [_short(name, 14) for name in found.names[:-1]], rotation=30, ha="right")
        panel.set_yticks(range(1, size), [_short(name) for name in found.names[1:]])
        panel.tick_params(length=0)
        for side in panel.spines.values():
            side.set_visible(False)

    description = "Correlation after minus before, of every two columns of numbers; 0 where nothing changed."
    height = 1.2 + 0.32 * len(found.names)
    return drawn((1, 1), draw, "How correlations changed", description, row=height)


def _square(x: int, y: int, shade: float, colour: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, alpha=0.75 * shade, edgecolor="none")


def _frame(x: int, y: int) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, edgecolor=SOFT, linewidth=0.5)


def telling_apart(ratios: Sequence[tuple[str, float]]) -> str:
    """Return by which columns a model tells the tables apart, as ratios of pMSE to chance."""

    def draw(panels: list[Any]) -> None:
        panel, place = panels[0], np.arange(len(ratios))[::-1]
        panel.barh(place, [ratio for _name, ratio in ratios], 0.6, color=AFTER)
        panel.axvline(1.0, color=INK, linewidth=1, linestyle=":")
        panel.set_yticks(place, [_short(name, 34) for name, _ratio in ratios])
        panel.set_xlabel("pMSE ratio (dotted line: what chance gives)")
        quiet(panel, "")
        panel.grid(visible=False, axis="y")

    description = f"Ratio of pMSE to chance for {len(ratios)} columns, the largest first."
    return drawn((1, 1), draw, "Columns that tell the tables apart", description, row=0.9 + 0.24 * len(ratios))


def _short_number(value: float, _place: int) -> str:
    """Return a number of an axis, in thousands or millions where it is large."""
    for size, sign in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(value) >= 10 * size or (size > 1e3 and abs(value) >= size):
            return f"{value / size:g}{sign}"
    return f"{value:g}"


def _shape(count: int) -> tuple[int, int]:
    across = min(_ACROSS, max(count, 1))
    return -(-max(count, 1) // across), across


def _short(text: str, most: int = _LETTERS) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[: most - 1] + "…"
