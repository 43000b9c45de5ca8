"""Rooms that come and go leave nothing: counted exactly, over a few; `saferoom bench leaks` does the same over 200."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support import live_world
from tests.support.live import HubProcess, Live, as_root, free_port
from tests.support.live_world import ALPHA

from saferoom.hub.bench.leaks import cycle
from saferoom.hub.bench.leftovers import Machine
from saferoom.hub.sandbox.cgroups import enforceable

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A hub that nobody else uses."""
    home = live_world.home_at(tmp_path_factory.mktemp("quiet"))
    running = Live(HubProcess(home, free_port()), live_world.build(home))
    try:
        running.hub.start()
        yield running
    finally:
        running.close()


def test_rooms_that_come_and_go_leave_nothing_behind(quiet: Live) -> None:
    assert quiet.hub.process is not None
    machine = Machine(quiet.home, quiet.hub.process.pid)
    assert set(machine.services) == {"hub", "proxy", "airlock"}
    session = quiet.session("ana")
    cycle(session, ALPHA, machine)
    empty = machine.left()
    assert machine.settled(empty) == {}
    # What is looked at does see a room.
    room = session.start_room(ALPHA)
    room.execute("1")
    seen = machine.left().beyond(empty)
    assert {"processes", "files", "rows"} <= set(seen), seen
    machine.note_groups()
    assert bool(machine.groups_left()) is bool(machine.groups)
    assert machine.groups or not as_root() or not enforceable()
    session.stop_room(ALPHA)
    assert machine.settled(empty) == {}
    before = machine.sizes()
    for _ in range(3):
        cycle(session, ALPHA, machine)
    assert machine.settled(empty) == {}
    after = machine.sizes()
    assert {name: after[name][0] - before[name][0] for name in after if after[name][0] > before[name][0]} == {}
