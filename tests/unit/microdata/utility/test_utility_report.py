"""The utility report: kinds of columns, tables, the verdict, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.support.before_after import noisy, people

from saferoom.disclosure.microdata.utility import Compared, Regression, UtilityReport, compare
from saferoom.errors import BadInputError

PAIRED = Compared(keys=("region", "sex"), corresponding=True)


def kinds(report: UtilityReport) -> dict[str, str]:
    return {one.variable.name: one.variable.kind for one in report.columns}


def test_the_same_records_lose_nothing() -> None:
    frame = people()
    report = compare(frame, frame, PAIRED)
    document = report.document()
    assert report.lost == pytest.approx(0.0, abs=1e-9)
    assert document["verdict"].startswith("No column changed")
    assert "cannot tell the two tables apart at all" in document["verdict"]
    assert document["distances"]["il1s"] == 0.0
    assert document["relations"]["correlation"] == 0.0
    assert [one["total_variation"] for one in document["tables"]] == [0.0]
    json.dumps(document, allow_nan=False)


def test_frames_and_arrow_tables_tell_the_same() -> None:
    frame, after = people(), noisy(people(), 0.2)
    tables = [pa.Table.from_pandas(one, preserve_index=False) for one in (frame, after)]
    assert compare(frame, after, PAIRED).document() == compare(tables[0], tables[1], PAIRED).document()


def test_kinds_of_columns_and_what_became_of_them() -> None:
    frame = people().assign(name=[f"person {n}" for n in range(600)], person=range(600), gone=1)
    after = frame.drop(columns="gone").assign(
        age=(frame["age"] // 10 * 10).astype(str) + "s",
        region=frame["region"].replace({"Eastwick": "other", "Westby": "other"}),
        education=[f"{e - n % 2}-{e}" for n, e in enumerate(frame["education"])],
        made=2,
    )
    report = compare(frame, after, PAIRED)
    found = kinds(report)
    assert (found["age"], found["region"], found["education"]) == ("recoded", "recoded", "regrouped")
    assert (found["sex"], found["pay"]) == ("category", "number")
    document = report.document()
    assert document["dropped"] == ["gone"]
    assert document["added"] == ["made"]
    assert set(document["left_out"]) == {"person", "name"}
    assert document["columns"]["region"]["distance"]["total_variation"] == 0.0, (
        "groups are as frequent as their members"
    )
    assert document["columns"]["region"]["lost"] > 0.1
    assert document["columns"]["education"]["distance"] is None
    assert report.verdict.startswith("Dropped: gone.")
    assert "does not see education" in report.verdict


def test_records_of_different_numbers_are_compared_without_pairs() -> None:
    report = compare(people(), people(400, seed=9))
    document = report.document()
    assert report.lost is None
    assert document["distances"] is None
    assert document["columns"]["pay"]["changed"] is None
    assert 0.0 < document["columns"]["region"]["distance"]["total_variation"] < 0.2
    ratio = document["propensity"]["pairs"]["ratio"]
    assert 0.5 < ratio < 5


def test_hidden_values_are_counted() -> None:
    frame = people()
    after = frame.assign(
        region=frame["region"].where(np.arange(600) >= 60), pay=frame["pay"].where(np.arange(600) < 300)
    )
    document = compare(frame, after, PAIRED).document()
    assert document["columns"]["region"]["missing_after"] == pytest.approx(0.1)
    assert document["columns"]["region"]["changed"] == 60
    assert document["columns"]["pay"]["lost"] == pytest.approx(0.5)


def test_weights_move_what_they_should() -> None:
    frame = people()
    plain = compare(frame, noisy(frame, 0.5), PAIRED)
    weighted = compare(frame, noisy(frame, 0.5), Compared(weight="grossing", corresponding=True))
    assert "grossing" not in kinds(weighted)
    assert plain.document()["columns"]["pay"]["before"] != weighted.document()["columns"]["pay"]["before"]


def test_tables_that_are_named_are_compared() -> None:
    frame = people()
    shuffled = frame.assign(sex=np.random.default_rng(1).permutation(frame["sex"].to_numpy()))
    document = compare(frame, shuffled, Compared(corresponding=True, tables=(("sex", "pay"),))).document()
    (table,) = document["tables"]
    assert table["columns"] == ["sex", "pay"]
    assert table["total_variation"] > 0.05
    assert document["columns"]["sex"]["distance"]["total_variation"] == 0.0


def test_dates_and_text_codes_are_categories() -> None:
    frame = pd.DataFrame({"born": pd.to_datetime(["1990-01-01", "1991-02-02"] * 40), "code": ["007", "008"] * 40})
    report = compare(frame, frame.assign(born=frame["born"].where(frame.index > 20)), Compared(corresponding=True))
    assert kinds(report) == {"born": "category", "code": "category"}
    assert report.columns[0].variable.labels == ("1990-01-01T00:00:00.000000", "1991-02-02T00:00:00.000000") or all(
        label.startswith("199") for label in report.columns[0].variable.labels
    )


def test_regressions_are_in_the_verdict() -> None:
    frame = people()
    how = Compared(corresponding=True, regressions=(Regression("pay", ("age", "sex")),))
    assert "would be read much the same" in compare(frame, noisy(frame, 0.05), how).verdict


@pytest.mark.parametrize(
    ("after", "how", "said"),
    [
        (people().iloc[:0], Compared(), "has no records"),
        (people().iloc[:5], Compared(corresponding=True), "cannot correspond"),
        (people()[["grossing"]], Compared(weight="grossing"), "no column in common"),
        (people(), Compared(keys=("regoin",)), "regoin"),
        (people(), Compared(tables=(("sex", "nowhere"),)), "nowhere"),
        (people().assign(grossing=0.0), Compared(weight="grossing"), "zero or negative in 600 records"),
        (people().assign(grossing="x"), Compared(weight="grossing"), "must hold numbers"),
        (people().drop(columns="grossing"), Compared(weight="grossing"), "grossing"),
    ],
)
def test_what_cannot_be_compared_is_a_sentence(after: pd.DataFrame, how: Compared, said: str) -> None:
    with pytest.raises(BadInputError, match=said) as caught:
        compare(people(), after, how)
    assert "Northmark" not in caught.value.message


def test_two_columns_of_one_name_are_refused() -> None:
    twice = pd.concat([people()[["sex"]], people()[["sex"]]], axis=1)
    with pytest.raises(BadInputError, match="two columns 'sex'"):
        compare(twice, people()[["sex"]])


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (pa.array([[1], [2]] * 20), pa.array([[1], [2]] * 20), "does not hold single values"),
        (pa.nulls(40), pa.nulls(40), "every value before is missing"),
        (pa.array(np.arange(40.0) * 1e300), pa.array(np.arange(40.0)), "too large"),
        (pa.array([f"person {n}" for n in range(60)]), pa.array(["somebody"] * 60), "nearly every value"),
    ],
)
def test_columns_that_cannot_be_compared_do_not_stop_the_others(before: pa.Array, after: pa.Array, said: str) -> None:
    sex = pa.array(["f", "m"] * (len(before) // 2))
    report = compare(pa.table({"odd": before, "sex": sex}), pa.table({"odd": after, "sex": sex}))
    assert said in report.document()["left_out"]["odd"]
    assert kinds(report) == {"sex": "category"}


@pytest.mark.parametrize("size", [1, 2, 30])
def test_small_tables_and_values_that_are_all_gone_have_a_report(size: int) -> None:
    frame = people(size)
    gone = frame.assign(pay=np.nan, region=None)
    for how in (Compared(), Compared(corresponding=True)):
        json.dumps(compare(frame, gone, how).document(), allow_nan=False)
