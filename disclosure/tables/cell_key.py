"""Cell-key perturbation of counts: transition probabilities of largest entropy, and the look-up of a cell's noise.

Vocabulary
----------
D, V
    Largest noise, and the variance of the noise.
js
    Counts from 1 to js never appear in a perturbed table (they would be small counts).
pstay
    The least probability that a count stays as it is; of counts from 1 to js, none stays.
transition table
    For every true count the probabilities of what is shown in its place; the last row holds for all larger counts.

Notes
-----
For a true count i and noise v the probabilities p(v) have the largest entropy among all that add up to 1, have mean 0
and a variance of at most V, leave out negative and small counts, and (`monotone`) do not fall from the lowest noise up
to none. A count that must not appear has to move far: the smallest variance it can have, ``i (js + 1 - i)``, is taken
where it is above V. Zero stays zero. The probabilities are the published construction's and equal those of the R
package ptable where that reaches the optimum.

References
----------
Fraser and Wooton (2006), A proposed method for confidentialising tabular output to protect against differencing.
Giessing (2016), Computational issues in the design of transition probabilities and disclosure risk estimation for
additive noise, PSD 2016, LNCS 9867, section 2. Enderle, Giessing and Tent (2018), Designing confidentiality on the fly
methodology, PSD 2018.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.queries.evidence import Numbers
from saferoom.disclosure.tables.entropy import largest_entropy, least_variance
from saferoom.errors import BadInputError

_MOST_MAXIMUM = 1_000


@dataclass(frozen=True)
class Design:
    """The parameters of a transition table; see the module's vocabulary.

    Raises
    ------
    BadInputError
        When no table has these parameters.
    """

    maximum: int
    variance: float
    js: int = 0
    pstay: float = 0.0
    monotone: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.maximum <= _MOST_MAXIMUM:
            raise BadInputError(f"cell key: D must be a whole number from 1 to {_MOST_MAXIMUM}")
        if not 0 <= self.js < self.maximum:
            raise BadInputError("cell key: js must be 0 or more and smaller than D, else small counts cannot move away")
        if not 0 <= self.pstay < 1:
            raise BadInputError("cell key: pstay must be at least 0 and below 1")
        if not 0 < self.variance <= self.widest:
            raise BadInputError(
                f"cell key: V must be above 0 and at most D (D + 1) / 3 = {self.widest:g}, the variance of noise that "
                "is spread evenly up to D"
            )

    @property
    def widest(self) -> float:
        """The variance of evenly spread noise."""
        return self.maximum * (self.maximum + 1) / 3

    @property
    def last(self) -> int:
        """The count from which on the noise is the same for all: nothing below it is left out."""
        return self.maximum + (self.js + 1 if self.js else 0)


@dataclass(frozen=True)
class Row:
    """What a true count becomes.

    Attributes
    ----------
    noise : ndarray of int, ascending
    chances : ndarray of float, shape of `noise`
    """

    noise: Numbers
    chances: Numbers

    @property
    def mean(self) -> float:
        """The noise's mean; 0 but for rounding."""
        return float(self.noise @ self.chances)

    @property
    def variance(self) -> float:
        """The noise's variance."""
        return float(self.noise**2 @ self.chances)

    def at(self, places: Numbers) -> Numbers:
        """Return the noise at `places` in [0, 1) of the probabilities laid side by side."""
        found = np.searchsorted(np.cumsum(self.chances), places, side="right")
        return np.asarray(self.noise[np.minimum(found, self._last)])

    @functools.cached_property
    def _last(self) -> int:
        return int(np.flatnonzero(self.chances > 0)[-1])


class TransitionTable:
    """All rows of one design.

    Raises
    ------
    BadInputError
        When pstay leaves too little room for V.
    """

    def __init__(self, design: Design) -> None:
        self.design = design
        self.rows = tuple(_row(design, count) for count in range(design.last + 1))
        if self.rows[-1].variance < design.variance * (1 - 1e-6):
            raise BadInputError(
                "cell key: with so large a pstay the noise cannot reach the variance V; use a smaller pstay or larger D"
            )

    def perturbed(self, counts: Numbers, places: Numbers) -> Numbers:
        """Return `counts` with their noise.

        Parameters
        ----------
        counts : ndarray of float, shape (cells,)
            Whole numbers, 0 or more.
        places : ndarray of float, shape (cells,)
            Of each cell's key in [0, 1).
        """
        kinds = np.minimum(counts, self.design.last).astype(np.int64)
        shown = counts.copy()
        for kind in np.unique(kinds).tolist():
            chosen = kinds == kind
            shown[chosen] += self.rows[kind].at(places[chosen])
        return shown

    def possible(self, shown: Numbers) -> tuple[Numbers, Numbers]:
        """Return the least and the largest true count that can be behind each shown one."""
        low = np.where(shown > 0, np.maximum(shown - self.design.maximum, 1.0), 0.0)
        high = np.where(shown > 0, shown + self.design.maximum, self._most_hidden)
        return low, high

    @functools.cached_property
    def _most_hidden(self) -> float:
        """The largest count that can be shown as 0."""
        return float(max(i for i, row in enumerate(self.rows) if row.chances[row.noise == -i].sum() > 0))


@functools.lru_cache(maxsize=16)
def transition_table(design: Design) -> TransitionTable:
    """Return the table of `design`, computed once."""
    return TransitionTable(design)


def _row(design: Design, count: int) -> Row:
    if count == 0:
        return Row(np.zeros(1), np.ones(1))
    targets = np.arange(max(count - design.maximum, 0), count + design.maximum + 1)
    targets = targets[(targets == 0) | (targets > design.js)]
    noise = (targets - count).astype(np.float64)
    variance = max(design.variance, least_variance(noise))
    stay = design.pstay if (noise == 0).any() else 0.0
    return Row(noise, largest_entropy(noise, variance, stay=stay, monotone=design.monotone))
