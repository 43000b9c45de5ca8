"""Moments, shares, ratios and bins against pandas, numpy, statsmodels and sums by hand."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support.statistics_lab import Lab, Row, people

from saferoom.disclosure.verdict import Verdict


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    rng = random.Random(11)
    return [
        {
            **row,
            "pay": None if i % 23 == 0 else row["pay"],
            "profit": round(rng.gauss(50, 900), 2),
            "smoker": rng.random() < 0.4,
            "ill": rng.random() < 0.35,
            "years": round(rng.uniform(0.5, 10), 2),
        }
        for i, row in enumerate(people(2_000))
    ]


@pytest.fixture(scope="module")
def frame(rows: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(rows)


def only(lab: Lab, query: dict[str, Any], rows: list[Row], **rest: Any) -> list[Any]:
    """Return the one row of a table without dimensions."""
    judged = lab.check(query, rows, **rest)
    assert len(judged.table.rows) == 1
    return list(judged.table.rows[0])


@pytest.mark.parametrize(("statistic", "method"), [("skewness", "skew"), ("kurtosis", "kurt")])
@pytest.mark.parametrize("level", [0.0, 1e9])
def test_moment_equals_pandas_at_any_level(
    lab: Lab, rows: list[Row], frame: pd.DataFrame, statistic: str, method: str, level: float
) -> None:
    judged = lab.check({"statistic": statistic, "measure": f"pay + {level:.0f}", "by": ["region"]}, rows)
    wanted = frame.groupby("region")["pay"].apply(lambda pay: getattr(pay, method)())
    assert dict(judged.table.rows) == pytest.approx(dict(wanted), rel=1e-6)  # type: ignore[arg-type]


@pytest.mark.parametrize("statistic", ["std", "variance", "skewness", "kurtosis"])
def test_moment_with_equal_weights_is_the_moment_without(lab: Lab, rows: list[Row], statistic: str) -> None:
    same = [{**row, "same": 2.5} for row in rows]
    plain = only(lab, {"statistic": statistic, "measure": "pay"}, same)
    assert only(lab, {"statistic": statistic, "measure": "pay", "weight": "same"}, same) == pytest.approx(plain)


def test_weighted_skewness_is_that_of_weighted_central_moments(lab: Lab, rows: list[Row], frame: pd.DataFrame) -> None:
    part = frame[frame["pay"].notna()]
    m, w, n = part["pay"].to_numpy(), part["grossing"].to_numpy(), len(part)
    away = m - np.average(m, weights=w)
    second, third = (np.average(away**k, weights=w) for k in (2, 3))
    wanted = np.sqrt(n * (n - 1)) / (n - 2) * third / second**1.5
    found = only(lab, {"statistic": "skewness", "measure": "pay", "weight": "grossing"}, rows)
    assert found == [pytest.approx(wanted)]


def differences(values: np.ndarray, weights: np.ndarray) -> float:
    """Return half the relative mean difference, pair by pair."""
    pairs = np.abs(values[:, None] - values[None, :]) * weights[:, None] * weights[None, :]
    return float(pairs.sum() / 2 / weights.sum() / (weights * np.abs(values)).sum())


@pytest.mark.parametrize("measure", ["pay", "profit"])
@pytest.mark.parametrize("weight", [None, "grossing"])
def test_gini_is_half_the_relative_mean_difference(
    lab: Lab, rows: list[Row], frame: pd.DataFrame, measure: str, weight: str | None
) -> None:
    part = frame[frame[measure].notna()]
    weights = part[weight].to_numpy() if weight else np.ones(len(part))
    query = {"statistic": "gini", "measure": measure, **({"weight": weight} if weight else {})}
    wanted = differences(part[measure].to_numpy(), weights)
    assert only(lab, query, rows) == [pytest.approx(wanted)]
    assert 0 < wanted < 1


def test_gini_adds_up_the_rows_of_a_unit(lab: Lab) -> None:
    jobs = [{"person_id": i // 2, "pay": float((i * 7919) % 1009)} for i in range(600)]
    totals = pd.DataFrame(jobs).groupby("person_id")["pay"].sum().to_numpy()
    found = only(lab, {"statistic": "gini", "measure": "pay"}, jobs)
    assert found == [pytest.approx(differences(totals, np.ones(len(totals))))]


def test_index_and_top_share_are_sums_of_shares(lab: Lab, rows: list[Row], frame: pd.DataFrame) -> None:
    pay = np.sort(frame["pay"].dropna().to_numpy())[::-1]
    shares = pay / pay.sum()
    assert only(lab, {"statistic": "concentration", "measure": "pay"}, rows) == [pytest.approx((shares**2).sum())]
    for top, count in ((100, 100), (0.5, len(pay) / 2)):
        # Whoever is on the border belongs to the top as a whole.
        wanted = shares[: int(np.ceil(count))].sum()
        query = {"statistic": "concentration", "measure": "pay", "options": {"top": top}}
        assert only(lab, query, rows) == [pytest.approx(wanted)]


def test_shares_with_weights_are_those_of_as_many_people(lab: Lab) -> None:
    base = [{"person_id": i, "x": float(i % 97 + 1), "w": 1 + i % 3} for i in range(300)]
    grossed = np.sort(np.repeat([row["x"] for row in base], [int(row["w"]) for row in base]))[::-1]
    shares = grossed / grossed.sum()
    for top, count in ((60, 60), (0.25, len(grossed) // 4)):
        query = {"statistic": "concentration", "measure": "x", "weight": "w", "options": {"top": top}}
        assert only(lab, query, base) == [pytest.approx(shares[:count].sum())]
    gini = only(lab, {"statistic": "gini", "measure": "x", "weight": "w"}, base)
    assert gini == [pytest.approx(differences(grossed, np.ones(len(grossed))))]


def table_of(frame: pd.DataFrame) -> np.ndarray:
    """Return exposed and unexposed in rows, with and without the outcome in columns."""
    return np.array([[((frame.smoker == e) & (frame.ill == o)).sum() for o in (True, False)] for e in (True, False)])


@pytest.mark.parametrize("statistic", ["odds_ratio", "risk_ratio"])
def test_ratio_equals_statsmodels(lab: Lab, rows: list[Row], frame: pd.DataFrame, statistic: str) -> None:
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    options = {"exposure": "smoker", "outcome": "ill"}
    judged = lab.check({"statistic": statistic, "by": ["sex"], "options": options}, rows)
    assert judged.verdict is Verdict.PASS
    for sex, *found in judged.table.rows:
        table = tables.Table2x2(table_of(frame[frame.sex == sex]))
        if statistic == "odds_ratio":
            wanted = [table.oddsratio, table.log_oddsratio_se, *table.oddsratio_confint()]
        else:
            wanted = [table.riskratio, table.log_riskratio_se, *table.riskratio_confint()]
        assert found == pytest.approx(wanted, rel=1e-6)


def test_rate_ratio_is_that_of_events_over_time(lab: Lab, rows: list[Row], frame: pd.DataFrame) -> None:
    events = frame[frame.ill].groupby("smoker").size()
    time = frame.groupby("smoker")["years"].sum()
    rates = events / time
    error = np.sqrt((1 / events).sum())
    ratio = rates[True] / rates[False]
    query = {"statistic": "rate_ratio", "options": {"exposure": "smoker", "outcome": "ill", "time": "years"}}
    wanted = [ratio, error, ratio * np.exp(-1.959964 * error), ratio * np.exp(1.959964 * error)]
    assert only(lab, query, rows) == pytest.approx(wanted, rel=1e-6)


def test_weighted_ratios_use_weights_and_their_squares(lab: Lab, rows: list[Row], frame: pd.DataFrame) -> None:
    options = {"exposure": "smoker", "outcome": "ill"}
    cell = {
        (e, o): frame[(frame.smoker == e) & (frame.ill == o)]["grossing"] for e in (True, False) for o in (True, False)
    }
    a, b, c, d = (cell[key].sum() for key in ((True, True), (True, False), (False, True), (False, False)))
    error = np.sqrt(sum((part**2).sum() / part.sum() ** 2 for part in cell.values()))
    found = only(lab, {"statistic": "odds_ratio", "weight": "grossing", "options": options}, rows)
    assert found[:2] == pytest.approx([a * d / b / c, error])
    found = only(lab, {"statistic": "risk_ratio", "weight": "grossing", "options": options}, rows)
    assert found[0] == pytest.approx(a / (a + b) / (c / (c + d)))


@pytest.mark.parametrize(
    ("exposed", "coded"),
    [
        ("smoker", int),
        ("smoker", lambda yes: 2 if yes else 1),
        ("smoker", lambda yes: "Yes" if yes else "no"),
    ],
)
def test_ratio_reads_ways_to_write_yes_and_no(lab: Lab, rows: list[Row], exposed: str, coded: Any) -> None:
    options = {"exposure": exposed, "outcome": "ill"}
    wanted = only(lab, {"statistic": "odds_ratio", "options": options}, rows)
    written = [{**row, exposed: coded(row[exposed])} for row in rows]
    assert only(lab, {"statistic": "odds_ratio", "options": options}, written) == wanted


def bounds(label: Any) -> tuple[float, float]:
    """Return what a bin's name says lies in it."""
    words = str(label).split(" ")
    if words[0] == "under":
        return -np.inf, float(words[1])
    return float(words[0]), (np.inf if words[1] == "and" else float(words[2]))


