"""Totals that several releases together tell, and of which one unit has most.

Nobody may be shown the total of a group that one unit dominates. Yet everybody's total may be shown, and that of all
others: their difference is the group's. So for every unit that outweighs those whom the sets of the releases do not
tell from it, the combination of these sets is looked for in which the others weigh least: a linear program.

Vocabulary
----------
atom
    Units that are in exactly the same released sets; see `atoms`.
giant
    The largest unit of an atom, where it has as much as all others of the atom together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from saferoom.disclosure.history.bitmaps import flat
from saferoom.disclosure.history.cases import Case
from saferoom.disclosure.history.contributors import Cell, Contributors, Keys, Noise
from saferoom.disclosure.history.families import Tick
from saferoom.disclosure.history.judgement import Book, How
from saferoom.disclosure.history.measures import Column, Shares, is_few
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.history.signatures import Positions, mix
from saferoom.disclosure.history.transformed import measure_of
from saferoom.disclosure.linear_programs import solver_of
from saferoom.disclosure.queries.model import Statistic
from saferoom.disclosure.verdict import Verdict
from saferoom.policies.models import RiskAppetite

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Numbers = NDArray[np.float64]
MOST_SETS, MOST_ATOMS = 600, 20_000
"""Beyond these, as many of the latest tables take part as there is room for."""
MOST_GIANTS = 20
_TOTALS = frozenset({Statistic.SUM, Statistic.MEAN})
_USED = 1e-6


@dataclass(frozen=True, eq=False)
class _Sets:
    """The sets of a new table and of earlier ones, over their atoms.

    Attributes
    ----------
    across : csr_array of float, shape (atoms, sets)
    new : int
        How many of the sets, the first ones, are the new table's.
    owners : ndarray of int, shape (sets,)
        The earlier family of each, -1 for the new table's.
    atom, values : ndarray, shape (units,)
        Each unit's atom and the size of its value.
    """

    across: csr_array
    new: int
    owners: Positions
    atom: Positions
    values: Numbers


def dominating(
    cases: Sequence[Case],
    place: Contributors,
    memory: Memory,
    policy: RiskAppetite,
    book: Book,
    shares: Shares,
    tick: Tick,
) -> None:
    """Note cells with which one unit's value is most of a total that releases together tell.

    Parameters
    ----------
    place : Contributors
        Of the new table, in the memory's indexes.

    Notes
    -----
    Earlier releases of the same column by another measure are left out (see `transformed`); of another project's the
    measure is not told, so that a person decides.
    """
    if place.noise is not Noise.NONE or shares.query.get("statistic") not in _TOTALS:
        return
    concerned = [case for case in cases if _is_whole(case, place) and list(_alike(case, memory, shares))]
    if not concerned:
        return
    # What everybody has, also outside the filters of the releases.
    wide = {k: v for k, v in shares.query.items() if k not in {"where", "by", "margins", "protect", "chart"}}
    columns = shares.earlier(wide) or ()
    for case in concerned:
        tick()
        own = next((column for column in columns if column.unit == case.unit), None)
        if own is None or len(np.unique(own.keys)) < len(own.keys):
            # Of units with several rows, a set says nothing of which rows are meant.
            continue
        _judge((case, _keys(case, place)), list(_alike(case, memory, shares)), own, (memory, policy, book), tick)


def _is_whole(case: Case, place: Contributors) -> bool:
    """Say whether a case is about everybody in the cells, and not about those alone who add something."""
    return not case.counts and any(
        not part.nonzero and part.cells == case.new.cells and any(one.unit == case.unit for one in part.units)
        for part in place.parts[:1]
    )


def _keys(case: Case, place: Contributors) -> Keys:
    """Return the key of each position, those of units that are behind the new table alone among them."""
    return next(one.keys for part in place.parts for one in part.units if one.unit == case.unit)


def _alike(case: Case, memory: Memory, shares: Shares) -> Iterator[int]:
    measure = measure_of(shares.query)[1:]
    for i, (position, noise) in enumerate(zip(case.releases, case.noises, strict=True)):
        release = memory.releases[position]
        told = release.query.get("statistic") in _TOTALS and measure_of(release.query)[1:] == measure
        if noise is Noise.NONE and (told or not release.query):
            yield i


def _judge(
    placed: tuple[Case, Keys], chosen: list[int], own: Column, beside: tuple[Memory, RiskAppetite, Book], tick: Tick
) -> None:
    case, keys = placed
    memory, policy, book = beside
    system = _system(case, chosen, own, keys)
    if system is None:
        return
    for giant in _giants(system):
        tick()
        factors = _least(system, giant, np.arange(system.across.shape[1]))
        if factors is None or not is_few(_left(system, factors), policy):
            continue
        earlier_only = np.arange(system.new, system.across.shape[1])
        before = _least(system, giant, earlier_only)
        if before is not None and is_few(_left(system, before), policy):
            continue
        used = np.flatnonzero(np.abs(factors) > _USED)
        cells = [case.new.name(int(i)) for i in _places(case)[used[used < system.new]].tolist()]
        families = {int(system.owners[i]) for i in used[used >= system.new].tolist()}
        parts: dict[int, list[Cell]] = {case.releases[i]: [] for i in sorted(families)}
        known = all(memory.releases[position].query for position in parts)
        severity = Verdict.FAIL if known else Verdict.REVIEW
        book.add_together(How.DOMINATE, severity, cells, parts, policy.difference_units)


def _places(case: Case) -> Positions:
    return np.flatnonzero(case.new.signatures.sizes[: len(case.new.sets)])


def _system(case: Case, chosen: list[int], own: Column, keys: Keys) -> _Sets | None:
    """Return the different sets of the new table and of the latest earlier ones that there is room for."""
    from scipy.sparse import csr_array

    sets: list[BitMap] = [case.new.sets[i] for i in _places(case).tolist()]
    new, owners = len(sets), [-1] * len(sets)
    seen = {int(case.new.whole[i]) for i in _places(case).tolist()}
    for i in reversed(chosen):
        family = case.pool.families[i]
        fresh = [
            place
            for place in range(len(family.sets))
            if family.signatures.sizes[place] and int(family.whole[place]) not in seen
        ]
        if len(sets) + len(fresh) > MOST_SETS:
            continue
        seen |= {int(family.whole[place]) for place in fresh}
        sets += [family.sets[place] for place in fresh]
        owners += [i] * len(fresh)
    if new == 0 or len(sets) == new:
        return None
    starts, members = flat(sets)
    owner = np.repeat(np.arange(len(sets)), np.diff(starts))
    units, where = np.unique(members, return_inverse=True)
    marks = mix(np.arange(1, len(sets) + 1, dtype=np.uint64))
    sums = np.zeros(len(units), dtype=np.uint64)
    np.add.at(sums, where, marks[owner])
    _, first, atom = np.unique(sums, return_index=True, return_inverse=True)
    if len(first) > MOST_ATOMS:
        return None
    is_first = np.zeros(len(units), dtype=bool)
    is_first[first] = True
    chosen_entries = is_first[where]
    entries = (np.ones(int(chosen_entries.sum())), (atom[where[chosen_entries]], owner[chosen_entries]))
    across = csr_array(entries, shape=(len(first), len(sets)))
    return _Sets(
        across, new, np.array(owners, dtype=np.int64), atom.astype(np.int64), _values(own, keys, units.astype(np.int64))
    )


def _values(own: Column, keys: Keys, units: Positions) -> Numbers:
    """Return the size of each unit's value; 0 where it has none."""
    order = np.argsort(own.keys, kind="stable")
    ranked = own.keys[order]
    wanted = keys[units]
    places = np.minimum(np.searchsorted(ranked, wanted), len(ranked) - 1)
    there = ranked[places] == wanted
    values = np.zeros(len(units))
    values[there] = np.abs(np.nan_to_num(own.values[order][places[there]]))
    return values


