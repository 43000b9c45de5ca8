"""What became of a chunk of people a year later: births, moves, marriages, deaths, another year of pay and school.

Everybody keeps the position they had; the newborn come after them. Households that move take the addresses that others
left, mostly in the same authority.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from saferoom.hub.demo.population import employers, households, names
from saferoom.hub.demo.population.arrays import NOBODY, Flags, Floats, Ints, happens, normal_scores, texts
from saferoom.hub.demo.population.chunk import Chunk
from saferoom.hub.demo.population.households import Homes
from saferoom.hub.demo.population.money import (
    GROWTH,
    PENSION,
    PENSION_AGE,
    WORKING_AGES,
    YEARS,
    Money,
    ages_in,
    child_benefit_for,
    children_kept,
    credit_of,
    pay_of,
)
from saferoom.hub.demo.population.naming import Called
from saferoom.hub.demo.population.people import CENSUS_DAY, People, grown
from saferoom.hub.demo.population.schooling import MOST_SCHOOLS, Schooling, schooling_of

YEAR = YEARS[-1] + 1
DAY = CENSUS_DAY + 365

BIRTH, MOVE, ELSEWHERE, MARRIAGE = 0.075, 0.08, 0.15, 0.05
"""Chances of a year: a child of a couple in the age of it, a household's move, one to another authority of the movers,
and that a woman in a couple who kept her surname takes the man's."""
_MOTHERS_FROM, _MOTHERS_TO = 20, 42
_DEATH_FROM, _DEATH_AT_100 = 60, 0.25
_STOPS_WORK, _BEGINS_WORK, _PAY_LUCK, _ASKS = 0.04, 0.25, 0.10, 0.5


@dataclass(frozen=True)
class Later:
    """A chunk a year later.

    Attributes
    ----------
    chunk : Chunk
        As of `DAY`; its money and schooling are of `YEAR` alone.
    newborn, moved, married, left : ndarray of bool, shape (people,)
        What happened in the year; who left has died or left the country.
    employers : ndarray of int, shape (people, 1)
        For whom they work; see `employers.jobs`.
    """

    chunk: Chunk
    newborn: Flags
    moved: Flags
    married: Flags
    left: Flags
    employers: Ints


def a_year_later(first: Chunk, jobs_before: Ints) -> Later:
    """Return what became of `first`, whose people worked for `jobs_before` (shape (people,)) in its last year."""
    rng = first.plan.stream(2)
    newborn = _newborn(rng, first)
    people = _joined(first.people, newborn)
    is_new = np.arange(len(people)) >= len(first.people)
    homes, moved = _homes(rng, first, people)
    called, married = _names(rng, first, people)
    age = people.age_on(DAY)
    chance = _DEATH_AT_100 * np.clip((age - _DEATH_FROM) / (100 - _DEATH_FROM), 0, 1) ** 3
    left = happens(rng, chance, len(people)) & ~is_new
    within = households.place_within(first.areas, first.plan.people, homes.authority, homes.address)
    money = _money(rng, first, people, homes, left)
    schooling = _schooling(rng, first, (people, homes, money), within)
    numbers = np.concatenate([first.numbers, first.plan.people + first.numbers[: is_new.sum()]])
    chunk = Chunk(
        plan=first.plan, areas=first.areas, people=people, homes=homes, names=called, money=money,
        schooling=schooling, born=texts(np.datetime_as_string(people.born.astype("datetime64[D]")).tolist()),
        tenth=households.deprivation(first.areas, homes.authority, within), numbers=numbers, years=(YEAR,), day=DAY,
    )  # fmt: skip
    before = np.concatenate([jobs_before, np.full(is_new.sum(), NOBODY)])
    works_for = employers.jobs(first.plan.stream(5), chunk, 1, before)
    return Later(chunk, is_new, moved, married, left, works_for)


def _newborn(rng: np.random.Generator, first: Chunk) -> People:
    """Return the year's children: of couples that live together."""
    people = first.people
    women = np.flatnonzero(people.together & (people.sex == names.FEMALE))
    men = people.partner[women]
    scores = normal_scores(people.standing[women] + people.standing[men])
    age = people.age_on(DAY)[women]
    of_age = (age >= _MOTHERS_FROM) & (age <= _MOTHERS_TO)
    chosen = np.flatnonzero(of_age & happens(rng, BIRTH, len(women)))
    born = rng.integers(CENSUS_DAY + 1, DAY, len(chosen))
    kin = (women[chosen], men[chosen], women[chosen])
    return grown(rng, first.areas, people, kin, born, scores[chosen])


def _joined(people: People, newborn: People) -> People:
    return People(*(np.concatenate([getattr(one, f.name) for one in (people, newborn)]) for f in fields(People)))


