"""Keys with missing values: which keys each may be, and what adds up over all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import Codes
from saferoom.disclosure.microdata.patterns import Places, Values, by_missing, group


def sums_of_matching(
    targets: Codes, sources: Codes, values: Values, sizes: Sequence[int], *, wildcards_only: bool = False
) -> Values:
    """Add up `values` of the sources that agree with each target wherever both are told.

    Parameters
    ----------
    targets : ndarray of int32, shape (t, m)
    sources : ndarray of int32, shape (s, m), distinct rows
    values : ndarray of float, shape (s, c)
    sizes : sequence of int, length m
        Number of categories of each variable.
    wildcards_only : bool
        Leave out sources that agree because they are the same row.

    Returns
    -------
    ndarray of float, shape (t, c)
    """
    result = np.zeros((len(targets), values.shape[1]))
    for mine, its_missing, theirs, their_missing in _pairs(targets, sources):
        if wildcards_only and (its_missing == their_missing).all():
            continue
        inverse = joint_groups(targets[mine], sources[theirs], ~(its_missing | their_missing), sizes)
        own, other = inverse[: len(mine)], inverse[len(mine) :]
        for place in range(values.shape[1]):
            sums = np.bincount(other, values[theirs, place], minlength=int(inverse.max(initial=-1)) + 1)
            result[mine, place] += sums[own]
    return result


def joint_groups(targets: Codes, sources: Codes, shared: NDArray[np.bool_], sizes: Sequence[int]) -> Places:
    """Number the rows of both, targets first, so that rows which agree on the `shared` variables have one number."""
    if not shared.any():
        return np.zeros(len(targets) + len(sources), dtype=np.intp)
    codes = np.concatenate([targets[:, shared], sources[:, shared]])
    return group(codes, [size for size, kept in zip(sizes, shared, strict=True) if kept])[0]


def _pairs(targets: Codes, sources: Codes) -> Iterator[tuple[Places, NDArray[np.bool_], Places, NDArray[np.bool_]]]:
    theirs = list(by_missing(sources))
    for its_missing, mine in by_missing(targets):
        for their_missing, others in theirs:
            yield mine, its_missing, others, their_missing
