"""Transformations that are nearly zero for everybody but one: a total of them is that person's value."""

from __future__ import annotations

import pytest
from tests.support.statistics_lab import Lab, Row, people

from saferoom.disclosure.verdict import Verdict

HERS = 31_234.56


def population() -> list[Row]:
    return [*people(600), {**people(1)[0], "person_id": 1, "age": 91, "sex": "F", "pay": HERS}]


@pytest.mark.parametrize(
    "measure",
    [
        "case when age = 91 then pay else 0 end",
        "(age = 91)::int * pay",
        "floor(age / 91) * pay",
        "greatest(age - 90, 0) * pay",
        "pay / (1 + 1000000000.0 * (age - 91) * (age - 91))",
        "pay * exp(-10 * (age - 91) * (age - 91))",
        "pay * power(2.0, (age - 91) * 60.0)",
        "pay * (1 - sign(abs(age - 91)))",
        "pay * round(age / 91.0 - 0.47)",
        "coalesce(nullif(sign(91 - age), 1) + 1, 0) * pay",
        "(age // 91) * pay",
        "least(greatest(age - 90, 0), 1) * pay",
    ],
)
def test_total_of_a_singling_transformation_tells_her_pay_and_is_refused(lab: Lab, measure: str) -> None:
    judged = lab.check({"statistic": "sum", "measure": measure}, population())
    assert float(judged.table.rows[0][-1]) == pytest.approx(HERS, rel=1e-3)  # type: ignore[arg-type]
    assert judged.verdict is not Verdict.PASS


@pytest.mark.parametrize("weight", ["case when age = 91 then 1000000.0 else 0.001 end", "exp(10.0 * (age - 91))"])
def test_mean_with_a_singling_weight_tells_her_pay_and_is_refused(lab: Lab, weight: str) -> None:
    judged = lab.check({"statistic": "mean", "measure": "pay", "weight": weight}, population())
    assert float(judged.table.rows[0][-1]) == pytest.approx(HERS, rel=0.02)  # type: ignore[arg-type]
    assert judged.verdict is Verdict.FAIL


def test_singling_transformation_in_a_view_is_refused(lab: Lab) -> None:
    view = "select person_id, pay / (1 + 1000000000.0 * (age - 91) * (age - 91)) as x from people"
    query = {"statistic": "sum", "measure": "x", "from": "v", "views": {"v": view}}
    judged = lab.check(query, [lab.source(population())])
    assert float(judged.table.rows[0][-1]) == pytest.approx(HERS, rel=1e-3)  # type: ignore[arg-type]
    assert judged.verdict is not Verdict.PASS


def test_difference_of_a_measure_and_its_transformed_twin_is_refused(lab: Lab) -> None:
    """One total of pay, and one in which hers alone is left out."""
    rows = population()
    plain = lab.check({"statistic": "sum", "measure": "pay"}, rows)
    twin = lab.check({"statistic": "sum", "measure": "pay * least(abs(age - 91), 1)"}, rows)
    gone = float(plain.table.rows[0][-1]) - float(twin.table.rows[0][-1])  # type: ignore[arg-type]
    assert gone == pytest.approx(HERS)
    assert twin.verdict is not Verdict.PASS
