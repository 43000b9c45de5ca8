"""Everybody tries everything on a project in every state of its life, on the pages and at the API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.matrix import airlock, projects
from tests.support.matrix.cast import EVERYBODY
from tests.support.matrix.inside import Inside
from tests.support.matrix.trial import tried


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """One world for every condition."""
    with projects.supplied(tmp_path_factory.mktemp("matrix")) as world:
        made = Inside(world, airlock.Judge(), EVERYBODY)
        yield made
        made.close()


@pytest.mark.parametrize("condition", projects.CONDITIONS)
def test_every_deed_on_a_project_is_done_or_refused_as_promised(inside: Inside, condition: str) -> None:
    inside.begin()
    case = projects.case(inside.world, condition)
    assert tried(inside, case, projects.deeds(condition), projects.ELSEWHERE) == {}
