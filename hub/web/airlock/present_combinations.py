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

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.verdict import Label
from saferoom.hub.web.airlock.present_protection import Known, named, numbers, told
from saferoom.hub.web.texts.common import several, when
from saferoom.projects.airlock.model import Request

MOST_ROWS = 200
"""Combinations that a page shows; how many more there are is said."""
MOST_CELLS = 12
"""Cells of each table in one combination that a page shows."""
HOW = {
    "subtract": "Subtracting totals leaves a small group",
    "work_out": "How many are behind a mean can be worked out from its digits, and the difference leaves a small group",
    "solve": "Adding and subtracting several totals leaves a small group",
    "bound": "Several numbers together bound a small group's number too closely",
    "measure": "The same people are counted with values that differ for only a few of them",
    "noise": "An exact number beside a noisy one strips the noise",
    "again": "The same people are shown with noise of another design, or rounded in another table",
    "average": "Many pairs of numbers with noise differ by the same people",
    "compose": "Numbers of several measures are made up of each other, but for what few people add",
    "dominate": "Adding and subtracting totals leaves a group of which one or two people have most",
}
"""How numbers are combined, in words, by the word in the evidence."""
Lookup = Callable[[str], "Earlier | None"]


@dataclass(frozen=True)
class Earlier:
    """A released output that the viewer may see."""

    request: Request
    evaluation: Evaluation


@dataclass(frozen=True)
class ReleaseView:
    """A release as the head of a column.

    Attributes
    ----------
    about : str
        Project and time; empty where it may not be seen.
    request : str
        Whose page to link to; empty where it may not be seen.
    """

    title: str
    about: str = ""
    request: str = ""


@dataclass(frozen=True)
class RowView:
    """One combination: cells with their numbers, of this output and of each release, and how few units are left."""

    new: tuple[str, ...]
    earlier: tuple[tuple[str, ...], ...]
    units: str


@dataclass(frozen=True)
class CombinationView:
    """Combinations of one kind with the same releases, as one table."""

    number: int
    how: str
    releases: tuple[ReleaseView, ...]
    rows: tuple[RowView, ...]


@dataclass(frozen=True)
class Combinations:
    """All that an output gives away beside others; `left_out` counts those that are not shown."""

    shown: tuple[CombinationView, ...] = ()
    left_out: int = 0


def wanted(evaluation: Evaluation) -> frozenset[str]:
    """Return the ids of the released outputs that `evaluation` is combined with."""
    return frozenset(id_ for item in _listed(evaluation)[:MOST_ROWS] for id_ in _ids(item))


def combinations(evaluation: Evaluation, find: Lookup) -> Combinations:
    """Return the combinations of `evaluation` with earlier releases; `find` returns those that the viewer may see."""
    listed = _listed(evaluation)
    groups: dict[tuple[str, tuple[str, ...]], list[Mapping[str, Any]]] = {}
    for item in listed[:MOST_ROWS]:
        groups.setdefault((str(item["how"]), _ids(item)), []).append(item)
    new = numbers(evaluation.outgoing or evaluation.table, evaluation)
    shown = []
    for number, ((how, ids), items) in enumerate(groups.items(), start=1):
        releases = [find(id_) for id_ in ids]
        rows = tuple(_row(item, new, releases) for item in items)
        shown.append(CombinationView(number, HOW.get(how, how), tuple(map(_release, releases)), rows))
    more = int(evaluation.evidence.get("more_combinations") or 0)
    return Combinations(tuple(shown), max(0, len(listed) - MOST_ROWS) + more)


def _listed(evaluation: Evaluation) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = evaluation.evidence.get("combinations") or ()
    return found


def _ids(item: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(part["release"]) for part in item["earlier"])


def _release(found: Earlier | None) -> ReleaseView:
    if found is None:
        return ReleaseView("A release that you may not see")
    released = found.request.release
    at = f", {when(released.at)}" if released else ""
    return ReleaseView(found.evaluation.title, f"project {found.request.project}{at}", found.request.id)


def _row(item: Mapping[str, Any], new: Known, releases: Sequence[Earlier | None]) -> RowView:
    earlier = []
    for part, found in zip(item["earlier"], releases, strict=True):
        known = {} if found is None else numbers(found.evaluation.outgoing, found.evaluation)
        # Of another project's release the evidence holds no cells.
        earlier.append(_cells(part["cells"], known) if found is not None else ())
    return RowView(_cells(item["new"], new), tuple(earlier), str(item["units"]))


def _cells(labels: Iterable[Sequence[Label]], known: Known) -> tuple[str, ...]:
    cells = [tuple(cell) for cell in labels]
    more = len(cells) - MOST_CELLS
    said = [f"{named(cell)}: {told(known, cell)}" for cell in cells[:MOST_CELLS]]
    return (*said, f"and {several(more, 'more cell')}") if more > 0 else tuple(said)
