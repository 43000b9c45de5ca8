"""A process that submits a quote and kills itself on the way."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session
from tests.support.forked import Forked
from tests.support.privacy_airlock import reopened

from saferoom.ids import EvaluationId


def killed(folder: Path, point: str, *ids: EvaluationId) -> bool:
    """Submit `ids` in a process that kills itself at `point`; tell whether it got there.

    Parameters
    ----------
    point : str
        A checkpoint of the airlock, or ``commit-3`` for the moment before the third commit.
    """
    log = folder / "victim.log"
    process = Forked(_submit, str(folder), point, *ids, environment={"PATH": os.environ["PATH"]}, log=log)
    try:
        ended = process.wait(120)
    finally:
        process.close()
    assert ended in (0, -signal.SIGKILL), log.read_text()
    return ended != 0


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
