"""Transition matrices of the post-randomisation method: made, checked, and made to keep expected frequencies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.perturbation.grouping import Points
from saferoom.errors import BadInputError

_ROUNDING = 1e-9


def check_stochastic(matrix: Any, size: int, what: str) -> Points:
    """Return `matrix` as an array after checking that every row is a distribution over `size` categories.

    Raises
    ------
    BadInputError
    """
    try:
        own = np.asarray(matrix, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadInputError(f"{what}: the transition matrix must hold numbers, as many in every row") from None
    if own.shape != (size, size):
        raise BadInputError(f"{what}: the transition matrix must have {size} rows and columns, one for each category")
    if not np.isfinite(own).all() or (own < 0).any() or (own > 1 + _ROUNDING).any():
        raise BadInputError(f"{what}: the transition matrix holds numbers that are no probabilities between 0 and 1")
    wrong = np.flatnonzero(np.abs(own.sum(axis=1) - 1) > 1e-6)
    if len(wrong):
        raise BadInputError(f"{what}: row {wrong[0] + 1} of the transition matrix does not sum to 1")
    result: Points = own / own.sum(axis=1, keepdims=True)
    return result


def drawn(size: int, least: float, random: np.random.Generator) -> Points:
    """Return a random transition matrix: each category stays with a probability between `least` and 1.

    Notes
    -----
    Diagonals are uniform on [`least`, 1], the rest of each row is divided at random, as sdcMicro's ``pram`` does with
    its ``pd``.
    """
    stay = random.uniform(least, 1.0, size)
    share = random.random((size, size)) + 1e-12
    np.fill_diagonal(share, 0.0)
    if size == 1:
        return np.ones((1, 1))
    matrix: Points = share / share.sum(axis=1, keepdims=True) * (1 - stay)[:, None]
    np.fill_diagonal(matrix, stay)
    return matrix


def invariant(matrix: Points, frequencies: NDArray[Any], share: float = 1.0) -> Points:
    """Return a transition matrix R with t'R = t': expected frequencies stay what they are.

    Parameters
    ----------
    matrix : ndarray of float, shape (c, c)
        Any transition matrix P.
    frequencies : ndarray, shape (c,), records or persons
        The frequencies t of the categories, at least one above 0.
    share : float, 0 to 1
        How much of R is used; the rest is the identity (sdcMicro's ``alpha``).

    Notes
    -----
    Two stages: with q_jk = p_kj t_k / sum_l p_lj t_l, the probability that a published j was k, R = P Q. Categories
    that do not occur stay as they are.

    References
    ----------
    Gouweleeuw, Kooiman, Willenborg, de Wolf (1998). Post randomisation for statistical disclosure control: theory and
    implementation. Journal of Official Statistics 14(4), section 3.
    """
    t = np.asarray(frequencies, dtype=np.float64)
    joint = matrix * t[:, None]
    reached = joint.sum(axis=0)
    back = np.divide(joint.T, reached[:, None], out=np.zeros_like(matrix), where=reached[:, None] > 0)
    result: Points = matrix @ back
    result[t <= 0] = np.eye(len(t))[t <= 0]
    result /= result.sum(axis=1, keepdims=True)
    return share * result + (1 - share) * np.eye(len(t))


def estimated(published: NDArray[Any], matrix: Points, what: str = "pram") -> Points:
    """Return unbiased estimates of the original frequencies from the published ones.

    Parameters
    ----------
    published : ndarray, shape (c,), records or persons
    matrix : ndarray of float, shape (c, c)
        The transition matrix that was applied.

    Raises
    ------
    BadInputError
        When the matrix cannot be inverted: the published file no longer tells the frequencies.

    References
    ----------
    Kooiman, Willenborg, Gouweleeuw (1997). PRAM: a method for disclosure limitation of microdata. Statistics
    Netherlands, research paper 9705, section 3: E(T*) = P'T.
    """
    if np.linalg.cond(matrix) > 1e12:
        raise BadInputError(f"{what}: the transition matrix has no inverse, so frequencies cannot be estimated")
    return np.asarray(np.linalg.solve(matrix.T, np.asarray(published, dtype=np.float64)), dtype=np.float64)