def _homes(rng: np.random.Generator, first: Chunk, people: People) -> tuple[Homes, Flags]:
    """Let some households exchange addresses; the newborn live where who keeps them does."""
    homes = first.homes
    movers = np.flatnonzero(happens(rng, MOVE, len(homes.head)))
    far = happens(rng, ELSEWHERE, len(movers))
    authority, address = homes.authority.copy(), homes.address.copy()
    group = np.where(far, NOBODY, homes.authority[movers])
    order = np.lexsort((rng.random(len(movers)), group))
    ordered, of = movers[order], group[order]
    # Everybody of a group takes the address of the next one; the last that of the first.
    starts = np.flatnonzero(np.r_[True, of[1:] != of[:-1]][: len(of)])
    following = np.arange(1, len(of) + 1)
    following[np.r_[starts[1:], len(of)][: len(starts)] - 1] = starts
    authority[ordered], address[ordered] = homes.authority[ordered[following]], homes.address[ordered[following]]
    new = people.keeper[len(first.people) :]
    household = np.concatenate([homes.household, homes.household[new]])
    moved = (authority != homes.authority) | (address != homes.address)
    at = homes.household
    earlier_authority = np.where(moved[at], homes.authority[at], homes.earlier_authority)
    earlier_address = np.where(moved[at], homes.address[at], homes.earlier_address)
    made = replace(
        homes,
        household=household,
        authority=authority,
        address=address,
        earlier_authority=np.concatenate([earlier_authority, authority[homes.household[new]]]),
        earlier_address=np.concatenate([earlier_address, address[homes.household[new]]]),
    )
    return made, moved[household]


def _names(rng: np.random.Generator, first: Chunk, people: People) -> tuple[Called, Flags]:
    """Let some women take their partner's surname; the newborn have the surname of brothers and sisters, or of one."""
    called, before = first.names, len(first.people)
    new = np.arange(before, len(people))
    years = 1970 + people.born[new].astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    given = names.given_names(rng, people.origin[new], people.sex[new], years)
    other = texts([names.SHORT_FORMS.get(name, name) for name in given.tolist()])
    of_children = np.full(before, "", dtype=object)
    known = np.flatnonzero(first.people.mother != NOBODY)
    of_children[first.people.mother[known]] = called.surname_at_birth[known]
    mother, father = people.mother[new], people.father[new]
    surname = np.where(of_children[mother] == "", called.surname[father], of_children[mother])
    old = first.people
    woman = old.together & (old.sex == names.FEMALE) & (called.surname == called.surname_at_birth)
    takes = woman & happens(rng, MARRIAGE, before)
    taken = np.where(takes, called.surname[np.maximum(old.partner, 0)], called.surname)
    married = np.concatenate([takes & (taken != called.surname), np.zeros(len(new), dtype=bool)])
    return (
        Called(
            given=np.concatenate([called.given, given]),
            other_given=np.concatenate([called.other_given, other]),
            surname_at_birth=np.concatenate([called.surname_at_birth, surname]),
            surname=np.concatenate([taken, surname]),
        ),
        married,
    )


def _money(rng: np.random.Generator, first: Chunk, people: People, homes: Homes, left: Flags) -> Money:
    """Return pay and benefits of `YEAR`."""
    old, size = first.money, len(people)
    ages = ages_in(people.born, (YEAR,))
    last = _longer(old.pay[:, -1], size)
    stays = (last > 0) & ~happens(rng, _STOPS_WORK, size)
    begins = (last == 0) & (_longer(old.pay[:, -4:].max(axis=1), size) > 0) | (ages[:, 0] < 24)
    begins &= happens(rng, _BEGINS_WORK, size) & (last == 0)
    grown = np.round(last * np.exp(GROWTH + rng.normal(0, _PAY_LUCK, size)))
    pay = np.where(stays, grown, np.where(begins, pay_of(rng, people, ages, (YEAR,))[:, 0], 0))
    works = (ages[:, 0] >= WORKING_AGES[0]) & (ages[:, 0] < WORKING_AGES[1]) & ~left
    pay = np.where(works, pay, 0).astype(np.int64)[:, None]
    children = children_kept(people, homes, ages)
    asked = old.universal_credit.max(axis=1) > 0
    credit = credit_of(people, homes, pay, children, asked | happens(rng, _ASKS, len(homes.head)), (YEAR,))
    claims = (old.child_benefit > 0).any(axis=1) | (old.children == 0).all(axis=1)
    credit[left[homes.head]] = 0
    return Money(
        pay=pay,
        pension=np.where((ages >= PENSION_AGE) & ~left[:, None], PENSION, 0).astype(np.int64),
        universal_credit=credit,
        child_benefit=claims[:, None] * child_benefit_for(children),
        children=children,
        occupation=_longer(old.occupation, size),
        qualification=_longer(old.qualification, size),
        tenure=old.tenure,
        housing_cost=old.housing_cost,
    )


def _longer(values: Ints, size: int) -> Ints:
    return np.concatenate([values, np.zeros(size - len(values), dtype=values.dtype)])


def _schooling(rng: np.random.Generator, first: Chunk, whose: tuple[People, Homes, Money], within: Floats) -> Schooling:
    """Return the school year that ends in `YEAR`: who changes neither phase nor authority stays at the school."""
    found = schooling_of(rng, whose, first.areas, within, first.plan.people, (YEAR,))
    before = first.schooling
    last = np.flatnonzero(before.year == YEARS[-1])
    school = np.full(len(whose[0]), NOBODY, dtype=np.int64)
    school[before.person[last]] = before.school[last]
    stays = school[found.person] // MOST_SCHOOLS == found.school // MOST_SCHOOLS
    return replace(found, school=np.where(stays, school[found.person], found.school))
