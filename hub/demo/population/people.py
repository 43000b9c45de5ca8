"""People: founders, couples, children over four generations, and where they grew up.

Founders have no parents in the world. Whoever is grown up may live, or have lived, in a couple with somebody of the
same generation, of about the same age, mostly of the same place and group and often of a like standing; couples have
children, who do the same. Nobody dies and nobody leaves the country before census day. Couples that separated each have
a home, and their children live with one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from saferoom.hub.demo.population import groups, names
from saferoom.hub.demo.population.arrays import (
    NOBODY,
    Flags,
    Floats,
    Ints,
    happens,
    normal_scores,
    pick,
    pick_by,
    position_within,
)
from saferoom.hub.demo.population.places import AUTHORITIES, Areas

CENSUS_DAY = int(np.datetime64("2021-03-21", "D").astype(np.int64))
"""Days since 1970-01-01; everything in the world is as of that day."""
YEAR_DAYS = 365.25

_FOUNDERS_FROM, _FOUNDERS_TO = (int(np.datetime64(day, "D").astype(np.int64)) for day in ("1940-01-01", "1995-12-31"))
_GENERATIONS = 4
_ADULT = 22.0
_PAIRED_SHARE = 0.9
_OTHER_GROUP_SHARE = 0.1
_SEPARATED_SHARE = 0.24
_WITH_MOTHER_SHARE = 0.9
_CHILDREN_SHARES = (0.10, 0.18, 0.38, 0.22, 0.12)
_FIRST_BIRTH_AGE, _FIRST_BIRTH_SPREAD = 27.0, 5.0
_YOUNGEST_MOTHER, _OLDEST_MOTHER = 17.0, 45.0
_TWIN_SHARE = 0.015
_MIXED_CHILD_SHARE = 0.7
_STAYS_SHARE, _STAYS_IN_REGION_SHARE = 0.68, 0.18
_AGE_BAND_DAYS = 5 * YEAR_DAYS
_LIKE_STANDING_NOISE = 1.3


@dataclass
class People:
    """Columns of people; everything that names another person is its position, or `NOBODY`.

    Attributes
    ----------
    sex : `names.FEMALE` or `names.MALE`
    born : days since 1970-01-01
    group : position in `groups.GROUPS`
    origin : position in `names.ORIGINS`
    grew_up, lives : position in `places.AUTHORITIES`
    mother, father : parents
    keeper : the parent with whom a child lives while it lives at home
    partner : with whom somebody lives, or lived, in a couple
    together : whether that couple still lives together
    standing : lasting economic position, a normal score
    parents_standing : normal score of the parents' standing among all couples with children; NaN without parents
    """

    sex: Ints
    born: Ints
    group: Ints
    origin: Ints
    grew_up: Ints
    lives: Ints
    mother: Ints
    father: Ints
    keeper: Ints
    partner: Ints
    together: Flags
    standing: Floats
    parents_standing: Floats

    def __len__(self) -> int:
        return len(self.sex)

    @property
    def age(self) -> Ints:
        """Completed years on census day, about: a year has 365.25 days."""
        return self.age_on(CENSUS_DAY)

    def age_on(self, day: int) -> Ints:
        """Return completed years on `day`, about."""
        return np.floor((day - self.born) / YEAR_DAYS).astype(np.int64)

    def kept(self, stays: Flags) -> People:
        """Return those who stay, with positions renumbered; those who name somebody else must not lose them."""
        new = np.where(stays, np.cumsum(stays) - 1, NOBODY)
        columns = {field.name: getattr(self, field.name)[stays] for field in fields(self)}
        for name in ("mother", "father", "keeper", "partner"):
            columns[name] = np.where(columns[name] == NOBODY, NOBODY, new[columns[name]])
        return People(**columns)


def people_of(rng: np.random.Generator, areas: Areas, founders: int) -> People:
    """Return the founders and everybody who descends from them."""
    generation = _founders(rng, areas, founders)
    whole = generation
    start = 0
    for _ in range(_GENERATIONS - 1):
        women, men = _couples(rng, areas, whole, start)
        children = _children(rng, areas, whole, women, men)
        start = len(whole)
        whole = People(*(np.concatenate([getattr(one, f.name) for one in (whole, children)]) for f in fields(People)))
    _couples(rng, areas, whole, start)
    return whole


def _founders(rng: np.random.Generator, areas: Areas, size: int) -> People:
    lives = pick(rng, areas.share, size)
    group = pick_by(rng, groups.shares(), areas.region[lives])
    standing = areas.standing[lives] + rng.normal(0, np.sqrt(1 - areas.noise), size)
    nobody = np.full(size, NOBODY, dtype=np.int64)
    # More were born early: the young mostly have their parents in the world.
    late = rng.random(size) ** 1.1
    born = (_FOUNDERS_FROM + late * (_FOUNDERS_TO - _FOUNDERS_FROM)).astype(np.int64)
    return People(
        sex=rng.integers(0, 2, size), born=born, group=group, origin=pick_by(rng, groups.ORIGIN_SHARES, group),
        grew_up=lives.copy(), lives=lives, mother=nobody, father=nobody.copy(), keeper=nobody.copy(),
        partner=nobody.copy(), together=np.zeros(size, dtype=bool), standing=standing,
        parents_standing=np.full(size, np.nan),
    )  # fmt: skip


def _couples(rng: np.random.Generator, areas: Areas, people: People, start: int) -> tuple[Ints, Ints]:
    """Pair grown-ups from position `start` on, say so in `people`, and return the women and their men."""
    age = (CENSUS_DAY - people.born) / YEAR_DAYS
    # The chance of having found somebody grows from 22 to 34.
    chance = _PAIRED_SHARE * np.clip((age - _ADULT) / 12, 0, 1)
    seeks = np.flatnonzero(happens(rng, chance, len(people)) & (np.arange(len(people)) >= start))
    # Most look at home and in their own group; who found nobody looks in the region, then in the country.
    pairs = []
    for place in (people.lives, len(AUTHORITIES) + areas.region[people.lives], np.zeros(len(people), dtype=np.int64)):
        open_to_all = happens(rng, _OTHER_GROUP_SHARE, len(seeks))
        group = np.where(open_to_all, groups.WHITE, people.group[seeks])
        band = (people.born[seeks] // _AGE_BAND_DAYS).astype(np.int64)
        cell = (place[seeks] * len(groups.GROUPS) + group) * 100 + band - band.min(initial=0)
        liking = people.standing[seeks] + rng.normal(0, _LIKE_STANDING_NOISE, len(seeks))
        order = np.lexsort((liking, cell))
        ordered, cell = seeks[order], cell[order]
        is_woman = people.sex[ordered] == names.FEMALE
        pairs.append(_matched(ordered[is_woman], cell[is_woman], ordered[~is_woman], cell[~is_woman]))
        seeks = np.setdiff1d(seeks, np.concatenate(pairs[-1]))
    women, men = (np.concatenate(side) for side in zip(*pairs, strict=True))
    related = (people.mother[women] != NOBODY) & (people.mother[women] == people.mother[men])
    women, men = women[~related], men[~related]
    people.partner[women], people.partner[men] = men, women
    together = ~happens(rng, _SEPARATED_SHARE, len(women))
    people.together[women] = people.together[men] = together
    people.lives[men] = np.where(together, people.lives[women], people.lives[men])
    return women, men


def _matched(women: Ints, of_women: Ints, men: Ints, of_men: Ints) -> tuple[Ints, Ints]:
    """Match the k-th woman of every cell with its k-th man."""
    many = max(len(women), len(men)) + 1
    keys_women = of_women * many + position_within(of_women)
    keys_men = of_men * many + position_within(of_men)
    _, left, right = np.intersect1d(keys_women, keys_men, assume_unique=True, return_indices=True)
    return women[left], men[right]


def _children(rng: np.random.Generator, areas: Areas, people: People, women: Ints, men: Ints) -> People:
    number = pick(rng, _CHILDREN_SHARES, len(women))
    pair = np.repeat(np.arange(len(women)), number)
    mother = women[pair]
    first = np.clip(rng.normal(_FIRST_BIRTH_AGE, _FIRST_BIRTH_SPREAD, len(women)), _YOUNGEST_MOTHER, 42)[pair]
    gap = np.where(happens(rng, _TWIN_SHARE, len(pair)), 0.0, rng.uniform(1.6, 4.2, len(pair))) * position_within(pair)
    born = (people.born[mother] + (first + gap) * YEAR_DAYS).astype(np.int64)
    alive = (born < CENSUS_DAY - 30) & (born < people.born[mother] + _OLDEST_MOTHER * YEAR_DAYS)
    pair, mother, born = pair[alive], mother[alive], born[alive]
    with_mother = happens(rng, _WITH_MOTHER_SHARE, len(women)) | people.together[women]
    keeper = np.where(with_mother, women, men)[pair]
    father = men[pair]
    # Of couples with children alone, or the children's parents would not be standard normal among parents.
    of_couple = np.full(len(women), np.nan)
    parents = np.unique(pair)
    of_couple[parents] = normal_scores((people.standing[women] + people.standing[men])[parents])
    return grown(rng, areas, people, (mother, father, keeper), born, of_couple[pair])


def grown(
    rng: np.random.Generator, areas: Areas, people: People, kin: tuple[Ints, Ints, Ints], born: Ints, standing: Floats
) -> People:
    """Return the children of `kin` (mother, father, keeper), grown up where the keeper lives."""
    mother, father, keeper = kin
    size = len(born)
    home = people.lives[keeper]
    persistence = areas.persistence[home]
    own = np.sqrt(np.clip(1 - persistence**2 - areas.noise_of_rise, 0.1, 1))
    differ = people.group[mother] != people.group[father]
    mixed = differ & happens(rng, _MIXED_CHILD_SHARE, size)
    group = np.where(mixed, groups.MIXED, people.group[mother])
    adult = born < CENSUS_DAY - 19 * YEAR_DAYS
    return People(
        sex=rng.integers(0, 2, size), born=born, group=group, origin=people.origin[father],
        grew_up=home.copy(), lives=np.where(adult, _moved_to(rng, areas, home), home), mother=mother, father=father,
        keeper=keeper, partner=np.full(size, NOBODY, dtype=np.int64), together=np.zeros(size, dtype=bool),
        standing=persistence * standing + areas.rise[home] + own * rng.normal(0, 1, size),
        parents_standing=standing,
    )  # fmt: skip


def _moved_to(rng: np.random.Generator, areas: Areas, home: Ints) -> Ints:
    """Return where people from `home` live when they are grown up."""
    same_region = areas.region[:, None] == areas.region[None, :]
    within = pick_by(rng, areas.share * same_region, home)
    anywhere = pick(rng, areas.share, len(home))
    drawn = rng.random(len(home))
    return np.where(
        drawn < _STAYS_SHARE, home, np.where(drawn < _STAYS_SHARE + _STAYS_IN_REGION_SHARE, within, anywhere)
    )
