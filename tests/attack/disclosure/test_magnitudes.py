"""Attacks on moments, shares, ratios, bins, boxes and modes: each is carried out first, then refused."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from tests.support.statistics_lab import Lab, Row, finding, people, rules

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.errors import BadInputError
from saferoom.policies.models import RiskAppetite

PEOPLE = people()
Query = dict[str, Any]


def steady(count: int, *, giant: float = 0.0) -> list[Row]:
    """Return people whose values differ a little, and one whose value is far away."""
    return [{"person_id": i, "level": 1_000.0 + i % 7 / 10 + (i == 0) * giant} for i in range(count)]


def values(rows: Sequence[Row], name: str) -> np.ndarray:
    return np.array([row[name] for row in rows if row.get(name) is not None], dtype=float)


@pytest.mark.parametrize(("statistic", "power"), [("skewness", 3), ("kurtosis", 4)])
def test_higher_moment_made_by_one_outlier_fails(lab: Lab, statistic: str, power: int) -> None:
    rows = steady(200, giant=500.0)
    level = values(rows, "level")
    # Mean, spread and moment together tell how far away the outlier is: the root of n times the moment.
    moment = ((level - level.mean()) ** power).mean()
    assert level.mean() + (len(rows) * moment) ** (1 / power) == pytest.approx(level.max(), rel=1e-4)
    judged = lab.check({"statistic": statistic, "measure": "level"}, rows)
    assert finding(judged, "outlier").severity is Verdict.FAIL
    assert lab.check({"statistic": statistic, "measure": "level"}, steady(200)).verdict is Verdict.PASS


@pytest.mark.parametrize("statistic", ["std", "skewness", "kurtosis"])
def test_outlier_is_a_unit_and_not_a_row(lab: Lab, statistic: str) -> None:
    # Nobody's single row stands out; one person has a quarter of the rows, all of them far away.
    rows = [{"person_id": i, "x": float(i % 11)} for i in range(120)]
    rows += [{"person_id": 999, "x": 60.0 + i / 10} for i in range(40)]
    judged = lab.check({"statistic": statistic, "measure": "x"}, rows)
    assert "outlier" in rules(judged)
    assert judged.verdict is Verdict.FAIL


def test_outlier_is_judged_by_household_too(lab: Lab) -> None:
    rows = [{"person_id": i, "household_id": i // 2, "x": float(i % 11)} for i in range(240)]
    rows += [{"person_id": 900 + i, "household_id": 777, "x": 60.0 + i} for i in range(6)]
    query = {"statistic": "kurtosis", "measure": "x"}
    both = lab.check(query, rows, units=("person_id", "household_id"))
    assert "household_id" in finding(both, "outlier").message


@pytest.mark.parametrize(("statistic", "few"), [("skewness", 11), ("kurtosis", 12)])
def test_higher_moment_needs_more_units(lab: Lab, statistic: str, few: int) -> None:
    rows = [{"person_id": i, "x": float((i * 7) % 13)} for i in range(few)]
    assert "degrees-of-freedom" in rules(lab.check({"statistic": statistic, "measure": "x"}, rows))


def test_moments_of_few_different_values_are_a_frequency_table(lab: Lab) -> None:
    rows = [{"person_id": i, "x": 0 if i < 400 else 1 if i < 796 else 2 if i < 900 else 3} for i in range(904)]
    rows = [row for row in rows if not 796 <= row["person_id"] < 900] + [
        {"person_id": 5_000 + i, "x": 2} for i in range(60)
    ]
    x = values(rows, "x")
    powers = np.vander([0.0, 1.0, 2.0, 3.0], 4, increasing=True).T
    sums = [(x**k).sum() for k in range(4)]
    assert np.linalg.solve(powers, sums) == pytest.approx([400, 396, 60, 4])
    judged = lab.check({"statistic": "skewness", "measure": "x"}, rows)
    assert "implicit-table" in rules(judged)


@pytest.mark.parametrize("statistic", ["std", "variance", "skewness", "kurtosis", "gini", "concentration"])
@pytest.mark.parametrize(("common", "weight"), [(0.0, None), (250.0, None), (250.0, "w")])
def test_spread_that_few_make_fails(lab: Lab, statistic: str, common: float, weight: str | None) -> None:
    rows = [{"person_id": i, "x": 400.0 + i if i < 7 else common, "w": 1.0 + i % 3} for i in range(3_000)]
    x = values(rows, "x")
    # Sum and sum of squares of the seven are plain: of two people that would be both values.
    assert x.var() * len(x) + len(x) * (x.mean() - common) ** 2 == pytest.approx(((x[:7] - common) ** 2).sum())
    query = {"statistic": statistic, "measure": "x", **({"weight": weight} if weight else {})}
    judged = lab.check(query, rows)
    assert finding(judged, "few-differ").severity is Verdict.FAIL
    many = [{**row, "x": 400.0 + row["person_id"] if row["person_id"] < 200 else common} for row in rows]
    assert lab.check({**query, "statistic": "std"}, many).verdict is Verdict.PASS


@pytest.mark.parametrize("shift", ["level", "level + 1000000", "level * 3 - 7"])
def test_gini_and_index_tell_an_outlier_whatever_the_level(lab: Lab, shift: str) -> None:
    rows = steady(200, giant=900.0)
    for statistic in ("gini", "concentration"):
        judged = lab.check({"statistic": statistic, "measure": shift}, rows)
        assert judged.verdict is Verdict.FAIL, statistic
        assert lab.check({"statistic": statistic, "measure": "level"}, steady(200)).verdict is Verdict.PASS


def test_root_of_the_index_tells_the_largest_share(lab: Lab) -> None:
    # Below one half, so that no rule of dominance bites on the total itself.
    rows = [{"person_id": 0, "x": 900.0}, *({"person_id": i, "x": 1.0 + i % 3 / 10} for i in range(1, 1_001))]
    x = values(rows, "x")
    assert x.max() / x.sum() < 0.5
    assert np.sqrt((x**2).sum()) == pytest.approx(x.max(), rel=0.01)
    judged = lab.check({"statistic": "concentration", "measure": "x"}, rows)
    assert finding(judged, "outlier").severity is Verdict.FAIL


@pytest.mark.parametrize(("top", "who"), [(1, "top"), (9, "top"), (0.002, "top"), (1_000, "rest"), (0.9999, "rest")])
def test_top_share_of_few_or_of_all_but_few_fails(lab: Lab, top: float, who: str) -> None:
    rows = [{"person_id": i, "x": 100.0 + i % 17} for i in range(1_005)]
    query = {"statistic": "concentration", "measure": "x", "options": {"top": top}}
    judged = lab.check(query, rows)
    assert f"in the {who}" in finding(judged, "top-units").message
    assert judged.verdict is Verdict.FAIL


def test_top_share_with_one_giant_among_many_fails(lab: Lab) -> None:
    rows = [{"person_id": i, "x": 1_000.0 if i == 0 else 10.0 + i % 5} for i in range(600)]
    query = {"statistic": "concentration", "measure": "x", "options": {"top": 20}}
    judged = lab.check(query, rows)
    assert {"dominance-1", "p-percent"} & rules(judged)


def test_two_top_shares_tell_the_value_between_them(lab: Lab) -> None:
    pay = np.sort(values(PEOPLE, "pay"))[::-1]
    shares = [pay[:top].sum() / pay.sum() for top in (50, 51)]
    assert (shares[1] - shares[0]) * pay.sum() == pytest.approx(pay[50])
    query: Query = {"statistic": "concentration", "measure": "pay", "options": {"top": 50}}
    first = lab.check(query, PEOPLE, memory=Memory.empty())
    assert first.verdict is Verdict.PASS
    memory = Memory.empty().with_evaluation(first)
    assert lab.check(query, PEOPLE, memory=memory).verdict is Verdict.PASS
    assert "differencing" in rules(lab.check({**query, "options": {"top": 51}}, PEOPLE, memory=memory))
    assert lab.check({**query, "options": {"top": 100}}, PEOPLE, memory=memory).verdict is Verdict.PASS


def sick(exposed_ill: int, exposed: int, ill: int, others: int) -> list[Row]:
    """Return people with exposure and outcome in these numbers."""
    pairs = [(1, 1)] * exposed_ill + [(1, 0)] * (exposed - exposed_ill) + [(0, 1)] * ill + [(0, 0)] * (others - ill)
    return [{"person_id": i, "e": e, "o": o, "t": 1.0 + i % 9} for i, (e, o) in enumerate(pairs)]


RATIOS: list[tuple[str, Query]] = [
    ("odds_ratio", {"exposure": "e", "outcome": "o"}),
    ("risk_ratio", {"exposure": "e", "outcome": "o"}),
    ("rate_ratio", {"exposure": "e", "outcome": "o", "time": "t"}),
]


@pytest.mark.parametrize(("statistic", "options"), RATIOS)
@pytest.mark.parametrize(
    "cells", [(9, 60, 40, 100), (51, 60, 40, 100), (20, 60, 9, 100), (20, 60, 91, 100), (0, 60, 40, 100)]
)
def test_ratio_with_a_small_or_empty_cell_fails(
    lab: Lab, statistic: str, options: Query, cells: tuple[int, int, int, int]
) -> None:
    judged = lab.check({"statistic": statistic, "options": options}, sick(*cells))
    assert "implied-table" in rules(judged)
    assert judged.verdict is Verdict.FAIL


@pytest.mark.parametrize(("statistic", "options"), RATIOS)
def test_ratio_of_a_safe_table_passes_and_of_a_near_class_does_not(lab: Lab, statistic: str, options: Query) -> None:
    assert lab.check({"statistic": statistic, "options": options}, sick(20, 60, 40, 100)).verdict is Verdict.PASS
    judged = lab.check({"statistic": statistic, "options": options}, sick(20, 60, 190, 200))
    assert "implicit-near-class" in rules(judged)
    # Blanking what is at risk leaves nothing of a single ratio: it must not turn into a pass.
    kept = lab.check(
        {"statistic": statistic, "options": options, "protect": {"method": "suppress"}}, sick(20, 60, 190, 200)
    )
    assert kept.verdict is Verdict.FAIL


def test_odds_ratio_and_error_solve_the_table(lab: Lab) -> None:
    rows = sick(4, 60, 40, 100)
    (ratio, error, *_), *rest = lab.check({"statistic": "odds_ratio", "options": RATIOS[0][1]}, rows).table.rows
    assert not rest
    fits = [
        (a, c)
        for a in range(1, 60)
        for c in range(1, 100)
        if abs(a * (100 - c) / (60 - a) / c - float(ratio)) < 1e-9  # type: ignore[arg-type]
        and abs((1 / a + 1 / (60 - a) + 1 / c + 1 / (100 - c)) ** 0.5 - float(error)) < 1e-9  # type: ignore[arg-type]
    ]
    assert fits == [(4, 40)]


def test_ratio_counts_people_and_not_rows(lab: Lab) -> None:
    rows = [{**row, "person_id": i // 8} for i, row in enumerate(sick(40, 100, 60, 150))]
    assert "implied-table" in rules(lab.check({"statistic": "odds_ratio", "options": RATIOS[0][1]}, rows))


def test_rate_ratio_with_one_persons_time_fails(lab: Lab) -> None:
    rows = [{**row, "t": 9_000.0 if i == 0 else row["t"]} for i, row in enumerate(sick(20, 60, 40, 100))]
    assert lab.check({"statistic": "rate_ratio", "options": RATIOS[2][1]}, rows).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"e": lambda i: i % 3}, "options.exposure: must have two values"),
        ({"o": lambda i: "abc"[i % 3]}, "options.outcome: must be a condition"),
        ({"t": lambda i: float(i - 5)}, "options.time: must be larger than 0"),
    ],
)
def test_ratio_of_something_else_is_refused_in_words(
    lab: Lab, change: dict[str, Callable[[int], Any]], words: str
) -> None:
    rows = [{**row, **{k: made(i) for k, made in change.items()}} for i, row in enumerate(sick(20, 60, 40, 100))]
    with pytest.raises(BadInputError, match=words):
        lab.check({"statistic": "rate_ratio", "options": RATIOS[2][1]}, rows)


def test_two_odds_ratios_that_differ_by_one_person_are_compared(lab: Lab) -> None:
    rows = [{**row, "age": 20 + i % 50} for i, row in enumerate(sick(200, 500, 300, 900))]
    rows[3]["age"] = 99
    query: Query = {"statistic": "odds_ratio", "options": RATIOS[0][1]}
    memory = Memory.empty().with_evaluation(lab.check(query, rows, memory=Memory.empty()))
    assert "differencing" in rules(lab.check({**query, "where": "age < 90"}, rows, memory=memory))
    # The four counts are in disguise: counting one of them in another way is compared, too.
    counted = {"statistic": "frequency", "where": "e = 1 and o = 1 and age < 90"}
    assert "differencing" in rules(lab.check(counted, rows, memory=memory))


@pytest.mark.parametrize("bins", [None, 5, 200, [-1e9, 0, 1e9], [1, 2, 3], [5e5, 6e5], [20_000, 20_000.5, 20_001]])
@pytest.mark.parametrize("by", [[], ["region"]])
def test_histogram_never_tells_an_end_or_a_rare_value(lab: Lab, bins: Any, by: list[str]) -> None:
    rows = [{**row, "pay": 733_123.45 if i == 0 else row["pay"]} for i, row in enumerate(PEOPLE)]
    query = {"statistic": "histogram", "measure": "pay", "by": by, "options": {"bins": bins} if bins else {}}
    judged = lab.check(query, rows)
    assert judged.verdict is Verdict.PASS
    assert all(row[-1] >= 10 for row in judged.table.rows)  # type: ignore[operator]
    labels = [str(row[-2]) for row in judged.table.rows]
    pay = values(rows, "pay")
    # Wherever the edges were asked for, nothing names a place beyond which fewer than ten people are.
    for edge in {float(part) for label in labels for part in label.split() if part[:1] in "-0123456789"}:
        assert (pay < edge).sum() >= 10
        assert (pay >= edge).sum() >= 10


def test_histogram_counts_households_too(lab: Lab) -> None:
    rows = [{"person_id": i, "household_id": i if i < 900 else 5_000 + i % 3, "x": i / 10} for i in range(1_000)]
    query = {"statistic": "histogram", "measure": "x", "options": {"bins": [20, 50, 92]}}
    one = lab.check(query, rows)
    both = lab.check(query, rows, units=("person_id", "household_id"))
    assert len(one.table.rows) == 4
    # 92 and over are eighty people of three households.
    assert len(both.table.rows) == 3
    assert both.verdict is Verdict.PASS


def test_histogram_of_one_value_for_nearly_everybody_goes_to_a_person(lab: Lab) -> None:
    rows = [{"person_id": i, "x": 0.0 if i >= 60 else float(i)} for i in range(2_000)]
    query = {"statistic": "histogram", "measure": "x", "options": {"bins": [1, 30]}}
    assert "near-class-disclosure" in rules(lab.check(query, rows))


def test_histograms_with_edges_close_together_are_compared(lab: Lab) -> None:
    query: Query = {"statistic": "histogram", "measure": "pay", "options": {"bins": [15_000, 20_000, 30_000, 40_000]}}
    first = lab.check(query, PEOPLE, memory=Memory.empty())
    assert first.verdict is Verdict.PASS
    memory = Memory.empty().with_evaluation(first)
    moved = next(edge for edge in range(30_001, 40_000) if 0 < sum(30_000 <= row["pay"] < edge for row in PEOPLE) < 10)
    edges = {"options": {"bins": [15_000, 20_000, moved, 40_000]}}
    assert "differencing" in rules(lab.check({**query, **edges}, PEOPLE, memory=memory))
    # No bin of the other is nearly one of these; sums of bins are.
    for where in (f"pay >= {moved}", f"pay < {moved}"):
        counted = lab.check({"statistic": "frequency", "where": where}, PEOPLE, memory=memory)
        assert "differencing" in rules(counted)
    assert lab.check({"statistic": "frequency", "where": "pay >= 30000"}, PEOPLE, memory=memory).verdict is Verdict.PASS


def test_hexagons_leave_out_few_and_hide_how_many_are_left_out(lab: Lab) -> None:
    rng = random.Random(3)
    rows: list[Row] = [
        {"person_id": i, "x": rng.randrange(4) * 10.0 + 0.1, "y": rng.randrange(4) * 10.0 + 0.1} for i in range(900)
    ]
    rows += [{"person_id": 5_000 + i, "x": 75.0, "y": 75.0} for i in range(2)]
    query = {"statistic": "hexbin", "measure": "x", "options": {"y": "y", "bins": 4}}
    judged = lab.check(query, rows)
    shown = np.array([row[1:] for row in judged.table.rows], dtype=float)
    assert shown[:, 0].max() < 60
    left_out = len(rows) - shown[:, 2].sum()
    assert left_out >= 10


def test_hexagons_in_one_band_tell_everybodys_value(lab: Lab) -> None:
    rows = [{**row, "level": 5.0 if i > 60 else float(i)} for i, row in enumerate(PEOPLE)]
    for query in ({"measure": "level", "options": {"y": "age"}}, {"measure": "age", "options": {"y": "level"}}):
        assert "near-class-band" in rules(lab.check({"statistic": "hexbin", **query}, rows))


def test_hexagons_of_few_people_fail(lab: Lab) -> None:
    query = {"statistic": "hexbin", "measure": "age", "options": {"y": "pay", "bins": 60}}
    judged = lab.check(query, PEOPLE)
    assert judged.verdict is Verdict.FAIL
    assert judged.table.rows == ()


def test_whiskers_stand_only_where_enough_are_outside(lab: Lab) -> None:
    query = {"statistic": "box", "measure": "pay", "where": "region = 'Isle'"}
    for count, whiskers, verdict in ((400, True, Verdict.PASS), (80, False, Verdict.PASS), (24, False, Verdict.REVIEW)):
        rows = [{**PEOPLE[i], "person_id": 50_000 + i, "region": "Isle"} for i in range(count)]
        judged = lab.check(query, rows)
        assert judged.verdict is verdict
        (row,) = judged.table.rows
        assert (row[0] is not None, row[4] is not None) == (whiskers, whiskers)
        assert None not in row[1:4]


@pytest.mark.parametrize(
    ("quantiles", "spread"), [([0.03, 0.97], 0), ([0.94], 0), ([0.05, 0.25, 0.95], 0), ([0.06], 1_000)]
)
def test_equal_quantiles_tell_everybodys_value(lab: Lab, quantiles: list[float], spread: int) -> None:
    rows = [
        {"person_id": i, "x": float(i % 7 - 7) if i < 30 and spread else float(i) if i < 30 else 0.0}
        for i in range(1_000)
    ]
    query = {"statistic": "quantile", "measure": "x", "options": {"quantiles": quantiles}}
    judged = lab.check(query, rows)
    assert "near-class-quantiles" in rules(judged)
    assert lab.check({**query, "options": {"quantiles": [0.25, 0.5]}}, PEOPLE_WITH_X).verdict is Verdict.PASS


PEOPLE_WITH_X = [{"person_id": i, "x": 0.0 if i % 2 else float(i)} for i in range(400)]


def test_quantiles_close_together_are_found_in_two_releases(lab: Lab) -> None:
    def asked(fraction: float) -> Query:
        return {"statistic": "quantile", "measure": "pay", "options": {"quantiles": [fraction]}}

    memory = Memory.empty().with_evaluation(lab.check(asked(0.5), PEOPLE, memory=Memory.empty()))
    assert "differencing" in rules(lab.check(asked(0.503), PEOPLE, memory=memory))
    assert lab.check(asked(0.75), PEOPLE, memory=memory).verdict is Verdict.PASS
    assert lab.check({"statistic": "box", "measure": "pay"}, PEOPLE, memory=memory).verdict is Verdict.PASS


def test_mode_passes_only_where_the_frequency_would_and_the_policy_says_so(lab: Lab) -> None:
    structural = RiskAppetite(structural=frozenset({"x"}))
    many = [{"person_id": i, "x": (0, 0, 1, 0, 2)[i % 5]} for i in range(500)]
    query = {"statistic": "mode", "measure": "x"}
    assert lab.check(query, many).verdict is Verdict.REVIEW
    assert lab.check(query, many, policy=structural).verdict is Verdict.PASS
    rare = [*many, {"person_id": 9_000, "x": 7}]
    assert lab.check(query, rare, policy=structural).verdict is Verdict.FAIL
    close = [{"person_id": i, "x": int(i % 2 == 0 or i == 1)} for i in range(500)]
    assert lab.check(query, close, policy=structural).verdict is Verdict.FAIL
    nearly = [{"person_id": i, "x": int(i % 20 == 0)} for i in range(500)]
    assert lab.check(query, nearly, policy=structural).verdict is Verdict.FAIL


def test_structural_bound_of_people_who_are_all_alike_fails(lab: Lab) -> None:
    policy = RiskAppetite(structural=frozenset({"x"}))
    alike = [{"person_id": i, "x": 3} for i in range(60)]
    for statistic in ("min", "max", "range"):
        assert lab.check({"statistic": statistic, "measure": "x"}, alike, policy=policy).verdict is Verdict.FAIL


@dataclass(frozen=True)
class Mutation:
    """A rule, where it is called, what a weakened one returns, and the attack it stops."""

    target: str
    attack: Callable[[Lab], Evaluation]
    weakened: Any = None

    @property
    def name(self) -> str:
        return self.target


def index_of_a_giant(lab: Lab) -> Evaluation:
    rows = [{"person_id": 0, "x": 900.0}, *({"person_id": i, "x": 1.0 + i % 3 / 10} for i in range(1, 1_001))]
    return lab.check({"statistic": "concentration", "measure": "x"}, rows)


BARNS = "saferoom.disclosure.statbarns."
MUTATIONS = [
    Mutation(
        BARNS + "shape.outliers",
        lambda lab: lab.check({"statistic": "kurtosis", "measure": "level"}, steady(200, giant=9.0)),
    ),
    Mutation(
        BARNS + "shape.few_values",
        lambda lab: lab.check(
            {"statistic": "kurtosis", "measure": "x"},
            [{"person_id": i, "x": i % 3 if i > 8 else 3} for i in range(400)],
        ),
    ),
    Mutation(
        BARNS + "shape.few_differ",
        lambda lab: lab.check(
            {"statistic": "std", "measure": "x"},
            [{"person_id": i, "x": 400.0 + i if i < 7 else 250.0} for i in range(3_000)],
        ),
    ),
    Mutation(
        BARNS + "hexbin._bands",
        lambda lab: lab.check(
            {"statistic": "hexbin", "measure": "level", "options": {"y": "age"}},
            [{**row, "level": 5.0 if i > 60 else float(i)} for i, row in enumerate(PEOPLE)],
        ),
    ),
    Mutation(
        BARNS + "gini.outliers",
        lambda lab: lab.check({"statistic": "gini", "measure": "level"}, steady(200, giant=900.0)),
    ),
    Mutation(BARNS + "concentration.outliers", index_of_a_giant),
    Mutation(
        BARNS + "concentration._few",
        lambda lab: lab.check({"statistic": "concentration", "measure": "pay", "options": {"top": 4}}, PEOPLE),
        lambda *_: iter(()),
    ),
    Mutation(
        BARNS + "concentration.dominance",
        lambda lab: lab.check(
            {"statistic": "concentration", "measure": "x", "options": {"top": 20}},
            [{"person_id": i, "x": 1_000.0 if i == 0 else 10.0 + i % 5} for i in range(600)],
        ),
    ),
    Mutation(
        BARNS + "ratios.class_disclosure",
        lambda lab: lab.check({"statistic": "odds_ratio", "options": RATIOS[0][1]}, sick(20, 60, 190, 200)),
    ),
    Mutation(
        BARNS + "position.equal_quantiles",
        lambda lab: lab.check(
            {"statistic": "quantile", "measure": "x", "options": {"quantiles": [0.94]}},
            [{"person_id": i, "x": float(i) if i < 30 else 0.0} for i in range(1_000)],
        ),
    ),
    Mutation(BARNS + "box.quantile_bands", lambda lab: lab.check({"statistic": "box", "measure": "pay"}, PEOPLE[:24])),
    Mutation(
        BARNS + "mode._single",
        lambda lab: lab.check(
            {"statistic": "mode", "measure": "age"}, PEOPLE, policy=RiskAppetite(structural=frozenset({"age"}))
        ),
        lambda _: Hit("mode", Risk.CLASS_DISCLOSURE, Verdict.FAIL, "", "", np.zeros(1, dtype=bool)),
    ),
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_attack_on_magnitudes_gets_through_without_its_rule(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, mutation: Mutation
) -> None:
    assert mutation.attack(lab).verdict is not Verdict.PASS
    monkeypatch.setattr(mutation.target, mutation.weakened or (lambda *_, **__: []))
    assert mutation.attack(lab).verdict is Verdict.PASS


@pytest.mark.parametrize("margins", [False, True])
def test_outlier_is_found_in_its_own_cell_among_many(lab: Lab, margins: bool) -> None:
    rows = [
        {"person_id": i, "g": f"g{i % 9}", "h": None if i % 4 == 0 else "pq"[i % 4 // 2], "x": float(i * 7 % 101)}
        for i in range(2_700)
    ]
    rows[4]["x"] = 1e5
    query = {"statistic": "std", "measure": "x", "by": ["g", "h"], "margins": margins}
    judged = lab.check(query, rows)
    wanted = {("g4", None), *({("g4", "All"), ("All", None), ("All", "All")} if margins else set())}
    assert {cell for found in judged.findings if found.rule == "outlier" for cell in found.cells} == wanted
