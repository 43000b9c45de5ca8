"""Attacks on survival curves, transition matrices and mobility: see `attacks`."""

from __future__ import annotations

from typing import Any

from tests.benchmark.model import Known, Released


def _steps(released: Released, group: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    names = released.tables[0].table.columns
    time, events = names.index("time"), names.index("events")
    rows = [row for row in released.tables[0].cells() if row[: len(group)] == group]
    return [(row[time], row[events]) for row in rows if row[events]]


def finds_the_only_step(released: Released, known: Known) -> Any:
    """Somebody is known to have had the event, and a group's curve has one step: that is when."""
    steps = _steps(released, tuple(known["group"]))
    return steps[0][0] if len(steps) == 1 else None


def finds_the_last_step(released: Released, known: Known) -> Any:
    """Somebody is known to have held out longest: the last step is theirs."""
    steps = _steps(released, tuple(known["group"]))
    return steps[-1][0] if steps else None


def counts_behind_life_table(released: Released, known: Known) -> Any:
    """Read how many of a small group had the event in one interval."""
    return released.value(known["cell"], "events")


def _column(released: Released, name: str) -> int:
    return released.tables[0].table.columns.index(name)


def counts_the_others_away_in_a_column(released: Released, known: Known) -> Any:
    """Take the others, whose categories are known, off a named column of counts."""
    place, width, left = _column(released, known["column"]), len(known["group"]), {}
    for row in released.tables[0].cells():
        if row[:width] == tuple(known["group"]) and row[place] is not None:
            left[row[width]] = row[place] - sum(other == row[width] for other in known["others"])
    remaining = [category for category, count in left.items() if count > 0]
    return remaining[0] if len(remaining) == 1 else None


def finds_the_only_category_in_a_column(released: Released, known: Known) -> Any:
    """See that a whole group is in one category."""
    place, width = _column(released, known["column"]), len(known["group"])
    rows = [row for row in released.tables[0].cells() if row[:width] == tuple(known["group"])]
    held = {row[width] for row in rows if row[place]}
    return held.pop() if len(held) == 1 else None


def share_times_size(released: Released, known: Known) -> Any:
    """Multiply a share with the known size of its group."""
    return round(released.value(known["cell"], known["column"]) * known["n"])


def solves_a_blank_in_a_column(released: Released, known: Known) -> Any:
    """Take the visible counts of a row off the row's total in another table."""
    place, row = _column(released, known["column"]), tuple(known["row"])
    visible = [
        found[place] for found in released.tables[0].cells() if found[: len(row)] == row and found[place] is not None
    ]
    return released.value(known["total"], None, known["table"]) - sum(visible)


def other_of_two_from_a_slope(released: Released, known: Known) -> Any:
    """Two families: the slope is the line through both, one's own rank is known, and so are the parents'."""
    first, second = known["parents"]
    return known["own"] + released.value(known["cell"], known["column"]) * (second - first)


def last_of_a_slope(released: Released, known: Known) -> Any:
    """Solve the equation of the slope for the last child's rank, all others and all parents being known."""
    slope, parents, others = released.value(known["cell"], "slope"), known["parents"], known["others"]
    middle = sum(parents) / len(parents)
    spread = sum((p - middle) ** 2 for p in parents)
    rest = sum((p - middle) * child for p, child in zip(parents, others, strict=False))
    return (slope * spread - rest) / (parents[-1] - middle)
