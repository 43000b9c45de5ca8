"""The linked project is set up by a process of its own, so that its work stands in the way of nothing.

Libraries that work for seconds at a time would hold back, or even swallow, the Ctrl-C of the one who waits.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from saferoom.errors import SaferoomError
from saferoom.hub.demo.linked.staging import PROJECT
from saferoom.hub.demo.process import end
from saferoom.hub.demo.stage import stage_linked
from saferoom.hub.demo.steps import Steps
from saferoom.hub.home import Home
from saferoom.hub.jupyter.programs import tethered


@contextmanager
def linking_beside(home: Home) -> Iterator[None]:
    """Set up the linked project of `home` while the block runs; its steps are printed, and it ends with the block."""
    command = tethered([sys.executable, "-u", "-P", "-m", __name__, str(home.root)])
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        end(process)


def main(root: str) -> None:
    """Set it up in this process; what goes wrong is said, and ends nothing else."""
    typer.echo("\nsaferoom: preparing the linked project; meanwhile everything else can be used")
    try:
        stage_linked(Home(Path(root)), Steps(typer.echo))
    except SaferoomError as error:
        typer.echo(f"saferoom: the linked project is not there: {error.message}")
    else:
        typer.echo(f"saferoom: the linked project {PROJECT} is ready")


if __name__ == "__main__":
    main(sys.argv[1])
