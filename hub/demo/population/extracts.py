"""The extracts of the five departments that know people: identifiers and attributes of a chunk, file by file.

Every table is a mapping of columns; its name is the path of its file below the world's folder, without the ending.
The first column is its key, or begins it. A department's tables name people by that department's identifier alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from saferoom.hub.demo.population import departments as d
from saferoom.hub.demo.population import groups
from saferoom.hub.demo.population.arrays import NOBODY, Flags, Floats, Ints, Texts, happens, texts
from saferoom.hub.demo.population.chunk import Chunk
from saferoom.hub.demo.population.departments import Earlier, Held, hold
from saferoom.hub.demo.population.employers import jobs, references
from saferoom.hub.demo.population.money import QUALIFICATIONS, TENURES
from saferoom.hub.demo.population.numbering import Series
from saferoom.hub.demo.population.people import YEAR_DAYS
from saferoom.hub.demo.population.places import CODES, REGION_CODES
from saferoom.hub.demo.population.schooling import STAGES

Table = Mapping[str, Any]
FIRST_BIRTH_YEAR = 1970
"""Births before are in no file."""
FIRST_BENEFIT_YEAR = 2010

_MOTHER_ALONE_SHARE = 0.45
"""Of births whose parents do not live together today, those of which the register names no father."""
_MOVED_A_YEAR, _LEFT_SCHOOL_A_YEAR = 0.06, 0.12
"""By how much every year since the birth, or since school, makes it likelier that an address is the one from before."""
_GROUP_MISSING = 0.03
EMPLOYMENT = 3
"""Number of the stream in which a chunk's jobs are drawn."""
_CREDIT, _CHILD_BENEFIT, _PENSION = "universal_credit", "child_benefit", "state_pension"

_GROUP_NAMES = texts(list(groups.GROUPS))


def extracts_of(rng: np.random.Generator, chunk: Chunk) -> tuple[dict[str, Table], tuple[Held, ...]]:
    """Return the tables of all departments about a chunk, and what each source holds."""
    tables: dict[str, Table] = {}
    held: list[Held] = []
    for made in (_births, _schools, _tax, _benefits, _census):
        found, sources = made(rng, chunk)
        tables.update(found)
        held.extend(sources)
    return tables, tuple(held)


Made = tuple[dict[str, Table], tuple[Held, ...]]


def _births(rng: np.random.Generator, chunk: Chunk) -> Made:
    people = chunk.people
    first = int(np.datetime64(f"{FIRST_BIRTH_YEAR}-01-01", "D").astype(np.int64))
    return births_of(rng, chunk, np.flatnonzero((people.mother != NOBODY) & (people.born >= first)))


def births_of(rng: np.random.Generator, chunk: Chunk, born: Ints) -> Made:
    """Return the register of the births of `born` (positions), and the entries of their parents."""
    people = chunk.people
    # The longer ago, the likelier the family moved since; who left home was born at another home for sure.
    chance = np.clip((chunk.day - people.born[born]) / YEAR_DAYS * _MOVED_A_YEAR, 0, 0.95)
    since = happens(rng, chance, len(born)).astype(np.float64)
    left = chunk.homes.household[born] != chunk.homes.household[people.keeper[born]]
    earlier = Earlier(np.where(left, 1.0, since), np.ones(len(born)))
    children = hold(rng, chunk, d.BIRTHS, born, chunk.numbers[born], earlier)
    born = children.people
    apart = ~people.together[people.mother[born]]
    named = np.flatnonzero(~(apart & happens(rng, _MOTHER_ALONE_SHARE, len(born))))
    # Every birth has an entry for the mother, and most have one for the father.
    birth = np.concatenate([np.arange(len(born)), named])
    is_father = np.arange(len(birth)) >= len(born)
    parent = np.where(is_father, people.father[born[birth]], people.mother[born[birth]])
    since, series = since[children.kept][birth], 2 * chunk.numbers[born[birth]] + is_father
    entries = hold(rng, chunk, d.PARENTS, parent, series, Earlier(since, since))
    roles = np.array(["mother", "father"], dtype=object)[is_father[entries.kept].astype(np.int64)]
    entry_table = entries_register(entries, children.ids[birth[entries.kept]], roles)
    return {d.BIRTHS.name: births_register(chunk, children), d.PARENTS.name: entry_table}, (children, entries)


