"""Local suppression: how much is hidden, why, and what is refused."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from saferoom.disclosure.microdata.keys import MISSING, Keys
from saferoom.disclosure.microdata.protection.suppression import (
    Guarantee,
    Wanted,
    still_below,
    subsets,
    suppress,
)
from saferoom.errors import BadInputError

NAMES = ["Key1", "Key2", "Key3", "Key4"]
FRANCDAT = pd.DataFrame(
    [[1, 2, 5, 1], [1, 2, 1, 1], [1, 2, 1, 1], [3, 3, 1, 5], [4, 3, 1, 4], [4, 3, 1, 1], [6, 2, 1, 5], [1, 2, 5, 1]],
    columns=NAMES,
)
"""The key variables of the example in Franconi and Polettini (2004)."""
SDCMICRO = {2: 4, 3: 9, 5: 19}
"""Values that sdcMicro 5.8.1 hides in it, by k."""


def keys_of(rows: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> Keys:
    return Keys.of(
        pd.DataFrame(rows, columns=[f"v{j}" for j in range(rows.shape[1])]), [f"v{j}" for j in range(rows.shape[1])]
    )


def skewed(records: int, sizes: tuple[int, ...], seed: int = 3) -> Keys:
    random = np.random.default_rng(seed)
    return keys_of(np.column_stack([np.minimum(random.geometric(min(1, 3 / s), records) - 1, s - 1) for s in sizes]))


@pytest.mark.parametrize(("k", "least"), [(2, 4), (3, 8), (5, 11)])
def test_a_small_problem_is_solved_to_the_proven_least(k: int, least: int) -> None:
    result = suppress(Keys.of(FRANCDAT, NAMES), k)
    assert result.total == least <= SDCMICRO[k]
    assert result.parts[0].gap < 1e-6
    assert still_below(result) == 0


def test_no_record_with_enough_others_is_touched_and_every_other_is() -> None:
    keys = skewed(3_000, (20, 10, 6, 4))
    result = suppress(keys, 3)
    counts = pd.DataFrame(keys.codes).groupby([0, 1, 2, 3])[0].transform("size").to_numpy()
    assert (result.hidden.any(axis=1) == (counts < 3)).all()
    told = result.keys.codes != MISSING
    assert (result.keys.codes[told] == keys.codes[told]).all()


def test_importance_moves_what_is_hidden_to_the_cheap_variables() -> None:
    keys = skewed(2_000, (8, 8, 8))
    plain, dear = suppress(keys, 3), suppress(keys, 3, {"v0": 9.0})
    assert dear.counts["v0"] < plain.counts["v0"]
    cost = sum(count * (9.0 if name == "v0" else 1.0) for name, count in plain.counts.items())
    assert dear.parts[0].cost <= cost


def test_demands_on_subsets_all_hold() -> None:
    keys = skewed(1_500, (15, 9, 5, 3))
    result = suppress(keys, [*subsets(keys.names, 2, 8), Wanted(keys.names, 3)])
    assert len(result.parts) == 7
    assert still_below(result) == 0


def test_a_hundred_thousand_records_take_seconds() -> None:
    keys = skewed(100_000, (80, 20, 10, 8, 2))
    start = time.process_time()
    result = suppress(keys, 3)
    assert time.process_time() - start < 5
    assert still_below(result) == 0
    assert result.parts[0].gap < 0.01


def test_data_where_everybody_is_alone_ends_with_everybody_protected() -> None:
    keys = skewed(400, (60, 60, 60, 60))
    result = suppress(keys, 3)
    assert still_below(result) == 0


@pytest.mark.parametrize("guarantee", list(Guarantee))
def test_many_key_variables_are_hidden_one_after_another(guarantee: Guarantee) -> None:
    keys = skewed(80, (8,) * 18)
    result = suppress(keys, 3, guarantee=guarantee)
    assert still_below(result) == 0
    assert 0 < result.total < keys.codes.size


def test_reasons_name_variables_and_counts_and_no_values() -> None:
    frame = FRANCDAT.assign(Key1=["secret-a", "secret-b", "secret-b", "c", "d", "d", "f", "secret-a"])
    result = suppress(Keys.of(frame, NAMES), 3)
    reasons = list(result.reasons())
    assert sum(len(reason.hidden) for reason in reasons) == result.total
    for reason in reasons:
        assert reason.before < 3 <= reason.after
        assert "secret" not in reason.sentence()
        assert f"record {reason.record + 1} hides" in reason.sentence()
        assert all(result.hidden[reason.record, NAMES.index(name)] for name in reason.hidden)


def test_reasons_for_several_values_say_what_one_told_again_would_leave() -> None:
    keys = skewed(400, (60, 60, 60, 60))
    several = [reason for reason in suppress(keys, 5).reasons() if len(reason.hidden) > 1]
    assert several
    assert all("with one told again" in reason.sentence() for reason in several)
    assert all(len(reason.with_one_told) == len(reason.hidden) for reason in several)


def test_with_the_stronger_promise_somebody_not_at_risk_is_enlisted_and_says_so() -> None:
    rows = np.array([[0, 0]] * 5 + [[0, 1]])
    result = suppress(keys_of(rows), 2, guarantee=Guarantee.PEOPLE)
    enlisted = [reason for reason in result.reasons() if reason.before >= 2]
    assert len(enlisted) == 1
    assert "may be this one too" in enlisted[0].sentence()


@pytest.mark.parametrize(
    ("wanted", "importance", "said"),
    [
        (1, {}, "at least 2"),
        (9, {}, "only 8 records"),
        (2, {"Key9": 1.0}, "'Key9' is not one of the key variables"),
        (2, {"Key1": 0.0}, "importance of 'Key1' must be a number above zero"),
        (2, {"Key1": float("nan")}, "importance of 'Key1'"),
        ([Wanted(("Key1", "Nowhere"), 2)], {}, "'Nowhere' is not one of the key variables"),
        ([Wanted(("Key1", "Key1"), 2)], {}, "each of them once"),
    ],
)
def test_what_cannot_be_is_refused_with_step_and_column(wanted: int, importance: dict[str, float], said: str) -> None:
    with pytest.raises(BadInputError, match=said) as caught:
        suppress(Keys.of(FRANCDAT, NAMES), wanted, importance, what="step 2")
    assert caught.value.message.startswith("step 2")


def test_a_variable_without_values_is_refused() -> None:
    with pytest.raises(BadInputError, match="every value of 'Key2' is missing"):
        suppress(Keys.of(FRANCDAT.assign(Key2=None), NAMES), 2)


def test_a_file_in_which_all_share_their_keys_stays_as_it_is() -> None:
    keys = keys_of(np.zeros((5, 3), dtype=np.int64))
    result = suppress(keys, 5)
    assert result.total == 0
    assert result.parts[0].gap == 0
    assert not list(result.reasons())
