"""The corpus keeps its promises: every attack works, nothing unsafe passes, and what is safe is not held up."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from tests.benchmark.model import Case, Judged
from tests.benchmark.run import FAMILIES, family, judge_all

MOST_FALSE_ALARMS = 0.05
LEAST_PASSED = 0.70
LEAST_CASES = 300

pytestmark = pytest.mark.xdist_group("benchmark")


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return [case for name in FAMILIES for case in family(name)]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[Judged]:
    folder: Path = tmp_path_factory.mktemp("corpus")
    return judge_all(FAMILIES, folder)


def test_corpus_is_large_and_balanced(cases: list[Case]) -> None:
    assert len(cases) >= LEAST_CASES
    assert len({case.name for case in cases}) == len(cases)
    unsafe = sum(not case.safe for case in cases)
    assert 0.35 <= unsafe / len(cases) <= 0.65


def test_attacks_hold_on_to_nothing_of_the_population(cases: list[Case]) -> None:
    for case in cases:
        if case.attack is not None:
            function = case.attack.infer
            assert function.__module__.startswith("tests.benchmark.attacks"), case.name
            assert inspect.getclosurevars(function).nonlocals == {}, case.name


def test_every_attack_infers_what_is_true(judged: list[Judged]) -> None:
    assert [one.name for one in judged if not one.safe and not one.disclosed] == []


def test_nothing_unsafe_passes(judged: list[Judged]) -> None:
    assert [one.name for one in judged if one.missed] == []


def test_few_safe_outputs_fail_and_most_pass_without_a_person(judged: list[Judged]) -> None:
    safe = [one for one in judged if one.safe]
    alarms = [one.name for one in safe if one.false_alarm]
    assert len(alarms) < MOST_FALSE_ALARMS * len(safe), alarms
    passed = sum(one.verdict == "pass" for one in safe)
    assert passed >= LEAST_PASSED * len(safe)
