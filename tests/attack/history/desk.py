"""Runs sequences through Saferoom as a user would: each query is judged by everything released before, and what passes
is released and remembered. Beginnings that scenarios share are run once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.attack.history.model import Dangerous, Left, Safe, Step
from tests.benchmark.worlds import Data
from tests.support.attackers.reading import Rows

from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.engine import Limits
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Label, Verdict
from saferoom.policies.models import RiskAppetite

_LIMITS = Limits(memory_mib=500, seconds=60, threads=1)
_SMALL = 10


@dataclass(frozen=True)
class Ran:
    """What came of one step."""

    step: Step
    evaluation: Evaluation

    @property
    def passed(self) -> bool:
        """Whether it was released."""
        return self.evaluation.verdict is Verdict.PASS

    @property
    def rules(self) -> set[str]:
        """Why it was not."""
        return {finding.rule for finding in self.evaluation.findings}

    @property
    def left(self) -> Left:
        """What is outside now."""
        table = self.evaluation.outgoing if self.passed else None
        return Left(self.step, None if table is None else table.rows)

    @property
    def unprotected(self) -> Left:
        """What a tool without memory would have let out."""
        return Left(self.step, _plainly_protected(self.step, self.evaluation))


def _plainly_protected(step: Step, evaluation: Evaluation) -> Rows:
    """Blank every cell of few units, and round every number by itself."""
    protect, table = step.document.get("protect", {}), evaluation.table
    width = len(step.document.get("by", ()))
    if protect.get("method") == "suppress":
        sizes = min_sizes(evaluation)
        return [row if sizes.get(row[:width], 0) >= _SMALL else (*row[:width], None) for row in table.rows]
    return table.rows


def min_sizes(evaluation: Evaluation) -> dict[tuple[Label, ...], int]:
    """Return how many units are behind each cell, of the kind that has the fewest."""
    counted = zip(*evaluation.evidence["units"].values(), strict=True)
    return {tuple(cell): min(units) for cell, units in zip(evaluation.evidence["cells"], counted, strict=True)}


@dataclass
class Desk:
    """Judges sequences; files live in `folder`."""

    folder: Path
    begun: dict[tuple[str, ...], tuple[Memory, tuple[Ran, ...]]] = field(default_factory=dict)

    def run(self, work: Dangerous | Safe) -> tuple[Ran, ...]:
        """Hand in every step of a sequence."""
        path: tuple[str, ...] = (work.policy.model_dump_json(), *(data.key for data in work.versions))
        memory = Memory.empty()
        ran: tuple[Ran, ...] = ()
        for step in work.steps:
            path = (*path, json.dumps([step.version, step.document]))
            if path not in self.begun:
                one = Ran(step, self.judge(step, work.versions, work.policy, memory))
                after = memory.with_evaluation(one.evaluation) if one.passed else memory
                self.begun[path] = (after, (*ran, one))
            memory, ran = self.begun[path]
        # What is shared was said by others who may have read it otherwise.
        return tuple(Ran(step, one.evaluation) for step, one in zip(work.steps, ran, strict=True))

    def judge(self, step: Step, versions: Sequence[Data], policy: RiskAppetite, memory: Memory) -> Evaluation:
        """Judge one step after what is remembered."""
        data = versions[step.version]
        source = Source(data.name, data.parquet(self.folder), data.units)
        return check(parse_query(step.document), Context([source], policy, memory=memory, limits=_LIMITS))
