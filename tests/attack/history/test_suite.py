"""The attack suite: every scenario is dangerous, and none succeeds against Saferoom."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest
from tests.attack.history.desk import Desk
from tests.attack.history.model import Dangerous
from tests.attack.history.scenarios.all import scenarios

KINDS = {
    "set differencing",
    "linear attacks",
    "measure differencing",
    "several measures",
    "suppression with margins",
    "rounded and noisy numbers",
    "noise beside exact numbers",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("suite"))


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
def test_attack_on_what_is_released_fails_and_on_unprotected_numbers_succeeds(desk: Desk, scenario: Dangerous) -> None:
    ran = desk.run(scenario)
    assert scenario.succeeds([step.unprotected for step in ran]), "the scenario is not dangerous"
    assert not scenario.succeeds([step.left for step in ran]), "the attack succeeds"


def test_suite_has_two_hundred_scenarios_of_all_kinds() -> None:
    kinds = Counter(scenario.kind for scenario in scenarios())
    assert set(kinds) == KINDS
    assert sum(kinds.values()) >= 200
    assert min(kinds.values()) >= 10


def test_attacker_knows_nothing_of_the_defence() -> None:
    folder = Path(__file__).parents[2] / "support" / "attackers"
    modules = sorted(folder.glob("*.py"))
    assert len(modules) >= 2
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith("saferoom")], module.name