@pytest.mark.parametrize("bins", [None, 6, 25, [15_000, 22_500.5, 40_000]])
@pytest.mark.parametrize("weight", [None, "grossing"])
def test_histogram_counts_what_its_names_say(
    lab: Lab, rows: list[Row], frame: pd.DataFrame, bins: Any, weight: str | None
) -> None:
    query = {"statistic": "histogram", "measure": "pay", "by": ["sex"], "options": {"bins": bins} if bins else {}}
    judged = lab.check({**query, **({"weight": weight} if weight else {})}, rows)
    assert judged.verdict is Verdict.PASS
    part = frame[frame["pay"].notna()].assign(one=1.0)
    for sex, label, count in judged.table.rows:
        low, high = bounds(label)
        chosen = part[(part.sex == sex) & (part.pay >= low) & (part.pay < high)]
        assert count == pytest.approx(chosen[weight or "one"].sum())
    assert sum(row[-1] for row in judged.table.rows) == pytest.approx(part[weight or "one"].sum())  # type: ignore[misc]


def test_bins_stand_in_their_own_order(lab: Lab, rows: list[Row]) -> None:
    judged = lab.check({"statistic": "histogram", "measure": "pay"}, rows)
    assert judged.table.columns == ("pay", "count")
    lows = [bounds(row[0])[0] for row in judged.table.rows]
    assert lows == sorted(lows)
    assert len(lows) > 5


