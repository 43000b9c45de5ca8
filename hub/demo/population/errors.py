"""Departures: what makes a department's record of somebody differ from the truth, at rates that differ by group.

Vocabulary
----------
factor
    By how much a record's rates are higher than those of the white group in a neighbourhood that is not deprived.
typing error
    A letter or digit left out, doubled, changed or swapped with its neighbour; day and month of a date exchanged.
other form
    A short form or another spelling of a given name.
order
    Given name and surname exchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from saferoom.hub.demo.population.arrays import Flags, Floats, Ints, Texts, happens

TYPING: Mapping[str, float] = {
    "given_name": 0.016,
    "surname": 0.020,
    "date_of_birth": 0.007,
    "postcode": 0.014,
}
"""Rate of a typing error in a field, for factor 1."""
MISSING: Mapping[str, float] = {
    "given_name": 0.001,
    "surname": 0.0005,
    "date_of_birth": 0.004,
    "sex": 0.003,
    "postcode": 0.010,
    "address": 0.012,
}
"""Rate of a missing value, for factor 1."""
OTHER_FORM = 0.06
"""Rate of the other form, for factor 1, where a name has one."""
ORDER = 0.003
"""Rate of exchanged names, for factor 1."""
_HIGHEST = 0.5

_NEIGHBOURS = {
    "a": "sqz", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "xs",
}  # fmt: skip
"""Keys beside each other on a British keyboard."""


@dataclass
class Identifiers:
    """The identifiers of records, one each; None where a value is missing.

    Attributes
    ----------
    date_of_birth : ISO dates
    sex : ``F`` or ``M``
    """

    given_name: Texts
    surname: Texts
    date_of_birth: Texts
    sex: Texts
    postcode: Texts
    address: Texts


@dataclass(frozen=True)
class Departures:
    """What was done to records, shape (records,) each.

    Attributes
    ----------
    typing_errors, missing_values : ndarray of int
        In how many fields.
    other_form, exchanged : ndarray of bool
    """

    typing_errors: Ints
    missing_values: Ints
    other_form: Flags
    exchanged: Flags


def spoil(rng: np.random.Generator, records: Identifiers, other_given: Texts, factor: Floats) -> Departures:
    """Change `records` in place, each at the rates of its `factor`, and return what was done."""
    size = len(factor)
    other = (records.given_name != other_given) & happens(rng, np.minimum(OTHER_FORM * factor, _HIGHEST), size)
    records.given_name[other] = other_given[other]
    typed = np.zeros(size, dtype=np.int64)
    for field, rate in TYPING.items():
        typed += _mistype(rng, getattr(records, field), happens(rng, np.minimum(rate * factor, _HIGHEST), size), field)
    exchanged = happens(rng, np.minimum(ORDER * factor, _HIGHEST), size)
    given, surname = records.given_name[exchanged].copy(), records.surname[exchanged].copy()
    records.given_name[exchanged], records.surname[exchanged] = surname, given
    missing = np.zeros(size, dtype=np.int64)
    for field, rate in MISSING.items():
        gone = happens(rng, np.minimum(rate * factor, _HIGHEST), size)
        getattr(records, field)[gone] = None
        missing += gone
    return Departures(typed, missing, other, exchanged)


def _mistype(rng: np.random.Generator, values: Texts, chosen: Flags, field: str) -> Flags:
    """Mistype the chosen of `values`; return which of them really changed (a swap of equal letters changes nothing)."""
    mistyped: Callable[[str, list[int]], str] = {"date_of_birth": _date, "postcode": _postcode}.get(field, misspelt)
    changed = np.zeros(len(values), dtype=bool)
    where = np.flatnonzero(chosen)
    draws = rng.integers(0, 2**31, (len(where), 3)).tolist()
    for position, drawn in zip(where.tolist(), draws, strict=True):
        wrong = mistyped(values[position], drawn)
        changed[position] = wrong != values[position]
        values[position] = wrong
    return changed


def misspelt(word: str, drawn: list[int]) -> str:
    """Return `word` with one letter left out, doubled, changed or swapped."""
    kind, place, which = drawn[0] % 4, drawn[1] % len(word), drawn[2]
    letter = word[place]
    if kind == 0 and len(word) > 3:
        made = word[:place] + word[place + 1 :]
    elif kind == 1:
        made = word[:place] + letter + word[place:]
    elif kind == 2 and place + 1 < len(word):
        made = word[:place] + word[place + 1] + letter + word[place + 2 :]
    else:
        near = _NEIGHBOURS.get(letter.lower(), "-")
        made = word[:place] + near[which % len(near)] + word[place + 1 :]
    # Left as it was typed but for capitals, which everybody gets right.
    return "-".join(part[:1].upper() + part[1:].lower() for part in made.split("-"))


def _date(day: str, drawn: list[int]) -> str:
    """Return `day` with day and month exchanged, or day or year changed; always a possible date."""
    given = date.fromisoformat(day)
    if drawn[0] % 2 and given.day <= 12 and given.day != given.month:
        return given.replace(month=given.day, day=given.month).isoformat()
    if drawn[1] % 2:
        return given.replace(day=1 + (given.day + drawn[2] % 9) % 28).isoformat()
    year = given.year + (-1, 1, -10, 10)[drawn[2] % 4]
    return given.replace(year=year, day=min(given.day, 28)).isoformat()


def _postcode(code: str, drawn: list[int]) -> str:
    """Return `code` with a letter or digit of its second part changed, or two of them swapped."""
    outward, inward = code.split(" ")
    sector, unit = inward[0], inward[1:]
    if drawn[0] % 3 == 0 and unit[0] != unit[1]:
        return f"{outward} {sector}{unit[1]}{unit[0]}"
    if drawn[0] % 3 == 1:
        return f"{outward} {(int(sector) + 1 + drawn[1] % 9) % 10}{unit}"
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    changed = letters[(letters.index(unit[1]) + 1 + drawn[2] % 19) % 20]
    return f"{outward} {sector}{unit[0]}{changed}"
