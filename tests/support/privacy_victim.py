"""A process that submits a quote, and on the way kills itself or finds the disk full."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session
from tests.support.forked import Forked
from tests.support.privacy_airlock import reopened

from saferoom.errors import SaferoomError
from saferoom.hub.home import Home
from saferoom.ids import EvaluationId


def killed(folder: Path, point: str, *ids: EvaluationId) -> bool:
    """Submit `ids` in a process that kills itself at `point`; tell whether it got there.

    Parameters
    ----------
    point : str
        A checkpoint of the airlock, or ``commit-3`` for the moment before the third commit.
    """
    log = folder / "victim.log"
    process = Forked(_submit, str(folder), point, *ids, environment=_environment(folder), log=log)
    try:
        ended = process.wait(120)
    finally:
        process.close()
    assert ended in (0, -signal.SIGKILL), log.read_text()
    return ended != 0


def filled(folder: Path, point: str, *ids: EvaluationId) -> str:
    """Submit `ids` in a process that can write to no file any more from `point` on; return what it was told."""
    log = folder / "victim.log"
    process = Forked(_fill, str(folder), point, *ids, environment=_environment(folder), log=log)
    try:
        assert process.wait(120) == 0, log.read_text()
    finally:
        process.close()
    return (folder / "said").read_text()


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "SAFEROOM_DATABASE_URL": Home(folder / "home").database_url}


def _fill(folder: str, point: str, *ids: str) -> None:
    with (Path(folder) / "said").open("w") as told, reopened(Path(folder)) as place:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

        def at(step: str) -> None:
            if step == point:
                resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))

        try:
            state = place.with_parts(checkpoint=at).ask(*map(EvaluationId, ids)).state.value
        except (SaferoomError, OSError) as error:
            state = str(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        told.write(state)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _submit(folder: str, point: str, *ids: str) -> None:
    commits = 0

    def at_commit(session: Session) -> None:
        nonlocal commits
        # What is kept in between, at a savepoint, is no commit.
        commits += not session.in_nested_transaction()
        if point == f"commit-{commits}":
            _die()

    with reopened(Path(folder)) as place:
        dying = place.with_parts(checkpoint=lambda step: _die() if step == point else None)
        event.listen(Session, "before_commit", at_commit)
        dying.ask(*map(EvaluationId, ids))
