"""Employers: the business register, what the tax office calls the same employers, and who works for whom.

The register and the tax office number employers in their own ways and write their names and addresses differently.
Earnings carry the tax office's reference of the employer, which now and then is missing or mistyped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from saferoom.hub.demo.population import households, names
from saferoom.hub.demo.population.arrays import Flags, Ints, Texts, happens, pick, texts
from saferoom.hub.demo.population.chunk import Chunk
from saferoom.hub.demo.population.errors import misspelt
from saferoom.hub.demo.population.numbering import Series
from saferoom.hub.demo.population.places import AUTHORITIES, Areas

REGISTER, TAX_EMPLOYERS = "business/register", "tax/employers"
REGISTER_LETTER, TAX_LETTER = "U", "E"
NOT_IN_REGISTER, NOT_IN_TAX, OLD_ADDRESS, TYPING = 0.03, 0.01, 0.06, 0.04
"""Shares of employers whom a source does not have, and of the tax office's with an old address or a typing error."""
REFERENCE_MISSING, REFERENCE_WRONG = 0.02, 0.004
"""Shares of earnings without the employer's reference, and with a mistyped one."""

_PEOPLE_PER_EMPLOYER = 25
_MOST_EMPLOYERS = 50_000
_CHANGES_JOB, _LARGE_FIRST = 0.15, 2.5
_STREAM = 2**31 + 2
_LAST_ADDRESS = 80_000 * households.ADDRESSES_PER_POSTCODE - 1
"""Employers are at the end of an authority's addresses, where nobody lives."""
_TRADES: Mapping[str, str] = {
    "Joinery": "construction", "Builders": "construction", "Engineering": "manufacturing", "Foods": "manufacturing",
    "Textiles": "manufacturing", "Motors": "retail", "Stores": "retail", "Bakery": "retail", "Haulage": "transport",
    "Logistics": "transport", "Hotel": "hospitality", "Catering": "hospitality", "Care Homes": "health and care",
    "Dental Practice": "health and care", "Nursery": "education", "Training": "education",
    "Accountants": "professional services", "Solicitors": "professional services", "Software": "information",
    "Media": "information", "Farm": "agriculture",
}  # fmt: skip
_FORMS = ("Ltd", "Ltd", "Ltd", "PLC", "LLP")
_OTHER_FORMS: Mapping[str, str] = {"Ltd": "Limited", "PLC": "Public Limited Company", "LLP": "LLP", "&": "and"}


def numbers(people_in_world: int, areas: Areas) -> Ints:
    """Return how many employers authorities have, shape (authorities,)."""
    number = np.round(people_in_world * areas.share / _PEOPLE_PER_EMPLOYER)
    counts: Ints = np.clip(number, 3, _MOST_EMPLOYERS - 1).astype(np.int64)
    return counts


def jobs(rng: np.random.Generator, chunk: Chunk, years: int, before: Ints | None = None) -> Ints:
    """Return for whom everybody works, or would, shape (people, years): numbers of employers.

    Parameters
    ----------
    before : ndarray of int, shape (people,)
        For whom they worked in the year before the first; who has none (-1) finds one.
    """
    place = chunk.homes.authority[chunk.homes.household]
    shape = (len(place), years)
    changes = rng.random(shape) < _CHANGES_JOB
    changes[:, 0] |= before is None or before < 0
    many = numbers(chunk.plan.people, chunk.areas)[place]
    found = place[:, None] * _MOST_EMPLOYERS + (rng.random(shape) ** _LARGE_FIRST * many[:, None]).astype(np.int64)
    since = np.maximum.accumulate(np.where(changes, np.arange(years), -1), axis=1)
    kept = np.take_along_axis(found, np.maximum(since, 0), axis=1)
    return kept if before is None else np.where(since < 0, before[:, None], kept)


def references(rng: np.random.Generator, seed: int, numbers: Ints) -> Texts:
    """Return the tax office's references of employers as earnings carry them; None where one is missing."""
    distinct, which = np.unique(numbers, return_inverse=True)
    made: Texts = Series(seed, TAX_LETTER).of(distinct)[which]
    wrong = np.flatnonzero(happens(rng, REFERENCE_WRONG, len(numbers)))
    digits, places = rng.integers(0, 10, len(wrong)).tolist(), rng.integers(1, 9, len(wrong)).tolist()
    for row, digit, place in zip(wrong.tolist(), digits, places, strict=True):
        made[row] = f"{made[row][:place]}{digit}{made[row][place + 1 :]}"
    made[happens(rng, REFERENCE_MISSING, len(numbers))] = None
    return made


