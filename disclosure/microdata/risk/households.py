"""Household risk: who is found finds the whole household."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import MISSING, Keys
from saferoom.disclosure.microdata.patterns import Places, Values


def household_places(keys: Keys) -> Places:
    """Return the number of each record's household; a record without one is a household of its own.

    Parameters
    ----------
    keys : Keys
        Of one variable: the household's id.
    """
    codes = keys.codes[:, 0].astype(np.intp)
    alone = codes == MISSING
    codes[alone] = keys.sizes[0] + np.arange(int(alone.sum()))
    return codes


def household_risk(risks: Values, households: NDArray[np.intp]) -> Values:
    """Return for each record how likely at least one member of its household is found.

    Parameters
    ----------
    risks : ndarray of float, shape (n,), probability
    households : ndarray of int, shape (n,)

    Returns
    -------
    ndarray of float, shape (n,), probability
        ``1 - prod(1 - r)`` over the household's records, as if members were found independently.

    References
    ----------
    Franconi, Polettini (2004), as for the individual risk; Templ et al. (2015), section 3.3.
    """
    with np.errstate(divide="ignore"):
        logs = np.log1p(-risks)
    members = np.bincount(households, logs)
    return np.asarray(-np.expm1(members[households]), dtype=np.float64)
