"""Scope coverage: populations that cover each other but for one unit tell that unit's value."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.statistics_lab import Lab, Row, people, rules

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.verdict import Verdict

BUT_ONE = "not (age = 91 and sex = 'F')"


def population() -> list[Row]:
    """Ordinary people, and one woman of 91 years."""
    return [*people(600), {**people(1)[0], "person_id": 1, "age": 91, "sex": "F", "pay": 31_234.56}]


def total(**changes: Any) -> dict[str, Any]:
    return {"statistic": "sum", "measure": "pay", **changes}


def value(judged: Evaluation) -> float:
    return float(judged.table.rows[0][-1])  # type: ignore[arg-type]


def test_two_filters_around_one_person_tell_her_pay(lab: Lab) -> None:
    rows = population()
    everybody = lab.check(total(), rows, memory=Memory.empty())
    assert everybody.verdict is Verdict.PASS
    but_one = lab.check(total(where=BUT_ONE), rows, memory=Memory.empty().with_evaluation(everybody))
    assert value(everybody) - value(but_one) == pytest.approx(31_234.56)
    assert but_one.verdict is Verdict.FAIL
    assert "differencing" in rules(but_one)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (1, 2, 0)])
def test_three_populations_that_cover_each_other_but_for_one_are_refused(lab: Lab, order: tuple[int, ...]) -> None:
    rows = population()
    queries = [total(), total(where="sex = 'M'"), total(where=f"sex = 'F' and {BUT_ONE}")]
    alone = [lab.check(query, rows) for query in queries]
    # Each is safe by itself, and no two of them differ by few.
    assert {judged.verdict for judged in alone} == {Verdict.PASS}
    assert value(alone[0]) - value(alone[1]) - value(alone[2]) == pytest.approx(31_234.56)
    memory, verdicts = Memory.empty(), []
    for place in order:
        judged = lab.check(queries[place], rows, memory=memory)
        verdicts.append(judged.verdict)
        memory = memory.with_evaluation(judged)
    assert verdicts == [Verdict.PASS, Verdict.PASS, Verdict.FAIL]


def test_three_populations_that_cover_each_other_exactly_pass(lab: Lab) -> None:
    rows = population()
    memory = Memory.empty()
    for query in (total(), total(where="sex = 'M'"), total(where="sex = 'F'")):
        judged = lab.check(query, rows, memory=memory)
        assert judged.verdict is Verdict.PASS
        memory = memory.with_evaluation(judged)
