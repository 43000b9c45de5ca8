"""Epochs of a project's ids: each time they are changed, a new one begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from saferoom.ids import ProjectSlug
from saferoom.projects.extracts.pseudonyms import FIRST_EPOCH

TABLE_ENDED = "ids.read_through_ended"
"""The audit trail's word for the end of a table of old and new ids."""


class Epochs(Protocol):
    """Keeps which epoch each project is in."""

    def current(self, project: ProjectSlug) -> int:
        """Return the epoch in which the project's next extracts are made; 1 until its ids were ever changed."""
        ...

    def ended(self, project: ProjectSlug) -> int:
        """Return the epoch in which the project's table of old and new ids was last ended; 0 where none was."""
        ...

    def begin(self, project: ProjectSlug, actor: str, reason: str) -> int:
        """Begin another epoch, with an event in the audit trail; return it."""
        ...


@dataclass
class EpochsInMemory:
    """Keeps epochs for as long as the process runs, for tests and measurements."""

    known: dict[ProjectSlug, int] = field(default_factory=dict)

    def current(self, project: ProjectSlug) -> int:
        """Return the project's epoch."""
        return self.known.get(project, FIRST_EPOCH)

    def ended(self, project: ProjectSlug) -> int:  # noqa: ARG002 - nothing is kept of it
        """Return 0."""
        return 0

    def begin(self, project: ProjectSlug, actor: str, reason: str) -> int:  # noqa: ARG002 - nobody is told
        """Begin another epoch."""
        self.known[project] = self.current(project) + 1
        return self.known[project]
