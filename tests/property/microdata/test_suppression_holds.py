"""After local suppression k holds, whatever the file: counted here record by record, not by the product itself."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from saferoom.disclosure.microdata.keys import MISSING, Codes, Keys
from saferoom.disclosure.microdata.protection.suppression import Guarantee, Wanted, subsets, suppress


@st.composite
def tables(draw: st.DrawFn) -> Keys:
    """Return small tables with few categories, some values missing, at least one told in each variable."""
    records, variables = draw(st.integers(5, 30)), draw(st.integers(1, 5))
    low = draw(st.sampled_from([-1, 0]))
    codes = draw(arrays(np.int64, (records, variables), elements=st.integers(low, draw(st.integers(1, 6)))))
    codes[0] = np.maximum(codes[0], 0)
    frame = pd.DataFrame(codes).astype("Int64").mask(codes < 0)
    frame.columns = pd.Index([f"v{j}" for j in range(variables)])
    return Keys.of(frame, list(frame.columns))


def matching(left: Codes, right: Codes) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Return whether each row of `left` and each of `right` agree wherever both are told."""
    a, b = left[:, None, :], right[None, :, :]
    return np.asarray(((a == b) | (a == MISSING) | (b == MISSING)).all(axis=2))


@settings(max_examples=120, deadline=None)
@given(tables(), st.integers(2, 5))
def test_every_record_matches_k_on_all_keys_and_on_every_subset(keys: Keys, k: int) -> None:
    result = suppress(keys, k)
    for size in range(1, len(keys.names) + 1):
        for chosen in combinations(range(len(keys.names)), size):
            codes = result.keys.codes[:, chosen]
            assert matching(codes, codes).sum(axis=1).min() >= k
    assert result.parts[0].bound <= result.parts[0].cost + 1e-6
    told = result.keys.codes != MISSING
    assert (result.keys.codes[told] == keys.codes[told]).all()


@settings(max_examples=60, deadline=None)
@given(tables(), st.data())
def test_each_demand_on_a_subset_holds(keys: Keys, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(keys.names)))
    wanted = [*subsets(keys.names, size, data.draw(st.integers(2, 5))), Wanted(keys.names, 2)]
    result = suppress(keys, wanted)
    for demand in wanted:
        codes = result.keys.selected(demand.names).codes
        assert matching(codes, codes).sum(axis=1).min() >= demand.k


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(2, 4), st.lists(st.sampled_from([1.0, 2.0, 7.5]), min_size=5, max_size=5))
def test_the_stronger_promise_holds_both_ways(keys: Keys, k: int, costs: list[float]) -> None:
    importance = dict(zip(keys.names, costs, strict=False))
    protected = suppress(keys, k, importance, Guarantee.PEOPLE).keys.codes
    fits = matching(protected, keys.codes)
    assert fits.sum(axis=1).min() >= k, "a protected record fits too few people"
    assert fits.sum(axis=0).min() >= k, "a person is found in too few protected records"
    assert matching(protected, protected).sum(axis=1).min() >= k


@settings(max_examples=40, deadline=None)
@given(tables(), st.integers(2, 4))
def test_the_same_file_is_protected_the_same_way_twice(keys: Keys, k: int) -> None:
    assert (suppress(keys, k).keys.codes == suppress(keys, k).keys.codes).all()
