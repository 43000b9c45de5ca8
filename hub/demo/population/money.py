"""Money: earnings by tax year, benefits by household, occupation, qualification and tenure.

All from a person's standing (see `places`), age and sex, and luck that lasts: what departments' files show about income
is a noisy view of standing. Amounts are whole pounds a year unless a name says otherwise; no rate or threshold is the
law's, only of its order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from saferoom.hub.demo.population import names
from saferoom.hub.demo.population.arrays import NOBODY, Flags, Floats, Ints, happens
from saferoom.hub.demo.population.households import Homes
from saferoom.hub.demo.population.people import CENSUS_DAY, YEAR_DAYS, People

YEARS = tuple(range(2005, 2022))
"""Tax years by the year in which they end; the last is the one before census day."""

OCCUPATIONS: Mapping[int, str] = {
    1: "Higher managerial, administrative and professional occupations",
    2: "Lower managerial, administrative and professional occupations",
    3: "Intermediate occupations",
    4: "Small employers and own account workers",
    5: "Lower supervisory and technical occupations",
    6: "Semi-routine occupations",
    7: "Routine occupations",
    8: "Never worked and long-term unemployed",
}
"""Analytic classes of the National Statistics Socio-economic classification, with their published names."""
QUALIFICATIONS = ("none", "level_1", "level_2", "apprenticeship", "level_3", "level_4_or_more")
TENURES = ("owned", "mortgage", "social_rent", "private_rent")

_LEVEL, _SPREAD, GROWTH = 10.24, 0.58, 0.025
_LASTING_LUCK, _YEARLY_LUCK = 0.18, 0.12
_WOMEN_LOG, _PART_TIME_SHARE, _PART_TIME_LOG = -0.10, 0.3, -0.6
_WORKS = 0.85
_OCCUPATION_EDGES = (1.15, 0.35, -0.15, -0.45, -0.75, -1.25)
_QUALIFICATION_EDGES = (-1.1, -0.7, -0.25, -0.1, 0.35)
WORKING_AGES = (17, 67)
_CHILD_UNTIL = 19
NEED_COUPLE, NEED_SINGLE, NEED_CHILD = 8_600, 6_400, 2_700
_TAPER, _WORK_ALLOWANCE = 0.55, 3_500
_CLAIMS_SHARE = 0.87
_CHILD_BENEFIT_FIRST, _CHILD_BENEFIT_NEXT, _CHILD_BENEFIT_CLAIMS = 1_094, 724, 0.96
PENSION, PENSION_AGE = 8_800, 67


@dataclass(frozen=True)
class Money:
    """What people earn and get.

    Attributes
    ----------
    pay : ndarray of int, shape (people, years)
        Earnings; 0 where somebody had none.
    pension : ndarray of int, shape (people, years)
    universal_credit, child_benefit : ndarray of int, shape (households, years)
    children : ndarray of int, shape (households, years)
        How many children they kept.
    occupation : ndarray of int, shape (people,)
        Class 1 to 8; 0 for children and students.
    qualification, tenure : positions in `QUALIFICATIONS` (people), `TENURES` (households)
    housing_cost : ndarray of int, shape (households,)
        Pounds a week.
    """

    pay: Ints
    pension: Ints
    universal_credit: Ints
    child_benefit: Ints
    children: Ints
    occupation: Ints
    qualification: Ints
    tenure: Ints
    housing_cost: Ints

    def earned(self, people: People, homes: Homes) -> Ints:
        """Return the earnings of the reference person and partner, shape (households, years)."""
        return _of_couple(people, homes, self.pay)

    def income(self, homes: Homes) -> Ints:
        """Return the income in the last year of everybody in a household together, shape (households,)."""
        own = np.bincount(homes.household, self.pay[:, -1] + self.pension[:, -1], len(homes.head)).astype(np.int64)
        total: Ints = own + self.universal_credit[:, -1] + self.child_benefit[:, -1]
        return total


def ages_in(born: Ints, years: Sequence[int] = YEARS) -> Floats:
    """Return ages at the end of each of `years`, shape (people, years)."""
    back = np.array([YEARS[-1] - year for year in years], dtype=np.float64)
    ages: Floats = ((CENSUS_DAY - born) / YEAR_DAYS)[:, None] - back[None, :]
    return ages


def money_of(rng: np.random.Generator, people: People, homes: Homes) -> Money:
    """Return what `people` in `homes` earn and get."""
    ages = ages_in(people.born)
    pay = pay_of(rng, people, ages)
    pension = np.where(ages >= PENSION_AGE, PENSION, 0).astype(np.int64)
    children = children_kept(people, homes, ages)
    asks = happens(rng, _CLAIMS_SHARE, len(homes.head))
    credit = credit_of(people, homes, pay, children, asks)
    claims = happens(rng, _CHILD_BENEFIT_CLAIMS, len(homes.head))[:, None]
    for_children = child_benefit_for(children)
    occupation, qualification = _work(rng, people, pay)
    tenure = _tenure(rng, people.standing[homes.head], people.age[homes.head])
    mean_week = np.array([25, 185, 100, 190])[tenure] * np.exp(0.12 * people.standing[homes.head])
    cost = np.round(mean_week * rng.uniform(0.75, 1.25, len(tenure))).astype(np.int64)
    return Money(
        pay, pension, credit, claims * for_children, children, occupation, qualification, tenure, cost
    )  # fmt: skip


def child_benefit_for(children: Ints) -> Ints:
    """Return a year's child benefit for so many children."""
    amount: Ints = _CHILD_BENEFIT_FIRST * (children > 0) + _CHILD_BENEFIT_NEXT * np.maximum(children - 1, 0)
    return amount


