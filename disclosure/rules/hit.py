"""A rule that bit, with cells as positions; it becomes a finding once cells have labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.queries.evidence import Mask
from saferoom.disclosure.verdict import Finding, Label, Risk, Verdict


@dataclass(frozen=True)
class Hit:
    """One rule that bit.

    Attributes
    ----------
    cells : ndarray of bool or None
        The cells concerned; None for the whole output.
    absent : tuple of label tuples
        Cells that are concerned by not being there (nobody is in them).
    """

    rule: str
    risk: Risk
    severity: Verdict
    message: str
    remedy: str
    cells: Mask | None = None
    absent: tuple[tuple[Label, ...], ...] = ()

    def finding(self, labels: Sequence[tuple[Label, ...]]) -> Finding:
        """Return the finding about the cells with these `labels`."""
        chosen = () if self.cells is None else tuple(labels[i] for i in np.flatnonzero(self.cells).tolist())
        return Finding(self.rule, self.risk, self.severity, (*chosen, *self.absent), self.message, self.remedy)


SUPPRESS = "protect: {method: suppress}"
BROADER = "use broader categories"


def hit_if(hit: Hit) -> list[Hit]:
    """Return the hit in a list, or an empty list when no cell is concerned."""
    return [hit] if hit.cells is None or hit.cells.any() or hit.absent else []
