"""Model-based risk of whole files: fitted tables, estimates against known populations, and the criterion of fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.support.record_tables import keys_of

from saferoom.disclosure.microdata.keys import MISSING, Keys
from saferoom.disclosure.microdata.patterns import Patterns, patterns
from saferoom.disclosure.microdata.risk import loglinear
from saferoom.disclosure.microdata.risk.globally import _slopes, global_risk, named_model
from saferoom.disclosure.microdata.risk.loglinear import Table, fitted, main_effects, two_way, with_term
from saferoom.errors import BadInputError

PEOPLE, RECORDS = 200_000, 10_000
NAMES = ("sex", "region", "age", "status")


def population(*, dependent: bool) -> pd.DataFrame:
    random = np.random.default_rng(5)
    sex = random.integers(0, 2, PEOPLE)
    region = np.minimum(random.geometric(0.1, PEOPLE), 40)
    age = random.integers(0, 60, PEOPLE)
    status = random.integers(0, 5, PEOPLE)
    if dependent:
        status = np.where(random.random(PEOPLE) < 0.9, age // 12, status)
        region = np.where(random.random(PEOPLE) < 0.7, (age // 3 + sex * 20) % 40 + 1, region)
    return pd.DataFrame(dict(zip(NAMES, (sex, region, age, status), strict=True)))


def sampled(people: pd.DataFrame) -> tuple[Keys, Patterns, float, float]:
    """Return a sample, and how many of its uniques are population uniques, and right matches."""
    counts = people.groupby(list(NAMES)).size()
    sample = people.sample(RECORDS, random_state=np.random.RandomState(1))
    own = sample.groupby(list(NAMES)).size()
    there = counts[own[own == 1].index].to_numpy()
    keys = Keys.of(sample, NAMES)
    weights = np.full(RECORDS, PEOPLE / RECORDS)
    return keys, patterns(keys, weights), float((there == 1).sum()), float((1 / there).sum())


def test_independent_people_are_estimated_by_the_independent_model() -> None:
    keys, found, unique, matches = sampled(population(dependent=False))
    chosen = global_risk(keys, found)
    assert chosen.terms == main_effects(4)
    assert chosen.fraction == pytest.approx(0.05)
    assert chosen.tau1 == pytest.approx(unique, rel=0.15)
    assert chosen.tau2 == pytest.approx(matches, rel=0.05)
    assert abs(chosen.fit1) < 2.5
    assert abs(chosen.fit2) < 2.5
    assert chosen.unique_risk.sum() == pytest.approx(chosen.tau1)
    assert len(chosen.places) == chosen.uniques
    everything = global_risk(keys, found, two_way(4))
    assert everything.fit2 < -4
    assert everything.tau2 < chosen.tau2


def test_the_search_finds_the_interactions_that_are_there() -> None:
    keys, found, unique, matches = sampled(population(dependent=True))
    simple = global_risk(keys, found, main_effects(4))
    # Too simple a model misses who is rare in combination: the criterion says so, loudly.
    assert simple.fit1 > 100
    chosen = global_risk(keys, found)
    assert abs(chosen.fit2) < abs(simple.fit2) / 100
    assert chosen.tau1 == pytest.approx(unique, rel=0.25)
    assert chosen.tau2 == pytest.approx(matches, rel=0.1)
    assert "age*status" in chosen.model(NAMES)


def test_fitted_tables_have_the_margins_of_their_terms() -> None:
    random = np.random.default_rng(3)
    table = Table(random.integers(0, 5, (3, 4, 5)).astype(float))
    expected = fitted(table, ((0, 1), (2,)))
    assert expected.sum(axis=2) == pytest.approx(table.counts.sum(axis=2), abs=1e-3)
    assert expected.sum(axis=(0, 1)) == pytest.approx(table.counts.sum(axis=(0, 1)), abs=1e-3)
    cells = table.counts.sum(axis=2)[:, :, None] * table.counts.sum(axis=(0, 1)) / table.counts.sum()
    assert expected == pytest.approx(cells, abs=1e-3)
    assert fitted(table, two_way(3)).sum(axis=1) == pytest.approx(table.counts.sum(axis=1), abs=0.01)


def test_terms_within_a_term_are_left_out() -> None:
    assert with_term(main_effects(3), (0, 2)) == ((1,), (0, 2))
    assert two_way(1) == ((0,),)
    assert named_model("main", 2) == ((0,), (1,))
    assert named_model("two-way", 3) == ((0, 1), (0, 2), (1, 2))
    assert named_model("auto", 3) is None
    with pytest.raises(BadInputError, match="main, two-way and auto"):
        named_model("best", 3)


@pytest.mark.parametrize("lam", [1e-6, 0.03, 0.0555, 0.056, 0.7, 5.0, 60.0])
def test_slopes_of_the_match_risk_are_its_derivatives(lam: float) -> None:
    left = 0.9
    step = 1e-4 * max(lam, 0.1)

    def risk(x: float) -> float:
        return float(-np.expm1(-left * x) / (left * x)) if x else 1.0

    first, second = (float(one[0]) for one in _slopes(left, np.array([lam])))
    middle = max(lam, step)
    assert first == pytest.approx((risk(middle + step) - risk(middle - step)) / (2 * step), rel=1e-3)
    assert second == pytest.approx((risk(middle + step) - 2 * risk(middle) + risk(middle - step)) / step**2, rel=1e-2)


def test_records_with_missing_values_are_left_out_and_counted() -> None:
    keys = keys_of([[0, 0], [0, 1], [1, 1], [1, 1], [MISSING, 1]])
    found = patterns(keys, np.full(5, 10.0))
    risk = global_risk(keys, found, main_effects(2))
    assert (risk.left_out, risk.uniques, risk.fraction) == (1, 2, 0.1)


def test_without_a_sample_or_with_too_many_cells_there_is_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = keys_of([[0, 0], [0, 1]])
    with pytest.raises(BadInputError, match="needs a sample"):
        global_risk(keys, patterns(keys))
    monkeypatch.setattr(loglinear, "MOST_CELLS", 99)
    with pytest.raises(BadInputError, match="100 cells"):
        global_risk(keys, patterns(keys, np.full(2, 10.0)))
