"""The columns that two tables share, coded alike so that they can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.columns import Numbers
from saferoom.disclosure.microdata.keys import MISSING, Codes, Keys
from saferoom.disclosure.microdata.utility.asked import Compared
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame

Kind = Literal["number", "category", "recoded", "regrouped"]
BINS = 10
_LARGEST = 1e100
"""Beyond this, squares and their sums are no numbers any more."""
_MOST_CODES = 12
"""Whole numbers of at most so many different values are taken for codes of categories."""
_MANY = 50
"""Different texts from which a column that hardly ever repeats one is taken for ids or free text."""

NOTHING_TOLD = "every value before is missing"


@dataclass(frozen=True)
class Variable:
    """One column of both tables.

    Attributes
    ----------
    kind : str
        "number"; "category"; "recoded": the categories after are groups of those before, and both are coded by these
        groups; "regrouped": the categories after are others (overlapping ranges, say): frequencies cannot be compared.
    before, after : ndarray of int32, shape (n before,) and (n after,)
        Codes of one set of categories for both; of numbers, the tenth of the numbers before that each lies in.
    own : ndarray of int32, shape (n before,)
        The codes before, not yet grouped.
    labels : tuple of str
        What the categories are called; for the data owner's eyes only.
    numbers_before, numbers_after : ndarray of float, or None
        The numbers themselves; missing ones are NaN.
    """

    name: str
    kind: Kind
    before: Codes
    after: Codes
    own: Codes
    labels: tuple[str, ...]
    numbers_before: Numbers | None = None
    numbers_after: Numbers | None = None

    @property
    def comparable(self) -> bool:
        """Whether frequencies before and after are of the same categories."""
        return self.kind != "regrouped"

    @property
    def missing(self) -> tuple[float, float]:
        """Shares of records that do not tell it, before and after."""
        return float((self.own == MISSING).mean()), float((self.after == MISSING).mean())


@dataclass(frozen=True)
class Variables:
    """All columns of both tables.

    Attributes
    ----------
    dropped, added : tuple of str
        Columns of one table only.
    left_out : mapping of str to str
        Columns that are not compared, and why.
    """

    columns: tuple[Variable, ...]
    dropped: tuple[str, ...]
    added: tuple[str, ...]
    left_out: Mapping[str, str]

    def named(self, name: str) -> Variable | None:
        """Return the column called `name`, or None where it is not compared."""
        return next((one for one in self.columns if one.name == name), None)

    def only(self, names: Sequence[str], why: str) -> Variables:
        """Return these columns alone; the others are left out, for the reason `why`."""
        kept = tuple(one for one in self.columns if one.name in names)
        away = {one.name: why for one in self.columns if one.name not in names}
        return replace(self, columns=kept, left_out={**self.left_out, **away})

    @property
    def comparable(self) -> bool:
        """Whether frequencies of every column can be compared."""
        return all(one.comparable for one in self.columns)

    @property
    def numbers(self) -> tuple[Variable, ...]:
        """The columns of numbers."""
        return tuple(one for one in self.columns if one.kind == "number")


def variables(before: Frame, after: Frame, asked: Compared) -> Variables:
    """Return what both tables have, coded alike."""
    old, new = columns.names_of(before), columns.names_of(after)
    found, left_out = [], {}
    for name in old:
        if name not in new or name == asked.weight:
            continue
        made = "an id" if name in asked.ids else _variable(before, after, name, asked)
        if isinstance(made, Variable):
            found.append(made)
        else:
            left_out[name] = made
    dropped = tuple(name for name in old if name not in new and name != asked.weight)
    return Variables(tuple(found), dropped, tuple(name for name in new if name not in old), left_out)


def _variable(before: Frame, after: Frame, name: str, asked: Compared) -> Variable | str:
    old, new = columns.floats(before, name), columns.floats(after, name)
    old, new = _finite(old), _finite(new)
    told = old is not None and not np.isnan(old).all()
    if old is not None and new is not None and told:
        if max(float(np.nanmax(np.abs(old))), float(np.nanmax(np.abs(new), initial=0.0))) > _LARGEST:
            return "its numbers are too large to compute with"
        if _is_counter(old):
            return "an id: its numbers run on"
        if not _are_codes(old, new):
            return _number(name, old, new)
    try:
        first, second = Keys.of(before, [name], "utility"), Keys.of(after, [name], "utility")
    except BadInputError:
        return "it does not hold single values (numbers, texts, dates)"
    if not (first.codes != MISSING).any():
        return NOTHING_TOLD
    if old is None and first.sizes[0] > _MANY and 2 * first.sizes[0] > first.records:
        return "nearly every value is another (an id or free text)"
    return _category(name, first, second, asked.corresponding)


def _finite(values: Numbers | None) -> Numbers | None:
    return None if values is None else np.where(np.isfinite(values), values, np.nan)


def _is_counter(values: Numbers) -> bool:
    told = values[~np.isnan(values)]
    if len(told) <= _MOST_CODES or (told != np.floor(told)).any() or told.max() - told.min() != len(told) - 1:
        return False
    return len(np.unique(told)) == len(told)


def _are_codes(before: Numbers, after: Numbers) -> bool:
    for values in (before, after):
        distinct = np.unique(values[~np.isnan(values)])
        if len(distinct) > _MOST_CODES or (distinct != np.floor(distinct)).any():
            return False
    return True


def _number(name: str, before: Numbers, after: Numbers) -> Variable:
    cuts = np.unique(np.nanquantile(before, np.linspace(0, 1, BINS + 1)[1:-1]))
    codes = [np.where(np.isnan(one), MISSING, np.searchsorted(cuts, one)).astype(np.int32) for one in (before, after)]
    labels = tuple(f"{place + 1} of {len(cuts) + 1}" for place in range(len(cuts) + 1))
    return Variable(name, "number", codes[0], codes[1], codes[0], labels, before, after)


def _category(name: str, first: Keys, second: Keys, corresponding: bool) -> Variable:
    labels, own, after = _joined(first, second)
    new = np.setdiff1d(after, own)
    if not corresponding or not (new != MISSING).any():
        return Variable(name, "category", own, after, own, labels)
    into = _grouping(own, after, len(labels))
    if into is None:
        return Variable(name, "regrouped", own, after, own, labels)
    return Variable(name, "recoded", into[own], after, own, labels)


def _joined(first: Keys, second: Keys) -> tuple[tuple[str, ...], Codes, Codes]:
    """Return one set of categories for both, and the codes of both."""
    values: list[Any] = [one.categories[0] for one in (first, second)]
    if not all(one.dtype.kind in "iuf" for one in values) and values[0].dtype != values[1].dtype:
        values = [np.array(one.texts(one.names[0]), dtype=object) for one in (first, second)]
    elif any(one.dtype.kind == "O" for one in values):
        values = [np.array([str(text) for text in one], dtype=object) for one in values]
    both, places = np.unique(np.concatenate(values), return_inverse=True)
    tables = np.split(places.astype(np.int32), [len(values[0])])
    codes = [
        np.append(table, np.int32(MISSING))[one.codes[:, 0]] for table, one in zip(tables, (first, second), strict=True)
    ]
    labels = tuple(str(one) for one in (both.astype(object) if both.dtype.kind != "M" else np.datetime_as_string(both)))
    return labels, codes[0], codes[1]


def _grouping(own: Codes, after: Codes, size: int) -> Codes | None:
    """Return the group that each category before belongs to, when every one belongs to one group only.

    A category that is told by nobody any more stays a group of its own. The last entry stands for missing values.
    """
    told = (own != MISSING) & (after != MISSING)
    if not told.any():
        return None
    pairs = np.unique(own[told].astype(np.int64) * size + after[told])
    sources = pairs // size
    if len(np.unique(sources)) < len(sources):
        return None
    into = np.append(np.arange(size, dtype=np.int32), np.int32(MISSING))
    into[sources] = pairs % size
    return into


def weights_of(frame: Frame, asked: Compared, what: str) -> Numbers | None:
    """Return the weights of a table, or None where none are asked for.

    Raises
    ------
    BadInputError
        When a weight is missing, zero or negative.
    """
    if asked.weight is None:
        return None
    return columns.weights(frame, asked.weight, f"utility, weight {what}")
