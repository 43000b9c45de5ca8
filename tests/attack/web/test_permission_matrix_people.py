"""Everybody tries everything about accounts, records, tokens and break-glass acts, on the pages and at the API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.matrix import airlock, people
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


@pytest.mark.parametrize("condition", people.CONDITIONS)
def test_every_deed_about_people_is_done_or_refused_as_promised(inside: Inside, condition: str) -> None:
    inside.begin()
    case = people.case(inside.world, condition)
    assert tried(inside, case, people.deeds(condition), people.ELSEWHERE) == {}
