"""The numbers are right: side by side with pandas and numpy on the same rows."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support.statistics_lab import Lab, Row, cells, people

from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.queries.engine import Limits
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError, UnavailableError
from saferoom.policies.models import RiskAppetite


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    rng = random.Random(5)
    found = people(2_000)
    for row in found:
        if rng.random() < 0.1:
            row["pay"] = None
        if rng.random() < 0.05:
            row["region"] = None
        if rng.random() < 0.02:
            row["grossing"] = None
        row["age"] = -row["age"] if rng.random() < 0.1 else row["age"]
    return found


@pytest.fixture(scope="module")
def frame(rows: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(rows).astype({"pay": float, "grossing": float})


GROUPED = {
    "sum": "sum",
    "mean": "mean",
    "std": "std",
    "variance": "var",
    "median": "median",
    "min": "min",
    "max": "max",
}


@pytest.mark.parametrize("statistic", GROUPED)
def test_statistic_equals_pandas(lab: Lab, rows: list[Row], frame: pd.DataFrame, statistic: str) -> None:
    found = cells(lab.check({"statistic": statistic, "measure": "pay", "by": ["region", "sex"]}, rows).table, 2)
    wanted = frame.groupby(["region", "sex"], dropna=False)["pay"].agg(GROUPED[statistic])
    assert len(found) == len(wanted) == 10
    for (region, sex), value in zip(wanted.index.tolist(), wanted.tolist(), strict=True):
        assert found[None if pd.isna(region) else region, sex] == pytest.approx(value)


def test_margins_equal_pandas(lab: Lab, rows: list[Row], frame: pd.DataFrame) -> None:
    found = cells(
        lab.check({"statistic": "mean", "measure": "pay", "by": ["region", "sex"], "margins": True}, rows).table, 2
    )
    assert found["All", "All"] == pytest.approx(frame["pay"].mean())
    for sex, value in frame.groupby("sex")["pay"].mean().items():
        assert found["All", sex] == pytest.approx(value)  # type: ignore[index]
    counts = cells(lab.check({"statistic": "frequency", "by": ["region", "sex"], "margins": True}, rows).table, 2)
    assert counts["All", "All"] == len(rows)
    inner = [float(str(value)) for labels, value in counts.items() if "All" not in labels]
    assert sum(inner) == len(rows)


def test_quantiles_equal_pandas(lab: Lab, rows: list[Row], frame: pd.DataFrame) -> None:
    query = {"statistic": "quantile", "measure": "pay", "by": ["sex"], "options": {"quantiles": [0.1, 0.5, 0.9]}}
    for sex, *values in lab.check(query, rows).table.rows:
        assert values == pytest.approx(list(frame[frame.sex == sex]["pay"].quantile([0.1, 0.5, 0.9])))
    iqr = lab.check({"statistic": "iqr", "measure": "pay"}, rows).table.rows[0][0]
    assert iqr == pytest.approx(frame["pay"].quantile(0.75) - frame["pay"].quantile(0.25))


def weighted(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.dropna(subset=["pay", "grossing"])


def test_weighted_statistics_equal_numpy(lab: Lab, rows: list[Row], frame: pd.DataFrame) -> None:
    for sex, part in weighted(frame).groupby("sex"):
        m, w = part["pay"].to_numpy(), part["grossing"].to_numpy()
        mean = np.average(m, weights=w)
        wanted = {
            "mean": mean,
            "sum": (m * w).sum(),
            "variance": np.average((m - mean) ** 2, weights=w) * len(m) / (len(m) - 1),
        }
        for statistic, value in wanted.items():
            query = {"statistic": statistic, "measure": "pay", "by": ["sex"], "weight": "grossing"}
            assert cells(lab.check(query, rows).table, 1)[sex,] == pytest.approx(value)  # type: ignore[index]


def test_weighted_median_is_where_half_of_the_weight_is_reached(lab: Lab, rows: list[Row], frame: pd.DataFrame) -> None:
    part = weighted(frame).sort_values("pay")
    reached = part["grossing"].cumsum() / part["grossing"].sum()
    query = {"statistic": "median", "measure": "pay", "weight": "grossing"}
    assert lab.check(query, rows).table.rows == ((part["pay"][reached >= 0.5].iloc[0],),)


def test_weighted_median_with_equal_weights_of_an_odd_number_is_the_median(lab: Lab) -> None:
    data = [{"person_id": i, "x": float((i * 7) % 101), "one": 1.0} for i in range(101)]
    assert lab.check({"statistic": "median", "measure": "x", "weight": "one"}, data).table.rows == ((50,),)


def test_ratio_of_sums_uses_rows_that_have_both(lab: Lab, rows: list[Row], frame: pd.DataFrame) -> None:
    query = {"statistic": "ratio", "measure": "pay", "options": {"denominator": "grossing"}}
    both = weighted(frame)
    assert lab.check(query, rows).table.rows[0][0] == pytest.approx(both["pay"].sum() / both["grossing"].sum())


def test_rows_of_a_unit_are_all_counted_in_the_value(lab: Lab, frame: pd.DataFrame) -> None:
    doubled = [row for row in people() for _ in range(2)]
    found = lab.check({"statistic": "frequency", "by": ["sex"]}, doubled)
    assert sum(row[1] for row in found.table.rows) == len(doubled)  # type: ignore[misc]
    assert sum(found.evidence["units"]["person_id"]) == len(doubled) // 2


def test_view_equals_pandas_merge(lab: Lab) -> None:
    rng = random.Random(2)
    base = people()
    jobs = [
        {"person_id": row["person_id"], "wage": rng.uniform(1, 9)} for row in base for _ in range(rng.choice([0, 1, 2]))
    ]
    view = (
        "with best as (select person_id, max(wage) as top, count(*) as n from jobs group by person_id) "
        "select p.person_id, p.region, b.top, b.n from people p left join best b using (person_id) where p.age >= 30"
    )
    query = {"statistic": "mean", "measure": "top", "by": ["region"], "from": "v", "views": {"v": view}}
    found = lab.check(query, [lab.source(base), lab.source(jobs, name="jobs")])
    best = pd.DataFrame(jobs).groupby("person_id")["wage"].max().rename("top")
    wanted = (
        pd.DataFrame(base).query("age >= 30").merge(best, on="person_id", how="left").groupby("region")["top"].mean()
    )
    assert dict(found.table.rows) == pytest.approx(dict(wanted))  # type: ignore[arg-type]
    assert found.verdict is Verdict.PASS


def design(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    x = np.column_stack(
        [np.ones(len(frame)), frame["age"], *((frame["region"] == r).astype(float) for r in ("N", "S", "W"))]
    )
    return x, frame["pay"].to_numpy()


@pytest.mark.parametrize("weight", [None, "grossing"])
def test_regression_equals_numpy(lab: Lab, rows: list[Row], frame: pd.DataFrame, weight: str | None) -> None:
    query: dict[str, Any] = {"statistic": "regression", "options": {"formula": "pay ~ age + C(region)"}}
    if weight:
        query["weight"] = weight
    found = lab.check(query, rows).table
    part = frame.dropna(subset=["pay", "region", *([weight] if weight else [])])
    x, y = design(part)
    w = part[weight].to_numpy() if weight else np.ones(len(part))
    w = w / w.mean()
    root = np.sqrt(w)
    estimates, residual, *_ = np.linalg.lstsq(x * root[:, None], y * root, rcond=None)
    covariance = np.linalg.inv(x.T @ (x * w[:, None])) * residual[0] / (len(y) - x.shape[1])
    terms = found.rows[:5]
    assert [row[:2] for row in terms] == [
        ("(intercept)", None),
        ("age", None),
        ("region", "N"),
        ("region", "S"),
        ("region", "W"),
    ]
    assert [row[2] for row in terms] == pytest.approx(estimates.tolist(), rel=1e-8)
    assert [row[3] for row in terms] == pytest.approx(np.sqrt(np.diag(covariance)).tolist(), rel=1e-8)


def test_regression_without_intercept_equals_numpy(lab: Lab) -> None:
    data = people()
    found = lab.check({"statistic": "regression", "options": {"formula": "pay ~ 0 + age + C(sex)"}}, data).table
    frame = pd.DataFrame(data)
    x = np.column_stack([frame["age"], frame["sex"] == "F", frame["sex"] == "M"]).astype(float)
    estimates = np.linalg.lstsq(x, frame["pay"].to_numpy(), rcond=None)[0]
    assert [row[:2] for row in found.rows[:3]] == [("age", None), ("sex", "F"), ("sex", "M")]
    assert [row[2] for row in found.rows[:3]] == pytest.approx(estimates.tolist(), rel=1e-8)


def test_regression_with_columns_that_repeat_each_other_is_refused(lab: Lab) -> None:
    query = {"statistic": "regression", "options": {"formula": "pay ~ age + b"}, "derive": {"b": "age * 2 + 1"}}
    with pytest.raises(BadInputError, match="linear combinations"):
        lab.check(query, people())


def test_missing_in_a_parquet_file_written_by_pandas_is_missing(lab: Lab, frame: pd.DataFrame) -> None:
    path = lab.folder / "frame.parquet"
    changed = frame.copy()
    changed.loc[0, "pay"] = float("inf")
    changed.to_parquet(path)
    found = lab.check({"statistic": "mean", "measure": "pay"}, path)
    assert found.table.rows[0][0] == pytest.approx(frame["pay"].iloc[1:].mean())


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([True, False], {True, False}),
        ([1.0, 2.0], {1, 2}),
        ([0.5, float("nan")], {0.5, None}),
        (["", "a"], {"", "a"}),
        ([pd.Timestamp("2020-01-01").date(), pd.Timestamp("2021-05-06").date()], {"2020-01-01", "2021-05-06"}),
        (
            [pd.Timestamp("2020-01-01 10:00"), pd.Timestamp("2021-01-01")],
            {"2020-01-01 10:00:00", "2021-01-01 00:00:00"},
        ),
    ],
)
def test_categories_of_every_kind_are_labels(lab: Lab, values: list[Any], labels: set[Any]) -> None:
    path = lab.folder / "kinds.parquet"
    pd.DataFrame({"person_id": range(60), "k": values * 30}).to_parquet(path)
    found = lab.check({"statistic": "frequency", "by": ["k"]}, path)
    assert {row[0] for row in found.table.rows} == labels
    assert found.verdict is Verdict.PASS


def test_two_runs_write_the_same_digits(lab: Lab, rows: list[Row]) -> None:
    query = {"statistic": "mean", "measure": "pay * 1.1", "by": ["region"], "weight": "grossing"}
    assert len({lab.check(query, rows).table.rows for _ in range(4)}) == 1


def test_query_that_takes_too_long_is_stopped_with_a_sentence(lab: Lab) -> None:
    view = (
        "select p.person_id, p.pay from people p join people q on p.pay + q.pay > 1 join people r on r.pay + q.pay > 2"
    )
    query = parse_query({"statistic": "median", "measure": "pay", "from": "v", "views": {"v": view}})
    context = Context([lab.source(people(4_000))], RiskAppetite(), limits=Limits(seconds=0.5, memory_mib=500))
    with pytest.raises(UnavailableError, match=r"longer than 0\.5 seconds"):
        check(query, context)


def test_query_that_needs_too_much_memory_is_stopped_with_a_sentence(lab: Lab) -> None:
    view = "select p.person_id, p.pay + q.pay as pay from people p join people q on p.pay + q.pay > 1"
    query = parse_query({"statistic": "median", "measure": "pay", "from": "v", "views": {"v": view}})
    context = Context(
        [lab.source(people(2_500))], RiskAppetite(), limits=Limits(memory_mib=60, scratch_mib=1, threads=1)
    )
    with pytest.raises(UnavailableError, match="60 MiB of memory"):
        check(query, context)


def test_table_with_too_many_cells_is_refused(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saferoom.disclosure.queries.counting.MOST_CELLS", 50)
    with pytest.raises(BadInputError, match="more than 50 cells"):
        lab.check({"statistic": "frequency", "by": ["pay"]}, people())


def test_nothing_is_left_behind(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = lab.folder / "tmp"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    lab.check({"statistic": "median", "measure": "pay", "by": ["region"]}, people())
    with pytest.raises(BadInputError):
        lab.check({"statistic": "median", "measure": "cast(region as int)"}, people())
    assert list(scratch.iterdir()) == []
