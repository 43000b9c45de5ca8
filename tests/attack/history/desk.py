"""Runs sequences through Saferoom as a user would: each query is judged by everything released before, and what passes
is released and remembered. Beginnings that scenarios share are run once."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from tests.attack.history.model import Dangerous, Left, Safe, Step
from tests.benchmark.worlds import Data
from tests.support.attackers.reading import Rows

from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.contributors import Noise
from saferoom.disclosure.history.differencing import differencing
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.engine import Limits
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Label, Table, Verdict
from saferoom.policies.models import RiskAppetite

_LIMITS = Limits(memory_mib=500, seconds=60, threads=1)
_SMALL = 10
_SECRET = b"what noise is made with, in tests"


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
        rows = self.evaluation.table.rows if self.step.plainly else _plainly_protected(self.step, self.evaluation)
        return Left(self.step, rows, apart=True)


def _plainly_protected(step: Step, evaluation: Evaluation) -> Rows:
    """Blank every cell of few units, and change every number by itself."""
    protect, rows = step.document.get("protect", {}), evaluation.table.rows
    width = len(step.document.get("by", ()))
    method = protect.get("method", "none")
    if method == "suppress":
        sizes = min_sizes(evaluation)
        return [row if sizes.get(row[:width], 0) >= _SMALL else (*row[:width], None) for row in rows]
    if method in _CHANGES:
        rng = np.random.default_rng(zlib.crc32(json.dumps(step.document).encode()))
        return [(*row[:width], *(_CHANGES[method](float(str(n)), protect, rng) for n in row[width:])) for row in rows]
    return rows


def _randomly(number: float, protect: Mapping[str, Any], rng: np.random.Generator) -> float:
    base = float(protect.get("base", 10))
    return base * float(np.floor(number / base + rng.random()))


def _with_noise(number: float, protect: Mapping[str, Any], rng: np.random.Generator) -> float:
    return max(0.0, number + float(np.clip(np.rint(rng.normal(0, 8**0.5)), -10, 10)))


def _to_the_nearest(number: float, protect: Mapping[str, Any], rng: np.random.Generator) -> float:
    base = float(protect.get("base", 5))
    return base * float(np.floor(number / base + 0.5))


_CHANGES: Mapping[str, Callable[[float, Mapping[str, Any], np.random.Generator], float]] = {
    "round": _to_the_nearest,
    "random_rounding": _randomly,
    "cell_key": _with_noise,
}


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
            path = (*path, json.dumps([step.version, step.document, step.noise]))
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
        context = Context([source], policy, memory=memory, limits=_LIMITS, secret=_SECRET)
        if not step.noise:
            return check(parse_query(step.document), context)
        return _noisy(step, check(parse_query(step.document), replace(context, memory=Memory.empty())), context)


def _noisy(step: Step, exact: Evaluation, context: Context) -> Evaluation:
    """Return a release of the privacy lane: the exact table with noise, judged by the memory as such."""
    width = len(step.document.get("by", ()))
    rng = np.random.default_rng(zlib.crc32(json.dumps(step.document).encode()))
    rows = [
        (*row[:width], *(float(str(n)) + rng.laplace(0, step.noise) for n in row[width:])) for row in exact.table.rows
    ]
    contributors = replace(exact.contributors, noise=Noise.DP)
    findings = differencing(contributors, context.memory or Memory.empty(), context.policy)
    table = Table(exact.table.columns, tuple(rows))
    verdict = Verdict.worst(finding.severity for finding in findings) if findings else Verdict.PASS
    return replace(exact, table=table, outgoing=table, findings=findings, verdict=verdict, contributors=contributors)
