"""The reference page of privacy budgets says what the tables say."""

from __future__ import annotations

from pathlib import Path

from saferoom.projects.ledger import diagram
from saferoom.projects.ledger.model import AccountKind
from saferoom.projects.ledger.permissions import PERMITTED, Action

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "budgets.md"


def test_page_made_again_is_what_is_committed() -> None:
    assert diagram.page() == PAGE.read_text(encoding="utf-8"), "run .venv/bin/python -P docs/generate.py"


def test_every_kind_says_who_may_do_everything() -> None:
    assert {kind: set(actions) for kind, actions in PERMITTED.items()} == {kind: set(Action) for kind in AccountKind}


def test_whoever_may_do_anything_may_see_the_budget() -> None:
    for actions in PERMITTED.values():
        assert set().union(*actions.values()) == actions[Action.VIEW]
