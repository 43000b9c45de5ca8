"""l-diversity and t-closeness within keys."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.record_tables import keys_of

from saferoom.disclosure.microdata.keys import MISSING
from saferoom.disclosure.microdata.patterns import patterns
from saferoom.disclosure.microdata.risk import classes
from saferoom.disclosure.microdata.risk.classes import ClassValues, class_values
from saferoom.disclosure.microdata.risk.diversity import closeness, diversity
from saferoom.errors import BadInputError, UnavailableError

KEYS = [[0], [0], [0], [0], [1], [1], [1], [1]]
ILLNESS = [[0], [0], [0], [1], [0], [1], [2], [3]]


def values_of(keys: list[list[int]], sensitive: list[list[int]]) -> ClassValues:
    own = keys_of(keys)
    return class_values(own, patterns(own), keys_of(sensitive))


def test_diversity_counts_values_entropy_and_the_rest() -> None:
    found = diversity(values_of(KEYS, ILLNESS))
    assert found.distinct.tolist() == [2, 4]
    # exp of the entropy of 3/4, 1/4; four equally frequent values are as diverse as four.
    assert found.entropy == pytest.approx([4 / 3**0.75, 4.0])
    # 3 < 2 * 4 and not 3 < 2 * 1; 1 < 2 * 1 for all four.
    assert found.recursive.tolist() == [1, 4]
    assert diversity(values_of(KEYS, ILLNESS), c=4.0).recursive.tolist() == [2, 4]
    with pytest.raises(BadInputError, match="above 0"):
        diversity(values_of(KEYS, ILLNESS), c=0.0)


def test_closeness_of_categories_is_half_the_difference_of_shares() -> None:
    found = values_of(KEYS, ILLNESS)
    # The whole file has 4, 2, 1, 1 of 8.
    assert closeness(found, ordered=False) == pytest.approx([0.25, 0.25])


def test_closeness_of_numbers_is_the_way_between_them() -> None:
    sensitive = keys_of([[i] for i in range(9)])
    keys = keys_of([[0]] * 3 + [[1]] * 6)
    found = class_values(keys, patterns(keys), sensitive)
    whole = np.full(10, 1 / 9) * (np.arange(10) < 9)
    first = np.full(10, 1 / 3) * (np.arange(10) < 3)
    expected = np.abs(np.cumsum(first - whole)).sum() / 9
    assert closeness(found, ordered=True)[0] == pytest.approx(expected)


def test_classes_of_missing_keys_hold_everybody_who_may_be_in_them() -> None:
    found = diversity(values_of([[0], [1], [MISSING]], [[0], [1], [2]]))
    assert sorted(found.distinct.tolist()) == [2, 2, 3]


def test_missing_sensitive_values_are_no_values() -> None:
    found = values_of([[0], [0], [1]], [[3], [MISSING], [MISSING]])
    assert diversity(found).distinct.tolist() == [1, 0]
    assert diversity(found).entropy.tolist() == [1.0, 0.0]
    assert closeness(found, ordered=True).tolist() == [0.0, 0.0]
    nothing = values_of([[0]], [[MISSING]])
    assert closeness(nothing, ordered=False).tolist() == [0.0]


def test_too_many_pairs_of_keys_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classes, "_MOST_PAIRS", 3)
    with pytest.raises(UnavailableError, match="name fewer keys"):
        values_of([[0], [1], [MISSING]], [[0], [1], [2]])
