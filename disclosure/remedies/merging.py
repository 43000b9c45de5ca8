"""Ways to merge the categories of one dimension, gentle ones first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.queries.classification import Classification, key_of
from saferoom.disclosure.queries.model import MOST_TEXT
from saferoom.disclosure.remedies.grid import Grid, Groups, groups_of
from saferoom.disclosure.verdict import Label

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_STEPS = (1, 2, 5)
_MOST_ADDED = 12
MOST_OF_A_KIND = 2


@dataclass(frozen=True)
class Merge:
    """New categories for a dimension.

    Attributes
    ----------
    expression : str
        SQL that makes them from the dimension's name.
    groups : ndarray of int
        Per category of the grid, the new category it goes to.
    words : str
        What is merged, without any category; a place for the dimension's name is left as {name}.
    names_categories : bool
        The expression repeats categories of the data.
    """

    expression: str
    groups: Groups
    words: str
    names_categories: bool


def merges(grid: Grid, name: str, is_text: bool, codelist: Sequence[Label]) -> Iterator[Merge]:
    """Yield merges that promise to hold; at most a few of every kind."""
    present = [label for label in grid.categories if label is not None]
    if len(present) < 2 or all(isinstance(label, bool) for label in present):
        return
    written = name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'
    if codelist:
        yield from _neighbours(grid, written, codelist)
        yield from _smallest(grid, written, codelist, is_text)
    elif is_text:
        yield from _smallest(grid, written, (), is_text)
    elif all(isinstance(label, int | float) for label in present):
        yield from _tails(grid, written)
        yield from _bands(grid, written)
    elif all(isinstance(label, str) and _DATE.match(label) for label in present):
        yield from _periods(grid, written)


def parents(grid: Grid, name: str, classification: Classification) -> Iterator[Merge]:
    """Yield merges up the data owner's hierarchy: only where it is needed, then every code into its parent.

    The first raises the parents of categories at risk, again and again until it promises to hold.
    """
    written = name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'
    above = {child: parent for parent in reversed(classification.parents) for child in classification.children[parent]}
    goes = [*grid.categories]
    for _ in range(len(classification.parents)):
        risky = grid.at_risk(_raised_groups(goes)).tolist()
        raised = {above[to] for to, bad in zip(goes, risky, strict=True) if bad and to in above}
        if not raised:
            break
        held = {
            code: parent
            for parent in classification.parents
            if parent in raised
            for code in _below(classification, parent)
        }
        goes = [held.get(to, to) for to in goes]
    for chosen, words in (
        (goes, "categories of {name} at risk merged up its hierarchy"),
        ([above.get(label, label) for label in grid.categories], "categories of {name} merged into their parents"),
    ):
        expression = _raised(written, grid.categories, chosen)
        if expression is not None:
            yield Merge(expression, _raised_groups(chosen), words, False)


def _below(classification: Classification, parent: Label) -> Iterator[Label]:
    for child in classification.children[parent]:
        yield child
        if child in classification.children:
            yield from _below(classification, child)


def _raised_groups(goes: Sequence[Label]) -> Groups:
    return groups_of([key_of(label) for label in goes])


def _raised(name: str, categories: Sequence[Label], goes: Sequence[Label]) -> str | None:
    """Return a CASE that puts codes into parents; None where nothing is merged or it cannot be written."""
    inside: dict[Label, list[str | None]] = {}
    for label, to in zip(categories, goes, strict=True):
        if key_of(label) != key_of(to):
            inside.setdefault(to, []).append(_literal(label))
    parts = [(_literal(to), codes) for to, codes in inside.items()]
    if not parts or any(to is None or None in codes for to, codes in parts):
        return None
    written = " ".join(f"WHEN {name} IN ({', '.join(map(str, codes))}) THEN {to}" for to, codes in parts)
    text = f"CASE {written} ELSE {name} END"
    return text if len(text) <= MOST_TEXT else None


def _smallest(grid: Grid, name: str, codelist: Sequence[Label], is_text: bool) -> Iterator[Merge]:
    """The categories with cells at risk become one, with as many of the smallest others as that needs."""
    merged = grid.flagged.copy()
    found = 0
    for place in [-1, *np.argsort(grid.totals, kind="stable").tolist()]:
        if place >= 0:
            if merged[place]:
                continue
            merged[place] = True
        if merged.sum() < 2 or found >= MOST_OF_A_KIND or merged.all():
            continue
        groups = groups_of(["" if together else place for place, together in enumerate(merged.tolist())])
        if not grid.holds(groups):
            continue
        kept = [label for label, together in zip(grid.categories, merged.tolist(), strict=True) if not together]
        expression = _others(name, kept, _other_label(grid.categories, merged.tolist()), is_text)
        if expression is not None:
            found += 1
            declared = all(label is None or label in codelist for label in kept)
            yield Merge(expression, groups, "the smallest categories of {name} together", not declared)


def _others(name: str, kept: Sequence[Label], other: str, is_text: bool) -> str | None:
    """Return a CASE that names only the categories that stay, so that small ones are not spelled out."""
    written = [_literal(label) for label in kept if label is not None]
    if any(text is None for text in written):
        return None
    missing = f"WHEN {name} IS NULL THEN NULL " if None in kept else ""
    shown = name if is_text else f"CAST({name} AS varchar)"
    stays = f"WHEN {name} IN ({', '.join(str(text) for text in written)}) THEN {shown} " if written else ""
    text = f"CASE {missing}{stays}ELSE '{other}' END"
    return text if len(text) <= MOST_TEXT and (missing or stays) else None


def _other_label(categories: Sequence[Label], merged: Sequence[bool]) -> str:
    kept = {str(label).casefold() for label, together in zip(categories, merged, strict=True) if not together}
    label = "other"
    while label.casefold() in kept:
        label = f"all {label}"
    return label


def _neighbours(grid: Grid, name: str, codelist: Sequence[Label]) -> Iterator[Merge]:
    """Categories at risk join their neighbours in the order of the codelist."""
    order = [label for label in codelist if label in set(grid.categories)]
    runs = _runs(grid, order)
    if runs is None:
        return
    groups = _run_groups(grid, runs)
    parts = []
    for run in runs:
        if len(run) > 1:
            written = [_literal(label) for label in run]
            if any(text is None for text in written):
                return
            joined = f"{run[0]} or {run[1]}" if len(run) == 2 else f"{run[0]} to {run[-1]}"
            parts.append(f"WHEN {name} IN ({', '.join(map(str, written))}) THEN {_literal(joined)}")
    text = f"CASE {' '.join(parts)} ELSE CAST({name} AS varchar) END"
    if parts and len(text) <= MOST_TEXT:
        yield Merge(text, groups, "neighbouring categories of {name} together", False)


def _runs(grid: Grid, order: Sequence[Label]) -> list[list[Label]] | None:
    """Cut the ordered categories into the shortest runs that hold, from the first on; what is left joins the last."""
    runs: list[list[Label]] = []
    current: list[Label] = []
    for label in order:
        current.append(label)
        if grid.holds_together(current):
            runs.append(current)
            current = []
    if current:
        if not runs:
            return None
        runs[-1] = [*runs[-1], *current]
    return runs if len(runs) > 1 and grid.holds(_run_groups(grid, runs)) else None


def _run_groups(grid: Grid, runs: Sequence[Sequence[Label]]) -> Groups:
    place = {label: f"run {i}" for i, run in enumerate(runs) for label in run}
    return groups_of([place.get(label, ("alone", label)) for label in grid.categories])


def _tails(grid: Grid, name: str) -> Iterator[Merge]:
    """The lowest and the highest values become one each."""
    values = sorted(float(label) for label in grid.categories if label is not None)
    flagged = {
        float(label) for label, bad in zip(grid.categories, grid.flagged, strict=True) if bad and label is not None
    }
    middle = values[len(values) // 2]
    low = max((i for i, value in enumerate(values) if value in flagged and value < middle), default=0)
    high = min((i for i, value in enumerate(values) if value in flagged and value >= middle), default=len(values) - 1)
    found = 0
    for _ in range(_MOST_ADDED):
        if high - low < 1 or found >= MOST_OF_A_KIND:
            return
        bounds = values[low], values[high]
        groups = groups_of([None if v is None else min(max(float(v), bounds[0]), bounds[1]) for v in grid.categories])
        if grid.holds(groups):
            found += 1
            text = name if high == len(values) - 1 else f"least({name}, {_number(bounds[1])})"
            text = text if low == 0 else f"greatest({text}, {_number(bounds[0])})"
            if text != name:
                yield Merge(text, groups, "the lowest and the highest values of {name} together", True)
        low, high = low + (low > 0), high - (high < len(values) - 1)


def _bands(grid: Grid, name: str) -> Iterator[Merge]:
    """Bands of equal, round width."""
    values = [float(label) for label in grid.categories if label is not None]
    span = max(values) - min(values)
    if span <= 0:
        return
    found = 0
    # Round widths from about the distance of the categories on.
    first = int(np.floor(np.log10(span / len(values))))
    widths = [step * 10.0**power for power in range(first, first + 6) for step in _STEPS]
    if all(value.is_integer() for value in values):
        widths = [width for width in widths if width > 1]
    for width in widths:
        if width > span or found >= MOST_OF_A_KIND:
            return
        for low, high in ((0, 0), (0, 1), (1, 0), (1, 1)):
            merge = _banded(grid, name, width, low, high)
            if merge is not None:
                found += 1
                yield merge
                break


def _banded(grid: Grid, name: str, width: float, low: int, high: int) -> Merge | None:
    """Return bands of a width if they hold, with the lowest `low` and the highest `high` bands taken into the next."""
    bands = [None if label is None else float(np.floor(float(label) / width)) for label in grid.categories]
    different = sorted({band for band in bands if band is not None})
    if len(different) - low - high < 2 or len(different) == len(set(grid.categories) - {None}):
        return None
    ends = different[low], different[len(different) - 1 - high]
    groups = groups_of([None if band is None else min(max(band, ends[0]), ends[1]) for band in bands])
    if not grid.holds(groups):
        return None
    shown = _number(width)
    text = f"floor({name} / {shown}) * {shown}"
    text = f"least({text}, {_number(ends[1] * width)})" if high else text
    text = f"greatest({text}, {_number(ends[0] * width)})" if low else text
    return Merge(text, groups, f"{{name}} in bands of {shown}", bool(low or high))


def _periods(grid: Grid, name: str) -> Iterator[Merge]:
    """Months, quarters or years in place of days."""
    for part, period in (("month", _month), ("quarter", _quarter), ("year", _year)):
        names = [None if label is None else period(str(label)) for label in grid.categories]
        groups = groups_of(names)
        if 1 < len(set(names)) < len(grid.categories) and grid.holds(groups):
            yield Merge(f"date_trunc('{part}', {name})", groups, f"{{name}} by {part}", False)


def _month(day: str) -> str:
    return day[:7]


def _quarter(day: str) -> str:
    return f"{day[:4]} {(int(day[5:7]) - 1) // 3}"


def _year(day: str) -> str:
    return day[:4]


def _number(value: float) -> str:
    return f"{value:.12g}" if abs(value) < 1e15 else repr(value)


def _literal(label: Label) -> str | None:
    """Return a category as SQL, or None where the language has no way to write it."""
    if isinstance(label, str):
        fits = 0 < len(label) <= 200 and all(character.isprintable() for character in label)
        return "'" + label.replace("'", "''") + "'" if fits else None
    if isinstance(label, bool):
        return str(label).lower()
    return _number(float(label)) if label is not None else None