def _giants(system: _Sets) -> list[int]:
    """Return places of units that have as much as all others of their atom, the largest first."""
    order = np.lexsort((-system.values, system.atom))
    first = order[np.flatnonzero(np.diff(system.atom[order], prepend=-1))]
    totals = np.bincount(system.atom, system.values)
    largest = system.values[first]
    found = first[(largest > 0) & (2 * largest >= totals)]
    return [int(i) for i in found[np.argsort(-system.values[found], kind="stable")][:MOST_GIANTS]]


def _least(system: _Sets, giant: int, columns: Positions) -> Numbers | None:
    """Return factors of the sets with which the giant counts once and all others weigh least; None where it cannot."""
    from highspy import HighsModelStatus
    from scipy.sparse import csr_array, eye_array, hstack, vstack

    across = system.across[:, columns]
    count, sets = across.shape
    own = int(system.atom[giant])
    if not across[[own]].nnz:
        return None
    weights = np.bincount(system.atom, system.values, minlength=count)
    weights[own] -= system.values[giant]
    scale = max(float(system.values[giant]), 1e-300)
    one = csr_array(hstack([across[[own]], csr_array((1, count))]))
    matrix = csr_array(
        vstack([hstack([across, -eye_array(count)]), hstack([across, eye_array(count)]), one]), dtype=np.float64
    )
    nothing, endless = np.zeros(count), np.full(count, np.inf)
    rows = (np.concatenate([-endless, nothing, [1.0]]), np.concatenate([nothing, endless, [1.0]]))
    free = (np.concatenate([np.full(sets, -np.inf), nothing]), np.full(sets + count, np.inf))
    cost = np.concatenate([np.zeros(sets), weights / scale])
    solver = solver_of(matrix, free, rows, cost)
    solver.run()
    if solver.getModelStatus() != HighsModelStatus.kOptimal:
        return None
    factors = np.zeros(system.across.shape[1])
    factors[columns] = np.array(solver.getSolution().col_value[:sets])
    return factors


def _left(system: _Sets, factors: Numbers) -> Numbers:
    told = np.abs(system.across @ factors)
    told[told <= _USED] = 0
    return np.asarray(told[system.atom] * system.values)
