"""A script in a room sends the room's data to a kernel as code, for a program outside to fetch what was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.airlock_world import MOBILITY, World, world
from tests.support.inputs import heard

from saferoom.errors import ForbiddenError
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.ids import Username


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        made.instance.inputs.record(MOBILITY, Username("ana"), [heard("'person 1, north, 98765'")])
        yield made


@pytest.mark.parametrize("name", ["ana", "chris"])
def test_no_program_is_told_what_its_person_ran(here: World, name: str) -> None:
    with pytest.raises(ForbiddenError, match="to no program"):
        here.instance.inputs.look(Username(name), MOBILITY, by_program=True)
    with here.instance.database.reading() as session:
        assert session.query(AuditLinkRow).filter_by(action="inputs.viewed").count() == 0


def test_a_checkers_program_is_told_and_the_trail_says_so(here: World) -> None:
    assert here.instance.inputs.look(Username("ben"), MOBILITY, by_program=True).page.total == 1
