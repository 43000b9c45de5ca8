"""Record-level files: made on the trusted side from the project's extract, by a plan that the data owner allowed.

Nothing of the room's own goes into such a file. Asking for it again gives the same file.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from saferoom.hub.notebook.connection import Connection
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.files import File

_PATIENCE_SECONDS = 420.0
"""A plan may work for five minutes, and waits for its turn before."""
_NOT_UNDERSTOOD = "the airlock's answer was not understood; restart the room so that both match"


@dataclass(frozen=True)
class RecordPlan:
    """A plan by which a file of records may leave from this project.

    Attributes
    ----------
    dataset, name : str
        What `record_file` takes.
    until : str
        The last day on which such a file may leave.
    columns : tuple of str
        What the file has.
    plan : mapping
        The plan itself: key variables, steps, limits.
    """

    dataset: str
    name: str
    until: str
    columns: tuple[str, ...]
    plan: Mapping[str, Any] = field(repr=False)


def record_plans() -> list[RecordPlan]:
    """Return the plans by which files of records may leave from this project today."""
    answer = Connection.from_environment().get("/api/room/record-plans")
    try:
        return [
            RecordPlan(
                str(one["dataset"]), str(one["name"]), str(one["until"]), tuple(map(str, one["columns"])), one["plan"]
            )
            for one in answer
        ]
    except (KeyError, TypeError):
        raise RoomError(_NOT_UNDERSTOOD) from None


def record_file(dataset: str, plan: str) -> File:
    """Have the project's records of `dataset` protected by a plan of its data owner; nothing leaves by this.

    Its `release` asks for the file: two output checkers look at it, and then the data owner signs.

    Parameters
    ----------
    dataset : str
        A dataset of the project.
    plan : str
        The name of one of `record_plans`.

    Raises
    ------
    RoomError
        No such plan is open to the project, or its limits do not hold of the project's extract.
    """
    connection = replace(Connection.from_environment(), timeout_seconds=_PATIENCE_SECONDS)
    sys.stdout.write(f"The records of {dataset} are protected by the plan {plan} at the airlock ...\n")
    sys.stdout.flush()
    return File(connection, connection.post("/api/room/record-files", {"dataset": dataset, "plan": plan}))
