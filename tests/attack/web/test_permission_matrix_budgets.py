"""Everybody tries everything about privacy budgets, on the pages and at the API; a weakened rule is noticed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.matrix import budgets
from tests.support.matrix.inside import Inside
from tests.support.matrix.trial import tried

from saferoom.errors import ForbiddenError
from saferoom.projects.decision import ALLOWED, Decision
from saferoom.projects.ledger import permissions
from saferoom.projects.ledger.model import AccountKind
from saferoom.projects.ledger.permissions import PERMITTED, Action, Standing

pytestmark = pytest.mark.sqlite


@pytest.mark.parametrize("condition", budgets.CONDITIONS)
def test_every_deed_about_budgets_is_done_or_refused_as_promised(inside: Inside, condition: str) -> None:
    inside.begin()
    case = budgets.case(inside.world, condition)
    assert tried(inside, case, budgets.DEEDS, budgets.ELSEWHERE) == {}


@pytest.mark.parametrize("condition", budgets.CONDITIONS)
def test_permission_given_to_anybody_else_is_noticed(
    inside: Inside, monkeypatch: pytest.MonkeyPatch, condition: str
) -> None:
    inside.begin()
    case, unnoticed = budgets.case(inside.world, condition), []
    kind = AccountKind(budgets.CONDITIONS[condition][0])
    for action, allowed in PERMITTED[kind].items():
        deeds = [deed for deed in budgets.DEEDS if deed.action == action.value.replace("_", " ")]
        assert deeds, f"nothing tries {action.value}"
        for person, said in budgets.STANDING[condition].items():
            standing = Standing(said)
            if standing in allowed:
                continue
            with monkeypatch.context() as weaker:
                weakened = {**PERMITTED[kind], action: allowed | {standing}}
                weaker.setattr(permissions, "PERMITTED", {**PERMITTED, kind: weakened})
                if not tried(inside, replace(case, people=(person,)), deeds, budgets.ELSEWHERE):
                    unnoticed.append((action.value, person))
    assert unnoticed == []


def _tells(code: str, reason: str, rule: str) -> Decision:
    return Decision(allowed=False, code=code, reason=reason, rule=rule, error=ForbiddenError)


def _yes(*_: Any, **__: Any) -> Any:
    return True


@pytest.mark.parametrize(
    ("condition", "name", "instead", "person"),
    [
        ("the budget of a dataset", "unknown", _tells, "oona"),
        ("the budget of a dataset", "_member", _yes, "ben"),
        ("the budget of a dataset", "_owns", _yes, "oona"),
        ("the budget of a data owner", "_owns", _yes, "oona"),
        ("the budget of a project", "_member", _yes, "ben"),
        ("the budget of a dataset in a project", "may", lambda *_: ALLOWED, "omar"),
    ],
)
def test_weakened_rule_is_noticed(
    inside: Inside, monkeypatch: pytest.MonkeyPatch, condition: str, name: str, instead: Any, person: str
) -> None:
    inside.begin()
    case = replace(budgets.case(inside.world, condition), people=(person,))
    monkeypatch.setattr(permissions, name, instead)
    assert tried(inside, case, budgets.DEEDS, budgets.ELSEWHERE) != {}


def test_every_action_is_tried() -> None:
    assert {deed.action for deed in budgets.DEEDS} == {action.value.replace("_", " ") for action in Action}
