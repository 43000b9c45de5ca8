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

WRONG_PASSES = {
    "suppression with margins and an integer dimension": ("suppressed-with-margins",),
    "an aggregation by a function of one's own": ("aggregated-by-a-function",),
    "mode, maximum and minimum": ("mode-mode-of", "endpoints-m", "file-maximum"),
    "two counts or sums that differ by one person": ("sequence-two-", "sequence-a-view", "sequence-a-condition"),
    "a suppressed cell beside a one-way table": ("blank-and-one-way", "blank-sum", "blank-with-total"),
    "a mean where all are equal": ("of-equal", "-of-equals", "share-everybody"),
    "rows in place of values": ("eleven-missing", "ten-missing"),
    "rows in place of units": ("rows-of-one-person", "rows-of-5-households", "rows-of-3", "rows-of-9"),
    "nearly everybody in one category": ("near-class",),
    "a dummy for one person, a saturated group": ("dummy-for-one", "category-of-", "as-many-parameters", "exact-fit"),
    "exact ends of a histogram": ("maximum-in-the-edges",),
    "means rounded to a base": ("rounded-to",),
    "a threshold lowered by the researcher": ("small-cells-in-",),
    "raw files": ("csv-of-records", "pickle", "parquet-of-records"),
}
"""What the tool in use lets pass, and the beginnings or parts of the names of the cases about it."""

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


@pytest.mark.parametrize("row", WRONG_PASSES)
def test_known_wrong_passes_are_there_in_several_variants(cases: list[Case], row: str) -> None:
    found = [case for case in cases if any(part in case.name for part in WRONG_PASSES[row])]
    unsafe = [case.name for case in found if not case.safe]
    assert len(unsafe) >= 3, unsafe


def test_every_case_is_judged(judged: list[Judged], cases: list[Case]) -> None:
    assert [one.name for one in judged] == [case.name for case in cases]
    assert [(one.name, one.note) for one in judged if one.verdict == "error"] == []


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


def test_published_page_is_about_this_corpus(cases: list[Case]) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "explanation" / "benchmark.md").read_text()
    unsafe = sum(not case.safe for case in cases)
    assert f"{len(cases)} outputs, {unsafe} unsafe and {len(cases) - unsafe} safe" in page
