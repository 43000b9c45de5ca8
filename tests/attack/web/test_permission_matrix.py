"""Everybody tries everything on a request in every state, on the pages and at the API: as the reference promises."""

from __future__ import annotations

import pytest
from tests.support.matrix import airlock
from tests.support.matrix.inside import Inside
from tests.support.matrix.trial import tried

pytestmark = pytest.mark.sqlite


@pytest.mark.parametrize("condition", airlock.CONDITIONS)
def test_every_deed_on_a_request_is_done_or_refused_as_promised(inside: Inside, condition: str) -> None:
    inside.begin()
    case = airlock.case(inside.world, condition)
    assert tried(inside, case, airlock.deeds(condition), airlock.ELSEWHERE) == {}
