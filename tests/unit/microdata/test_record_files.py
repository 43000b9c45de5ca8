"""Files of records: read strictly, in their order, and counted where they lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from saferoom.disclosure.microdata.columns import check_k, numbers, weights
from saferoom.disclosure.microdata.counted import count_patterns
from saferoom.disclosure.microdata.files import column_names, read_records
from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.patterns import patterns
from saferoom.errors import BadInputError


def written(folder: Path, text: str, name: str = "records.csv") -> Path:
    file = folder / name
    file.write_bytes(text.encode())
    return file


def test_text_files_keep_codes_and_find_numbers(tmp_path: Path) -> None:
    file = written(tmp_path, '\ufeffcode;whole;number;"a b";none\r\n01;1;0.5;"x;y";\r\n02;-3;2;;\r\n')
    table = read_records(file)
    assert table.to_pylist() == [
        {"code": "01", "whole": 1, "number": 0.5, "a b": "x;y", "none": None},
        {"code": "02", "whole": -3, "number": 2.0, "a b": None, "none": None},
    ]


def test_only_the_columns_that_were_asked_for_are_read(tmp_path: Path) -> None:
    file = written(tmp_path, "a,b,c\n1,2,NA\n")
    assert read_records(file, ["c", "a"], missing=["NA"]).to_pylist() == [{"c": None, "a": 1}]
    assert column_names(file) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("a,b\n1,2\n3\n", "records.csv", "same number of columns"),
        ("", "records.csv", "is empty"),
        ("a\n1\n", "records.txt", "must end in"),
        ("no parquet", "records.parquet", "not a Parquet file"),
        ("PAR1 but nothing else", "records.parquet", "damaged or not a Parquet file"),
        ("a,a\n1,2\n", "records.csv", "two columns 'a'"),
    ],
)
def test_what_is_no_table_is_refused_with_the_file_and_without_its_content(
    tmp_path: Path, text: str, name: str, said: str
) -> None:
    with pytest.raises(BadInputError, match=said) as caught:
        read_records(written(tmp_path, text, name))
    assert name in caught.value.message or "two columns" in said
    assert "1,2" not in caught.value.message


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"nowhere\.csv does not exist"):
        column_names(tmp_path / "nowhere.csv")


def frame() -> pd.DataFrame:
    random = np.random.default_rng(7)
    size = 3000
    return pd.DataFrame(
        {
            'a"b': random.integers(0, 5, size),
            "text": random.choice(np.array(["x", "y", None], dtype=object), size),
            "number": random.choice([1.5, np.nan, 2.0], size),
            "w": random.uniform(1, 5, size),
        }
    )


def test_patterns_counted_where_the_file_lies_are_those_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "odd [name]*.parquet"
    frame().to_parquet(file)
    names = ['a"b', "text", "number"]
    keys, found = count_patterns(file, names, "w")
    own = Keys.of(frame(), names)
    expected = patterns(own, frame()["w"].to_numpy())
    assert (found.rows == expected.rows).all()
    assert (found.counts == expected.counts).all()
    assert found.weights == pytest.approx(expected.weights)
    assert [one.tolist() for one in keys.categories] == [one.tolist() for one in own.categories]
    assert count_patterns(file, names)[1].weights.sum() == len(frame())


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "zero or negative in 1 record"), (-1.0, "zero or negative"), (None, "missing in 1 record")],
)
def test_weights_are_checked_alike_in_memory_and_outside(tmp_path: Path, value: float | None, said: str) -> None:
    wrong = frame()
    wrong.loc[7, "w"] = value
    file = tmp_path / "records.parquet"
    wrong.to_parquet(file)
    with pytest.raises(BadInputError, match=f"'w' is {said}"):
        count_patterns(file, ["text"], "w")
    with pytest.raises(BadInputError, match=f"'w' is {said}"):
        weights(wrong, "w")
    with pytest.raises(BadInputError, match="must hold numbers"):
        count_patterns(file, ['a"b'], "text")


def test_numbers_refuse_text_infinity_and_nothing() -> None:
    table = pd.DataFrame({"text": ["1", "2"], "far": [1.0, np.inf], "none": [np.nan, np.nan], "yes": [True, False]})
    for name, said in (("text", "must hold numbers"), ("far", "infinite"), ("none", "every value of 'none'")):
        with pytest.raises(BadInputError, match=said):
            numbers(table, name, "step 2")
    with pytest.raises(BadInputError, match="step 2: 'yes' must hold numbers"):
        numbers(table, "yes", "step 2")


def test_k_must_be_possible() -> None:
    check_k(3, 3)
    with pytest.raises(BadInputError, match="k is 4, but there are only 3 records"):
        check_k(4, 3)
    with pytest.raises(BadInputError, match="at least 2"):
        check_k(1, 3)
