"""The program a room starts with: JupyterLab on the socket that the hub opened.

Run as ``python -P -m saferoom.hub.jupyter.room`` inside a room's sandbox.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

from saferoom.hub.jupyter import outbox
from saferoom.hub.jupyter.rooms import LISTENER


def main() -> None:
    """Take the inherited socket and run JupyterHub's single-user server on it."""
    listener = socket.socket(fileno=int(os.environ.pop(LISTENER)))
    # Accepting would block the server otherwise.
    listener.setblocking(False)
    os.set_inheritable(listener.fileno(), False)
    _keep_log_inside()
    # Of what is needed for setting up only these two decide about the address.
    import jupyter_server.serverapp as serverapp

    vars(serverapp).update(
        bind_unix_socket=lambda *_args, **_options: listener,
        unix_socket_in_use=lambda *_args, **_options: False,
    )
    sys.argv = ["saferoom-room", "--ServerApp.sock=/run/inherited.sock"]
    outbox.start()
    run: Any = _single_user()
    run()


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
