"""Bars and lines: one or two dimensions against a number."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np

from saferoom.disclosure.charts.model import NOT_SHOWN, Picture, Sheet, words
from saferoom.disclosure.charts.style import (
    BLANK_EDGE,
    COLOURS,
    HATCHES,
    MARKERS,
    canvas,
    finished,
    grouped,
    legend,
    logarithmic,
)
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

MOST_BARS = 60
_LIMITS = ("lower", "upper")


def bar(sheet: Sheet, value: str, *, log: bool) -> Picture:
    """Draw one bar per cell, those of the second dimension side by side."""
    first = sheet.categories(0)
    groups = sheet.categories(1) if len(sheet.names) > 1 else [None]
    if len(first) * len(groups) > MOST_BARS:
        raise BadInputError(f"chart.kind: more than {MOST_BARS} bars cannot be read; use broader categories, or a line")
    grouped(len(groups), sheet.names[-1])
    numbers = sheet.numbers(value)
    figure, axes = canvas()
    ax = axes[0, 0]
    width = 0.8 / len(groups)
    blanks = []
    for g, group in enumerate(groups):
        cells = [(label, group) if len(sheet.names) > 1 else (label,) for label in first]
        places = np.arange(len(first)) + (g - (len(groups) - 1) / 2) * width
        shown = [numbers.get(cell) for cell in cells]
        heights = [0.0 if number is None else number for number in shown]
        name = words(group) if len(sheet.names) > 1 else None
        ax.bar(places, heights, width, color=COLOURS[g], hatch=HATCHES[g], edgecolor="white", linewidth=0.6, label=name)
        blanks += [place for place, number in zip(places.tolist(), shown, strict=True) if number is None]
    for place in blanks:
        ax.annotate(
            NOT_SHOWN, (place, 0), (0, 3), xycoords=("data", "axes fraction"), textcoords="offset points",
            rotation=90, ha="center", va="bottom", fontsize=7, color="#555555",
        )  # fmt: skip
    if log:
        _log(ax, [number for number in numbers.values() if number is not None])
    else:
        ax.axhline(0, color="black", linewidth=0.8)
    texts = [words(label) for label in first]
    slanted = sum(map(len, texts)) > 70
    ax.set_xticks(range(len(first)), texts, rotation=40 if slanted else 0, ha="right" if slanted else "center")
    ax.set_xlabel(words(sheet.names[0]))
    _finish_axes(ax, value, sheet.names[1] if len(sheet.names) > 1 else None)
    return finished(figure, sheet.title, _described("Bar chart", value, sheet, bool(blanks)))


def line(sheet: Sheet, value: str, *, log: bool, steps: bool) -> Picture:
    """Draw one line per group along the dimension of numbers or dates; a blank cell is a gap.

    Parameters
    ----------
    steps : bool
        A survival curve: the number holds until the next one.
    """
    along = _ordered(sheet)
    others = [i for i in range(len(sheet.names)) if i != along]
    groups: list[Label] = sheet.categories(others[0]) if others else [None]
    grouped(len(groups), sheet.names[others[0]] if others else "")
    figure, axes = canvas()
    ax = axes[0, 0]
    for g, group in enumerate(groups):
        rows = [i for i, labels in enumerate(sheet.labels) if not others or labels[others[0]] == group]
        rows = [i for i in rows if sheet.labels[i][along] is not None]
        rows.sort(key=lambda i: _place(sheet.labels[i][along]))
        places = [_place(sheet.labels[i][along]) for i in rows]
        heights = _heights(sheet, value, rows)
        if steps:
            begin = 0.0 if value == "cumulative_hazard" else 1.0
            places, heights = [0.0, *places], np.concatenate([[begin], heights])
        name = words(group) if others else None
        look: dict[str, Any] = {"color": COLOURS[g], "linewidth": 1.6, "label": name}
        look |= {"drawstyle": "steps-post"} if steps else {"marker": MARKERS[g], "markersize": 4}
        ax.plot(places, heights, **look)
        if all(limit in sheet.columns for limit in _LIMITS) and value not in _LIMITS:
            low, high = (_heights(sheet, limit, rows) for limit in _LIMITS)
            if steps:
                low, high = np.concatenate([[begin], low]), np.concatenate([[begin], high])
            ax.fill_between(
                places, low, high, step="post" if steps else None, color=COLOURS[g], alpha=0.15, linewidth=0
            )
    if log:
        _log(ax, [number for number in sheet.columns[value] if number is not None])
    elif steps:
        ax.set_ylim(bottom=0)
    dates = any(isinstance(label, str) for label in sheet.categories(along))
    if dates:
        _date_axis(ax)
    ax.set_xlabel(words(sheet.names[along]))
    _finish_axes(ax, value, sheet.names[others[0]] if others else None)
    blanks = any(number is None for number in sheet.columns[value])
    return finished(figure, sheet.title, _described("Line chart", value, sheet, blanks))


def _heights(sheet: Sheet, column: str, rows: list[int]) -> Any:
    return np.array(
        [np.nan if (number := sheet.columns[column][i]) is None else number for i in rows], dtype=np.float64
    )


def _ordered(sheet: Sheet) -> int:
    """Return the position of the dimension of numbers or dates; of several, the one with most categories."""
    fitting = [i for i in range(len(sheet.names)) if all(_is_place(label) for label in sheet.categories(i))]
    if not fitting:
        raise BadInputError("chart.kind: a line needs a dimension of numbers or dates to run along; use bar")
    return max(fitting, key=lambda i: len(sheet.categories(i)))


def _is_place(label: Label) -> bool:
    if label is None:
        return True
    if isinstance(label, str):
        return _date(label) is not None
    return not isinstance(label, bool)


def _date(text: str) -> date | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _place(label: Label) -> float:
    if isinstance(label, str):
        moment = _date(label)
        return float(moment.toordinal()) if moment is not None else np.nan
    return float(label) if label is not None else np.nan


def _date_axis(ax: Any) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda day, _: date.fromordinal(max(1, int(day))).isoformat()))
    ax.tick_params(axis="x", rotation=30)


def _log(ax: Any, numbers: list[float]) -> None:
    if any(number <= 0 for number in numbers):
        raise BadInputError("chart.log: a logarithmic axis has no place for zero or less; leave log out")
    ax.set_yscale("log")
    logarithmic(ax.yaxis)


def _finish_axes(ax: Any, value: str, groups: str | None) -> None:
    ax.set_ylabel(words(value.replace("_", " ")))
    ax.grid(axis="y", color=BLANK_EDGE, alpha=0.25, linewidth=0.6)
    if groups is not None:
        legend(ax, words(groups))


def _described(kind: str, value: str, sheet: Sheet, blanks: bool) -> str:
    by = f" by {' and '.join(sheet.names)}" if sheet.names else ""
    gaps = f" Some numbers are {NOT_SHOWN}." if blanks else ""
    return f"{kind} of {value}{by}, {len(sheet.labels)} numbers; they are in the data sheet beside it.{gaps}"
