"""The nearest other tables of a large part, looked for among the groups around the one that moves."""

from __future__ import annotations

from typing import Any

import numpy as np

from saferoom.disclosure.tables.additive import Places
from saferoom.disclosure.tables.attacker_freedom import Part
from saferoom.disclosure.tables.attacker_programs import Limits, ShortestMoves

_LARGE = 2_000
_ZONE = 300


class NearestMoves:
    """Answers as `ShortestMoves` does, in large parts from the groups around first, all others standing still.

    Notes
    -----
    Moves found so are those of a table that fits, though not always the least in sum.
    """

    def __init__(self, part: Part, *, whole: bool) -> None:
        self._part, self._whole = part, whole
        self._all: ShortestMoves | None = None
        self._columns: Any = part.matrix.tocsc()
        self._zone: Places = np.empty(0, dtype=np.int64)
        self._around: tuple[int, ShortestMoves] | None = None

    def moves(self, group: int, direction: int, amount: float, limits: Limits | None = None) -> dict[int, float] | None:
        """Return the groups that move and how far, when `group` moves by `amount` in `direction`; None if it cannot."""
        if len(self._part.groups) > _LARGE:
            near = self._near(group)
            place = {int(at): number for number, at in enumerate(self._zone.tolist())}
            known = {place[at]: bounds for at, bounds in (limits or {}).items() if at in place}
            found = near.moves(place[group], direction, amount, known)
            if found is not None:
                return {int(self._zone[at]): move for at, move in found.items()}
        if self._all is None:
            self._all = ShortestMoves(self._part, whole=self._whole)
        return self._all.moves(group, direction, amount, limits)

    def _near(self, group: int) -> ShortestMoves:
        if self._around is None or self._around[0] != group:
            self._zone = self._grown(group)
            rows = self._part.matrix[:, self._zone]
            rows = rows[np.flatnonzero(np.diff(rows.indptr))]
            part = Part(self._part.groups[self._zone], self._part.down[self._zone], self._part.up[self._zone], rows)
            self._around = (group, ShortestMoves(part, whole=self._whole))
        return self._around[1]

    def _grown(self, group: int) -> Places:
        """Return the groups around one, ring by ring, in rising order."""
        zone = ring = np.array([group], dtype=np.int64)
        while len(zone) < _ZONE:
            rows = np.unique(self._columns[:, ring].indices)
            found = np.setdiff1d(self._part.matrix[rows].indices.astype(np.int64), zone)
            if not len(found):
                break
            ring = found[: _ZONE - len(zone)]
            zone = np.union1d(zone, ring)
        return zone
