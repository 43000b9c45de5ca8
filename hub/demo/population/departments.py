"""Departments: what each knows about whom, under an identifier of its own.

A department holds names and addresses of some time: the register of births those of the birth, schools those of when
somebody left school, the others today's, unless they did not hear of a move or of a marriage. Its people come out in
the order of its own identifiers, so that the order of two files says nothing either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from saferoom.hub.demo.population import groups, households
from saferoom.hub.demo.population.arrays import Flags, Floats, Ints, Texts, happens, texts
from saferoom.hub.demo.population.chunk import Chunk
from saferoom.hub.demo.population.errors import Departures, Identifiers, spoil
from saferoom.hub.demo.population.numbering import Series
from saferoom.hub.demo.population.places import CODES, REGION_CODES


@dataclass(frozen=True)
class Source:
    """A file of people: whose it is and how well it is kept.

    Attributes
    ----------
    name : str
        Path of the file below the world's folder, without its ending.
    id : str
        Name of the column with the department's own identifier.
    letter : str
        With what its identifiers begin; tells the series apart.
    stale : float
        Rate of people whose move or marriage it did not hear of, for factor 1.
    absent : float
        Rate of people whom it should know and does not, for factor 1.
    capitals : bool
        It writes names and addresses in capitals.
    spaces : bool
        It writes postcodes with a space.
    """

    name: str
    id: str
    letter: str
    stale: float
    absent: float
    capitals: bool = False
    spaces: bool = True


BIRTHS = Source("births/children", "birth_id", "B", stale=0.0, absent=0.002)
PARENTS = Source("births/parents", "parent_entry_id", "R", stale=0.0, absent=0.004)
SCHOOLS = Source("schools/pupils", "pupil_id", "P", stale=0.03, absent=0.004, spaces=False)
TAX = Source("tax/people", "taxpayer_id", "T", stale=0.10, absent=0.0, capitals=True)
BENEFITS = Source("benefits/people", "claimant_id", "K", stale=0.05, absent=0.0)
CENSUS = Source("census/people", "census_id", "C", stale=0.0, absent=0.025)
SOURCES = (BIRTHS, PARENTS, SCHOOLS, TAX, BENEFITS, CENSUS)


@dataclass(frozen=True)
class Earlier:
    """By the nature of a source: the chance that it holds what was so before the last move or marriage, shape (n,)."""

    address: Floats
    surname: Floats

    @classmethod
    def no(cls, size: int) -> Earlier:
        """Return the chances of a source that asks about today."""
        return cls(np.zeros(size), np.zeros(size))


@dataclass(frozen=True)
class Held:
    """The records of one source, and how they came to differ from the truth.

    Attributes
    ----------
    people : ndarray of int, shape (records,)
        Positions in the chunk.
    kept : ndarray of int, shape (records,)
        Which of those whom it should know these are.
    ids : the source's own identifiers
    old_address, old_surname : ndarray of bool, shape (records,)
        Whether the address or surname is no longer, or not yet, that of census day.
    authority, address : ndarray of int, shape (records,)
        Of the address that is held, before any error.
    """

    source: Source
    people: Ints
    kept: Ints
    ids: Texts
    identifiers: Identifiers
    departures: Departures
    old_address: Flags
    old_surname: Flags
    authority: Ints
    address: Ints

    def places(self, chunk: Chunk) -> dict[str, Texts | Ints]:
        """Return what a department knows about the neighbourhood of the addresses it holds."""
        within = households.place_within(chunk.areas, chunk.plan.people, self.authority, self.address)
        return {
            "authority_code": CODES[self.authority],
            "region_code": REGION_CODES[self.authority],
            "deprivation_tenth": households.deprivation(chunk.areas, self.authority, within),
        }

    def columns(self) -> dict[str, Texts]:
        """Return the identifiers as columns of a file."""
        found = self.identifiers
        given, surname, address, postcode = found.given_name, found.surname, found.address, found.postcode
        if self.source.capitals:
            given, surname, address = _each(given, str.upper), _each(surname, str.upper), _each(address, str.upper)
        if not self.source.spaces:
            postcode = _each(postcode, lambda text: text.replace(" ", ""))
        return {
            self.source.id: self.ids, "given_name": given, "surname": surname,
            "date_of_birth": found.date_of_birth, "sex": found.sex, "postcode": postcode, "address": address,
        }  # fmt: skip


def hold(rng: np.random.Generator, chunk: Chunk, source: Source, people: Ints, series: Ints, earlier: Earlier) -> Held:
    """Return what `source` holds about `people`.

    Parameters
    ----------
    people : ndarray of int, shape (n,)
        Positions in the chunk of those whom it should know.
    series : ndarray of int, shape (n,)
        The numbers from which its identifiers are made, each once in the world.
    earlier : Earlier
        Of each of them; beside what the source did not hear of.
    """
    absent = np.minimum(source.absent * chunk.factor(groups.ABSENT, people), 0.5)
    known = np.flatnonzero(~happens(rng, absent, len(people)))
    people, series = people[known], series[known]
    stale = np.minimum(source.stale * chunk.factor(groups.STALE, people), 0.5)
    before_move = happens(rng, np.maximum(earlier.address[known], stale), len(people)) & chunk.homes.moved[people]
    changed = chunk.names.surname[people] != chunk.names.surname_at_birth[people]
    before_marriage = happens(rng, np.maximum(earlier.surname[known], stale), len(people)) & changed
    ids = Series(chunk.plan.seed, source.letter).of(series)
    return written(rng, chunk, Written(source, people, known, ids), before_move, before_marriage)


@dataclass(frozen=True)
class Written:
    """Whose records a source writes: the first four of `Held`'s columns."""

    source: Source
    people: Ints
    kept: Ints
    ids: Texts


def written(rng: np.random.Generator, chunk: Chunk, whose: Written, before_move: Flags, before_marriage: Flags) -> Held:
    """Return the records of `whose` people as they are typed in, each as of before or after its last changes."""
    people, homes = whose.people, chunk.homes
    home = homes.household[people]
    authority = np.where(before_move, homes.earlier_authority[people], homes.authority[home])
    address = np.where(before_move, homes.earlier_address[people], homes.address[home])
    records = _true(chunk, people, (authority, address), before_marriage)
    departures = spoil(rng, records, chunk.names.other_given[people], chunk.factor(groups.WRONG, people))
    return Held(
        whose.source, people, whose.kept, whose.ids, records, departures, before_move, before_marriage,
        authority, address,
    )  # fmt: skip


def _true(chunk: Chunk, people: Ints, at: tuple[Ints, Ints], before_marriage: Flags) -> Identifiers:
    called, (authority, address) = chunk.names, at
    return Identifiers(
        given_name=called.given[people],
        surname=np.where(before_marriage, called.surname_at_birth[people], called.surname[people]),
        date_of_birth=chunk.born[people],
        sex=np.array(["F", "M"], dtype=object)[chunk.people.sex[people]],
        postcode=households.postcodes(authority, address),
        address=households.lines(authority, address),
    )


def _each(values: Texts, change: Callable[[str], str]) -> Texts:
    return texts([None if value is None else change(value) for value in values.tolist()])
