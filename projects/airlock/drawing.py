"""What has noise drawn, as a Protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from saferoom.disclosure.evaluation import Evaluation
from saferoom.ids import Digest, ProjectSlug, Username

Draw = Callable[[Digest], Evaluation]
"""Draws the noise of the plan with this digest, once."""


class Drawing(Protocol):
    """Has noise drawn, in a room that sees the data and nothing else."""

    def ready(
        self, author: Username, project: ProjectSlug, queries: Sequence[Mapping[str, Any]]
    ) -> AbstractContextManager[Sequence[Draw]]:
        """Wait for a turn and have everything at hand, so that once it is paid for only the draw itself can fail."""
        ...
