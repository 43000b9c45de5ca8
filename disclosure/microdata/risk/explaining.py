"""Special uniques record by record, in words: on what somebody stands out.

What is written here holds values of records. It is for the data owner's eyes, and never goes to a log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.patterns import Patterns, Values
from saferoom.disclosure.microdata.risk.suda import Suda

_MOST_SETS = 5


@dataclass(frozen=True)
class Special:
    """One special unique.

    Attributes
    ----------
    record : int or None
        Its number in the file, from 1; None where the file was counted outside of memory.
    score, dis, risk : float
        SUDA score, DIS-SUDA and individual risk.
    sets : tuple of tuple of str
        The smallest sets of variables on which it is unique.
    sentence : str
        The same in words, with its values.
    contributions : dict of str to float
        Per variable the share of the score that comes from sets with it, percent.
    """

    record: int | None
    score: float
    dis: float
    risk: float
    sets: tuple[tuple[str, ...], ...]
    sentence: str
    contributions: dict[str, float]


def special_uniques(
    keys: Keys, found: Patterns, scored: Suda, risks: Values, most: int, *, values: bool = True
) -> list[Special]:
    """Return the records with the highest scores, explained.

    Parameters
    ----------
    risks : ndarray of float, shape (u,), probability
        Individual risk of each pattern, which decides between equal scores.
    most : int
        How many.
    values : bool
        Say values too ("unique on age 97, occupation baker"); without, names only ("unique on age, occupation").
    """
    scores = scored.score
    order = np.lexsort((-risks, -scores))[:most]
    chosen = order[scores[order] > 0]
    records = _records(found, chosen)
    shares = scored.by_pattern(chosen)
    texts = [keys.texts(name) for name in keys.names]
    specials = []
    for place, pattern in enumerate(chosen.tolist()):
        sets = scored.uniques.of(pattern)
        row = found.rows[pattern].tolist()
        words = [[keys.names[i] + (f" {texts[i][row[i]]}" if values else "") for i in one] for one in sets]
        specials.append(
            Special(
                record=records[place],
                score=float(scores[pattern]),
                dis=float(scored.dis[pattern]),
                risk=float(risks[pattern]),
                sets=tuple(tuple(keys.names[i] for i in one) for one in sets),
                sentence=_sentence(words),
                contributions=dict(zip(keys.names, shares[place].tolist(), strict=True)),
            )
        )
    return specials


def _records(found: Patterns, chosen: np.ndarray[tuple[int], np.dtype[np.intp]]) -> list[int | None]:
    if not len(found.inverse):
        return [None] * len(chosen)
    place = np.full(len(found), -1)
    place[chosen] = np.arange(len(chosen))
    own = place[found.inverse]
    at = np.flatnonzero(own >= 0)
    numbers: list[int | None] = [None] * len(chosen)
    for record, which in zip(at.tolist(), own[at].tolist(), strict=True):
        numbers[which] = record + 1
    return numbers


def _sentence(sets: Sequence[Sequence[str]]) -> str:
    said = [", ".join(one) for one in sets[:_MOST_SETS]]
    more = len(sets) - len(said)
    return "unique on " + "; and on ".join(said) + (f"; and on {more} other sets" if more > 0 else "")
