"""Each safety rule, weakened on purpose, must let its attack through: so the attack tests would notice.

An attack is judged twice, with the rule and without. If the verdict did not change, the rule (or its test) would be
worthless.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlglot import exp
from tests.support.statistics_lab import Lab, Row, people

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.judgement import Judgement
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries import allowed
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError
from saferoom.policies.models import RiskAppetite

ROWS = people()
TOP = max(row["pay"] for row in ROWS)
NO_DOMINANCE = RiskAppetite(dominance=(), p_percent=0.0)


@dataclass(frozen=True)
class Mutation:
    """A rule, where it is called, what a weakened one returns, and the attack it stops."""

    target: str
    attack: Callable[[Lab], Evaluation]
    weakened: Any = None

    @property
    def name(self) -> str:
        return self.target.rpartition(".")[2]


def isle(count: int, change: Callable[[int], dict[str, Any]] = lambda _: {}) -> list[Row]:
    return [{**ROWS[i], "person_id": 90_000 + i, "region": "Isle", **change(i)} for i in range(count)]


def mean(lab: Lab, rows: list[Row], **rest: Any) -> Evaluation:
    policy = rest.pop("policy", None)
    return lab.check({"statistic": "mean", "measure": "pay", "by": ["region"], **rest}, rows, policy=policy)


def few(lab: Lab) -> Evaluation:
    return lab.check({"statistic": "frequency", "by": ["region"]}, ROWS + isle(9))


def giant(lab: Lab) -> Evaluation:
    return lab.check(
        {"statistic": "sum", "measure": "pay", "by": ["region"]},
        ROWS + isle(30, lambda i: {"pay": 9e7 if i == 0 else 50.0 + i}),
    )


def heavy(lab: Lab) -> Evaluation:
    return lab.check(
        {"statistic": "median", "measure": "pay", "by": ["region"]},
        ROWS + isle(60) + [isle(60)[0] for _ in range(200)],
    )


def equal(lab: Lab) -> Evaluation:
    return mean(lab, ROWS + isle(30, lambda _: {"pay": 500.0}))


def one_category(lab: Lab) -> Evaluation:
    rows = [{"person_id": i, "a": "pq"[i % 2], "b": "x" if i % 2 else "xy"[i // 2 % 2]} for i in range(400)]
    return lab.check({"statistic": "frequency", "by": ["b"], "where": "a = 'q'"}, rows)


def few_nonzero(lab: Lab) -> Evaluation:
    rows = [{"person_id": i, "benefit": 100.0 + i if i < 6 else 0.0} for i in range(500)]
    return lab.check({"statistic": "sum", "measure": "benefit"}, rows)


def indicator(lab: Lab) -> Evaluation:
    rows = [{"person_id": i, "level": 7 if i < 4 else 5} for i in range(40)]
    return lab.check({"statistic": "mean", "measure": "level"}, rows)


def single_out(lab: Lab) -> Evaluation:
    return lab.check({"statistic": "sum", "measure": f"case when pay >= {TOP} then 90 else age end"}, ROWS)


def few_degrees(lab: Lab) -> Evaluation:
    return lab.check({"statistic": "std", "measure": "pay", "where": "region = 'Isle'"}, ROWS + isle(10))


def outer_quantile(lab: Lab) -> Evaluation:
    return lab.check({"statistic": "quantile", "measure": "pay", "options": {"quantiles": [0.9995]}}, ROWS)


def lost_ids(lab: Lab) -> Evaluation:
    view = f"select p.person_id, p.age, q.pay from people p join people q on q.pay >= {TOP}"
    return lab.check({"statistic": "mean", "measure": "pay + age", "from": "v", "views": {"v": view}}, ROWS)


def window(lab: Lab) -> Evaluation:
    view = "select person_id, age, max(pay) over (partition by region) as pay from people"
    return lab.check({"statistic": "mean", "measure": "pay + age", "from": "v", "views": {"v": view}}, ROWS)


def endpoint(lab: Lab) -> Evaluation:
    return lab.check({"statistic": "max", "measure": "pay"}, ROWS)


def difference(lab: Lab) -> Evaluation:
    first = lab.check({"statistic": "mean", "measure": "pay"}, ROWS, memory=Memory.empty())
    memory = Memory.empty().with_evaluation(first)
    return lab.check({"statistic": "mean", "measure": "pay", "where": f"pay < {TOP}"}, ROWS, memory=memory)


def rounded_class(lab: Lab) -> Evaluation:
    rows = [{"person_id": i, "a": "pq"[i % 2]} for i in range(1_000)]
    query = {"statistic": "frequency", "by": ["a"], "protect": {"method": "round"}}
    return lab.check(query, [row for i, row in enumerate(rows) if row["a"] == "p" or i < 40])


BARNS = "saferoom.disclosure.statbarns."
MUTATIONS = [
    Mutation(BARNS + "common.threshold", few, lambda *_: []),
    Mutation(BARNS + "linear.dominance", giant, lambda *_: []),
    Mutation(BARNS + "position.weight_dominance", heavy, lambda *_: []),
    Mutation(BARNS + "common.all_equal", equal, lambda *_: []),
    Mutation(BARNS + "common.class_disclosure", one_category, lambda *_: []),
    Mutation(BARNS + "common.two_values", indicator, lambda *_: []),
    Mutation(BARNS + "linear.few_nonzero", few_nonzero, lambda *_: []),
    Mutation(BARNS + "common.singled_out", single_out, lambda *_: []),
    Mutation(BARNS + "shape.degrees_of_freedom", few_degrees, lambda *_: []),
    Mutation(BARNS + "position.quantile_bands", outer_quantile, lambda *_: []),
    Mutation("saferoom.disclosure.queries.views.ViewReader._dropped", lost_ids, lambda *_: iter(())),
    Mutation("saferoom.disclosure.queries.views.ViewReader._windows", window, lambda *_: iter(())),
    Mutation("saferoom.disclosure.checker.judge_beside", difference, lambda *_: Judgement()),
    Mutation("saferoom.disclosure.tables.rounded_counts.known_classes", rounded_class, lambda *_: []),
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_attack_stopped_by_its_rule_gets_through_without_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, mutation: Mutation
) -> None:
    assert mutation.attack(lab).verdict is not Verdict.PASS
    monkeypatch.setattr(mutation.target, mutation.weakened)
    assert mutation.attack(lab).verdict is Verdict.PASS


LIMITS = [
    (few, {"threshold_units": 3}),
    (giant, {"dominance": (), "p_percent": 0.0}),
    (few_degrees, {"residual_degrees_of_freedom": 2}),
    (difference, {"difference_units": 2}),
]


@pytest.mark.parametrize(("attack", "looser"), LIMITS[:3], ids=["threshold", "dominance", "degrees"])
def test_looser_limit_of_the_policy_lets_its_attack_through(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, attack: Callable[[Lab], Evaluation], looser: dict[str, Any]
) -> None:
    assert attack(lab).verdict is Verdict.FAIL
    check = lab.check
    monkeypatch.setattr(
        lab, "check", lambda query, rows, **rest: check(query, rows, **{**rest, "policy": RiskAppetite(**looser)})
    )
    assert attack(lab).verdict is Verdict.PASS


def test_endpoint_rule_weakened_lets_a_maximum_through(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    assert endpoint(lab).verdict is Verdict.FAIL
    monkeypatch.setattr(
        lab,
        "check",
        lambda query, rows: Lab.check(
            lab, {**query, "measure": "age"}, rows, policy=RiskAppetite(structural=frozenset({"age"}))
        ),
    )
    assert endpoint(lab).verdict is Verdict.PASS


def test_allow_list_weakened_lets_a_random_function_reach_the_engine(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    query = {"statistic": "mean", "measure": "pay * random()"}
    with pytest.raises(BadInputError):
        lab.check(query, ROWS)
    monkeypatch.setitem(allowed.EXPRESSIONS, exp.Rand, frozenset())
    assert lab.check(query, ROWS).verdict is Verdict.PASS


def test_id_rule_weakened_lets_an_id_single_somebody_out(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    query = {"statistic": "mean", "measure": "pay", "where": "person_id <> 10001"}
    with pytest.raises(BadInputError):
        lab.check(query, ROWS)
    assert lab.check(query, ROWS, units=("household_id",)).verdict is Verdict.PASS
