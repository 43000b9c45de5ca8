"""A second delivery of the departments, a year after the first: what they hold by then, under the same identifiers.

Births and parents' entries are about the day of a birth and change only where they are corrected; schools hear of moves
while a pupil is at school; tax and benefits hear of most moves and marriages. Some records are typed in again, which
mends most errors and makes some; some are gone; a few amounts of earlier years were revised. There is no second census.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from saferoom.hub.demo.population import departments as d
from saferoom.hub.demo.population import employers, extracts, groups
from saferoom.hub.demo.population.arrays import Flags, Ints, Texts, happens
from saferoom.hub.demo.population.chunk import Chunk
from saferoom.hub.demo.population.departments import Earlier, Held, Source, Written, hold, written
from saferoom.hub.demo.population.errors import Departures, Identifiers
from saferoom.hub.demo.population.later import Later, a_year_later
from saferoom.hub.demo.population.numbering import Series

Table = Mapping[str, Any]

MENDED, RETYPED, GONE = 0.25, 0.01, 0.004
"""Shares of records typed in again that departed from the truth, or did not, and of records that are gone for no
reason."""
GONE_WITH_PEOPLE = 0.8
"""Share of records taken out of people who left."""
REVISED = 0.01
"""Share of earlier years' earnings whose amount was revised."""


def second_delivery(first: Chunk) -> tuple[Later, dict[str, Table], tuple[Held, ...]]:
    """Return `first` a year later, the tables of its second delivery, and what each source then holds."""
    tables, held = extracts.extracts_of(first.plan.stream(1), first)
    own = first.plan.stream(extracts.EMPLOYMENT)
    later = a_year_later(first, employers.jobs(own, first, len(first.years))[:, -1])
    known = {one.source: one for one in held}
    rng = first.plan.stream(4)
    found: dict[str, Table] = {}
    holds: list[Held] = []
    for made in (_births, _schools, _tax, _benefits):
        of_department, sources = made(rng, first, later, known, tables)
        found.update(of_department)
        holds.extend(sources)
    return later, found, tuple(holds)


Known = Mapping[Source, Held]
Tables = Mapping[str, Table]
Made = tuple[dict[str, Table], tuple[Held, ...]]


def _births(rng: np.random.Generator, first: Chunk, later: Later, known: Known, tables: Tables) -> Made:
    children, entries = known[d.BIRTHS], known[d.PARENTS]
    kept, keeps = _again(rng, first, later, children, None)
    kept_entries, keeps_entries = _again(rng, first, later, entries, None)
    old = tables[d.PARENTS.name]
    keeps_entries &= _among(old[d.BIRTHS.id], kept.ids[keeps])
    parents = extracts.entries_register(kept_entries, old[d.BIRTHS.id], old["role"])
    new, (new_children, new_entries) = extracts.births_of(rng, later.chunk, np.flatnonzero(later.newborn))
    register = extracts.births_register(first, kept)
    found = {
        d.BIRTHS.name: _below(_where(register, keeps), new[d.BIRTHS.name]),
        d.PARENTS.name: _below(_where(parents, keeps_entries), new[d.PARENTS.name]),
    }
    held = (_joined(_held(kept, keeps), new_children), _joined(_held(kept_entries, keeps_entries), new_entries))
    return found, held


def _schools(rng: np.random.Generator, first: Chunk, later: Later, known: Known, tables: Tables) -> Made:
    chunk, old = later.chunk, known[d.SCHOOLS]
    at_school = np.unique(chunk.schooling.person)
    hears = np.isin(old.people, at_school)
    kept, keeps = _again(rng, first, later, old, hears)
    starts = np.setdiff1d(at_school, first.schooling.person)
    new = hold(rng, chunk, d.SCHOOLS, starts, chunk.numbers[starts], Earlier.no(len(starts)))
    held = _joined(_held(kept, keeps), new)
    group = np.concatenate([tables[d.SCHOOLS.name]["ethnic_group"][keeps], extracts.groups_of(rng, chunk, new.people)])
    found: dict[str, Table] = {d.SCHOOLS.name: {**held.columns(), "ethnic_group": group, **held.places(chunk)}}
    for name, year in extracts.pupil_years(chunk, held).items():
        found[name] = _below(_of(tables[name], d.SCHOOLS.id, held), year)
    return found, (held,)


