"""How many of the true matches blocking rules reach, reckoned from how often fields agree in records of one person.

Fields agree independently, but for one thing: who moved has another postcode and another address at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from saferoom.projects.linkage.plan import FieldKind, Form, Key, LinkPlan

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_FIELDS = 8
_WHOLE: Mapping[FieldKind, float] = {
    FieldKind.GIVEN_NAME: 0.85, FieldKind.SURNAME: 0.87, FieldKind.DATE: 0.93, FieldKind.POSTCODE: 0.93,
    FieldKind.ADDRESS: 0.85, FieldKind.SEX: 0.99, FieldKind.ID: 0.93,
    FieldKind.ORGANISATION: 0.9, FieldKind.TEXT: 0.85,
}  # fmt: skip
"""How often a field agrees wholly in records of one person (of somebody who did not move), before the data say more."""
_MOVED = 0.35
"""How often records of one person are of two addresses, before the data say more; nobody should be lost for that."""
PLACES = (FieldKind.POSTCODE, FieldKind.ADDRESS)
_NEARLY = 0.5
"""How often a field that does not agree wholly agrees in its other form."""


class Reach:
    """How fields of one person's records agree: wholly, in another form, not at all; and which states rules find."""

    def __init__(
        self, plan: LinkPlan, shares: Mapping[str, float], agreement: Mapping[str, float] | None = None
    ) -> None:
        telling = [(c, kind) for c, kind in plan.fields.items() if kind is not FieldKind.SEX]
        ranked = sorted(telling, key=lambda one: -_WHOLE[one[1]] * shares[one[0]] ** 2)[:_MOST_FIELDS]
        self._place = {column: i for i, (column, _) in enumerate(ranked)}
        grid = np.indices((3,) * len(ranked)).reshape(len(ranked), -1)
        self._states: NDArray[np.int64] = grid
        stayed = (
            min(max((agreement[c] for c, kind in ranked if kind in PLACES), default=0.0) / 0.95, 1.0)
            if agreement
            else 1 - _MOVED
        )
        self._weight = np.zeros(grid.shape[1])
        for moved, share in ((False, stayed), (True, 1 - stayed)):
            weight = np.full(grid.shape[1], share)
            for i, (column, kind) in enumerate(ranked):
                there, whole = shares[column] ** 2, (agreement or {}).get(column, _WHOLE[kind])
                if kind in PLACES:
                    whole = 0.0 if moved else min(whole / stayed, 0.99) if agreement else whole
                nearly = there * (1 - whole) * _NEARLY * (0.4 if moved and kind in PLACES else 1)
                weight *= np.array([1 - there * whole - nearly, nearly, there * whole])[grid[i]]
            self._weight += weight
        self._found = np.zeros(grid.shape[1], dtype=bool)

    @property
    def missed(self) -> float:
        """Share of matches that no taken rule finds."""
        return float(self._weight[~self._found].sum())

    def take(self, keys: Sequence[Key]) -> None:
        """Count what the rule of `keys` finds as found."""
        self._found |= self._holds(keys)

    def further(self, keys: Sequence[Key]) -> float:
        """Return the share of matches that the rule of `keys` finds and none taken before."""
        return float(self._weight[self._holds(keys) & ~self._found].sum())

    def _holds(self, keys: Sequence[Key]) -> NDArray[np.bool_]:
        holds = np.ones(self._states.shape[1], dtype=bool)
        for key in keys:
            if key.column not in self._place:
                return np.zeros_like(holds)
            holds &= self._states[self._place[key.column]] >= (2 if key.form is Form.WHOLE else 1)
        return holds


def expected_missed(
    plan: LinkPlan, rules: Sequence[Sequence[Key]], shares: Mapping[str, float], agreement: Mapping[str, float]
) -> float:
    """Return the share of true matches that share no rule's keys.

    Parameters
    ----------
    agreement : mapping
        Column -> how often it agrees wholly in records of one person, as trained.
    """
    reach = Reach(plan, shares, agreement)
    for keys in rules:
        reach.take(keys)
    return reach.missed
