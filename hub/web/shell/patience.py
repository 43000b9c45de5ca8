"""Connections on which nobody gets anywhere are closed, so that those who send slowly or nothing keep nobody out.

uvicorn waits for the head of a request as long as it takes, and for what is still to come of a body that was answered
already. Any code in a room can open connections to the airlock: a few thousand that say nothing would use up all that
one process can have open. So a connection without a request in work is closed after a while, and rooms of one project
(they run under one user id of their own, where the hub runs as root) hold a limited number at once; on a cluster each
room, which has an address of its own.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import struct

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from saferoom.hub.watching.counts import Signal, signal

HEAD_SECONDS = 20.0
"""Longest time in which a request has to begin, its head complete."""
ROOMS_PORT = "SAFEROOM_ROOMS_PORT"
"""The setting that names the port of rooms, in a pod."""
MOST_OF_ONE_USER = 100
"""Most connections of one user of the machine, other than the service's own."""
_CREDENTIALS = struct.Struct("3i")


class PatientProtocol(H11Protocol):
    """HTTP/1.1 with an end to waiting."""

    head_seconds = HEAD_SECONDS
    most_of_one_user = MOST_OF_ONE_USER
    _late: asyncio.TimerHandle | None = None
    _user: int | str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request; close at once what is one too many."""
        super().connection_made(transport)
        self._user = user_behind(transport)
        if self._user is not None and self._of_the_same() > self.most_of_one_user:
            signal(Signal.TOO_MANY_CONNECTIONS)
            transport.abort()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what came, and see whether a request is in work now."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        super().connection_lost(exc)
        self._rest()

    def _watch(self) -> None:
        if not self._waits() or self.transport.is_closing():
            self._rest()
        elif self._late is None:
            self._late = self.loop.call_later(self.head_seconds, self._give_up)

    def _waits(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _rest(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        if self._waits():
            self.transport.close()

    def _of_the_same(self) -> int:
        return sum(1 for one in self.connections if isinstance(one, PatientProtocol) and one._user == self._user)


def user_behind(transport: asyncio.BaseTransport) -> int | str | None:
    """Return the user id behind a UNIX socket, or the address behind the port of rooms.

    None for other ports, where the proxy speaks for everybody, and for this process's own user.
    """
    found = transport.get_extra_info("socket")
    if found is None:
        return None
    if found.family != socket.AF_UNIX:
        at_rooms = str(found.getsockname()[1]) == os.environ.get(ROOMS_PORT)
        return str(found.getpeername()[0]) if at_rooms else None
    said = found.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    user = int(_CREDENTIALS.unpack(said)[1])
    return None if user == os.getuid() else user


def allow_many_files() -> None:
    """Let this process open as many files and connections as it may."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