def _tax(rng: np.random.Generator, first: Chunk, later: Later, known: Known, tables: Tables) -> Made:
    chunk, old = later.chunk, known[d.TAX]
    kept, keeps = _again(rng, first, later, old, np.ones(len(old.people), dtype=bool))
    held = _joined(_held(kept, keeps), _new(rng, chunk, old, chunk.money.pay[:, 0] > 0))
    earlier = dict(_of(tables["tax/earnings"], d.TAX.id, held))
    revised = happens(rng, REVISED, len(earlier["pay"]))
    factor = np.exp(rng.normal(0, 0.2, len(revised)))
    earlier["pay"] = np.where(revised, np.round(earlier["pay"] * factor), earlier["pay"]).astype(np.int64)
    year = extracts.earnings(first.plan.stream(6), chunk, held, later.employers)
    return {d.TAX.name: {**held.columns(), **held.places(chunk)}, "tax/earnings": _below(earlier, year)}, (held,)


def _benefits(rng: np.random.Generator, first: Chunk, later: Later, known: Known, tables: Tables) -> Made:
    chunk, old = later.chunk, known[d.BENEFITS]
    kept, keeps = _again(rng, first, later, old, np.ones(len(old.people), dtype=bool))
    held = _joined(_held(kept, keeps), _new(rng, chunk, old, extracts.claimed(chunk)))
    claims = _below(_of(tables["benefits/claims"], d.BENEFITS.id, held), extracts.claims(chunk, held))
    return {d.BENEFITS.name: {**held.columns(), **held.places(chunk)}, "benefits/claims": claims}, (held,)


def _new(rng: np.random.Generator, chunk: Chunk, old: Held, known: Flags) -> Held:
    """Return the records of those of `known` (shape (people,)) whom the source did not hold before."""
    people = np.setdiff1d(np.flatnonzero(known), old.people)
    return hold(rng, chunk, old.source, people, chunk.numbers[people], Earlier.no(len(people)))


def _again(rng: np.random.Generator, first: Chunk, later: Later, held: Held, hears: Flags | None) -> tuple[Held, Flags]:
    """Return what a source holds of the same people a year later, and which of the records are still there.

    Parameters
    ----------
    hears : ndarray of bool, shape (records,), optional
        Who is asked about changes; None for a source that tells of the day of a birth.
    """
    size, people = len(held.people), held.people
    gone = happens(rng, GONE, size) | (later.left[people] & happens(rng, GONE_WITH_PEOPLE, size))
    departs = (held.departures.typing_errors + held.departures.missing_values > 0) | held.departures.exchanged
    anew = happens(rng, np.where(departs, MENDED, RETYPED), size)
    if hears is None:
        which = np.flatnonzero(anew)
        old = held.old_address[which], held.old_surname[which]
        fresh = written(rng, first, _whose(held, which), *old)
        return _mixed(held, fresh, which, (anew, anew, anew)), ~gone
    chance = hears * (1 - np.minimum(held.source.stale * later.chunk.factor(groups.STALE, people), 0.5))
    moved, married = (flags[people] & happens(rng, chance, size) for flags in (later.moved, later.married))
    unheard = later.moved[people] & ~moved
    # Nobody remembers an address from before the last move but one: such a record stays as it is.
    anew &= ~(held.old_address & unheard)
    which = np.flatnonzero(anew | moved | married)
    before_move = (held.old_address | unheard) & ~moved
    before_marriage = (held.old_surname | later.married[people]) & ~married
    fresh = written(rng, later.chunk, _whose(held, which), before_move[which], before_marriage[which])
    mixed = _mixed(held, fresh, which, (anew, anew | moved, anew | married))
    is_old = held.old_surname | (later.married[people] & ~married & (held.source.stale > 0))
    return replace(
        mixed,
        old_address=np.where(unheard, True, mixed.old_address),
        old_surname=np.where(married, False, is_old),
    ), ~gone


