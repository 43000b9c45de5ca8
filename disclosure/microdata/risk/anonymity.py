"""k-anonymity: whether every record shares its key with at least k - 1 others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from saferoom.disclosure.microdata.columns import check_k
from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.patterns import Patterns, of_variables, patterns
from saferoom.disclosure.microdata.risk.frequencies import frequencies


def records_below(keys: Keys, k: int, alpha: float = 1.0, found: Patterns | None = None) -> int:
    """Return how many records share their key with fewer than k - 1 others; 0 when the file is k-anonymous.

    Parameters
    ----------
    found : Patterns, optional
        The patterns of `keys`, where they were counted already.

    Raises
    ------
    BadInputError
        When k is below 2 or larger than the number of records.

    References
    ----------
    Samarati (2001). Protecting respondents' identities in microdata release. IEEE Trans. Knowledge and Data
    Engineering 13(6), 1010-1027.
    """
    check_k(k, keys.records)
    return frequencies(found or patterns(keys), keys.sizes, alpha).records_below(k)


def below_by_subset(
    keys: Keys, k: int, subsets: Iterable[Sequence[str]], alpha: float = 1.0, found: Patterns | None = None
) -> dict[tuple[str, ...], int]:
    """Return the same for several sets of key variables.

    Parameters
    ----------
    subsets : iterable of sequence of str
        Names of key variables.
    found : Patterns, optional
        The patterns of all `keys`, where they were counted already.
    """
    whole, below = found or patterns(keys), {}
    check_k(k, whole.records)
    for names in subsets:
        places = [keys.place(name) for name in names]
        sizes = [keys.sizes[place] for place in places]
        below[tuple(names)] = frequencies(of_variables(whole, places, sizes), sizes, alpha).records_below(k)
    return below
