"""A database server that takes connections and says nothing, as behind a network that was cut."""

from __future__ import annotations

import socket
import time

import pytest

from saferoom.errors import UnavailableError
from saferoom.hub.store.database import Database


def test_a_server_that_says_nothing_is_given_up_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = Database(f"postgresql://saferoom@127.0.0.1:{silent.getsockname()[1]}/saferoom", patience=2)
        started = time.monotonic()
        with pytest.raises(UnavailableError, match="does not answer"), store.reading():
            pass
        store.dispose()
    assert time.monotonic() - started < 60  # without an end to it: for ever