def _whose(held: Held, which: Ints) -> Written:
    return Written(held.source, held.people[which], held.kept[which], held.ids[which])


def _mixed(held: Held, fresh: Held, which: Ints, anew: tuple[Flags, Flags, Flags]) -> Held:
    """Return `held` with fields of `fresh`, which are the records `which`, where they were written anew.

    Parameters
    ----------
    anew : Flags of given name, date and sex; of the address; and of the surname, shape (records,) each
    """
    names, addresses, surnames = anew

    def put(old: Any, new: Any, where: Flags) -> Any:
        found = old.copy()
        found[which] = np.where(where[which], new, old[which])
        return found

    by_field = {
        "given_name": names, "surname": surnames, "date_of_birth": names, "sex": names,
        "postcode": addresses, "address": addresses,
    }  # fmt: skip
    old, new = held.identifiers, fresh.identifiers
    # Of a record written anew in part, what departs is counted as before.
    departures = {f.name: getattr(held.departures, f.name) for f in fields(Departures)}
    return replace(
        held,
        identifiers=Identifiers(**{f: put(getattr(old, f), getattr(new, f), by_field[f]) for f in by_field}),
        departures=Departures(**{f: put(v, getattr(fresh.departures, f), names) for f, v in departures.items()}),
        **{f: put(getattr(held, f), getattr(fresh, f), addresses) for f in ("old_address", "authority", "address")},
        old_surname=put(held.old_surname, fresh.old_surname, surnames),
    )


def _held(held: Held, which: Flags) -> Held:
    """Return those of the records."""
    return _each(lambda parts: parts[0][which], held)


def _joined(one: Held, other: Held) -> Held:
    """Return the records of both, of one source."""
    return _each(np.concatenate, one, other)


def _each(make: Callable[[list[Any]], Any], *held: Held) -> Held:
    """Return what `make` makes of every column of `held`, of one source."""
    parts: dict[str, Any] = {}
    for field in fields(Held):
        values = [getattr(one, field.name) for one in held]
        if field.name == "source":
            parts[field.name] = values[0]
        elif isinstance(values[0], Identifiers | Departures):
            inner = {f.name: make([getattr(value, f.name) for value in values]) for f in fields(values[0])}
            parts[field.name] = type(values[0])(**inner)
        else:
            parts[field.name] = make(values)
    return Held(**parts)


def _where(table: Table, which: Flags) -> Table:
    return {name: values[which] for name, values in table.items()}


def _of(table: Table, key: str, held: Held) -> Table:
    """Return the rows about records that are held."""
    return _where(table, _among(table[key], held.ids))


def _among(ids: Texts, known: Texts) -> Flags:
    import pyarrow as pa
    import pyarrow.compute as pc

    found: Flags = pc.is_in(pa.array(ids), value_set=pa.array(known)).to_numpy(zero_copy_only=False)
    return found


def _below(one: Table, other: Table) -> Table:
    return {name: np.concatenate([values, other[name]]) for name, values in one.items()}


def changes(later: Later) -> Table:
    """Return the truth about what happened to people in the year, for those to whom something did."""
    which = np.flatnonzero(later.newborn | later.moved | later.married | later.left)
    ids: Texts = Series(later.chunk.plan.seed, "X").of(later.chunk.numbers[which])
    return {
        "person_id": ids, "born": later.newborn[which], "moved": later.moved[which],
        "married": later.married[which], "left": later.left[which],
    }  # fmt: skip
