"""Targeted record swapping on tables: who lives together and where is read, checked, and written back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.patterns import group
from saferoom.disclosure.microdata.perturbation.grouping import Groups
from saferoom.disclosure.microdata.perturbation.household_swapping import Households, Swapped, risks, swapped
from saferoom.disclosure.microdata.perturbation.tables import numbered, permuted
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame


@dataclass(frozen=True)
class Wanted:
    """Columns and numbers of a swap.

    Attributes
    ----------
    areas : sequence of str
        From the widest level to the smallest.
    risk : sequence of str
        Variables of persons that make them stand out in their area.
    like : sequence of sequences of str
        What households must share to be partners; a later one is tried only where the earlier ones find nobody.
        Partners always have as many members as each other.
    household : str, optional
        Who lives together; without it every record is a household of its own.
    carry : sequence of str
        Columns of households that change hands with the area, such as codes made from it.
    k, rate
        As `household_swapping.swapped` takes them.
    """

    areas: Sequence[str]
    risk: Sequence[str]
    like: Sequence[Sequence[str]] = ((),)
    household: str | None = None
    carry: Sequence[str] = ()
    k: int = 3
    rate: float = 0.05


def swap_records(frame: Frame, wanted: Wanted, random: np.random.Generator, what: str) -> tuple[Frame, Swapped]:
    """Return the table in which households changed places, and who did.

    Raises
    ------
    BadInputError
        A column is unknown or named for two things, differs inside of a household, or a number is out of range.
    """
    _check(frame, wanted, what)
    household = _numbers(frame, wanted.household, what)
    first = _first(household)
    for name in [*wanted.areas, *wanted.carry, *(one for names in wanted.like for one in names)]:
        own = numbered(frame, [name], what)
        if (own != own[first][household]).any():
            raise BadInputError(f"{what}: '{name}' differs inside of households; it must be one for all members")
    persons = np.column_stack([numbered(frame, wanted.areas[: level + 1], what) for level in range(len(wanted.areas))])
    keys = Keys.of(frame, wanted.risk, what)
    size = np.bincount(household)
    profiles = [_crossed(size, numbered(frame, list(names), what)[first]) for names in wanted.like]
    homes = Households(persons[first], profiles, risks(persons, keys.codes, keys.sizes, household))
    result = swapped(homes, wanted.k, wanted.rate, random)
    order = first[result.partner[household]]
    return permuted(frame, [*wanted.areas, *wanted.carry], order), result


def _crossed(size: Groups, profile: Groups) -> Groups:
    crossed: Groups = np.unique(np.column_stack([size, profile]), axis=0, return_inverse=True)[1].ravel()
    return crossed


def _numbers(frame: Frame, household: str | None, what: str) -> Groups:
    if household is None:
        return np.arange(columns.length(frame), dtype=np.intp)
    keys = Keys.of(frame, [household], what)
    lacking = int((keys.codes < 0).sum())
    if lacking:
        raise BadInputError(
            f"{what}: '{household}' is missing in {lacking:,} records; who lives together must be known"
        )
    return group(keys.codes, keys.sizes)[0]


def _first(household: Groups) -> Groups:
    """Return the first record of each household, shape (h,)."""
    result = np.empty(int(household.max(initial=-1)) + 1, dtype=np.intp)
    result[household[::-1]] = np.arange(len(household))[::-1]
    return result


def _check(frame: Frame, wanted: Wanted, what: str) -> None:
    if not columns.length(frame):
        raise BadInputError(f"{what}: the table has no records")
    if not wanted.areas or not wanted.risk or not wanted.like:
        raise BadInputError(f"{what}: name at least one area, one risk variable, and what partners share")
    columns.check_k(wanted.k, columns.length(frame), what)
    if not 0 <= wanted.rate <= 1:
        raise BadInputError(f"{what}: the rate must be between 0 and 1")
    moving = [*wanted.areas, *wanted.carry]
    Keys.of(frame, moving, what).check_not_empty(what)
    Keys.of(frame, wanted.risk, what).check_not_empty(what)
    staying = {*wanted.risk, *(one for names in wanted.like for one in names)}
    if wanted.household is not None:
        staying.add(wanted.household)
    for name in moving:
        if name in staying:
            raise BadInputError(f"{what}: '{name}' cannot change hands and be what risk, likeness or households go by")
