"""Everybody tries everything about privacy budgets, on the pages and at the API."""

from __future__ import annotations

import pytest
from tests.support.matrix import budgets
from tests.support.matrix.inside import Inside
from tests.support.matrix.trial import tried


@pytest.mark.parametrize("condition", budgets.CONDITIONS)
def test_every_deed_about_budgets_is_done_or_refused_as_promised(inside: Inside, condition: str) -> None:
    inside.begin()
    case = budgets.case(inside.world, condition)
    assert tried(inside, case, budgets.DEEDS, budgets.ELSEWHERE) == {}
