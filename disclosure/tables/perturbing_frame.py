"""A declared table laid out as a cube, for methods that change its numbers: values, units, keys, what is shown."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from saferoom.disclosure.history.sets import unit_sets
from saferoom.disclosure.queries.evidence import Cells, Mask, Numbers
from saferoom.disclosure.queries.model import Statistic
from saferoom.disclosure.rules.classes import Axis, impossible, is_impossible
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.tables.additive import AdditiveTable
from saferoom.disclosure.tables.cell_key_records import CellKeys, Keys, sums_by_cell
from saferoom.disclosure.tables.known import nameable
from saferoom.disclosure.tables.lattice import Lattice, lattice_of
from saferoom.errors import BadInputError, UnavailableError

_EVERYBODY = "m0 IS NOT NULL"


@dataclass(frozen=True)
class Frame:
    """The table of one query; all arrays that its methods return have one entry per cell of the cube."""

    case: Case
    outcome: Outcome
    axes: tuple[Axis, ...]

    @cached_property
    def lattice(self) -> Lattice:
        """The cube; a table without dimensions gets one, of one category."""
        cells = self.outcome.cells
        if cells.labels and not cells.labels[0]:
            cells = Cells((("",),), np.zeros(1, dtype=np.int64))
        return lattice_of(cells, [dimension.classification for dimension in self.case.plan.dimensions])

    @cached_property
    def least(self) -> int:
        """The threshold, the largest of all kinds of unit."""
        return max(threshold_of(self.case.policy, counted.kind) for counted in self.outcome.units)

    @cached_property
    def shown(self) -> Mask:
        """Which cells are listed: those of categories that may be named, margins where they are asked for."""
        lattice = self.lattice
        keep = np.ones(len(lattice), dtype=bool)
        if not self.case.plan.query.margins:
            keep &= lattice.cells.levels == 0
        if not self.axes:
            return keep
        named = lattice.spread(nameable(self.outcome, self.axes, self.case.policy))
        for axis, column in enumerate(np.unravel_index(np.arange(len(lattice)), lattice.cube.shape)):
            may = np.zeros(lattice.cube.shape[axis], dtype=bool)
            may[column[named]] = True
            may[-1] = True
            keep &= may[column]
        return keep

    @cached_property
    def impossible(self) -> Mask:
        """Which cells hold nobody, as everybody knows."""
        zeros = impossible(self.axes, self.case.policy)
        if not zeros:
            return np.zeros(len(self.lattice), dtype=bool)
        inner = (self.lattice.cells.levels == 0).tolist()
        labels = self.lattice.cells.labels
        return np.array([leaf and is_impossible(own, zeros) for own, leaf in zip(labels, inner, strict=True)])

    @cached_property
    def weight(self) -> Numbers:
        """What a mean is divided by; 1 for totals and counts."""
        if self.case.plan.query.statistic is not Statistic.MEAN:
            return np.ones(len(self.lattice))
        counted = self.outcome.units[0]
        own = counted.weights.total if counted.weights.top.shape[1] else counted.units.astype(np.float64)
        return self._added(own)

    @cached_property
    def totals(self) -> Numbers:
        """Counts or sums; of a mean, the sums it is made from."""
        values = np.nan_to_num(next(iter(self.outcome.columns.values())))
        if self.case.plan.query.statistic is Statistic.MEAN:
            values = values * self.weight[self.lattice.place]
        return self._added(values)

    @cached_property
    def units(self) -> Numbers:
        """Distinct units, 0 where a margin was not asked for."""
        return self.lattice.numbers(self.outcome.units[0].units.astype(np.float64))

    @cached_property
    def alike(self) -> Mask:
        """Cells whose count is a count of units: every row is a unit of its own, without a weight."""
        counts = self.outcome.columns.get("count")
        if counts is None:
            return np.zeros(len(self.lattice), dtype=bool)
        same = np.logical_and.reduce([counted.units == counts for counted in self.outcome.units])
        return self.lattice.spread(np.asarray(same)) | ~self.lattice.there

    @cached_property
    def top(self) -> Numbers:
        """Largest contributions of the first kind of unit, absolute, falling, shape (cells, k)."""
        own = self.outcome.units[0].contributions.top
        return np.column_stack([self.lattice.numbers(own[:, j]) for j in range(own.shape[1])])

    @cached_property
    def never_negative(self) -> bool:
        """Whether no contribution is negative: then every total is the sum of its absolute contributions."""
        inner = self.outcome.cells.inner
        total = self.outcome.units[0].contributions.total[inner]
        own = self.totals[self.lattice.place][inner]
        return bool((np.abs(own - total) <= 1e-9 * np.maximum(total, 1.0)).all())

    def table(self, *, whole: bool) -> AdditiveTable:
        """Return the totals as an additive table, with what everybody knows: nothing of what is not listed."""
        size = len(self.lattice)
        lowest = np.zeros(size) if whole or self.never_negative else np.full(size, -np.inf)
        lowest[self.impossible] = 0.0
        highest = np.where(self.impossible, 0.0, np.inf)
        return AdditiveTable(self.lattice.labels, self.totals, self.lattice.relations, lowest, highest, whole)

    def places(self, *purposes: str) -> list[Numbers]:
        """Return where the noise of every cell is looked up, once per purpose, from the keys of its distinct units.

        Raises
        ------
        BadInputError
            When rows carry no ids.
        UnavailableError
            When this side has no secret.
        """
        if not self.outcome.base.units:
            raise BadInputError(
                f"protect: {self.case.plan.query.protect.method} needs the ids of the statistical units, so that the "
                "same people always get the same noise; name their column (--unit), or use controlled_rounding"
            )
        if self.case.secret is None:
            raise UnavailableError("protect: there is no secret to make noise with; nothing was computed")
        keys = CellKeys(self.case.secret)
        sums = self._sums(keys)
        return [keys.places(sums, purpose) for purpose in purposes]

    @cached_property
    def keys(self) -> Keys:
        """What every cell's people have in common in whatever layout of the table; no secret, and made without one."""
        if self.outcome.base.units:
            return self._sums(CellKeys(bytes(32)))
        written = [repr(sorted(map(repr, labels))).encode() for labels in self.lattice.labels]
        digests = b"".join(hashlib.blake2b(text, digest_size=8).digest() for text in written)
        return np.frombuffer(digests, dtype="<u8").astype(np.uint64)

    def on_outcome(self, mask: Mask) -> Mask:
        """Return a mask over the cube as one over the outcome's own cells."""
        return np.asarray(mask[self.lattice.place])

    def _added(self, own: Numbers) -> Numbers:
        return self.lattice.cube.added_up(self.lattice.numbers(own))

    def _sums(self, keys: CellKeys) -> Keys:
        """Return the sum of record keys of every cell's distinct units."""
        from scipy.sparse import csr_array, kron

        base, lattice = self.outcome.base, self.lattice
        inner = np.flatnonzero(self.outcome.cells.inner)
        sets = unit_sets(base, self.case.engine, 0, _EVERYBODY, list(range(len(inner))))
        records = keys.records(sets.unit, sets.keys)
        members = [np.asarray(cell.to_array(), dtype=np.int64) for cell in sets.cells]
        cells = np.repeat(lattice.place[inner], [len(own) for own in members])
        units = np.concatenate([*members, np.empty(0, dtype=np.int64)])
        if base.unique[0]:
            leaves = sums_by_cell(cells, records[units], len(lattice))
            return self._added_keys(leaves)
        inside = csr_array(np.ones((1, 1), dtype=np.int64))
        for dimension in lattice.cube.dimensions:
            inside = csr_array(kron(inside, dimension.sums.astype(np.int64), format="csr"))
        leaf = np.full(len(lattice), -1, dtype=np.int64)
        leaf[lattice.cube.leaf] = np.arange(int(lattice.cube.leaf.sum()))
        held = csr_array(
            (np.ones(len(units), dtype=np.int64), (leaf[cells], units)), shape=(inside.shape[1], len(records))
        )
        found = (inside @ held).tocoo()
        return sums_by_cell(found.row.astype(np.int64), records[found.col], len(lattice))

    def _added_keys(self, leaves: Keys) -> Keys:
        """Return the sums of all cells from those of the leaf cells, where no unit is in two of them; modulo 2^64."""
        cube = self.lattice.cube
        inner = leaves.reshape(cube.shape)[tuple(slice(dimension.leaves) for dimension in cube.dimensions)]
        for axis, dimension in enumerate(cube.dimensions):
            moved = np.moveaxis(inner, axis, 0)
            summed = np.zeros((len(dimension), *moved.shape[1:]), dtype=np.uint64)
            pairs = dimension.sums.tocoo()
            np.add.at(summed, pairs.row, moved[pairs.col])
            inner = np.moveaxis(summed, 0, axis)
        return np.ascontiguousarray(inner).ravel()
