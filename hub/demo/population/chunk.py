"""A chunk of the world: some thousands of people with everything that is true about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saferoom.hub.demo.population import groups, households
from saferoom.hub.demo.population.arrays import NOBODY, Flags, Floats, Ints, Texts, texts
from saferoom.hub.demo.population.households import Homes, homes_of
from saferoom.hub.demo.population.money import YEARS, Money, money_of
from saferoom.hub.demo.population.naming import Called, called
from saferoom.hub.demo.population.people import CENSUS_DAY, People, people_of
from saferoom.hub.demo.population.places import Areas
from saferoom.hub.demo.population.schooling import Schooling, schooling_of

_PEOPLE_PER_FOUNDER = 2.0
_MORE = 1.04


@dataclass(frozen=True)
class Plan:
    """Where a chunk is in the world.

    Attributes
    ----------
    seed, people : int
        The world's.
    number, of : int
        The chunk's number, and how many there are.
    start, size : int
        The number of its first person in the world, and how many people it has.
    """

    seed: int
    people: int
    number: int
    of: int
    start: int
    size: int

    def stream(self, *what: int) -> np.random.Generator:
        """Return the chunk's own stream of random numbers, or the one of that number for something apart."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(self.number, *what)))


@dataclass(frozen=True)
class Chunk:
    """The truth about a chunk of people.

    Attributes
    ----------
    born : ISO dates, shape (people,)
    tenth : ndarray of int, shape (households,)
        Of neighbourhoods by deprivation, 1 the most deprived.
    numbers : ndarray of int, shape (people,)
        The people's numbers in the world.
    years : tuple of int
        Of which money and schooling are.
    day : int
        The day as of which everything is, in days since 1970-01-01.
    """

    plan: Plan
    areas: Areas
    people: People
    homes: Homes
    names: Called
    money: Money
    schooling: Schooling
    born: Texts
    tenth: Ints
    numbers: Ints
    years: tuple[int, ...] = YEARS
    day: int = CENSUS_DAY

    @property
    def age(self) -> Ints:
        """Completed years on the chunk's day."""
        return self.people.age_on(self.day)

    def factor(self, by_group: Floats, people: Ints) -> Floats:
        """Return by how much rates are higher for `people` (positions): by group and neighbourhood."""
        deprived = self.tenth[self.homes.household[people]] <= 3
        factors: Floats = by_group[self.people.group[people]] * np.where(deprived, groups.DEPRIVED, 1.0)
        return factors


def chunk_of(plan: Plan, areas: Areas) -> Chunk:
    """Return the chunk that `plan` asks for."""
    rng = plan.stream()
    people = _exactly(rng, areas, plan.size)
    homes = homes_of(rng, people, plan.number, plan.of)
    names = called(rng, people)
    money = money_of(rng, people, homes)
    within = households.place_within(areas, plan.people, homes.authority, homes.address)
    schooling = schooling_of(rng, (people, homes, money), areas, within, plan.people)
    born = texts(np.datetime_as_string(people.born.astype("datetime64[D]")).tolist())
    tenth = households.deprivation(areas, homes.authority, within)
    numbers = plan.start + np.arange(len(people))
    return Chunk(plan, areas, people, homes, names, money, schooling, born, tenth, numbers)


def _exactly(rng: np.random.Generator, areas: Areas, size: int) -> People:
    """Return so many people: a few more are made, and some leave who are nobody's partner or parent."""
    founders = round(size / _PEOPLE_PER_FOUNDER) + 5
    people = people_of(rng, areas, founders)
    while len(people) < size or _free(people).sum() < len(people) - size:
        founders = round(founders * (_MORE if len(people) < size else 1 / _MORE)) + 1
        people = people_of(rng, areas, founders)
    leave = rng.permutation(np.flatnonzero(_free(people)))[: len(people) - size]
    stays = np.ones(len(people), dtype=bool)
    stays[leave] = False
    return people.kept(stays)


def _free(people: People) -> Flags:
    """Return who is nobody's partner or parent."""
    free: Flags = people.partner == NOBODY
    free[people.mother[people.mother != NOBODY]] = False
    free[people.father[people.father != NOBODY]] = False
    return free
