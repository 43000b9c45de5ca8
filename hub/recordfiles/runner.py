"""Has record-level files made: the plan and the seed come from here, the work is done in a sandbox."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping
from typing import Any

from saferoom.digests import canonical
from saferoom.hub import keys
from saferoom.hub.evaluator.runner import Evaluator, answered
from saferoom.hub.recordfiles.job import Made as Protected
from saferoom.hub.recordfiles.job import RecordJob, read_answer
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.airlock.record_files import Made, Order
from saferoom.projects.record_plans.checks import least_k, with_sensitive
from saferoom.projects.record_plans.made import Told

COMMAND = (sys.executable, "-P", "-m", "saferoom.hub.recordfiles")
TIMEOUT_SECONDS = 300.0
_CHANCE_BYTES = 32
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
    chance = keys.record_secrets(instance.home, canonical(named))
    found = _done((instance, evaluator), (author, project, dataset), plan.plan, chance)
    return Made(found.csv, Told.read(found.told), found.evaluation)


def attempt(
    instance: Instance, owner: Username, project: ProjectSlug, dataset: DatasetName, plan: Mapping[str, Any]
) -> Told:
    """Tell what a plan that nobody allowed yet would do to a project's extract; nothing of it is kept.

    Its random numbers are others than those of a file that leaves.

    Raises
    ------
    As `make`.
    """
    chance = secrets.token_bytes(_CHANCE_BYTES), secrets.token_bytes(_CHANCE_BYTES)
    return Told.read(_done((instance, instance.evaluator), (owner, project, dataset), plan, chance).told)


def _done(
    by: tuple[Instance, Evaluator],
    about: tuple[Username, ProjectSlug, DatasetName],
    plan: Mapping[str, Any],
    chance: tuple[bytes, bytes],
) -> Protected:
    instance, evaluator = by
    dataset = instance.registry.dataset(about[2])
    least = least_k(dataset, instance.registry.platform())
    with evaluator.at_hand(*about) as (job, binds):
        work = RecordJob(job, with_sensitive(plan, dataset), max(least, job.policy.threshold_units), *chance)
        return read_answer(answered(instance.place, COMMAND, work.to_bytes(), binds, TIMEOUT_SECONDS, _TOO_MUCH))
