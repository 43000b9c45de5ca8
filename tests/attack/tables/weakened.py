"""Secondary suppression and its audit, switched off."""

from __future__ import annotations

from typing import Any

import numpy as np

from saferoom.disclosure.queries.evidence import Mask
from saferoom.disclosure.tables.additive import AdditiveTable, Audit, Mode, Needs, Suppression


def only_primary(table: AdditiveTable, needs: Needs, *_: object, **__: object) -> Suppression:
    """Hide nothing beside what a rule names."""
    return Suppression(needs.primary.copy(), content(table, needs.primary), 0.0, 0.0, Mode.HEURISTIC)


def content(table: AdditiveTable, hidden: Mask, *_: object, **__: object) -> Audit:
    """Find nothing exposed, whatever is hidden."""
    return Audit(table.values, table.values, np.zeros(len(hidden), dtype=bool))


def careless(problem: Any, hidden: Mask, *_: object) -> tuple[Mask, None]:
    """Choose nothing."""
    return hidden.copy(), None


class Idle:
    """Cleans nothing up."""

    def __init__(self, *_: object) -> None:
        """Take anything."""

    def clean(self) -> None:
        """Do nothing."""
