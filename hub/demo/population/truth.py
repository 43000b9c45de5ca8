"""The truth, kept apart from what departments know: for evaluating linkage and estimates, never for a room.

Rates and measures can be held against it: which record is whose and how it departs, who is whose parent, what a
household's income is, which children are lost, and what moves children up in each authority.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from saferoom.hub.demo.population import groups, names, places
from saferoom.hub.demo.population.arrays import NOBODY, Flags, Floats, Ints, Texts, texts
from saferoom.hub.demo.population.chunk import Chunk
from saferoom.hub.demo.population.departments import Held
from saferoom.hub.demo.population.money import family
from saferoom.hub.demo.population.numbering import Series
from saferoom.hub.demo.population.places import AUTHORITIES, Areas

FOLDER = "truth"
_PERSON, _HOUSEHOLD = "X", "H"
_CHILD_UNTIL = 14

# Weights of the modified OECD scale with a couple as 1, before housing costs (households below average
# income): first adult, every further adult and child of 14 and more, every younger child.
_FIRST, _FURTHER, _YOUNG = 0.67, 0.33, 0.20


def truth_of(chunk: Chunk, held: Iterable[Held]) -> dict[str, Mapping[str, Any]]:
    """Return the tables of the truth about a chunk and the records that sources hold."""
    return {
        f"{FOLDER}/people": _people(chunk),
        f"{FOLDER}/households": _households(chunk),
        f"{FOLDER}/records": _records(chunk, held),
        f"{FOLDER}/pupils": _pupils(chunk),
    }


def authorities(areas: Areas) -> Mapping[str, Any]:
    """Return what was made up about the authorities."""
    return {
        "authority_code": places.CODES,
        "authority_name": texts([one.name for one in AUTHORITIES]),
        "region_code": places.REGION_CODES,
        "share": areas.share,
        "mean_standing": areas.standing,
        "rise": areas.rise,
        "persistence": areas.persistence,
    }


def _ids(chunk: Chunk, people: Ints) -> Texts:
    """Return the true identifiers of `people` (positions), None for nobody."""
    ids = Series(chunk.plan.seed, _PERSON).of(chunk.numbers[np.maximum(people, 0)])
    ids[people == NOBODY] = None
    return ids


def _household_ids(chunk: Chunk) -> Texts:
    return Series(chunk.plan.seed, _HOUSEHOLD).of(chunk.numbers[chunk.homes.head])


def _people(chunk: Chunk) -> Mapping[str, Any]:
    people, called = chunk.people, chunk.names
    return {
        "person_id": _ids(chunk, np.arange(len(people))),
        "household_id": _household_ids(chunk)[chunk.homes.household],
        "given_name": called.given,
        "surname": called.surname,
        "surname_at_birth": called.surname_at_birth,
        "date_of_birth": chunk.born,
        "sex": np.where(people.sex == names.FEMALE, "F", "M").astype(object),
        "ethnic_group": texts(list(groups.GROUPS))[people.group],
        "grew_up_authority_code": places.CODES[people.grew_up],
        "mother_id": _ids(chunk, people.mother),
        "father_id": _ids(chunk, people.father),
        "partner_id": _ids(chunk, np.where(people.together, people.partner, NOBODY)),
        "standing": people.standing,
        "parents_standing": people.parents_standing,
    }


def _households(chunk: Chunk) -> Mapping[str, Any]:
    homes = chunk.homes
    income = chunk.money.income(homes)
    return {
        "household_id": _household_ids(chunk),
        "address_id": texts(
            [f"{places.CODES[a]}-{n}" for a, n in zip(homes.authority.tolist(), homes.address.tolist(), strict=True)]
        ),
        "authority_code": places.CODES[homes.authority],
        "region_code": places.REGION_CODES[homes.authority],
        "deprivation_tenth": chunk.tenth,
        "people": np.bincount(homes.household),
        "income": income,
        "equivalised_income": np.round(income / _equivalence(chunk), 2),
    }


def _equivalence(chunk: Chunk) -> Floats:
    homes = chunk.homes
    young = chunk.age < _CHILD_UNTIL
    number_young = np.bincount(homes.household, young, len(homes.head))
    others = np.bincount(homes.household, ~young, len(homes.head))
    scale: Floats = _FIRST + _FURTHER * (others - 1) + _YOUNG * number_young
    return scale


def _records(chunk: Chunk, held: Iterable[Held]) -> Mapping[str, Any]:
    parts = list(held)

    def joined(columns: list[Ints] | list[Flags]) -> Any:
        return np.concatenate(columns)

    return {
        "record_id": np.concatenate([one.ids for one in parts]),
        "source": texts([one.source.name for one in parts for _ in range(len(one.people))]),
        "person_id": _ids(chunk, joined([one.people for one in parts])),
        "typing_errors": joined([one.departures.typing_errors for one in parts]),
        "missing_values": joined([one.departures.missing_values for one in parts]),
        "other_form": joined([one.departures.other_form for one in parts]),
        "exchanged_names": joined([one.departures.exchanged for one in parts]),
        "old_address": joined([one.old_address for one in parts]),
        "old_surname": joined([one.old_surname for one in parts]),
    }


def _pupils(chunk: Chunk) -> Mapping[str, Any]:
    """Return those at school in the last year, with the household that keeps them."""
    taught = chunk.schooling
    rows = np.flatnonzero(taught.year == chunk.years[-1])
    person = taught.person[rows]
    return {
        "person_id": _ids(chunk, person),
        "household_id": _household_ids(chunk)[family(chunk.people, chunk.homes)[person]],
        "entitled": taught.entitled[rows],
        "registered": taught.registered[rows],
    }
