"""Global recoding: the categories of a variable are made fewer and broader in every record alike."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import numpy as np

from saferoom.disclosure.microdata.keys import MISSING, Keys
from saferoom.disclosure.microdata.protection.labels import Label, as_categories, band, numbers_of, places_of, text_of
from saferoom.errors import BadInputError


class Rest(Enum):
    """What becomes of categories that no group names."""

    KEEP = "keep"
    MISSING = "missing"
    REFUSE = "refuse"


def grouped(
    keys: Keys, name: str, groups: Mapping[str, Sequence[Label]], rest: Rest = Rest.KEEP, what: str = "recoding"
) -> Keys:
    """Put categories of `name` into the groups that name them ("group and rename").

    Parameters
    ----------
    groups : mapping of a new label to the old categories
        A group of one renames.

    Raises
    ------
    BadInputError
        When a category is in two groups, none of the named ones occurs, or (`Rest.REFUSE`) one is in none.
    """
    places = places_of(keys, name)
    target: dict[int, str] = {}
    seen: set[str] = set()
    for label, members in groups.items():
        for member in map(text_of, members):
            if member in seen:
                raise BadInputError(f"{what}: the groups of '{name}' name the same category twice")
            seen.add(member)
            if member in places:
                target[places[member]] = label
    if not target:
        raise BadInputError(f"{what}: none of the categories that the groups of '{name}' name occurs in it")
    left = [place for place in range(len(places)) if place not in target]
    if left and rest is Rest.REFUSE:
        raise BadInputError(f"{what}: {len(left):,} categories of '{name}' are in no group")
    categories = keys.categories[keys.place(name)]
    names: list[Any | None] = [target.get(p, categories[p] if rest is Rest.KEEP else None) for p in range(len(places))]
    return renamed(keys, name, names)


def grouped_together(
    keys: Keys, groups: Mapping[str, Sequence[Label]], rest: Rest = Rest.KEEP, what: str = "recoding"
) -> Keys:
    """Apply the same groups to all variables of `keys`: countries of birth of a person, its mother and its father.

    A variable in which none of the named categories occurs stays as it is, as long as they occur in another.
    """
    known = {text_of(member) for members in groups.values() for member in members}
    touched = [name for name in keys.names if known & places_of(keys, name).keys()]
    for name in touched or keys.names[:1]:
        keys = grouped(keys, name, groups, rest, what)
    return keys


def rare_together(keys: Keys, name: str, fewer_than: int, into: str, what: str = "recoding") -> Keys:
    """Put all categories of `name` with fewer than `fewer_than` records into one.

    Raises
    ------
    BadInputError
        When the label is a category that stays.
    """
    place = keys.place(name)
    codes = keys.codes[:, place]
    counts = np.bincount(codes[codes != MISSING], minlength=keys.sizes[place])
    rare = counts < fewer_than
    categories = keys.categories[place]
    if not rare.any():
        return keys
    if into in {text_of(value) for value in categories[~rare]}:
        raise BadInputError(f"{what}: '{into}' is a category of '{name}' already; choose another label for rare ones")
    return renamed(keys, name, [into if one else value for one, value in zip(rare, categories, strict=True)])


def banded(
    keys: Keys, name: str, breaks: Sequence[float], labels: Sequence[str] | None = None, what: str = "recoding"
) -> Keys:
    """Put the numbers of `name` into bands: each break begins a new one.

    Parameters
    ----------
    breaks : sequence of float, ascending
    labels : sequence of str, length ``len(breaks) + 1``, optional
        From the band below the first break to the one that begins with the last.

    Raises
    ------
    BadInputError
    """
    values = numbers_of(keys, name, what)
    if not breaks or any(high <= low for low, high in itertools.pairwise(breaks)):
        raise BadInputError(f"{what}: the breaks of '{name}' must be numbers in ascending order")
    if labels is not None and len(labels) != len(breaks) + 1:
        raise BadInputError(
            f"{what}: {len(breaks)} breaks of '{name}' make {len(breaks) + 1} bands (those below the first and from "
            f"the last on, too), and 'labels' names {len(labels)}; name each"
        )
    whole = bool((values == np.floor(values)).all())
    edges = [-np.inf, *breaks, np.inf]
    made = labels or [band(low, high, whole=whole) for low, high in itertools.pairwise(edges)]
    return renamed(keys, name, [made[place] for place in np.searchsorted(breaks, values, side="right")])


def in_widths(keys: Keys, name: str, width: float, start: float = 0.0, what: str = "recoding") -> Keys:
    """Put the numbers of `name` into bands of equal `width`, one of which begins at `start`.

    Raises
    ------
    BadInputError
        When `name` holds no numbers, or the width is not above zero.
    """
    values = numbers_of(keys, name, what)
    if not width > 0:
        raise BadInputError(f"{what}: the width of the bands of '{name}' must be above zero")
    whole = bool((values == np.floor(values)).all())
    lows = start + np.floor((values - start) / width) * width
    return renamed(keys, name, [band(float(low), float(low + width), whole=whole) for low in lows])


def renamed(keys: Keys, name: str, labels: Sequence[Any | None]) -> Keys:
    """Give every category of `name` a label; those with the same become one, None becomes missing."""
    kept = [label for label in labels if label is not None]
    categories = as_categories(kept)
    own = iter(categories.tolist())
    order: dict[Any, int] = {}
    into = [MISSING if label is None else order.setdefault(next(own), len(order)) for label in labels]
    made = np.empty(len(order), dtype=categories.dtype)
    made[:] = list(order)
    return keys.recoded(name, np.array(into, dtype=np.int32), made)
