"""Data shuffling: confidential numbers are dealt out anew, so that relations stay and no value stays with its owner."""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.microdata.perturbation.grouping import Points
from saferoom.errors import BadInputError


def shuffled(confidential: Points, known: Points, random: np.random.Generator, what: str = "shuffling") -> Points:
    """Return the confidential columns, each a permutation of itself, with their relations to the known columns.

    Parameters
    ----------
    confidential : ndarray of float, shape (n, d)
        Without missing values.
    known : ndarray of float, shape (n, s)
        Columns that stay as they are and that the confidential ones shall keep their relation with: numbers as normal
        scores, categories as indicators. s may be 0.

    Returns
    -------
    ndarray of float, shape (n, d)
        Every column holds exactly the values it held.

    Raises
    ------
    BadInputError
        When there are not more records than columns.

    Notes
    -----
    X* are the normal scores of the ranks of X, and X* = S b + u by least squares. New scores Y* = S b + e are drawn,
    e from N(0, cov(u)), and each column's values are given out by the ranks of Y*. Given S, Y and X are independent, so
    the published values tell of a person no more than S does; rank correlations are kept as far as the normal copula
    describes them.

    References
    ----------
    Muralidhar, Sarathy (2006). Data shuffling: a new masking approach for numerical data. Management Science 52(5),
    658-670.
    """
    count, width = confidential.shape
    if count <= width + known.shape[1] + 1:
        raise BadInputError(f"{what}: there are too few records ({count}) for the columns that are named")
    scores = np.column_stack([normal_scores(confidential[:, place]) for place in range(width)])
    design = np.column_stack([np.ones(count), known])
    fitted = design @ np.linalg.lstsq(design, scores, rcond=None)[0]
    left = scores - fitted
    sizes, directions = np.linalg.eigh(np.atleast_2d(left.T @ left / (count - 1)))
    drawn = fitted + random.normal(size=scores.shape) * np.sqrt(np.maximum(sizes, 0.0)) @ directions.T
    result = np.empty_like(confidential)
    for place in range(width):
        ranks = np.lexsort((random.random(count), drawn[:, place]))
        result[ranks, place] = np.sort(confidential[:, place])
    return result


def normal_scores(values: Points) -> Points:
    """Return the normal quantiles of the ranks over n + 1; equal values share their mean rank."""
    from scipy.stats import norm, rankdata

    result: Points = norm.ppf(rankdata(values) / (len(values) + 1))
    return result


def indicators(codes: Points, size: int) -> Points:
    """Return a column of zeros and ones for each category but the first, shape (n, size - 1); missing is all zeros."""
    return np.asarray(codes[:, None] == np.arange(1, size), dtype=np.float64)
