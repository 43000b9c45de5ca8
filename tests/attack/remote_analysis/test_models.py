"""Leverage, influence and saturated fits: models that run through, or hang on, a single unit."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.statistics_lab import Lab, Row, people

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.verdict import Verdict

HERS = 31_234.56


def population(**hers: Any) -> list[Row]:
    return [
        *({**row, "firm": "AB"[i % 2], "wealth": 0.001 * (i % 7)} for i, row in enumerate(people(400))),
        {**people(1)[0], "person_id": 1, "age": 91, "pay": HERS, "firm": "A", "wealth": 0.0, **hers},
    ]


def model(formula: str, **changes: Any) -> dict[str, Any]:
    return {"statistic": "regression", "options": {"formula": formula}, **changes}


def coefficients(judged: Evaluation) -> dict[Any, float]:
    place = judged.table.columns.index("estimate")
    values = {row[1] if row[1] is not None else row[0]: row[place] for row in judged.table.rows}
    return {name: float(value) for name, value in values.items() if value is not None}


def constant(found: dict[Any, float]) -> float:
    return next(value for key, value in found.items() if "const" in str(key).lower() or "intercept" in str(key).lower())


def test_line_through_a_far_point_tells_her_pay(lab: Lab) -> None:
    """Leverage: with wealth a million times that of the others, the line ends in her."""
    judged = lab.check(model("pay ~ wealth"), population(wealth=1_000_000.0))
    found = coefficients(judged)
    assert constant(found) + found["wealth"] * 1_000_000.0 == pytest.approx(HERS, rel=1e-3)
    assert judged.verdict is not Verdict.PASS


def test_group_of_one_is_fitted_exactly(lab: Lab) -> None:
    """A saturated fit: constant and coefficient add up to the only member's pay."""
    judged = lab.check(model("pay ~ C(firm)"), population(firm="C"))
    found = coefficients(judged)
    assert constant(found) + found["C"] == pytest.approx(HERS)
    assert judged.verdict is Verdict.FAIL


def test_fits_with_and_without_one_person_tell_her_pay(lab: Lab) -> None:
    """Influence: the constants of two models without terms but a group differ by her pay alone."""
    rows = population()
    whole = lab.check(model("pay ~ C(firm)"), rows, memory=Memory.empty())
    memory = Memory.empty().with_evaluation(whole)
    without = lab.check(model("pay ~ C(firm)", where="not (age = 91)"), rows, memory=memory)
    members = sum(row["firm"] == "A" for row in rows)
    gone = constant(coefficients(whole)) * members - constant(coefficients(without)) * (members - 1)
    assert gone == pytest.approx(HERS, rel=1e-6)
    assert whole.verdict is not Verdict.PASS or without.verdict is Verdict.FAIL


@pytest.mark.parametrize("statistic", ["correlation", "covariance"])
def test_correlation_that_hangs_on_one_person_is_refused(lab: Lab, statistic: str) -> None:
    rows = population(wealth=1_000_000.0, pay=10_000_000.0)
    judged = lab.check({"statistic": statistic, "options": {"columns": ["wealth", "pay"]}}, rows)
    assert judged.verdict is not Verdict.PASS