def nearest(x: np.ndarray, y: np.ndarray, size: tuple[float, float]) -> list[tuple[float, float]]:
    """Return the nearest centre of a hexagonal grid by trying all around."""
    found = []
    for u, v in zip(x / size[0], y / size[1], strict=True):
        whole = [(i, j) for i in (np.floor(u), np.ceil(u)) for j in (np.floor(v), np.ceil(v))]
        centres = [*whole, (np.floor(u) + 0.5, np.floor(v) + 0.5)]
        best = min(centres, key=lambda c: (u - c[0]) ** 2 + 3 * (v - c[1]) ** 2)
        found.append((best[0] * size[0], best[1] * size[1]))
    return found


def test_hexagons_hold_the_points_nearest_to_their_centre(lab: Lab, rows: list[Row], frame: pd.DataFrame) -> None:
    judged = lab.check({"statistic": "hexbin", "measure": "pay", "options": {"y": "profit", "bins": 6}}, rows)
    assert judged.verdict is Verdict.PASS
    part = frame[["pay", "profit"]].dropna()
    shown = {(row[1], row[2]): row[3] for row in judged.table.rows}
    steps = [np.diff(np.unique([key[i] for key in shown])).min() * 2 for i in (0, 1)]
    centres = nearest(part["pay"].to_numpy(), part["profit"].to_numpy(), (steps[0], steps[1]))
    counts = pd.Series(centres).value_counts()
    assert shown == {centre: count for centre, count in counts.items() if centre in shown}
    assert all(count >= 10 for count in shown.values())  # type: ignore[operator]
    assert sum(shown.values()) >= 0.8 * len(part)  # type: ignore[arg-type]


