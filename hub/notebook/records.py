"""Record-level files: made on the trusted side from the project's extract, by a plan that the data owner allowed.

Nothing of the room's own goes into such a file. Asking for it again gives the same file.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from saferoom.hub.notebook import markup
from saferoom.hub.notebook.connection import Connection
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.files import File

_PATIENCE_SECONDS = 420.0
"""A plan may work for five minutes, and waits for its turn before."""
_NOT_UNDERSTOOD = "the airlock's answer was not understood; restart the room so that both match"
_HEADS = ("dataset", "plan", "until", "columns that leave")
_HINT = "Ask for one with saferoom.record_file(DATASET, plan=PLAN); .plan of one tells its steps and limits."
_NO_PLANS = "No plan is open to this project: no file of records may leave. The data owner can allow one."


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


class RecordPlans(tuple[RecordPlan, ...]):
    """The plans that are open to the project, shown as a table."""

    __slots__ = ()

    def _rows(self) -> list[tuple[str, ...]]:
        return [(one.dataset, one.name, one.until, ", ".join(one.columns)) for one in self]

    def __repr__(self) -> str:
        """Return datasets, names, last days and columns as text."""
        return "\n".join([*markup.columns_text([_HEADS, *self._rows()], len(_HEADS)), _HINT]) if self else _NO_PLANS

    def _repr_html_(self) -> str:
        if not self:
            return markup.panel(markup.paragraph(_NO_PLANS))
        return markup.panel(markup.words_html(_HEADS, self._rows()), markup.small(_HINT))


def record_plans() -> RecordPlans:
    """Return the plans by which files of records may leave from this project today."""
    answer = Connection.from_environment().get("/api/room/record-plans")
    try:
        return RecordPlans(
            RecordPlan(
                str(one["dataset"]), str(one["name"]), str(one["until"]), tuple(map(str, one["columns"])), one["plan"]
            )
            for one in answer
        )
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
