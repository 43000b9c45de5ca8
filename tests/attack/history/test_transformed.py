"""Smooth functions of one column: everybody's share changes a little, and the difference is one person's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from tests.attack.history.desk import Desk
from tests.attack.history.model import Document, Step
from tests.attack.history.scenarios.making import mean, total
from tests.benchmark.worlds import Data, people

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.verdict import Verdict
from saferoom.policies.models import RiskAppetite
from saferoom.projects.airlock import earlier
from saferoom.projects.airlock.evaluations import Judgement

RULES = RiskAppetite()
MOST = 500_000.0
"""What one person has, three times as much as anybody else."""
Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]


@lru_cache(maxsize=1)
def world() -> Data:
    frame = people(900, 3).copy()
    pay = np.random.default_rng(1).lognormal(10, 0.6, 900)
    frame["pay"] = np.minimum(pay, MOST / 3).round(2)
    frame.loc[5, "pay"] = MOST
    return Data("transformed", frame)


BEND = f"power(pay / {MOST}, 4)"
# What the attacker takes off: the earlier total, times a factor that anybody can try.
FORMS: dict[str, tuple[str, float]] = {
    "growing": (f"pay * exp({BEND})", 1),
    "flatter": (f"pay * exp(power(pay / {MOST}, 3))", 1),
    "bent exponent": (f"power(pay, 1 + {BEND} / 100)", 1),
    "doubled": (f"2 * pay * exp({BEND})", 2),
    "beside another column": (f"pay * exp({BEND}) + age", 1),
}


def judged(query: Document, memory: Memory, folder: Path) -> Evaluation:
    return Desk(folder).judge(Step(query), (world(),), RULES, memory)


def released(query: Document, folder: Path, *, by_another_project: bool = False) -> Memory:
    first = judged(query, Memory.empty(), folder)
    assert first.verdict is Verdict.PASS
    memory = Memory.empty().with_evaluation(first)
    return replace(memory, releases=tuple(r.anonymous() for r in memory.releases)) if by_another_project else memory


def number(evaluation: Evaluation) -> float:
    return float(str(evaluation.table.rows[0][0]))


@pytest.mark.parametrize("form", FORMS)
def test_difference_that_is_one_persons_is_refused_though_everybodys_share_changes(form: str, tmp_path: Path) -> None:
    measure, factor = FORMS[form]
    memory = released(total("pay"), tmp_path)
    found = judged(total(measure), memory, tmp_path)
    assert found.verdict is Verdict.FAIL
    assert {finding.rule for finding in found.findings} == {"differencing"}
    # The attack on the numbers themselves: what is left is the richest person's, to the p% rule's tenth.
    pay = world().frame["pay"].to_numpy()
    told = number(found) - factor * float(pay.sum())
    own = {"bent exponent": MOST**1.01 - MOST, "doubled": 2 * MOST * (np.e - 1)}.get(form, MOST * (np.e - 1))
    assert told == pytest.approx(own, rel=0.1)


def test_leaving_out_others_hides_nothing(tmp_path: Path) -> None:
    found = judged(total(FORMS["growing"][0], where="age <> 40"), released(total("pay"), tmp_path), tmp_path)
    assert found.verdict is Verdict.FAIL


def test_of_another_projects_measure_nothing_is_known_so_a_person_decides(tmp_path: Path) -> None:
    memory = released(total("pay"), tmp_path, by_another_project=True)
    found = judged(total(FORMS["growing"][0]), memory, tmp_path)
    assert found.verdict is Verdict.REVIEW
    assert {finding.rule for finding in found.findings} == {"difference-unknown"}
    for query in (total("pay"), mean("3 * pay"), total("hours")):
        assert judged(query, memory, tmp_path).verdict is Verdict.PASS


def test_both_judged_before_either_left_the_second_goes_to_a_person(tmp_path: Path) -> None:
    second = judged(total(FORMS["growing"][0]), Memory.empty(), tmp_path)
    assert second.verdict is Verdict.PASS
    found = earlier._news(Judgement(second, (), RULES, {}), released(total("pay"), tmp_path))
    assert any("cannot be computed here" in reason for reason in found)


ORDINARY: dict[str, Callable[[], Document]] = {
    "logarithm": lambda: mean("ln(pay)", "region"),
    "root": lambda: mean("sqrt(pay)", "region"),
    "weighted": lambda: mean("pay", "region", weight="grossing"),
    "by the hour": lambda: total("pay / (hours + 10)"),
}


@pytest.mark.parametrize("query", ORDINARY)
def test_ordinary_other_measures_pass(query: str, tmp_path: Path) -> None:
    data = Data("transformed-ordinary", people(900, 3))
    desk = Desk(tmp_path)
    memory = Memory.empty().with_evaluation(desk.judge(Step(mean("pay", "region")), (data,), RULES, Memory.empty()))
    alone = desk.judge(Step(ORDINARY[query]()), (data,), RULES, Memory.empty())
    assert alone.verdict is Verdict.PASS
    assert desk.judge(Step(ORDINARY[query]()), (data,), RULES, memory).verdict is Verdict.PASS


def test_without_the_search_for_other_measures_it_passes(tmp_path: Path) -> None:
    memory = released(total("pay"), tmp_path)
    searches = ("transformed.transformed", "composed.composed")
    with ExitStack() as stack:
        for search in searches:
            stack.enter_context(mock.patch(f"saferoom.disclosure.history.{search}", return_value=()))
        assert judged(total(FORMS["growing"][0]), memory, tmp_path).verdict is Verdict.PASS
