"""The risk report: the contract of its document, and what is refused before any work."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.support.record_tables import FRANCDAT_KEYS, francdat

from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.patterns import of_arrays, patterns
from saferoom.disclosure.microdata.risk.asked import Asked
from saferoom.disclosure.microdata.risk.individual import Method
from saferoom.disclosure.microdata.risk.report import Population, assess, assess_patterns
from saferoom.errors import BadInputError

# sdcMicro 5.8.1: the sum of the individual risks.
EXPECTED = 0.966526045199967


def records() -> pd.DataFrame:
    return francdat().assign(
        household=pd.array([1, 1, 2, 2, 3, 3, 4, None], dtype="Int64"), ill=["a", "a", "b", "b", "a", "a", "b", "a"]
    )


@pytest.mark.parametrize("arrow", [False, True])
def test_the_document_keeps_its_contract(arrow: bool) -> None:
    asked = Asked(FRANCDAT_KEYS, weight="w", household="household", sensitive=("ill",), ks=(4,), explain=2)
    frame: Any = records()
    document = assess(pa.Table.from_pandas(frame) if arrow else frame, asked).document()
    assert document["records"] == 8
    assert document["sample_uniques"] == 4
    assert document["below_k"] == {"2": 4, "3": 8, "4": 8, "5": 8}
    assert document["expected_reidentifications"] == pytest.approx(EXPECTED)
    assert document["household_expected_reidentifications"] > EXPECTED
    assert document["max_risk"] == pytest.approx(0.4023594781085)
    assert (document["suda"]["sum"], document["suda"]["max"]) == (26, 8)
    assert document["suda"]["dis_sum"] == pytest.approx(0.04476982799798, rel=1e-7)
    assert document["basis"] == "weights"
    # One key has "a" and "b", one "a" twice, and four have one record each.
    assert document["sensitive"]["ill"]["disclosed"] == 6
    assert document["special_uniques"][0]["sentence"] == "unique on Key1 6; and on Key2 2, Key4 5"
    assert document["special_uniques"][0]["record"] == 7


def test_without_weights_the_file_is_the_population() -> None:
    document = assess(francdat(), Asked(FRANCDAT_KEYS)).document()
    assert document["basis"] == "records"
    assert document["expected_reidentifications"] == 6
    assert document["household_expected_reidentifications"] is None
    assert document["model"] is None


def test_population_counts_are_used_where_there_are_any() -> None:
    counts = francdat().groupby(list(FRANCDAT_KEYS))["w"].sum().round().reset_index()
    counts["w"] += 2
    asked = Asked(FRANCDAT_KEYS, weight="w")
    document = assess(francdat(), asked, Population(counts, "w")).document()
    assert document["basis"] == "population counts"
    assert document["max_risk"] == pytest.approx(1 / 7)


def test_models_and_exact_risks_are_reported_when_asked_for() -> None:
    document = assess(francdat(), Asked(FRANCDAT_KEYS, weight="w", method=Method.EXACT, model="main")).document()
    assert document["expected_reidentifications"] == pytest.approx(EXPECTED)
    assert document["model"]["terms"] == "Key1 + Key2 + Key3 + Key4"
    assert document["model"]["uniques"] == 4
    assert 0 < document["model"]["population_uniques"] < document["model"]["expected_matches"] < 4


def test_counts_from_outside_of_memory_give_the_same_report() -> None:
    asked = Asked(FRANCDAT_KEYS, weight="w")
    keys = Keys.of(francdat(), FRANCDAT_KEYS)
    inside = patterns(keys, francdat()["w"].to_numpy())
    outside = of_arrays(inside.rows, inside.counts, inside.weights)
    assert assess_patterns(keys.with_codes(outside.rows), outside, asked).document() == (
        assess(francdat(), asked).document()
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"keys": ()}, "at least one key variable"),
        ({"keys": ("Key1", "nowhere")}, "keys: there is no column nowhere"),
        ({"keys": ("Key1", "empty")}, "every value of 'empty' is missing"),
        ({"weight": "Key1"}, "weight: 'Key1' is a key variable as well"),
        ({"weight": "zero"}, "weight: 'zero' is zero or negative in 1 record"),
        ({"weight": "ill"}, "weight: 'ill' must hold numbers"),
        ({"weight": "empty"}, "weight: every value of 'empty' is missing"),
        ({"household": "nowhere"}, "household: there is no column"),
        ({"household": "empty"}, "household: every value of 'empty'"),
        ({"sensitive": ("empty",)}, "sensitive: every value of 'empty'"),
        ({"ks": (9,)}, "k is 9, but there are only 8 records"),
        ({"ks": (1,)}, "k must be at least 2"),
        ({"alpha": 2.0}, "alpha"),
        ({"fraction": 0.0}, "fraction"),
        ({"model": "best"}, "model: there is no 'best'"),
        ({"keys": tuple(f"k{i}" for i in range(31))}, "31 key variables are too many"),
    ],
)
def test_wrong_requests_are_refused_with_the_column(options: dict[str, Any], said: str) -> None:
    frame = records().assign(zero=[1.0] * 7 + [0.0], empty=pd.Series([None] * 8, dtype=object))
    with pytest.raises(BadInputError, match=said):
        assess(frame, Asked(**{"keys": FRANCDAT_KEYS, **options}))


def test_many_key_variables_are_tried_in_smaller_sets() -> None:
    random = np.random.default_rng(1)
    names = tuple(f"k{i}" for i in range(16))
    frame = pd.DataFrame(random.integers(0, 3, (60, 16)), columns=list(names))
    assert Asked(names).largest_tried == 4
    assert Asked(names, largest=2).largest_tried == 2
    assert Asked(names[:6]).largest_tried == 6
    assert assess(frame, Asked(names, largest=2)).document()["suda"]["largest_set"] == 2


def test_protection_may_have_taken_a_whole_column_away() -> None:
    emptied = records().assign(Key1=pd.Series([None] * 8, dtype="Int64"), ill=pd.Series([None] * 8, dtype=object))
    asked = Asked(FRANCDAT_KEYS, weight="w", sensitive=("ill",))
    document = assess(emptied, asked, protected=True).document()
    assert document["sample_uniques"] == 4
    assert document["suda"]["contribution_percent"]["Key1"] == 0
    assert document["sensitive"]["ill"] == {
        "distinct": 0, "entropy": 0.0, "recursive": 0, "closeness": 0.0, "disclosed": 0,
    }  # fmt: skip
    everything = emptied.assign(**dict.fromkeys(FRANCDAT_KEYS, emptied["Key1"]))
    document = assess(everything, asked, protected=True).document()
    assert (document["sample_uniques"], document["suda"]["sum"], document["distinct_keys"]) == (0, 0, 1)
    with pytest.raises(BadInputError, match="no record has a value in every key variable"):
        assess(emptied, Asked(FRANCDAT_KEYS, weight="w", model="main"), protected=True)
