"""How often each key occurs: in the sample (f), and in the population (F) by weights or by known counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.keys import MISSING, Codes, Keys
from saferoom.disclosure.microdata.patterns import Patterns, Values, group
from saferoom.disclosure.microdata.risk.matching import sums_of_matching
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame


@dataclass(frozen=True)
class Frequencies:
    """Frequencies of u patterns.

    Attributes
    ----------
    patterns : Patterns
    sample : ndarray of float, shape (u,), records
        f: records that have this key, or may have it where something is missing.
    population : ndarray of float, shape (u,), persons
        F: the same in the population, at least `sample`.
    known : bool
        True where `population` was counted, false where weights estimate it.
    """

    patterns: Patterns
    sample: Values
    population: Values
    known: bool = False

    def records_below(self, k: float) -> int:
        """Return how many records share their key with fewer than k - 1 others."""
        return int(self.patterns.counts[self.sample < k].sum())

    @property
    def uniques(self) -> int:
        """The number of sample uniques."""
        return self.records_below(1.5)

    def per_record(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return `values` of patterns, shape (u,), for every record, shape (n,)."""
        result: NDArray[Any] = values[self.patterns.inverse]
        return result


def frequencies(found: Patterns, sizes: Sequence[int], alpha: float = 1.0) -> Frequencies:
    """Count every key, where a missing value may be any value.

    Parameters
    ----------
    sizes : sequence of int, length m
        Number of categories of each variable.
    alpha : float, 0 to 1
        How much a record counts that agrees only because something is missing, in it or in the other: 1 counts it as
        any other, 0 not at all. Records with the same values and the same gaps count fully.

    Raises
    ------
    BadInputError
        When alpha is not between 0 and 1.

    Notes
    -----
    f(a) = n(a) + alpha * sum of n(b) over the keys b != a that agree with a wherever both are told; F(a) likewise with
    sums of weights. Weights below one person would make fewer people than records; F is at least f then.

    References
    ----------
    Templ, Kowarik, Meindl (2015). Statistical Disclosure Control for Micro-Data Using the R Package sdcMicro. Journal
    of Statistical Software 67(4), section 3.1.
    """
    if not 0 <= alpha <= 1:
        raise BadInputError("alpha: a number between 0 and 1")
    own = np.column_stack([found.counts.astype(np.float64), found.weights])
    if alpha > 0 and not found.complete.all():
        own += alpha * sums_of_matching(found.rows, found.rows, own, sizes, wildcards_only=True)
    sample = np.ascontiguousarray(own[:, 0])
    return Frequencies(found, sample, np.maximum(own[:, 1], sample))


def with_population(found: Frequencies, keys: Keys, counts: Frame, count: str | None, what: str) -> Frequencies:
    """Replace estimated population frequencies by counted ones.

    Parameters
    ----------
    counts : pandas frame or Arrow table
        The population: one row per key with its number of people in the column `count`, or one row per person.
    what : str
        What messages begin with.

    Raises
    ------
    BadInputError
        When a key variable is not in `counts` or has a missing value there, categories have nothing in common, a count
        is no number above or equal to zero, or somebody in the sample is not in the population.
    """
    there = Keys.of(counts, keys.names, what)
    for place, name in enumerate(keys.names):
        if (there.codes[:, place] == MISSING).any():
            raise BadInputError(f"{what}: '{name}' is missing in some rows; population counts need whole keys")
    people = np.ones(there.records) if count is None else columns.numbers(counts, count, what)
    if np.isnan(people).any() or (people < 0).any():
        raise BadInputError(f"{what}: '{count}' must be a number of people, 0 or more, in every row")
    codes, sizes = _in_terms_of(there, keys, what)
    inverse, first = group(codes, sizes)  # by the sizes of both: the records may have categories that are not there
    counted: Values = np.asarray(np.bincount(inverse, people, len(first)), np.float64)
    population = sums_of_matching(found.patterns.rows, codes[first], counted[:, None], sizes)[:, 0]
    short = int((population < found.sample).sum())
    if short:
        raise BadInputError(
            f"{what}: {short:,} of the sample's {len(population):,} keys have fewer people there than records in the "
            "sample; the counts are of another population or coded differently"
        )
    return Frequencies(found.patterns, found.sample, population, known=True)


def _in_terms_of(there: Keys, keys: Keys, what: str) -> tuple[Codes, tuple[int, ...]]:
    """Return the codes of `there` by the categories of `keys`, new categories after them, and the numbers of both."""
    codes, sizes = there.codes.copy(order="F"), []
    for place, name in enumerate(keys.names):
        known = {value: code for code, value in enumerate(keys.categories[place].tolist())}
        size = len(known)
        table = np.empty(len(there.categories[place]), dtype=np.int32)
        common = 0
        for code, value in enumerate(there.categories[place].tolist()):
            common += value in known
            table[code] = known.setdefault(value, len(known))
        if size and not common:
            raise BadInputError(f"{what}: '{name}' has no category in common with the records; codes must be the same")
        codes[:, place] = table[there.codes[:, place]]
        sizes.append(len(known))
    return codes, tuple(sizes)
