"""``saferoom hub``: starts an instance and stays until Ctrl-C."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saferoom.errors import BadInputError, WrongStateError
from saferoom.hub.home import Home
from saferoom.hub.jupyter.addresses import host
from saferoom.hub.jupyter.waiting import RoomLimits
from saferoom.hub.memory_folder import memory_folder
from saferoom.hub.sandbox import Limits, enforcement
from saferoom.hub.sandbox.spec import MEBIBYTE

if TYPE_CHECKING:
    from saferoom.hub.sign_in_settings import SignIn

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
    rooms_most: Annotated[
        int | None, typer.Option(min=1, help="Rooms of everybody at once; more wait. By free memory alone otherwise.")
    ] = None,
    rooms_each: Annotated[int, typer.Option(min=1, help="Rooms that one person may have or wait for.")] = 10,
    room_free_memory: Annotated[
        int, typer.Option(min=0, help="Memory that must be free for one more room to start, MiB; others wait.")
    ] = 512,
    settings: Annotated[
        Path | None, typer.Option(help="A YAML file that says how people sign in; with passwords kept here otherwise.")
    ] = None,
) -> None:
    """Start an instance: check what can be enforced here, say so, then run until Ctrl-C."""
    chosen = Home(home.resolve()) if home else Home.from_environment()
    chosen_sign_in = _sign_in(settings) if settings else None
    oidc = chosen_sign_in if chosen_sign_in is not None and chosen_sign_in.method == "oidc" else None
    public_url = chosen_sign_in.public_url if chosen_sign_in is not None else None
    secure_cookies = secure_cookies or (public_url or "").startswith("https:")
    if secure_cookies is False and address not in ("127.0.0.1", "::1", "localhost"):
        raise BadInputError("listening beyond this machine needs TLS in front: say so with --secure-cookies")
    limits = Limits(memory_bytes=room_memory * MEBIBYTE, cpus=room_cpus)
    passed = {"port": port, "address": address, "secure_cookies": secure_cookies, "limits": asdict(limits)}
    rooms = RoomLimits(most=rooms_most, each=rooms_each, memory_bytes=room_free_memory * MEBIBYTE)
    passed["rooms"] = asdict(rooms)
    passed["public_url"] = public_url
    passed["oidc"] = oidc.model_dump_json() if oidc else None
    os.environ["SAFEROOM_HOME"] = str(chosen.root)
    os.environ["SAFEROOM_HUB_SETTINGS"] = json.dumps(passed)
    # Before anything else: without a sandbox there is no hub.
    for line in enforcement().lines():
        typer.echo(f"saferoom: {line}")
    typer.echo(f"saferoom: {memory_folder(chosen).sentence}")
    if oidc is not None:
        typer.echo(f"saferoom: people sign in through {oidc.name} ({oidc.issuer})")
    chosen.prepare()
    with only_one(chosen):
        check_port(address, port)
        _prepare(chosen)
        typer.echo(f"saferoom: home {chosen.root}")
        typer.echo(f"saferoom: starting at http://{host(address)}:{port}/ (Ctrl-C ends it and every room)")
        _run()


def _sign_in(file: Path) -> SignIn:
    from saferoom.hub.sign_in_settings import load

    return load(file)


@contextmanager
def only_one(home: Home) -> Iterator[None]:
    """Let one hub at a time work on a home; the kernel forgets a hub that was killed.

    Raises
    ------
    WrongStateError
        Another one is running.
    """
    with (home.hub / "hub.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WrongStateError(f"another hub is running on the home {home.root}; stop it first") from None
        yield


def check_port(address: str, port: int) -> None:
    """Check that the proxy will be able to listen.

    Raises
    ------
    BadInputError
        The port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        # As the proxy does, so that connections that are still closing do not count.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
        except OSError as error:
            raise BadInputError(
                f"the hub cannot listen at {host(address)}:{port} ({error.strerror}); choose another --port"
            ) from None


def _prepare(home: Home) -> None:
    from saferoom.hub.housekeeping import settle_keys
    from saferoom.hub.jupyter.hub_store import write_ahead
    from saferoom.hub.key_evidence import check_present
    from saferoom.hub.store.migrate import upgrade
    from saferoom.hub.wiring import Instance

    check_present(home)
    instance = Instance.open(home)
    upgrade(instance.database)
    settle_keys(instance)
    instance.close()
    write_ahead(home.hub / "jupyterhub.sqlite")


def _run() -> None:
    from jupyterhub.app import JupyterHub

    JupyterHub.launch_instance(["--config", str(_CONFIG)])
