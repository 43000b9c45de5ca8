"""``saferoom hub``: starts an instance and stays until Ctrl-C."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from saferoom.errors import BadInputError
from saferoom.hub.home import Home
from saferoom.hub.sandbox import Limits, enforcement
from saferoom.hub.sandbox.spec import MEBIBYTE

_CONFIG = Path(__file__).resolve().parents[1] / "jupyter" / "jupyterhub_config.py"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("hub", help="Start the hub, the airlock and the rooms of this instance.")(start)


def start(
    home: Annotated[Path | None, typer.Option(help="The instance's home; SAFEROOM_HOME otherwise.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where people reach the hub.")] = 8000,
    address: Annotated[
        str, typer.Option(help="Address to listen on. Put TLS in front of any but loopback.")
    ] = "127.0.0.1",
    secure_cookies: Annotated[bool, typer.Option(help="People reach the hub over TLS only.")] = False,
    room_memory: Annotated[int, typer.Option(min=256, help="Memory of a room, MiB.")] = 2048,
    room_cpus: Annotated[float, typer.Option(min=0.1, help="Processors of a room (as root).")] = 2.0,
) -> None:
    """Start an instance: check what can be enforced here, say so, then run until Ctrl-C."""
    chosen = Home(home.resolve()) if home else Home.from_environment()
    if secure_cookies is False and address not in ("127.0.0.1", "::1", "localhost"):
        raise BadInputError("listening beyond this machine needs TLS in front: say so with --secure-cookies")
    limits = Limits(memory_bytes=room_memory * MEBIBYTE, cpus=room_cpus)
    settings = {"port": port, "address": address, "secure_cookies": secure_cookies, "limits": asdict(limits)}
    os.environ["SAFEROOM_HOME"] = str(chosen.root)
    os.environ["SAFEROOM_HUB_SETTINGS"] = json.dumps(settings)
    # Before anything else: without a sandbox there is no hub.
    for line in enforcement().lines():
        typer.echo(f"saferoom: {line}")
    _prepare(chosen)
    typer.echo(f"saferoom: home {chosen.root}")
    typer.echo(f"saferoom: starting at http://{address}:{port}/ (Ctrl-C ends it and every room)", nl=True)
    _run()


def _prepare(home: Home) -> None:
    from saferoom.hub.store.migrate import upgrade
    from saferoom.hub.wiring import Instance

    instance = Instance.open(home)
    upgrade(instance.database)
    instance.close()


def _run() -> None:
    from jupyterhub.app import JupyterHub

    JupyterHub.launch_instance(["--config", str(_CONFIG)])
