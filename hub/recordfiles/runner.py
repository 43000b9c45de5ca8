"""Has record-level files made: the plan and the seed come from here, the work is done in a sandbox."""

from __future__ import annotations

import sys

from saferoom.digests import canonical
from saferoom.hub import keys
from saferoom.hub.evaluator.runner import Evaluator, answered
from saferoom.hub.recordfiles.job import RecordJob, read_answer
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.airlock.record_files import Made, Order
from saferoom.projects.record_plans.checks import least_k
from saferoom.projects.record_plans.made import Told

COMMAND = (sys.executable, "-P", "-m", "saferoom.hub.recordfiles")
TIMEOUT_SECONDS = 300.0
_TOO_MUCH = ("the record plan", "ask the data owner for one that recodes more before it hides or perturbs")


def make(instance: Instance, evaluator: Evaluator, author: Username, project: ProjectSlug, order: Order) -> Made:
    """Protect the project's extract as the order's plan says; the same order and project give the same file.

    Raises
    ------
    BadInputError
        The plan cannot be done on this extract, or its limits do not hold of the result.
    WrongStateError, UnavailableError, IntegrityError, TooManyError
        As `saferoom.hub.evaluator.runner.Evaluator.evaluate`.
    """
    plan, dataset = order.plan, DatasetName(order.plan.dataset)
    named = {"project": project, "dataset": dataset, "version": order.version, "plan": plan.digest}
    seed, salt = keys.record_secrets(instance.home, canonical(named))
    least = least_k(instance.registry.dataset(dataset), instance.registry.platform())
    with evaluator.at_hand(author, project, dataset) as (job, binds):
        work = RecordJob(job, plan.plan, max(least, job.policy.threshold_units), seed, salt)
        found = read_answer(answered(instance.home, COMMAND, work.to_bytes(), binds, TIMEOUT_SECONDS, _TOO_MUCH))
        return Made(found.csv, Told.read(found.told), found.evaluation)
