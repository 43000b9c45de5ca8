"""Findings about a table that a number implies, said about the cells of the number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from saferoom.disclosure.queries.evidence import Cells
from saferoom.disclosure.rules.hit import Hit

_RULES = {
    "class-disclosure": "implicit-class",
    "near-class-disclosure": "implicit-near-class",
}
"""What rules of classes are called here: only leaving out the number itself helps, see `tables.protected`."""
_WORDS = "The number tells the counts of a table of its own. "


def to_strata(hit: Hit, implied: Cells, strata: Cells, width: int) -> Hit:
    """Return `hit` about the strata that its cells belong to.

    Parameters
    ----------
    implied : Cells
        Of the implied table, whose labels begin with the `width` labels of a stratum.
    """
    if hit.cells is None:
        return hit
    named = {implied.labels[i][:width] for i in np.flatnonzero(hit.cells).tolist()}
    cells = np.array([labels in named for labels in strata.labels], dtype=bool)
    return replace(hit, rule=_RULES.get(hit.rule, hit.rule), message=_WORDS + hit.message, cells=cells)