def test_box_is_five_quantiles(lab: Lab, rows: list[Row], frame: pd.DataFrame) -> None:
    judged = lab.check({"statistic": "box", "measure": "pay", "by": ["sex"]}, rows)
    assert judged.verdict is Verdict.PASS
    for sex, *found in judged.table.rows:
        wanted = frame[frame.sex == sex]["pay"].quantile([0.05, 0.25, 0.5, 0.75, 0.95])
        assert found == pytest.approx(list(wanted))


def test_weighted_mode_has_most_weight(lab: Lab) -> None:
    rows = [{"person_id": i, "x": 1 if i % 3 else 2, "w": 1.0 if i % 3 else 5.0} for i in range(300)]
    assert only(lab, {"statistic": "mode", "measure": "x"}, rows) == [1]
    assert only(lab, {"statistic": "mode", "measure": "x", "weight": "w"}, rows) == [2]


@pytest.mark.parametrize("measure", ["gini", "concentration"])
def test_rows_of_a_weighted_unit_are_added_up(lab: Lab, measure: str) -> None:
    jobs = [{"person_id": i // 2, "x": float((i * 7919) % 1009), "w": 1.0 + i // 2 % 4} for i in range(600)]
    totals = pd.DataFrame(jobs).groupby("person_id").agg(x=("x", "sum"), w=("w", "first"))
    x, w = totals["x"].to_numpy(), totals["w"].to_numpy()
    wanted = differences(x, w) if measure == "gini" else (w * x**2).sum() / (w * x).sum() ** 2
    assert only(lab, {"statistic": measure, "measure": "x", "weight": "w"}, jobs) == [pytest.approx(wanted)]


@pytest.mark.parametrize(
    "query",
    [
        {"statistic": "odds_ratio", "options": {"exposure": "smoker", "outcome": "ill"}},
        {"statistic": "histogram", "measure": "pay"},
        {"statistic": "hexbin", "measure": "pay", "options": {"y": "age"}},
        {"statistic": "concentration", "measure": "pay", "options": {"top": 10}},
    ],
)
@pytest.mark.parametrize("where", ["age > 500", "age > 16 and pay is null"])
def test_nobody_and_nothing_never_pass(lab: Lab, rows: list[Row], query: dict[str, Any], where: str) -> None:
    nothing = [{**row, "smoker": None if row["pay"] is None else row["smoker"]} for row in rows]
    assert lab.check({**query, "where": where}, nothing).verdict is Verdict.FAIL


def test_hexagons_of_two_groups_that_lie_apart(lab: Lab) -> None:
    rows = [
        {"person_id": i, "g": "ab"[i % 2], "x": i % 2 * 50 + i // 2 % 40 / 4, "y": i // 80 % 20 / 2.0}
        for i in range(3_200)
    ]
    query = {"statistic": "hexbin", "measure": "x", "by": ["g"], "options": {"y": "y", "bins": 5}}
    judged = lab.check(query, rows)
    # Where the other group is not to be seen, nearly everybody of a hexagon belongs to one group.
    assert "near-class-disclosure" in {found.rule for found in judged.findings}
    assert lab.check({**query, "where": "g = 'a'", "options": {"y": "y"}}, rows).verdict is Verdict.PASS
