"""What people are called: at birth, today, and the other form of a given name that they go by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saferoom.hub.demo.population import names
from saferoom.hub.demo.population.arrays import NOBODY, Ints, Texts, happens, texts
from saferoom.hub.demo.population.people import People

_GENERATIONS = 4
_FATHERS_SURNAME_SHARE = 0.8
# Share of women in couples who take the man's surname, by group, and of them who join the two by a hyphen.
_TAKES_SURNAME = np.array([0.68, 0.60, 0.50, 0.55, 0.40])
_HYPHEN_SHARE = 0.06
_TAKES_BACK_SHARE = 0.4


@dataclass(frozen=True)
class Called:
    """Names, one each a person; `other_given` is the given name itself where it has no other form."""

    given: Texts
    other_given: Texts
    surname_at_birth: Texts
    surname: Texts


def called(rng: np.random.Generator, people: People) -> Called:
    """Return the names of `people`."""
    years = 1970 + people.born.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    given = names.given_names(rng, people.origin, people.sex, years)
    other = texts([names.SHORT_FORMS.get(name, name) for name in given.tolist()])
    at_birth = names.surnames(rng, people.origin)
    today = at_birth.copy()
    fathers = happens(rng, _FATHERS_SURNAME_SHARE, len(people))
    married = _married(rng, people)
    for generation in range(_GENERATIONS):
        members = np.flatnonzero(_generation(people) == generation)
        if generation:
            # Brothers and sisters have one surname: their mother decides.
            mother, father = people.mother[members], people.father[members]
            at_birth[members] = np.where(fathers[mother], today[father], today[mother])
            today[members] = at_birth[members]
        wives = members[married[members] > 0]
        taken = at_birth[people.partner[wives]]
        joined = texts([f"{a}-{b}" if "-" not in a + b else b for a, b in zip(at_birth[wives], taken, strict=True)])
        today[wives] = np.where(married[wives] == 1, taken, joined)
    return Called(given, other, at_birth, today)


def _generation(people: People) -> Ints:
    """Return 0 for founders, 1 for their children, and so on."""
    depth = np.zeros(len(people), dtype=np.int64)
    for _ in range(_GENERATIONS - 1):
        depth = np.where(people.mother == NOBODY, 0, depth[people.mother] + 1)
    return depth


def _married(rng: np.random.Generator, people: People) -> Ints:
    """Return 1 for who takes the partner's surname, 2 for who joins the two, else 0."""
    size = len(people)
    woman = (people.sex == names.FEMALE) & (people.partner != NOBODY)
    takes = woman & happens(rng, _TAKES_SURNAME[people.group], size)
    takes &= people.together | ~happens(rng, _TAKES_BACK_SHARE, size)
    return np.where(takes, np.where(happens(rng, _HYPHEN_SHARE, size), 2, 1), 0)
