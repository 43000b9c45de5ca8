"""What a room is, wherever it runs: one person in one project, what is in it, what it is told, and what people read.

`Doors` are the ways a room has: where it reaches the hub and the airlock, and where its own server answers. On one
machine they are sockets, in a pod addresses; nothing else of a room depends on where it runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DATA = "/data"
"""The project's extracts, read-only."""
WORKSPACE = "/room"
"""The project's workspace, shared by its members."""
OUTBOX = "/outbox"
"""Where a room's own outbox is found in every room; see `saferoom.hub.jupyter.outbox`."""
OUTBOX_LINK = f"{WORKSPACE}/outbox"
OUTBOX_FOLDER = "SAFEROOM_OUTBOX"
AIRLOCK = "SAFEROOM_AIRLOCK"
PORT = 8888
STARTING = "Starting JupyterLab in its sandbox"
TOKEN_SCOPES = ("users:activity!user", "access:servers!server", "access:services!service=airlock")
"""What a room's token is for: to say that it is used, to know who may enter it, and to ask the airlock."""

# JupyterHub's variables that a room's server needs; everything else of the hub's environment stays outside.
_FROM_HUB = frozenset(
    {
        "JUPYTERHUB_API_TOKEN",
        "JUPYTERHUB_BASE_URL",
        "JUPYTERHUB_CLIENT_ID",
        "JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED",
        "JUPYTERHUB_COOKIE_OPTIONS",
        "JUPYTERHUB_HOST",
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES",
        "JUPYTERHUB_OAUTH_CALLBACK_URL",
        "JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES",
        "JUPYTERHUB_SERVER_NAME",
        "JUPYTERHUB_SERVICE_PREFIX",
        "JUPYTERHUB_USER",
    }
)


@dataclass(frozen=True)
class Room:
    """One person in one project."""

    username: str
    project: str

    @property
    def key(self) -> str:
        """A short name for files, control groups and pods; lower case, as JupyterHub lower-cases addresses."""
        return hashlib.sha256(f"{self.username}/{self.project}".encode()).hexdigest()[:12]

    @property
    def settings(self) -> str:
        """Where a person's own settings are inside the room."""
        return f"{WORKSPACE}/.saferoom/{self.username}"

    @property
    def outbox(self) -> str:
        """Where a person's own outbox is inside the room."""
        return f"{self.settings}/outbox"


@dataclass(frozen=True)
class Doors:
    """The ways of a room.

    Attributes
    ----------
    hub : str
        The hub's address, without a path.
    airlock : str
        The path of the airlock's socket, or its address.
    server : str
        Where the room's server answers, without a path.
    """

    hub: str
    airlock: str
    server: str


def environment(room: Room, doors: Doors, from_hub: Mapping[str, str], venv: Path) -> dict[str, str]:
    """Return a room's whole environment: an allow-list of the hub's variables, and the room's own."""
    api = doors.hub + from_hub["JUPYTERHUB_BASE_URL"] + "hub/api"
    scratch = "/tmp/saferoom"  # noqa: S108 the room's own, in memory
    return {
        **{name: value for name, value in from_hub.items() if name in _FROM_HUB},
        "JUPYTERHUB_API_URL": api,
        "JUPYTERHUB_ACTIVITY_URL": f"{api}/users/{room.username}/activity",
        "JUPYTERHUB_SERVICE_URL": doors.server + from_hub["JUPYTERHUB_SERVICE_PREFIX"],
        "JUPYTERHUB_ROOT_DIR": WORKSPACE,
        "JUPYTERHUB_DEFAULT_URL": "/lab",
        "JUPYTER_DATA_DIR": f"{scratch}/data",
        "JUPYTER_RUNTIME_DIR": f"{scratch}/run",
        "JUPYTERLAB_SETTINGS_DIR": f"{room.settings}/settings",
        "JUPYTERLAB_WORKSPACES_DIR": f"{room.settings}/workspaces",
        "IPYTHONDIR": f"{scratch}/ipython",
        "MPLCONFIGDIR": f"{scratch}/matplotlib",
        "XDG_CACHE_HOME": f"{scratch}/cache",
        "HOME": WORKSPACE,
        "USER": "researcher",
        "SHELL": "/bin/sh",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PATH": f"{venv}/bin:/usr/local/bin:/usr/bin:/bin",
        AIRLOCK: doors.airlock,
        "SAFEROOM_DATA": DATA,
        OUTBOX_FOLDER: room.outbox,
        "SAFEROOM_PROJECT": room.project,
    }
