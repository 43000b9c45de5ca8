"""Labels of categories: how a plan names them, and what broader categories are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.columns import Numbers
from saferoom.disclosure.microdata.keys import Keys
from saferoom.errors import BadInputError

Label = str | int | float | bool


def text_of(value: Any) -> str:
    """Return a value as a plan may write it: a whole number without a point, so that 1, 1.0 and "1" are the same.

    >>> text_of(np.float64(1.0)), text_of(1), text_of("1"), text_of(2.5)
    ('1', '1', '1', '2.5')
    """
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) and plain.is_integer():
        plain = int(plain)
    return str(plain)


def places_of(keys: Keys, name: str) -> dict[str, int]:
    """Return the place of each category of the variable `name`, by its text."""
    return {text_of(value): place for place, value in enumerate(keys.categories[keys.place(name)])}


def numbers_of(keys: Keys, name: str, what: str) -> Numbers:
    """Return the categories of `name` as numbers.

    Raises
    ------
    BadInputError
        When they are texts or dates.
    """
    categories = keys.categories[keys.place(name)]
    if categories.dtype.kind in "iuf":
        return np.asarray(categories, dtype=np.float64)
    if categories.dtype.kind == "O" and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in categories
    ):
        return np.asarray(categories, dtype=np.float64)
    raise BadInputError(f"{what}: '{name}' must hold numbers, and holds something else (text, dates or bands)")


def as_categories(labels: Sequence[Any]) -> NDArray[Any]:
    """Return labels as categories of one type: as they are where they are all numbers of a kind, else as texts."""
    kinds = {type(label.item() if isinstance(label, np.generic) else label) for label in labels}
    if len(kinds) == 1 and kinds <= {int, float, bool}:
        return np.array(labels)
    made = np.empty(len(labels), dtype=object)
    made[:] = [text_of(label) for label in labels]
    return made


def band(low: float, high: float, *, whole: bool) -> str:
    """Return the label of the numbers from `low` up to (not with) `high`; either may be infinite.

    >>> band(20, 30, whole=True), band(0.5, 1, whole=False), band(65, float("inf"), whole=True)
    ('20-29', '[0.5, 1)', '65 and over')
    """
    if np.isinf(low) and np.isinf(high):
        return "any"
    if np.isinf(low):
        return f"under {text_of(float(high))}"
    if np.isinf(high):
        return f"{text_of(float(low))} and over"
    if whole and float(low).is_integer() and float(high).is_integer():
        last = text_of(float(high - 1))
        first = text_of(float(low))
        return first if first == last else f"{first} to {last}" if low < 0 else f"{first}-{last}"
    return f"[{text_of(float(low))}, {text_of(float(high))})"


def told_otherwise(before: Keys, after: Keys) -> Mapping[str, int]:
    """Return in how many records each variable is told otherwise than before."""
    counts = {}
    for place, name in enumerate(before.names):
        old, new = (_texts(keys, place) for keys in (before, after))
        counts[name] = int((old != new).sum())
    return counts


def _texts(keys: Keys, place: int) -> NDArray[np.object_]:
    texts = np.array([*(text_of(value) for value in keys.categories[place]), ""], dtype=object)
    return texts[keys.codes[:, place]]
