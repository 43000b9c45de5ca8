"""The small real instance with privacy budgets: what is asked for is drawn in a real sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

from tests.support.airlock_world import INCOME, MOBILITY, NOW, OWNERS, World, world

from saferoom.clock import Clock, FrozenClock
from saferoom.disclosure.evaluation import Evaluation
from saferoom.hub.evaluator import padding, runner
from saferoom.hub.evaluator.__main__ import judged
from saferoom.hub.evaluator.job import Job
from saferoom.hub.evaluator.runner import Evaluator
from saferoom.hub.home import Home
from saferoom.hub.sandbox import Bind
from saferoom.hub.store import tables
from saferoom.hub.wiring import Instance
from saferoom.ids import EvaluationId, ProjectSlug, Username
from saferoom.projects.airlock.model import EvaluationRecord, Request
from saferoom.projects.airlock.service import Airlock
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import AccountId, AccountKind, Charge, ChargeState

ANA = Username("ana")
BUDGET = {"epsilon": "20", "delta": "0.000001"}
LIMIT = Loss(10**9, 10**9)
LINEAGE = AccountId(AccountKind.LINEAGE, "survey")
COUNTS: dict[str, Any] = {
    "from": "survey",
    "statistic": "frequency",
    "by": ["region"],
    "protect": {"method": "dp", "rho": 0.25},
}
"""A quarter of the budget."""
WORDS = {"title": "People by region", "context": "For a map.", "controls": "Noise from the budget."}


@dataclass(frozen=True)
class PrivacyAirlock:
    """An instance whose data owners set budgets: rho 1 for the people of each dataset."""

    world: World
    airlock: Airlock

    def evaluate(
        self, query: Mapping[str, Any] = COUNTS, author: Username = ANA, project: ProjectSlug = MOBILITY
    ) -> EvaluationRecord:
        """Return the record of a quote, as the evaluator makes it in its sandbox."""
        evaluation = Evaluator(self.world.instance).evaluate(author, project, query)
        return self.airlock.record_evaluation(author, project, evaluation)

    def ask(self, *ids: EvaluationId, author: Username = ANA, **words: str) -> Request:
        """Submit evaluations."""
        said = {**WORDS, **words}
        return self.airlock.submit(author, MOBILITY, list(ids), said["title"], said["context"], said["controls"])

    def charge(self, record: EvaluationRecord) -> Charge:
        """Return what was charged for a quote."""
        with self.airlock.ledger.store.reading() as tx:  # type: ignore[union-attr]
            found = tx.by_key(record.project, record.id)
        assert found is not None
        return found

    def charges(self, *states: ChargeState) -> list[Charge]:
        """Return every charge, or those in some states."""
        with self.airlock.ledger.store.reading() as tx:  # type: ignore[union-attr]
            return [charge for state in states or tuple(ChargeState) for charge in tx.in_state(state)]

    @property
    def spent(self) -> Loss:
        """What was debited to the survey's people."""
        with self.airlock.ledger.store.reading() as tx:  # type: ignore[union-attr]
            return tx.account(LINEAGE).spent

    def with_parts(self, **changes: Any) -> PrivacyAirlock:
        """Return the world with other parts of its airlock."""
        return replace(self, airlock=replace(self.airlock, **changes))


@contextmanager
def privacy_airlock(folder: Path, clock: Clock | None = None, *, sandboxed: bool = True) -> Iterator[PrivacyAirlock]:
    """Yield a new instance below `folder`, which does not wait until its answers have taken one of a few times.

    Parameters
    ----------
    sandboxed : bool
        False computes and draws in this process, which is quicker.
    """
    with quick(sandboxed), world(folder, clock) as made:
        for slug in (MOBILITY, INCOME):
            for dataset in OWNERS:
                made.change(tables.ApprovalRow, (slug, dataset), budget=BUDGET)
        with made.instance.ledger.store.transaction() as tx:
            for dataset in OWNERS:
                tx.limit(AccountId(AccountKind.LINEAGE, dataset), LIMIT)
        yield PrivacyAirlock(made, made.instance.airlock)


@contextmanager
def reopened(folder: Path, clock: Clock | None = None) -> Iterator[PrivacyAirlock]:
    """Yield the instance that was made below `folder`, as after a start of the service."""
    instance = Instance.open(Home(folder / "home"), clock or FrozenClock(NOW))
    try:
        with quick(sandboxed=False):
            yield PrivacyAirlock(World(instance), instance.airlock)
    finally:
        instance.close()


@contextmanager
def quick(sandboxed: bool) -> Iterator[None]:
    """Leave the waiting out, and the sandbox as well where it is not what is tested."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(padding, "CLASSES_SECONDS", ()))
        if not sandboxed:
            stack.enter_context(mock.patch.object(runner, "judge", _judge_here))
        yield


def _judge_here(_home: Home, job: Job, files: Sequence[Bind], *_: float) -> Evaluation:
    outside = {bind.target: bind.source for bind in files}
    sources = [replace(source, path=outside[str(source.path)]) for source in job.sources]
    found = judged(replace(Job.from_bytes(job.to_bytes()), sources=sources))
    return Evaluation.from_json(json.loads(json.dumps(found.to_json())))
