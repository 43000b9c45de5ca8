"""Random orthogonal matrix masking: every record becomes a mixture of records; means and covariances stay exactly."""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.microdata.perturbation.grouping import Points

_BLOCK = 64
"""Records that are mixed with each other; drawn at random, and all of them in files up to four times that."""
_AT_ONCE = 256


def masked(values: Points, size: float, random: np.random.Generator) -> Points:
    """Return T x, where T is orthogonal and keeps the vector of ones.

    Parameters
    ----------
    values : ndarray of float, shape (n, d), without missing values
    size : float, above 0
        0 would leave the records as they are; the larger, the nearer to a matrix drawn evenly from all.

    Notes
    -----
    Let B be an orthonormal basis whose first vector is that of equal weights, and Q the orthogonal factor of I + s G,
    G of standard normal numbers over the square root of their count. Then T = B diag(1, Q) B' has T 1 = 1 and T'T = I,
    so x and T x have the same mean and the same covariance. With s large, Q is drawn evenly (Haar measure).

    Large files are mixed inside of random blocks: an orthogonal matrix of blocks, which keeps both moments as well.

    References
    ----------
    Ting, Fienberg, Trottini (2008). Random orthogonal matrix masking methodology for microdata release. International
    Journal of Information and Computer Security 2(1), 86-105.
    """
    count = len(values)
    order = random.permutation(count)
    blocks = 1 if count <= 4 * _BLOCK else -(-count // _BLOCK)
    cuts = np.arange(blocks + 1) * count // blocks
    result = np.empty_like(values)
    sizes = np.diff(cuts)
    for length in np.unique(sizes):
        starts = cuts[:-1][sizes == length]
        for first in range(0, len(starts), _AT_ONCE):
            places = order[starts[first : first + _AT_ONCE, None] + np.arange(length)]
            result[places] = _mixed(values[places], size, random)
    return result


def _mixed(values: Points, size: float, random: np.random.Generator) -> Points:
    """Mix the records of each block; `values` has the shape (blocks, m, d)."""
    blocks, length = values.shape[:2]
    if length < 3:
        return values
    basis = _basis(length)
    drawn = np.eye(length - 1) + size * random.normal(size=(blocks, length - 1, length - 1)) / np.sqrt(length)
    factor, upper = np.linalg.qr(drawn)
    factor = factor * np.sign(np.diagonal(upper, axis1=1, axis2=2))[:, None, :]
    mean = values.mean(axis=1, keepdims=True)
    result: Points = mean + basis @ (factor @ (basis.T @ (values - mean)))
    return result


def _basis(length: int) -> Points:
    """Return an orthonormal basis of the vectors that sum to 0, shape (length, length - 1): Helmert's."""
    result = np.zeros((length, length - 1))
    for place in range(1, length):
        result[:place, place - 1] = 1.0
        result[place, place - 1] = -place
        result[:, place - 1] /= np.sqrt(place * (place + 1))
    return result
