"""The program a room starts with: JupyterLab on the socket that the hub opened, or in a pod at its port.

Run as ``python -P -m saferoom.hub.jupyter.room`` inside a room's sandbox.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from saferoom.hub.jupyter import outbox, own_packages
from saferoom.hub.jupyter.room_terms import OUTBOX_FOLDER
from saferoom.hub.jupyter.rooms import LISTENER

_CONFIGURATION = Path(__file__).with_name("room_config")
_OUTBOX_IN_POD = Path("/tmp/outbox")  # noqa: S108 the room's own, in memory; the image's /outbox leads there


def main() -> None:
    """Run JupyterHub's single-user server where the hub will look for it."""
    inherited = os.environ.pop(LISTENER, None)
    _keep_log_inside()
    os.environ["JUPYTER_CONFIG_DIR"] = str(_CONFIGURATION)
    sys.argv = ["saferoom-room"]
    if inherited is None:
        # Nothing but this pod's own memory can be written before the workspace, so the link is made here.
        with suppress(FileExistsError):
            _OUTBOX_IN_POD.symlink_to(os.environ[OUTBOX_FOLDER])
    else:
        _answer_at(int(inherited))
    outbox.start()
    own_packages.start()
    run: Any = _single_user()
    run()


def _answer_at(inherited: int) -> None:
    """Make the server answer at the socket that the hub opened."""
    listener = socket.socket(fileno=inherited)
    # Accepting would block the server otherwise.
    listener.setblocking(False)
    os.set_inheritable(listener.fileno(), False)
    # Of what is needed for setting up only these two decide about the address.
    import jupyter_server.serverapp as serverapp

    vars(serverapp).update(
        bind_unix_socket=lambda *_args, **_options: listener,
        unix_socket_in_use=lambda *_args, **_options: False,
    )
    sys.argv.append("--ServerApp.sock=/run/inherited.sock")


def _keep_log_inside() -> None:
    """Write the server's log to the room's memory: it may hold data and must not reach the hub's log."""
    log = os.open("/tmp/server.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)  # noqa: S108
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def _single_user() -> Any:
    from jupyterhub.singleuser import main as single_user

    return single_user


if __name__ == "__main__":
    main()
