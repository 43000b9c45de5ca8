"""Schooling: schools, who went where by year, free school meals, and attainment at 11 and 16.

A school year is named by the year in which it ends. Children start in the September after they turn four and leave at
sixteen; all go to state schools, to one near their home, and a few change. Entitled to free meals is whose household
gets universal credit and earns little; not everybody who is entitled is registered, and whose household is poor but
earns just too much, or never claimed, is not entitled at all: the lost children.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from saferoom.hub.demo.population import groups
from saferoom.hub.demo.population.arrays import NOBODY, Flags, Floats, Ints, Texts, happens, texts
from saferoom.hub.demo.population.households import Homes
from saferoom.hub.demo.population.money import GROWTH, YEARS, Money, family
from saferoom.hub.demo.population.people import People
from saferoom.hub.demo.population.places import AUTHORITIES, Areas

FIRST_AGE, PRIMARY_AGE, LAST_AGE = 5, 11, 16
PHASES = ("primary", "secondary")
STAGES = {PRIMARY_AGE: "key_stage_2", LAST_AGE: "key_stage_4"}

_PUPILS_PER_SCHOOL = (280, 900)
_SHARE_OF_PEOPLE = (0.085, 0.06)
MOST_SCHOOLS = 5_000
"""Of a phase and authority: the quotient of schools' numbers tells those."""
_ELSEWHERE_SHARE = 0.06
_MEALS_EARNINGS = 11_000
"""Households on universal credit that earn less are entitled."""
_SCORE_MEAN, _SCORE_SPREAD = (103.0, 45.0), (7.0, 17.0)
_SCORE_LOW, _SCORE_HIGH = (80, 0), (120, 90)
_MEALS_EFFECT = 0.3


@dataclass(frozen=True)
class Schooling:
    """What schools know, one row a pupil and year.

    Attributes
    ----------
    person, year, school : ndarray of int, shape (rows,)
        `school` is the number of `schools`.
    entitled, registered : ndarray of bool, shape (rows,)
        For free school meals.
    score : ndarray of float, shape (rows,)
        Attainment in the years of a stage, else NaN.
    school_age : ndarray of int, shape (rows,)
        The age that most reach in that school year.
    """

    person: Ints
    year: Ints
    school: Ints
    entitled: Flags
    registered: Flags
    score: Floats
    school_age: Ints


def _numbers(people_in_world: int, areas: Areas) -> Ints:
    """Return how many schools of each phase authorities have, shape (phases, authorities)."""
    per_person = np.array(_SHARE_OF_PEOPLE) / np.array(_PUPILS_PER_SCHOOL)
    number = np.round(people_in_world * areas.share[None, :] * per_person[:, None])
    counts: Ints = np.clip(number, 1, MOST_SCHOOLS - 1).astype(np.int64)
    return counts


def schools(people_in_world: int, areas: Areas) -> tuple[Ints, Texts, Ints, Ints]:
    """Return all schools: their number, name, phase (position in `PHASES`) and authority."""
    number, name, phases, authority = [], [], [], []
    for phase, of_phase in enumerate(_numbers(people_in_world, areas).tolist()):
        for place, many in enumerate(of_phase):
            for k in range(many):
                number.append(_number(phase, place, k))
                town = AUTHORITIES[place].name.partition(",")[0]
                name.append(f"{town} {PHASES[phase].capitalize()} School {k + 1}")
                phases.append(phase)
                authority.append(place)
    return np.array(number), texts(name), np.array(phases), np.array(authority)


def _number(phase: int, place: int, k: int) -> int:
    return (phase * len(AUTHORITIES) + place) * MOST_SCHOOLS + k


def schooling_of(
    rng: np.random.Generator,
    whose: tuple[People, Homes, Money],
    areas: Areas,
    within: Floats,
    in_world: int,
    years: Sequence[int] = YEARS,
) -> Schooling:
    """Return what schools know of `years` about people; `within` says where households are in their authority."""
    people, homes, money = whose
    person, column = _at_school(people, years)
    of = family(people, homes)[person]
    year = np.array(years)[column]
    age = year - _school_born(people)[person]
    school = _school(rng, person, age, homes.authority[of], within[of], _numbers(in_world, areas))
    poor = (money.universal_credit[of, column] > 0) & (
        money.earned(people, homes)[of, column] < _MEALS_EARNINGS * (1 + GROWTH * (year - YEARS[-1]))
    )
    takes_up = happens(rng, groups.TAKES_UP[people.group], len(people))
    score = _score(rng, people, person, age, poor)
    return Schooling(person, year, school, poor, poor & takes_up[person], score, age)


def _school_born(people: People) -> Ints:
    """Return the year in which those of the same school year are born up to August."""
    month = people.born.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    born: Ints = 1970 + (month + 4) // 12
    return born


def _at_school(people: People, years: Sequence[int]) -> tuple[Ints, Ints]:
    """Return person and column of `years` of every year at school."""
    age = np.array(years)[None, :] - _school_born(people)[:, None]
    at_school = (age >= FIRST_AGE) & (age <= LAST_AGE) & (people.keeper != NOBODY)[:, None]
    person, column = np.nonzero(at_school)
    return person.astype(np.int64), column.astype(np.int64)


def _school(rng: np.random.Generator, person: Ints, age: Ints, place: Ints, within: Floats, numbers: Ints) -> Ints:
    """Return the school near `within` its authority; a few are drawn at random, and stay there."""
    phase = (age > PRIMARY_AGE).astype(np.int64)
    last = int(person.max(initial=-1)) + 1
    elsewhere = happens(rng, _ELSEWHERE_SHARE, last)[person]
    position = np.where(elsewhere, rng.random(last)[person], within)
    many = numbers[phase, place]
    k = np.minimum((position * many).astype(np.int64), many - 1)
    school: Ints = (phase * len(AUTHORITIES) + place) * MOST_SCHOOLS + k
    return school


def _score(rng: np.random.Generator, people: People, person: Ints, age: Ints, poor: Flags) -> Floats:
    """Return scores: they go with the standing that a child will have, and with its parents'."""
    lasting = (0.45 * people.standing + 0.25 * np.nan_to_num(people.parents_standing))[person]
    z = lasting + 0.8 * rng.normal(0, 1, len(person)) - _MEALS_EFFECT * poor
    stage = (age == LAST_AGE).astype(np.int64)
    raw = np.round(np.array(_SCORE_MEAN)[stage] + np.array(_SCORE_SPREAD)[stage] * z, 1)
    score = np.clip(raw, np.array(_SCORE_LOW)[stage], np.array(_SCORE_HIGH)[stage])
    return np.where((age == PRIMARY_AGE) | (age == LAST_AGE), score, np.nan)
