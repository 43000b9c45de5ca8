"""What an output gives away beside earlier releases, laid out for an output checker: which cells, and beside which.

Only the size of what is left is told, as a band: the page repeats numbers that left or would leave, never what
subtracting them gives. An earlier release is named, and linked, for those who may see it; others are told that there
is one. Author and data owner see the finding's own words alone.

Vocabulary
----------
evidence["combinations"]
    What `saferoom.disclosure.history.judgement` found, in its form: ``[{"how": word, "new": [labels], "earlier":
    [{"release": id of the released output, "title": text or None, "cells": [labels]}], "units": band}]``. Cells of
    another project's release are not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from saferoom.disclosure.evaluation import Evaluation
from saferoom.hub.web.present_protection import named, numbers, told
from saferoom.hub.web.words import several, when
from saferoom.projects.airlock.model import Request

MOST = 50
"""Combinations that a page shows, and cells of each; how many more there are is said."""
Lookup = Callable[[str], "Earlier | None"]


@dataclass(frozen=True)
class Earlier:
    """A released output that the viewer may see."""

    request: Request
    evaluation: Evaluation


@dataclass(frozen=True)
class SideView:
    """One table's part in a combination.

    Attributes
    ----------
    title : str
    about : str
        Project and time of a release; empty for the output at hand.
    request : str
        Whose page to link to; empty where there is none, or it may not be seen.
    cells : pairs of a cell's name and its numbers
    left_out : int
    """

    title: str
    cells: tuple[tuple[str, str], ...]
    left_out: int = 0
    about: str = ""
    request: str = ""


@dataclass(frozen=True)
class CombinationView:
    """What is combined, how, and how few are left."""

    number: int
    how: str
    units: str
    new: SideView
    earlier: tuple[SideView, ...]


@dataclass(frozen=True)
class Combinations:
    """All that an output gives away beside others; `left_out` counts those that are not shown."""

    shown: tuple[CombinationView, ...] = ()
    left_out: int = 0


HOW = {
    "subtract": "Subtracting totals leaves a small group",
    "solve": "Adding and subtracting several totals leaves a small group",
    "bound": "Several numbers together bound a small group's number too closely",
    "measure": "The same people are counted with values that differ for only a few of them",
    "noise": "An exact number beside a noisy one strips the noise",
}
"""How numbers are combined, in words, by the word in the evidence."""


def combinations(evaluation: Evaluation, find: Lookup) -> Combinations:
    """Return the combinations of `evaluation` with earlier releases; `find` returns those that the viewer may see."""
    listed = evaluation.evidence.get("combinations") or ()
    shown = tuple(_combination(number, item, evaluation, find) for number, item in enumerate(listed[:MOST], start=1))
    return Combinations(shown, max(0, len(listed) - MOST))


def wanted(evaluation: Evaluation) -> frozenset[str]:
    """Return the ids of the released outputs that `evaluation` is combined with."""
    listed = evaluation.evidence.get("combinations") or ()
    return frozenset(str(part["release"]) for item in listed[:MOST] for part in item["earlier"])


def _combination(number: int, item: Mapping[str, Any], judged: Evaluation, find: Lookup) -> CombinationView:
    cells, left_out = _listed(item["new"], numbers(judged.outgoing or judged.table, judged))
    return CombinationView(
        number=number,
        how=HOW.get(str(item["how"]), str(item["how"])),
        units=str(item["units"]),
        new=SideView("This output", cells, left_out),
        earlier=tuple(_side(find(str(part["release"])), part["cells"]) for part in item["earlier"]),
    )


def _side(found: Earlier | None, labels: Iterable[Any]) -> SideView:
    if found is None:
        return SideView("A release that you may not see", ())
    cells, left_out = _listed(labels, numbers(found.evaluation.outgoing, found.evaluation))
    released = found.request.release
    at = f", {when(released.at)}" if released else ""
    about = f"project {found.request.project}{at}"
    return SideView(found.evaluation.title, cells, left_out, about, found.request.id)


def _listed(labels: Iterable[Any], known: Mapping[Any, Any]) -> tuple[tuple[tuple[str, str], ...], int]:
    cells = [tuple(cell) for cell in labels]
    return tuple((named(cell), told(known, cell)) for cell in cells[:MOST]), max(0, len(cells) - MOST)


def more(count: int) -> str:
    """Return how many more cells there are."""
    return f"and {several(count, 'more cell')}"
