"""Everybody tries everything on a project in every state of its life, on the pages and at the API."""

from __future__ import annotations

import pytest
from tests.support.matrix import projects
from tests.support.matrix.inside import Inside
from tests.support.matrix.trial import tried

pytestmark = pytest.mark.sqlite


@pytest.mark.parametrize("condition", projects.CONDITIONS)
def test_every_deed_on_a_project_is_done_or_refused_as_promised(inside: Inside, condition: str) -> None:
    inside.begin()
    case = projects.case(inside.world, condition)
    assert tried(inside, case, projects.deeds(condition), projects.ELSEWHERE) == {}