def employers(seed: int, people: int, areas: Areas, delivery: int = 1) -> dict[str, Mapping[str, Any]]:
    """Return the business register, the tax office's employers, and the truth about which are the same.

    A later delivery has what became of them in a year: some closed, some moved, some joined a group.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_STREAM,)))
    many = numbers(people, areas)
    place = np.repeat(np.arange(len(many)), many)
    k = np.concatenate([np.arange(n) for n in many.tolist()])
    number = place * _MOST_EMPLOYERS + k
    name, industry = _names(rng, place)
    # A second address each, which is the old one or the one moved to.
    at = (_LAST_ADDRESS - k, _LAST_ADDRESS - _MOST_EMPLOYERS - k)
    listed, known = (~happens(rng, rate, len(k)) for rate in (NOT_IN_REGISTER, NOT_IN_TAX))
    stale, typed = (happens(rng, rate, len(k)) for rate in (OLD_ADDRESS, TYPING))
    shorter = happens(rng, 0.3, len(k))
    draws = rng.integers(0, 2**31, (len(k), 3)).tolist()
    moved = np.zeros(len(k), dtype=bool)
    if delivery > 1:
        later = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_STREAM, delivery)))
        closed, moved, joined = (happens(later, rate, len(k)) for rate in (0.03, 0.04, 0.02))
        listed &= ~closed
        name = texts([_in_group(n) if so else n for n, so in zip(name.tolist(), joined.tolist(), strict=True)])
    address = np.where(moved, at[1], at[0])
    register_ids, tax_ids = Series(seed, REGISTER_LETTER).of(number), Series(seed, TAX_LETTER).of(number)
    written = texts(
        [
            _written(n, short, drawn if wrong else None)
            for n, short, wrong, drawn in zip(name.tolist(), shorter.tolist(), typed.tolist(), draws, strict=True)
        ]
    )
    codes = texts([one.code for one in AUTHORITIES])[place]
    register = {
        "business_id": register_ids, "business_name": name, "postcode": households.postcodes(place, address),
        "address": households.lines(place, address), "authority_code": codes, "industry": industry,
    }  # fmt: skip
    elsewhere = np.where(stale, at[1], at[0])
    tax = {
        "employer_reference": tax_ids, "business_name": written, "postcode": households.postcodes(place, elsewhere),
        "address": households.lines(place, elsewhere), "authority_code": codes,
    }  # fmt: skip
    truth = {
        "business_id": _known(register_ids, listed), "employer_reference": _known(tax_ids, known),
        "business_name": name,
    }  # fmt: skip
    return {REGISTER: _rows(register, listed), TAX_EMPLOYERS: _rows(tax, known), "truth/employers": truth}


def _names(rng: np.random.Generator, place: Ints) -> tuple[Texts, Texts]:
    size = len(place)
    family = names.surnames(rng, pick(rng, (0.7, 0.06, 0.04, 0.11, 0.03, 0.03, 0.03), size))
    trades = list(_TRADES)
    trade = rng.integers(0, len(trades), size).tolist()
    form, kind = rng.integers(0, len(_FORMS), size).tolist(), rng.random(size).tolist()
    made = []
    for surname, t, f, k, p in zip(family.tolist(), trade, form, kind, place.tolist(), strict=True):
        first = f"{surname} & Sons" if k < 0.2 else surname if k < 0.7 else AUTHORITIES[p].name.split(",")[0]
        made.append(f"{first} {trades[t]} {_FORMS[f]}")
    return texts(made), texts([_TRADES[trades[t]] for t in trade])


def _in_group(name: str) -> str:
    first, _, form = name.rpartition(" ")
    return f"{first} Group {form}"


def _written(name: str, shorter: bool, drawn: list[int] | None) -> str:
    """Return a name as the tax office writes it: in capitals, its legal form written out or left out."""
    words = name.split()
    if drawn is not None:
        words[0] = misspelt(words[0], drawn)
    words = words[:-1] if shorter else words
    return " ".join(_OTHER_FORMS.get(word, word) for word in words).upper()


def _known(ids: Texts, which: Flags) -> Texts:
    ids = ids.copy()
    ids[~which] = None
    return ids


def _rows(table: Mapping[str, Any], which: Flags) -> Mapping[str, Any]:
    return {column: values[which] for column, values in table.items()}
