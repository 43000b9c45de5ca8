"""Rooms are counted by the sockets that they listen at."""

from __future__ import annotations

import socket
from pathlib import Path

from saferoom.hub.watching.rooms import rooms_running
from saferoom.hub.web.shell.serve import unix_socket


def test_rooms_count_for_as_long_as_they_listen(tmp_path: Path) -> None:
    folder = tmp_path / "rooms"
    folder.mkdir()
    assert rooms_running(folder) == 0
    with unix_socket(folder / "a.sock", 0o600), unix_socket(folder / "b.sock", 0o600):
        assert rooms_running(folder) == 2
        # Somebody who talks to a room is not one.
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(folder / "a.sock"))
            assert rooms_running(folder) == 2
    # What a killed room left behind is no room.
    assert (folder / "a.sock").exists()
    assert rooms_running(folder) == 0


def test_sockets_elsewhere_are_no_rooms(tmp_path: Path) -> None:
    folder = tmp_path / "rooms"
    with unix_socket(tmp_path / "rooms.sock", 0o600), unix_socket(tmp_path / "x", 0o600):
        assert rooms_running(folder) == 0
