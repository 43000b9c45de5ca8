"""Everybody tries everything on a request in every state, on the pages and at the API: as the reference promises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.matrix import airlock
from tests.support.matrix.cast import EVERYBODY, peopled
from tests.support.matrix.inside import Inside
from tests.support.matrix.trial import tried


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """One world for every condition."""
    with peopled(tmp_path_factory.mktemp("matrix")) as world:
        made = Inside(world, airlock.Judge(), EVERYBODY)
        yield made
        made.close()


@pytest.mark.parametrize("condition", airlock.CONDITIONS)
def test_every_deed_on_a_request_is_done_or_refused_as_promised(inside: Inside, condition: str) -> None:
    inside.begin()
    case = airlock.case(inside.world, condition)
    assert tried(inside, case, airlock.deeds(condition), airlock.ELSEWHERE) == {}
