"""How an author's query is evaluated outside a room: as there, and counted as there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saferoom.disclosure.evaluation import Evaluation
from saferoom.hub.web.shell.parts import Parts
from saferoom.hub.web.shell.rates import Rate
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.airlock.advising import Evaluate


def evaluating(parts: Parts, author: Username, project: ProjectSlug) -> Evaluate:
    """Return what evaluates queries of `author` in `project`."""

    def evaluate(query: Mapping[str, Any], snapshot: bytes | None) -> Evaluation:
        parts.rates.spend(Rate.EVALUATIONS, author)
        return parts.evaluator.evaluate(author, project, query, snapshot)

    return evaluate
