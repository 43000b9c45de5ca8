"""Where a room is on one machine, and its sandbox."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM
from socket import socket as Listener  # noqa: N812

from saferoom.hub.home import Home, unix_url
from saferoom.hub.jupyter import room_terms
from saferoom.hub.jupyter.room_terms import DATA, OUTBOX, PORT, WORKSPACE, Doors, Room
from saferoom.hub.sandbox import Bind, Limits, Sandbox

HUB_SOCKET = "/run/hub.sock"
AIRLOCK_SOCKET = "/run/airlock.sock"
LISTENER = "SAFEROOM_LISTENER"
# A port is demanded but never opened: the server answers at the inherited socket.
_DOORS = Doors(hub=unix_url(Path(HUB_SOCKET)), airlock=AIRLOCK_SOCKET, server=f"http://127.0.0.1:{PORT}")


@dataclass(frozen=True)
class Place:
    """Where a room is on the machine."""

    home: Home
    username: str
    project: str

    @property
    def room(self) -> Room:
        """Whose room of which project."""
        return Room(self.username, self.project)

    @property
    def key(self) -> str:
        """The room's short name, for files and control groups."""
        return self.room.key

    @property
    def socket(self) -> Path:
        """The socket at which the room's server answers; the room itself never sees its name."""
        return self.home.run / "rooms" / f"{self.key}.sock"

    @property
    def log(self) -> Path:
        """What the sandbox says while it starts, before anything of the researcher's runs."""
        return self.home.run / "rooms" / f"{self.key}.log"

    @property
    def workspace(self) -> Path:
        """The project's workspace, shared by its members."""
        return self.home.workspaces / self.project

    @property
    def url(self) -> str:
        """The socket as an address for the hub and the proxy."""
        return unix_url(self.socket)

    def prepare(self, uid: int | None) -> None:
        """Make the workspace, owned by the project's user id and closed to all others."""
        self.socket.parent.mkdir(mode=0o700, exist_ok=True)
        self.workspace.mkdir(mode=0o700, exist_ok=True)
        self.workspace.chmod(0o700)
        if uid is not None:
            os.chown(self.workspace, uid, uid)

    def listen(self) -> Listener:
        """Return a socket that listens where the hub will look.

        The room inherits it. Would the room make it, in a folder it may write, it could put a link to the proxy's
        administrative socket there, and the proxy would follow.
        """
        self.socket.unlink(missing_ok=True)
        listener = Listener(AF_UNIX, SOCK_STREAM)
        listener.bind(str(self.socket))
        self.socket.chmod(0o600)
        listener.listen(128)
        return listener

    def clear(self) -> None:
        """Remove the room's socket and log."""
        self.socket.unlink(missing_ok=True)
        self.log.unlink(missing_ok=True)


def sandbox(place: Place, extracts: Path, uid: int | None, environment: Mapping[str, str], limits: Limits) -> Sandbox:
    """Return the sandbox of a room."""
    return Sandbox(
        name=f"room-{place.key}",
        identity=uid,
        read_only=(Bind(extracts, DATA), Bind(place.home.doors, "/run/doors")),
        writable=(Bind(place.workspace, WORKSPACE),),
        links={
            HUB_SOCKET: "doors/hub.sock",
            AIRLOCK_SOCKET: "doors/airlock.sock",
            OUTBOX: place.room.outbox,
        },
        environment=environment,
        directory=WORKSPACE,
        limits=limits,
    )


def environment(place: Place, from_hub: Mapping[str, str], venv: Path) -> dict[str, str]:
    """Return a room's whole environment on this machine."""
    return room_terms.environment(place.room, _DOORS, from_hub, venv)
