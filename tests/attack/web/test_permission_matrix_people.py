"""Everybody tries everything about accounts, records, tokens and break-glass acts, on the pages and at the API."""

from __future__ import annotations

import pytest
from tests.support.matrix import people
from tests.support.matrix.inside import Inside
from tests.support.matrix.trial import tried

pytestmark = pytest.mark.sqlite


@pytest.mark.parametrize("condition", people.CONDITIONS)
def test_every_deed_about_people_is_done_or_refused_as_promised(inside: Inside, condition: str) -> None:
    inside.begin()
    case = people.case(inside.world, condition)
    assert tried(inside, case, people.deeds(condition), people.ELSEWHERE) == {}