def pay_of(rng: np.random.Generator, people: People, ages: Floats, in_years: Sequence[int] = YEARS) -> Ints:
    """Return the pay of `people` at their `ages` in years, 0 where they do not work."""
    woman = people.sex == names.FEMALE
    size, years = ages.shape
    part_time = woman & happens(rng, _PART_TIME_SHARE, size)
    person = _SPREAD * people.standing + rng.normal(0, _LASTING_LUCK, size)
    person += _WOMEN_LOG * woman + _PART_TIME_LOG * part_time
    career = -0.00055 * (np.clip(ages, 16, 70) - 46) ** 2
    growth = GROWTH * (np.array(in_years) - YEARS[-1])
    log_pay = _LEVEL + person[:, None] + career + growth + rng.normal(0, _YEARLY_LUCK, (size, years))
    lasting = _WORKS + 0.5 * people.standing - 0.25 * woman + rng.normal(0, 0.8, size)
    works = lasting[:, None] + rng.normal(0, 0.45, (size, years)) > 0
    of_age = (ages >= WORKING_AGES[0]) & (ages < WORKING_AGES[1])
    learns = (ages < 21) & (people.standing > 0.2)[:, None]
    pay: Ints = np.where(works & of_age & ~learns, np.round(np.exp(log_pay)), 0).astype(np.int64)
    return pay


def _of_couple(people: People, homes: Homes, amounts: Ints) -> Ints:
    head = homes.head
    partner = np.where(people.together[head], people.partner[head], NOBODY)
    total: Ints = amounts[head] + np.where((partner != NOBODY)[:, None], amounts[partner], 0)
    return total


def family(people: People, homes: Homes) -> Ints:
    """Return the household that keeps, or kept, each child, shape (people,); `NOBODY` for founders."""
    return np.where(people.keeper == NOBODY, NOBODY, homes.household[people.keeper])


def children_kept(people: People, homes: Homes, ages: Floats) -> Ints:
    """Return how many children households kept in each year, those who left since included."""
    of = family(people, homes)
    number = np.zeros((len(homes.head), ages.shape[1]), dtype=np.int64)
    for year in range(ages.shape[1]):
        counted = (of != NOBODY) & (ages[:, year] >= 0) & (ages[:, year] < _CHILD_UNTIL)
        number[:, year] = np.bincount(of[counted], minlength=len(homes.head))
    return number


def credit_of(
    people: People, homes: Homes, pay: Ints, children: Ints, asks: Flags, years: Sequence[int] = YEARS
) -> Ints:
    """Return the yearly award: need less what is earned beyond an allowance, at a taper; not every household asks."""
    head = homes.head
    need = np.where(people.together[head], NEED_COUPLE, NEED_SINGLE)[:, None] + NEED_CHILD * children
    counted = np.maximum(0, _of_couple(people, homes, pay) - np.where(children > 0, _WORK_ALLOWANCE, 0))
    in_prices = 1 + GROWTH * (np.array(years) - YEARS[-1])
    award = np.round(need * in_prices - _TAPER * counted)
    ages = ages_in(people.born[head], years)
    of_age: Flags = (ages >= 18) & (ages < PENSION_AGE)
    return np.where(of_age & asks[:, None] & (award > 300), award, 0).astype(np.int64)


def _work(rng: np.random.Generator, people: People, pay: Ints) -> tuple[Ints, Ints]:
    size = len(people)
    score = 0.8 * people.standing + 0.6 * rng.normal(0, 1, size)
    occupation = 1 + np.sum(score[:, None] < np.array(_OCCUPATION_EDGES), axis=1)
    occupation = np.where((pay > 0).any(axis=1), occupation, 8)
    # A cohort later, more stayed on at school.
    learned = 0.6 * people.standing + 0.8 * rng.normal(0, 1, size) + 0.01 * (people.born / YEAR_DAYS - 5)
    qualification = np.sum(learned[:, None] >= np.array(_QUALIFICATION_EDGES), axis=1)
    age = people.age
    occupation = np.where((age < 16) | ((age < 22) & ~(pay > 0).any(axis=1)), 0, occupation)
    return occupation.astype(np.int64), np.where(age < 16, 0, qualification).astype(np.int64)


def _tenure(rng: np.random.Generator, standing: Floats, age: Ints) -> Ints:
    score = standing + 0.05 * (age - 45) + rng.normal(0, 0.8, len(standing))
    owns = score > -0.2
    outright = owns & happens(rng, np.clip((age - 45) / 25, 0.05, 0.95), len(age))
    social = ~owns & happens(rng, 0.55, len(age))
    found: Ints = np.select([outright, owns, social], [0, 1, 2], 3).astype(np.int64)
    return found
