"""Nothing leaves a project that pauses, and what waits goes on by itself once it is resumed."""

from __future__ import annotations

from pathlib import Path

from tests.support.airlock_world import MOBILITY, world

from saferoom.hub.housekeeping import Housekeeping
from saferoom.hub.store import tables
from saferoom.projects.airlock.states import State


def test_approved_output_waits_while_its_project_is_paused(tmp_path: Path) -> None:
    with world(tmp_path) as place:
        place.instance.database.dispose()
        request = place.request()
        place.change(tables.ProjectRow, MOBILITY, paused=True)
        after = place.approve(request)
        assert after.state is not State.RELEASED
        assert "is paused" in place.instance.airlock.request(place.person("ben"), request.id).blocked
        place.change(tables.ProjectRow, MOBILITY, paused=False)
        Housekeeping(place.instance).once()
        assert place.instance.airlock.request(place.person("ana"), request.id).state is State.RELEASED