def births_register(chunk: Chunk, held: Held) -> Table:
    """Return the register of births."""
    return {**held.columns(), "authority_code": CODES[chunk.people.grew_up[held.people]]}


def entries_register(held: Held, births: Texts, roles: Texts) -> Table:
    """Return the parents' entries in the register of births."""
    columns = held.columns()
    key = columns.pop(d.PARENTS.id)
    return {d.PARENTS.id: key, d.BIRTHS.id: births, "role": roles, **columns}


def _schools(rng: np.random.Generator, chunk: Chunk) -> Made:
    pupils = np.unique(chunk.schooling.person)
    # Who left school some time ago is known at the address from before.
    since = np.clip((chunk.people.age[pupils] - 17) * _LEFT_SCHOOL_A_YEAR, 0, 0.95)
    held = hold(rng, chunk, d.SCHOOLS, pupils, chunk.numbers[pupils], Earlier(since, since))
    register = {**held.columns(), "ethnic_group": groups_of(rng, chunk, held.people), **held.places(chunk)}
    return {d.SCHOOLS.name: register, **pupil_years(chunk, held)}, (held,)


def pupil_years(chunk: Chunk, held: Held) -> dict[str, Table]:
    """Return the school years and results of the pupils that schools hold."""
    taught = chunk.schooling
    rows = np.flatnonzero(np.isin(taught.person, held.people))
    ids = _ids(chunk, held)
    years = {
        d.SCHOOLS.id: ids[taught.person[rows]], "school_year": taught.year[rows],
        "school_id": school_ids(chunk.plan.seed, taught.school[rows]), "school_age": taught.school_age[rows],
        "free_school_meals": taught.registered[rows],
    }  # fmt: skip
    scored = rows[~np.isnan(taught.score[rows])]
    attainment = {
        d.SCHOOLS.id: ids[taught.person[scored]], "school_year": taught.year[scored],
        "stage": texts([STAGES[age] for age in taught.school_age[scored].tolist()]), "score": taught.score[scored],
    }  # fmt: skip
    return {"schools/years": years, "schools/attainment": attainment}


def _tax(rng: np.random.Generator, chunk: Chunk) -> Made:
    payers = np.flatnonzero((chunk.money.pay > 0).any(axis=1))
    held = hold(rng, chunk, d.TAX, payers, chunk.numbers[payers], Earlier.no(len(payers)))
    # Employers have a stream of their own.
    own = chunk.plan.stream(EMPLOYMENT)
    earned = earnings(own, chunk, held, jobs(own, chunk, len(chunk.years)))
    return {d.TAX.name: {**held.columns(), **held.places(chunk)}, "tax/earnings": earned}, (held,)


def earnings(rng: np.random.Generator, chunk: Chunk, held: Held, employers: Ints) -> Table:
    """Return the earnings of the taxpayers that are held, of the chunk's years.

    Parameters
    ----------
    employers : ndarray of int, shape (people, years)
        For whom they work; see `jobs`.
    """
    row, year = np.nonzero(chunk.money.pay[held.people])
    person = held.people[row]
    return {
        d.TAX.id: held.ids[row], "tax_year": np.array(chunk.years)[year], "pay": chunk.money.pay[person, year],
        "employer_reference": references(rng, chunk.plan.seed, employers[person, year]),
    }  # fmt: skip


def _benefits(rng: np.random.Generator, chunk: Chunk) -> Made:
    claimants = np.flatnonzero(claimed(chunk))
    held = hold(rng, chunk, d.BENEFITS, claimants, chunk.numbers[claimants], Earlier.no(len(claimants)))
    return {d.BENEFITS.name: {**held.columns(), **held.places(chunk)}, "benefits/claims": claims(chunk, held)}, (held,)


def claimed(chunk: Chunk) -> Flags:
    """Return who got a benefit in one of the chunk's years, shape (people,)."""
    found: Flags = np.sum([amount.sum(axis=1) for amount in _amounts(chunk).values()], axis=0) > 0
    return found


