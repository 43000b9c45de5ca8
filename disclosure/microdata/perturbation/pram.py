"""PRAM: categories are published as others with known probabilities (the post-randomisation method)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import MISSING
from saferoom.disclosure.microdata.perturbation.grouping import Groups, Points
from saferoom.disclosure.microdata.perturbation.tables import members
from saferoom.disclosure.microdata.perturbation.transitions import drawn, invariant
from saferoom.errors import BadInputError


@dataclass(frozen=True)
class Randomised:
    """What PRAM made of a variable.

    Attributes
    ----------
    codes : ndarray of int32, shape (n,)
        `MISSING` where it was.
    matrices : list of ndarray of float
        One transition matrix per stratum, for the data owner: who has it can estimate frequencies without bias, and
        whoever attacks can compute odds with it.
    """

    codes: NDArray[np.int32]
    matrices: list[Points]


def randomised(codes: NDArray[np.int32], matrix: Points, random: np.random.Generator) -> NDArray[np.int32]:
    """Draw a published category for every record from its row of `matrix`.

    Parameters
    ----------
    codes : ndarray of int32, shape (n,)
        Places of categories; `MISSING` stays missing.
    matrix : ndarray of float, shape (c, c)
    """
    result = codes.copy()
    points = random.random(len(codes))
    for code, row in enumerate(matrix):
        places = np.flatnonzero(codes == code)
        limits = np.cumsum(row)
        last = int(np.flatnonzero(row)[-1])  # rounding may leave the sum below a drawn number
        result[places] = np.minimum(np.searchsorted(limits, points[places], side="right"), last)
    return result


def invariant_pram(
    codes: NDArray[np.int32],
    size: int,
    random: np.random.Generator,
    *,
    least: float = 0.8,
    share: float = 0.5,
    weights: Points | None = None,
    strata: Groups | None = None,
    what: str = "pram",
) -> Randomised:
    """Randomise a variable so that the expected frequencies of its categories stay, in every stratum.

    Parameters
    ----------
    codes : ndarray of int32, shape (n,)
    size : int
        Number of categories.
    least : float, 0 to 1
        Least diagonal of the matrix that the invariant one is made from (sdcMicro's ``pd``).
    share : float, 0 to 1
        How much of the invariant matrix is used (sdcMicro's ``alpha``).
    weights : ndarray of float, shape (n,), persons, optional
        With weights the expected weighted frequencies stay instead.
    strata : ndarray of int, shape (n,), optional
        A category becomes only such as occur in its stratum.

    Raises
    ------
    BadInputError
        When `least` or `share` is no probability.
    """
    for name, value in (("least", least), ("share", share)):
        if not 0 <= value <= 1:
            raise BadInputError(f"{what}: '{name}' must be between 0 and 1")
    numbers = np.zeros(len(codes), dtype=np.intp) if strata is None else strata
    result, matrices = codes.copy(), []
    for rows in members(numbers):
        own = codes[rows]
        there = own != MISSING
        kept = np.ones(len(rows)) if weights is None else weights[rows]
        frequencies = np.bincount(own[there], kept[there], minlength=size)
        matrix = np.eye(size)
        occurs = np.flatnonzero(frequencies > 0)
        if len(occurs):
            made = invariant(drawn(len(occurs), least, random), frequencies[occurs], share)
            matrix[np.ix_(occurs, occurs)] = made
        result[rows] = randomised(own, matrix, random)
        matrices.append(matrix)
    return Randomised(result, matrices)
