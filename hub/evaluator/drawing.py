"""Has noise drawn for the airlock; implements `saferoom.projects.airlock.drawing.Drawing`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from saferoom.ids import ProjectSlug, Username
from saferoom.projects.airlock.drawing import Draw

if TYPE_CHECKING:
    from saferoom.hub.wiring import Instance


class Drawer:
    """An instance's evaluator, which is loaded when something is drawn."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    @contextmanager
    def ready(
        self, author: Username, project: ProjectSlug, queries: Sequence[Mapping[str, Any]]
    ) -> Iterator[Sequence[Draw]]:
        """Wait for a turn and have every query's data at hand."""
        with self._instance.evaluator.ready(author, project, queries) as draws:
            yield draws
