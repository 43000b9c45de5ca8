"""Key variables as codes, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from saferoom.disclosure.microdata.keys import MISSING, Keys
from saferoom.disclosure.microdata.patterns import group, of_arrays, patterns
from saferoom.errors import BadInputError


def every_kind() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "whole": [3, 1, 2, 1],
            "text": ["x", None, "y", "x"],
            "yes": [True, False, True, True],
            "number": [1.5, np.nan, 0.0, -0.0],
            "day": pd.to_datetime(pd.Series(["2020-01-01", None, "2020-01-02", "2020-01-01"])),
            "level": pd.Categorical(["hi", "lo", None, "lo"], categories=["lo", "mid", "hi"], ordered=True),
            "mixed": pd.Series([1, "a", None, 2], dtype=object),
            "nothing": pd.Series([None] * 4, dtype=object),
            "nullable": pd.array([1, None, 2, 1], dtype="Int64"),
        }
    ).set_axis([5, 6, 7, 8])


def test_keys_of_a_frame_decode_to_the_same_frame() -> None:
    frame = every_kind()
    keys = Keys.of(frame, list(frame.columns))
    decoded = keys.onto(frame)
    assert isinstance(decoded, pd.DataFrame)
    pd.testing.assert_frame_equal(decoded, frame)


def test_keys_of_an_arrow_table_decode_to_the_same_table() -> None:
    table = pa.Table.from_pandas(every_kind().drop(columns="mixed"), preserve_index=False)
    keys = Keys.of(table, table.column_names)
    decoded: Any = keys.onto(table)
    assert decoded.schema.equals(table.schema)
    assert decoded.to_pylist() == table.to_pylist()


def test_codes_follow_the_order_of_values_and_of_ordered_categories() -> None:
    keys = Keys.of(every_kind(), ["whole", "level"])
    assert keys.codes.tolist() == [[2, 2], [0, 0], [1, MISSING], [0, 0]]
    assert keys.categories[1].tolist() == ["lo", "mid", "hi"]


def test_ordered_arrow_dictionaries_keep_their_order() -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([1, 0, None]), pa.array(["z", "a"]), ordered=True)
    keys = Keys.of(pa.table({"level": column}), ["level"])
    assert keys.categories[0].tolist() == ["z", "a"]
    assert keys.codes[:, 0].tolist() == [1, 0, MISSING]


def test_values_set_to_missing_become_nullable() -> None:
    frame = every_kind()
    keys = Keys.of(frame, ["whole", "text", "yes", "day"])
    codes = keys.codes.copy()
    codes[0] = MISSING
    changed = keys.with_codes(codes).onto(frame)
    assert isinstance(changed, pd.DataFrame)
    assert changed.loc[5, ["whole", "text", "yes", "day"]].isna().all()
    assert str(changed["whole"].dtype) == "Int64"
    assert str(changed["yes"].dtype) == "boolean"
    assert changed["whole"].iloc[1:].tolist() == frame["whole"].iloc[1:].tolist()


def test_recoded_keys_have_the_new_categories() -> None:
    keys = Keys.of(pd.DataFrame({"age": [3, 14, 25, 33]}), ["age"])
    recoded = keys.recoded("age", np.array([0, 0, 1, MISSING]), np.array(["young", "old"]))
    assert recoded.column("age").tolist()[:3] == ["young", "young", "old"]
    assert recoded.codes[3, 0] == MISSING
    assert recoded.column("age").isna().tolist() == [False, False, False, True]
    assert keys.codes[:, 0].tolist() == [0, 1, 2, 3]


def test_categories_read_as_people_write_them() -> None:
    frame = every_kind().assign(gap=[3.0, np.nan, 1.0, 3.0])
    keys = Keys.of(frame, ["day", "gap", "number", "whole", "level"])
    assert keys.texts("day") == ["2020-01-01", "2020-01-02"]
    assert keys.texts("gap") == ["1", "3"]
    assert keys.texts("number") == ["0.0", "1.5"]
    assert keys.texts("whole") == ["1", "2", "3"]
    assert keys.texts("level") == ["lo", "mid", "hi"]


def test_numbers_that_are_none_are_missing_in_arrow_too() -> None:
    table = pa.table({"f": pa.array([1.5, float("nan"), None]), "d": pa.array([b"x", None, b"y"])})
    assert Keys.of(table, ["f", "d"]).codes.tolist() == [[0, 0], [MISSING, MISSING], [MISSING, 1]]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "name at least one"),
        (["wholw"], "no column wholw; did you mean whole"),
        (["whole", "whole"], "'whole' is named twice"),
        (["lists"], "'lists' does not hold single values"),
    ],
)
def test_wrong_names_are_refused_with_the_column(names: list[str], said: str) -> None:
    frame = every_kind().assign(lists=pd.Series([[1], [2], [3], [4]], index=[5, 6, 7, 8]))
    with pytest.raises(BadInputError, match=said):
        Keys.of(frame, names)
    if names == ["lists"]:
        with pytest.raises(BadInputError, match=said):
            Keys.of(pa.table({"lists": [[1], [2]]}), names)


def test_two_columns_of_one_name_are_refused() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(BadInputError, match="two columns 'a'"):
        Keys.of(frame, ["a"])


def test_a_column_without_values_is_refused_where_values_are_due() -> None:
    keys = Keys.of(every_kind(), ["whole", "nothing"])
    with pytest.raises(BadInputError, match="every value of 'nothing' is missing"):
        keys.check_not_empty()
    with pytest.raises(BadInputError, match="no records"):
        Keys.of(every_kind().iloc[:0], ["whole"]).check_not_empty()


def test_patterns_are_distinct_sorted_and_add_up() -> None:
    frame = pd.DataFrame({"a": [2, 1, 2, 1, None], "b": ["y", "x", "y", "z", "x"]})
    keys = Keys.of(frame, ["a", "b"])
    found = patterns(keys, np.array([1.0, 2.0, 4.0, 8.0, 16.0]))
    assert found.rows.tolist() == [[MISSING, 0], [0, 0], [0, 2], [1, 1]]
    assert found.counts.tolist() == [1, 1, 1, 2]
    assert found.weights.tolist() == [16.0, 2.0, 8.0, 5.0]
    assert (found.rows[found.inverse] == keys.codes).all()
    assert found.complete.tolist() == [False, True, True, True]


def test_more_variables_than_fit_into_one_number_are_still_told_apart() -> None:
    random = np.random.default_rng(1)
    codes = np.asfortranarray(random.integers(-1, 1000, (500, 12)).astype(np.int32))
    codes[250:] = codes[:250]
    inverse, first = group(codes, [1000] * 12)
    assert len(first) == len(np.unique(codes, axis=0)) == 250
    assert (codes[first][inverse] == codes).all()
    assert (np.lexsort(codes[first].T[::-1]) == np.arange(250)).all()


def test_patterns_counted_elsewhere_are_put_in_order() -> None:
    rows = np.array([[1, 0], [0, 1], [-1, 1]], dtype=np.int32)
    found = of_arrays(rows, np.array([3, 2, 1]), np.array([30.0, 20.0, 10.0]))
    assert found.rows.tolist() == [[-1, 1], [0, 1], [1, 0]]
    assert found.counts.tolist() == [1, 2, 3]
    assert found.records == 6
