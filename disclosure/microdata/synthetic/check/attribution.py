"""Attribute disclosure: what somebody who knows a person's keys learns of them from the twin, and how often rightly.

Words: the twin *gives away* a value to those with a key when all of its records with that key have that one value.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.synthetic.check.pair import Codes, Pair
from saferoom.disclosure.microdata.synthetic.units import Units

_FOLDS = 3
_MOST_LEARNT_FROM = 30_000
_MOST_ASKED = 20_000
_LEAVES = (1, 5, 20)


@dataclass(frozen=True)
class Attribution:
    """Attribute disclosure of one sensitive variable; shares of the file's n records where not said otherwise.

    Attributes
    ----------
    in_original : float
        Who shares a key with records of one value alone, in the file itself (Dorig).
    in_synthetic : float
        Whose key the twin has (iS).
    given_away : float
        To whose key the twin gives away a value (DiS).
    disco : float
        The same, where the value is right (DiSCO: disclosive in synthetic, correct in original).
    baseline : float
        How often a guess by the margin alone is right: the sum of squared shares.
    at_risk : int
        Records with a key of fewer units than the threshold to whose key the twin gives away a value.
    correct, expected : float
        How many of `at_risk` it tells rightly, and how many somebody would who knows everybody but the person.

    References
    ----------
    Raab, Nowok and Dibben (2024), arXiv:2406.16826. Taub, Elliot, Pampaka and Smith (2018), Differential correct
    attribution probability for synthetic data, PSD 2018.
    """

    target: str
    in_original: float
    in_synthetic: float
    given_away: float
    disco: float
    baseline: float
    at_risk: int
    correct: float
    expected: float

    @property
    def tcap(self) -> float | None:
        """Targeted correct attribution probability: how often what is given away is right."""
        return self.disco / self.given_away if self.given_away else None

    @property
    def gain(self) -> float:
        """What the twin adds to the knowledge of everybody else, as a share of `at_risk`; chance is taken off.

        Notes
        -----
        Of a attributions, the number of right ones varies by at most sqrt(a) / 2; twice that is not taken for a gain.
        """
        more = self.correct - self.expected - np.sqrt(self.at_risk)
        return max(0.0, float(more)) / max(1, self.at_risk)

    def document(self) -> dict[str, Any]:
        """Return the measures, shares in percent."""
        return {
            "sensitive": self.target,
            "disclosive_in_original_percent": 100 * self.in_original,
            "keys_in_twin_percent": 100 * self.in_synthetic,
            "given_away_percent": 100 * self.given_away,
            "disco_percent": 100 * self.disco,
            "tcap": self.tcap,
            "baseline": self.baseline,
            "at_risk": self.at_risk,
            "correct_share": self.correct / self.at_risk if self.at_risk else None,
            "expected_share": self.expected / self.at_risk if self.at_risk else None,
            "gain": self.gain,
        }


class Intruder:
    """Somebody who knows the keys of everybody in the file, and has the twin.

    Parameters
    ----------
    units : Units of the file's records
    threshold : int
        Keys of fewer units are at risk.
    """

    def __init__(self, pair: Pair, keys: Sequence[str], units: Units, threshold: int) -> None:
        self._pair, self._units = pair, units
        self._before, self._after, self._number = pair.classes(keys)
        self._known = pair.before[:, pair.places(keys)]
        self._few = units.per(self._before, self._number) < threshold

    def attribution(self, target: str, random: np.random.Generator) -> Attribution:
        """Measure what the twin gives away of `target`."""
        before, place = self._before, self._pair.places([target])[0]
        own, made = self._pair.before[:, place] + 1, self._pair.after[:, place] + 1
        original, twin = _only(before, own, self._number), _only(self._after, made, self._number)
        there = np.bincount(self._after, minlength=self._number) > 0
        given = twin[before] >= 0
        right = given & (twin[before] == own)
        risky = np.flatnonzero(given & self._few[before])
        margin = np.bincount(own) / max(1, len(own))
        asked = risky if len(risky) <= _MOST_ASKED else random.choice(risky, _MOST_ASKED, replace=False)
        known = _guessed(self._known, own, asked, self._units, random)
        return Attribution(
            target=target,
            in_original=float((original[before] >= 0).mean()),
            in_synthetic=float(there[before].mean()),
            given_away=float(given.mean()),
            disco=float(right.mean()),
            baseline=float((margin**2).sum()),
            at_risk=len(risky),
            correct=float(right[risky].sum()),
            expected=known * len(risky),
        )


def _only(classes: NDArray[np.intp], values: Codes, number: int) -> NDArray[np.intp]:
    """Return the one value that all of a class have, -1 where there are none or several; shape (number,)."""
    low = np.full(number, np.iinfo(np.int32).max, dtype=np.intp)
    high = np.full(number, -1, dtype=np.intp)
    np.minimum.at(low, classes, values)
    np.maximum.at(high, classes, values)
    return np.where(low == high, high, -1)


def _guessed(codes: Codes, own: Codes, asked: NDArray[np.intp], units: Units, random: np.random.Generator) -> float:
    """Return how often trees tell the value of the records `asked` that were grown on other units' records.

    Trees of several sizes are grown; the best one counts, as somebody who knows everybody else would choose it.
    """
    if not len(asked):
        return 0.0
    folds = random.integers(0, _FOLDS, int(units.first.max(initial=0)) + 2)
    fold = folds[units.first]
    right = np.zeros(len(_LEAVES))
    for one in range(_FOLDS):
        learnt, wanted = np.flatnonzero(fold != one), asked[fold[asked] == one]
        if not len(wanted) or not len(learnt):
            continue
        if len(learnt) > _MOST_LEARNT_FROM:
            learnt = random.choice(learnt, _MOST_LEARNT_FROM, replace=False)
        for place, leaf in enumerate(_LEAVES):
            told = _told(codes[learnt], own[learnt], codes[wanted], leaf)
            right[place] += (told == own[wanted]).sum()
    return float(right.max()) / len(asked)


def _told(known: Codes, values: Codes, wanted: Codes, leaf: int) -> Codes:
    from sklearn.tree import DecisionTreeClassifier

    with warnings.catch_warnings():  # of small files: that there are many values for so few records
        warnings.simplefilter("ignore", UserWarning)
        tree = DecisionTreeClassifier(min_samples_leaf=leaf, random_state=1).fit(known, values)
    found: Codes = tree.predict(wanted)
    return found
