"""``saferoom demo``: a demonstration to click through, or the whole main job without a person."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from saferoom.errors import BadInputError, SaferoomError
from saferoom.hub.home import Home

_MARK = "demo"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo", help="Start a demonstration with real microdata; --headless drives the whole job.")(demo)


def demo(
    headless: Annotated[bool, typer.Option("--headless", help="Do the whole main job without a person.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the earlier demonstration and start over.")] = False,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the hub; else the first free one.")
    ] = None,
    home: Annotated[Path | None, typer.Option(help="Where to keep it; SAFEROOM_HOME, else .saferoom/demo.")] = None,
    code: Annotated[str | None, typer.Option(metavar="USER", help="Print USER's one-time code of now.")] = None,
) -> None:
    """Start a demonstration with real microdata: people, projects, a hub, an airlock and an example notebook."""
    chosen = _chosen(home)
    if code is not None:
        _print_code(chosen or Home(_default_folder()), code)
    elif headless:
        with _headless_home(chosen, fresh) as place:
            _perform(place, port)
    else:
        place = chosen or Home(_default_folder())
        if fresh:
            _forget(place)
        _host(place, port)


def _chosen(home: Path | None) -> Home | None:
    if home is not None:
        return Home(home.resolve())
    return Home.from_environment() if os.environ.get("SAFEROOM_HOME") else None


def _default_folder() -> Path:
    """Return ``.saferoom/demo`` in the checkout, or in the current folder when Saferoom was installed from a wheel."""
    checkout = Path(__file__).resolve().parents[2]
    base = checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()
    return base / ".saferoom" / "demo"


def _print_code(home: Home, user: str) -> None:
    from saferoom.clock import SystemClock
    from saferoom.hub.demo.sign_ins import load
    from saferoom.hub.demo.stage import folder

    people = {str(name): sign_in for name, sign_in in load(folder(home) / "sign-ins.json").items()}
    if user not in people:
        raise BadInputError(f"nobody here is called {user!r}; there are {', '.join(people)}")
    print(people[user].code(SystemClock().now()))


@contextmanager
def _headless_home(chosen: Home | None, fresh: bool) -> Iterator[Home]:
    """Yield the home that was asked for, or a new one for a run like any other; it goes unless a step fails."""
    if chosen is not None:
        if fresh:
            _forget(chosen)
        yield chosen
        return
    place = Home(Path(tempfile.mkdtemp(prefix="saferoom-demo-")))
    try:
        yield place
    except SaferoomError:
        typer.echo(f"saferoom: the home is kept, to look at: {place.root}", err=True)
        raise
    except BaseException:
        _remove(place)
        raise
    _remove(place)


def _remove(home: Home) -> None:
    _remove_outside(home)
    shutil.rmtree(home.root, ignore_errors=True)


def _remove_outside(home: Home) -> None:
    """Remove what a home keeps elsewhere: sockets, and the folder in memory where extracts were open."""
    from saferoom.hub.memory_folder import memory_folder

    shutil.rmtree(memory_folder(home).path, ignore_errors=True)
    shutil.rmtree(home.run, ignore_errors=True)


def _forget(home: Home) -> None:
    if not home.root.exists():
        return
    if not (home.root / _MARK).is_dir():
        raise BadInputError(f"{home.root} holds no demonstration, so --fresh removes nothing there")
    _remove_outside(home)
    shutil.rmtree(home.root)


def _perform(home: Home, port: int | None) -> None:
    from saferoom.hub.demo.headless import perform
    from saferoom.hub.demo.process import any_port

    _interruptible()
    typer.echo(f"saferoom: demonstration without a person, home {home.root}")
    perform(home, any_port(port), typer.echo)


def _host(home: Home, port: int | None) -> None:
    from saferoom.hub.demo.hosting import host
    from saferoom.hub.demo.process import free_port

    _interruptible()
    host(home, free_port(port), typer.echo)


def _interruptible() -> None:
    """Let a polite end (SIGTERM) unwind like Ctrl-C, so that nothing keeps running."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    # A shell starts programs in the background with Ctrl-C ignored; this one still listens when it is told.
    signal.signal(signal.SIGINT, signal.default_int_handler)
