"""``python -m saferoom.hub.linkage.desk.inside ZONE DESCRIPTOR SETTINGS``: the desk's pages, in the linker's sandbox.

`SETTINGS` is JSON: the paths of desk and hub and the pages' public address. The folder `SOCKETS` is shared with the
door's process and with nobody else but the proxy.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path

from saferoom.clock import SystemClock
from saferoom.hub.linkage.desk.asking import Door
from saferoom.hub.linkage.desk.names import DOOR, PAGES, SOCKETS
from saferoom.hub.linkage.desk.pages import DeskParts, desk_app
from saferoom.hub.linkage.process import open_from_descriptor
from saferoom.hub.web.shell import logs
from saferoom.hub.web.shell.serve import serve, unix_socket


def main() -> None:
    """Run until told to stop."""
    logs.configure()
    logging.getLogger("httpx").setLevel(logging.WARNING)
    zone = open_from_descriptor(sys.argv[1], int(sys.argv[2]))
    settings = json.loads(sys.argv[3])
    door = Door(Path(SOCKETS) / DOOR, settings["prefix"], settings["hub_prefix"])
    parts = DeskParts.of(zone, door, SystemClock(), settings["public_url"])
    asyncio.run(_serve(parts))


async def _serve(parts: DeskParts) -> None:
    pages = unix_socket(Path(SOCKETS) / PAGES, 0o600)
    try:
        await serve({pages: desk_app(parts)}, None, "clerical review")
    finally:
        await parts.door.close()


if __name__ == "__main__":
    main()
