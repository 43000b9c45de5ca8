"""What a notebook room sees and is: the sandbox for one person in one project."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM
from socket import socket as Listener  # noqa: N812

from saferoom.hub.home import Home, unix_url
from saferoom.hub.sandbox import Bind, Limits, Sandbox

DATA = "/data"
WORKSPACE = "/room"
HUB_SOCKET = "/run/hub.sock"
AIRLOCK_SOCKET = "/run/airlock.sock"
LISTENER = "SAFEROOM_LISTENER"
OUTBOX = "/outbox"
"""Where a room's own outbox is found in every room; see `saferoom.hub.jupyter.outbox`."""
OUTBOX_LINK = f"{WORKSPACE}/outbox"
OUTBOX_FOLDER = "SAFEROOM_OUTBOX"

_CONFIGURATION = Path(__file__).with_name("room_config")
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
class Place:
    """Where a room is on the machine.

    Attributes
    ----------
    key : str
        A short name of (person, project) for files and control groups; lower case, because JupyterHub lower-cases
        the addresses of sockets.
    """

    home: Home
    username: str
    project: str

    @property
    def key(self) -> str:
        digest = hashlib.sha256(f"{self.username}/{self.project}".encode()).hexdigest()
        return digest[:12]

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


def outbox_folder(place: Place) -> str:
    """Return where a person's own outbox is inside the room."""
    return f"{_settings(place)}/outbox"


def _settings(place: Place) -> str:
    return f"{WORKSPACE}/.saferoom/{place.username}"


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
            OUTBOX: outbox_folder(place),
        },
        environment=environment,
        directory=WORKSPACE,
        limits=limits,
    )


def environment(place: Place, from_hub: Mapping[str, str], venv: Path) -> dict[str, str]:
    """Return a room's whole environment: an allow-list of the hub's variables, and the room's own."""
    api = unix_url(Path(HUB_SOCKET)) + from_hub["JUPYTERHUB_BASE_URL"] + "hub/api"
    scratch = "/tmp/saferoom"  # noqa: S108 the room's own, in memory
    settings = _settings(place)
    return {
        **{name: value for name, value in from_hub.items() if name in _FROM_HUB},
        "JUPYTERHUB_API_URL": api,
        "JUPYTERHUB_ACTIVITY_URL": f"{api}/users/{place.username}/activity",
        # A port is demanded but never opened: the server answers at the inherited socket.
        "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:8888" + from_hub["JUPYTERHUB_SERVICE_PREFIX"],
        "JUPYTERHUB_ROOT_DIR": WORKSPACE,
        "JUPYTERHUB_DEFAULT_URL": "/lab",
        "JUPYTER_CONFIG_DIR": str(_CONFIGURATION),
        "JUPYTER_DATA_DIR": f"{scratch}/data",
        "JUPYTER_RUNTIME_DIR": f"{scratch}/run",
        "JUPYTERLAB_SETTINGS_DIR": f"{settings}/settings",
        "JUPYTERLAB_WORKSPACES_DIR": f"{settings}/workspaces",
        "IPYTHONDIR": f"{scratch}/ipython",
        "MPLCONFIGDIR": f"{scratch}/matplotlib",
        "XDG_CACHE_HOME": f"{scratch}/cache",
        "HOME": WORKSPACE,
        "USER": "researcher",
        "SHELL": "/bin/sh",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PATH": f"{venv}/bin:/usr/local/bin:/usr/bin:/bin",
        "SAFEROOM_AIRLOCK_SOCKET": AIRLOCK_SOCKET,
        "SAFEROOM_DATA": DATA,
        OUTBOX_FOLDER: outbox_folder(place),
        "SAFEROOM_PROJECT": place.project,
    }
