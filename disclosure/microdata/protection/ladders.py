"""Ladders: how broad a variable can be told, step by step, from its categories as they are to nothing at all."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.protection.labels import Label, numbers_of, text_of
from saferoom.disclosure.microdata.protection.recoding import in_widths, renamed
from saferoom.errors import BadInputError

ANY = "*"
"""What the top of a ladder tells: any value."""


@dataclass(frozen=True)
class Ladder:
    """The rungs of one variable.

    Attributes
    ----------
    rungs : tuple of ndarray of int, each shape (number of categories,)
        The category that each of the first categories belongs to on every rung; rung 0 is the categories themselves.
    labels : tuple of tuple
        What the categories of every rung are called.
    """

    name: str
    rungs: tuple[NDArray[np.int32], ...]
    labels: tuple[tuple[Any, ...], ...]

    @property
    def top(self) -> int:
        """The number of the highest rung."""
        return len(self.rungs) - 1

    def climbed(self, keys: Keys, rung: int) -> Keys:
        """Return keys whose variable is told as broadly as the rung says."""
        if rung == 0:
            return keys
        return renamed(keys, self.name, [self.labels[rung][place] for place in self.rungs[rung]])


def ladder_of_hierarchy(
    keys: Keys, name: str, children: Mapping[str, Sequence[Label]], what: str = "generalisation"
) -> Ladder:
    """Return the ladder of a hierarchy: on each rung everything becomes its parent, and on the last, one category.

    Parameters
    ----------
    children : mapping of a parent to its children
        A parent may be the child of another. Categories without a parent stay as they are until the last rung.

    Raises
    ------
    BadInputError
        When a category has two parents, is its own ancestor, or no category of the hierarchy occurs.
    """
    parent: dict[str, str] = {}
    for above, below in children.items():
        for child in map(text_of, below):
            if child in parent:
                raise BadInputError(f"{what}: the hierarchy of '{name}' gives one category two parents")
            parent[child] = text_of(above)
    _check_tree(parent, name, what)
    now = [text_of(value) for value in keys.categories[keys.place(name)]]
    if not any(label in parent for label in now):
        raise BadInputError(f"{what}: no category of '{name}' is in its hierarchy")
    rungs = []
    while any(label in parent for label in now):
        now = [parent.get(label, label) for label in now]
        rungs.append(now)
    return _made(keys, name, rungs)


def ladder_of_widths(keys: Keys, name: str, widths: Sequence[float], what: str = "generalisation") -> Ladder:
    """Return the ladder of bands of ever greater `widths`, each a multiple of the one before, and one band of all.

    Raises
    ------
    BadInputError
        When `name` holds no numbers, or a width is no multiple of the one before.
    """
    numbers_of(keys, name, what)
    for small, large in itertools.pairwise(widths):
        if not large > small or abs(large / small - round(large / small)) > 1e-9:
            raise BadInputError(f"{what}: each width of '{name}' must be a multiple of the one before")
    place, rungs = keys.place(name), []
    every = keys.with_codes(np.zeros((0, len(keys.names)), dtype=np.int32))
    for width in widths:
        made = in_widths(every.with_codes(_each(keys, place)), name, width, what=what)
        rungs.append([made.categories[place][code] for code in made.codes[:, place]])
    return _made(keys, name, rungs)


def plain_ladder(keys: Keys, name: str) -> Ladder:
    """Return the ladder of a variable without a hierarchy: told as it is, or not at all."""
    return _made(keys, name, [])


def _each(keys: Keys, place: int) -> NDArray[np.int32]:
    """Return codes in which every category of one variable occurs once, in order."""
    codes = np.full((keys.sizes[place], len(keys.names)), -1, dtype=np.int32)
    codes[:, place] = np.arange(keys.sizes[place])
    return codes


def _check_tree(parent: Mapping[str, str], name: str, what: str) -> None:
    for start in parent:
        seen, at = {start}, start
        while at in parent:
            at = parent[at]
            if at in seen:
                raise BadInputError(f"{what}: in the hierarchy of '{name}' a category is its own ancestor")
            seen.add(at)


def _made(keys: Keys, name: str, rungs: Sequence[Sequence[Any]]) -> Ladder:
    categories = keys.categories[keys.place(name)]
    every = [np.arange(len(categories), dtype=np.int32)]
    labels: list[tuple[Any, ...]] = [tuple(categories)]
    for rung in [*rungs, [ANY] * len(categories)]:
        order: dict[Any, int] = {}
        every.append(np.array([order.setdefault(label, len(order)) for label in rung], dtype=np.int32))
        labels.append(tuple(order))
    if len(labels) > 2 and len(labels[-2]) == 1:  # the hierarchy itself ends in one category
        every, labels = every[:-1], labels[:-1]
    return Ladder(name, tuple(every), tuple(labels))
