"""``python -P -m saferoom.hub.linkage.desk``: the door of clerical review, started by the hub; it starts the inside."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import structlog

from saferoom.errors import SaferoomError, UnavailableError
from saferoom.hub.home import Home
from saferoom.hub.linkage.desk.door import door_app
from saferoom.hub.linkage.desk.names import DOOR, PAGES, SOCKETS
from saferoom.hub.linkage.zones import Zone, start_in_zone
from saferoom.hub.sandbox import Bind, Limits, Running, identity
from saferoom.hub.sandbox.spec import MEBIBYTE
from saferoom.hub.web.shell import logs
from saferoom.hub.web.shell.hub_auth import Hub
from saferoom.hub.web.shell.serve import only_one, serve, unix_socket
from saferoom.hub.wiring import Instance

_log = structlog.get_logger()
_MODULE = "saferoom.hub.linkage.desk.inside"
_LIMITS = Limits(memory_bytes=2048 * MEBIBYTE, processes=64, cpus=1.0, file_bytes=MEBIBYTE, open_files=1024)


def main() -> None:
    """Run until told to stop."""
    logs.configure()
    try:
        _run(Home.from_environment())
    except SaferoomError as error:
        _log.error("clerical review cannot start", reason=error.message)
        sys.exit(1)


def _run(home: Home) -> None:
    if not os.environ.get("JUPYTERHUB_API_TOKEN"):
        raise UnavailableError("clerical review is started by the hub: run `saferoom hub`")
    instance = Instance.open(home)
    with only_one(home.run / "linkage.lock"):
        try:
            sockets = folder_of_sockets(home)
            hub = Hub.from_environment()
            inside = start_inside(home, sockets, hub)
            try:
                asyncio.run(_serve(instance, hub, sockets, inside))
            finally:
                inside.stop()
        finally:
            instance.close()


def folder_of_sockets(home: Home) -> Path:
    """Return the folder that door, pages and proxy share, made at first use; as root it is the zone's own."""
    folder = home.run / "linkage"
    folder.mkdir(mode=0o700, exist_ok=True)
    user = identity(home, Zone.LINKER.user)
    if user is not None:
        os.chown(folder, user, user)
    (folder / PAGES).unlink(missing_ok=True)
    return folder


def start_inside(home: Home, sockets: Path, hub: Hub) -> Running:
    """Start the pages in the linker's sandbox."""
    settings = {
        "prefix": hub.prefix,
        "hub_prefix": hub.hub_prefix,
        "public_url": os.environ.get("JUPYTERHUB_PUBLIC_URL", ""),
    }
    return start_in_zone(
        home,
        Zone.LINKER,
        _MODULE,
        [json.dumps(settings)],
        writable=[Bind(sockets, SOCKETS)],
        limits=_LIMITS,
        stderr=sys.stderr.fileno(),
    )


async def _serve(instance: Instance, hub: Hub, sockets: Path, inside: Running) -> None:
    door = unix_socket(sockets / DOOR, 0o666)
    managed = "JUPYTERHUB_SERVICE_NAME" in os.environ
    watch = asyncio.create_task(_watch(inside))
    try:
        await serve({door: door_app(instance, hub)}, os.getppid() if managed else None, "clerical review's door")
    finally:
        watch.cancel()
        await hub.close()


async def _watch(inside: Running) -> None:
    """End this process with the inside: the hub starts both anew."""
    while inside.poll() is None:
        await asyncio.sleep(1)
    _log.error("the pages of clerical review ended", status=inside.poll())
    os.kill(os.getpid(), 15)


if __name__ == "__main__":
    main()