def claims(chunk: Chunk, held: Held) -> Table:
    """Return the benefits of the claimants that are held, of the chunk's years."""
    amounts = _amounts(chunk)
    found = [(kind, amount[held.people].nonzero()) for kind, amount in amounts.items()]
    years = np.array([year for year in chunk.years if year >= FIRST_BENEFIT_YEAR])
    return {
        d.BENEFITS.id: np.concatenate([held.ids[row] for _, (row, _) in found]),
        "tax_year": np.concatenate([years[year] for _, (_, year) in found]),
        "benefit": texts([kind for kind, (row, _) in found for _ in range(len(row))]),
        "amount": np.concatenate([amounts[kind][held.people[row], year] for kind, (row, year) in found]),
    }


def _amounts(chunk: Chunk) -> dict[str, Ints]:
    """Return amounts by benefit, shape (people, years) each.

    Universal credit goes to the reference person and partner by halves, child benefit to the reference person.
    """
    money, people, homes = chunk.money, chunk.people, chunk.homes
    first = sum(year < FIRST_BENEFIT_YEAR for year in chunk.years)
    partner = np.where(people.together[homes.head], people.partner[homes.head], NOBODY)
    couple = partner != NOBODY
    half = np.where(couple, 2, 1)[:, None]
    amounts = {kind: np.zeros_like(money.pay[:, first:]) for kind in (_CREDIT, _CHILD_BENEFIT, _PENSION)}
    share = money.universal_credit[:, first:] // half
    amounts[_CREDIT][homes.head] = money.universal_credit[:, first:] - share * (half - 1)
    amounts[_CREDIT][partner[couple]] = share[couple]
    amounts[_CHILD_BENEFIT][homes.head] = money.child_benefit[:, first:]
    amounts[_PENSION] = money.pension[:, first:]
    return amounts


def _census(rng: np.random.Generator, chunk: Chunk) -> Made:
    people, homes, money = chunk.people, chunk.homes, chunk.money
    everybody = np.arange(len(people))
    held = hold(rng, chunk, d.CENSUS, everybody, chunk.numbers, Earlier.no(len(people)))
    known, home = held.people, homes.household[held.people]
    # A household's number is that of its reference person, who lives in one household alone.
    forms = Series(chunk.plan.seed, "F").of(chunk.numbers[homes.head])
    table = {
        d.CENSUS.id: held.ids,
        "form_id": forms[home],
        **{name: values for name, values in held.columns().items() if name != d.CENSUS.id},
        "relationship": _relationship(chunk, known),
        "ethnic_group": groups_of(rng, chunk, known),
        "occupation_class": _blank(money.occupation[known].astype(object), money.occupation[known] == 0),
        "qualification": _blank(texts(list(QUALIFICATIONS))[money.qualification[known]], people.age[known] < 16),
    }
    seen = np.unique(home)
    households = {
        "form_id": forms[seen],
        "authority_code": CODES[homes.authority[seen]],
        "region_code": REGION_CODES[homes.authority[seen]],
        "deprivation_tenth": chunk.tenth[seen],
        "tenure": texts(list(TENURES))[money.tenure[seen]],
        "weekly_housing_cost": money.housing_cost[seen],
    }
    return {d.CENSUS.name: table, "census/households": households}, (held,)


def school_ids(seed: int, numbers: Ints) -> Texts:
    """Return the identifiers of schools by their numbers (see `schooling.schools`)."""
    return Series(seed, "S").of(numbers)


def _ids(chunk: Chunk, held: Held) -> Texts:
    """Return identifiers by position in the chunk; None for those whom the source does not know."""
    ids = np.full(len(chunk.people), None, dtype=object)
    ids[held.people] = held.ids
    return ids


def groups_of(rng: np.random.Generator, chunk: Chunk, people: Ints) -> Texts:
    """Return the ethnic groups of `people` (positions) as recorded; None where a department does not know."""
    rate: Floats = _GROUP_MISSING * chunk.factor(groups.WRONG, people)
    return _blank(_GROUP_NAMES[chunk.people.group[people]], happens(rng, rate, len(people)))


def _blank(values: Texts, where: Flags) -> Texts:
    values = values.copy()
    values[where] = None
    return values


def _relationship(chunk: Chunk, people: Ints) -> Texts:
    homes, everybody = chunk.homes, chunk.people
    head = homes.head[homes.household[people]]
    partner = everybody.together[people] & (everybody.partner[people] == head)
    child = everybody.keeper[people] == head
    said = np.select([people == head, partner, child], ["reference person", "partner", "child"], "sharer")
    return said.astype(object)
