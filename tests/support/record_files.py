"""A data owner's plan for the small world of the airlock, and a record-level file on its way out."""

from __future__ import annotations

from typing import Any

import yaml
from tests.support.airlock_world import MOBILITY, World

from saferoom.hub.administration import Administration
from saferoom.hub.evaluator.runner import Evaluator
from saferoom.hub.recordfiles.runner import make
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.airlock.model import Choice, EvaluationRecord, Request

SURVEY = DatasetName("survey")
ANA, DORA = Username("ana"), Username("dora")
TEACHING: dict[str, Any] = {
    "keys": ["region", "education"],
    "columns": ["person_id", "region", "education", "wage"],
    "steps": [{"method": "recode", "columns": ["region"], "groups": {"south and west": ["south", "west"]}}],
    "limits": {"k": 10, "max_risk": 0.1},
}
NOISY = {**TEACHING, "steps": [*TEACHING["steps"], {"method": "noise", "columns": ["wage"], "size": 0.2}]}


def document(**changes: Any) -> dict[str, Any]:
    """Return what a data owner writes."""
    known = {"kind": "record_plan", "dataset": "survey", "name": "teaching-file", "allowed_by": "dora"}
    return {**known, "until": "2099-12-31", "plan": TEACHING, **changes}


def apply(world: World, *documents: dict[str, Any]) -> None:
    """Register documents, as an administrator's command does."""
    instance = world.instance
    administration = Administration(instance.database, instance.clock, instance.signing_key, "operator")
    administration.apply(read_entries([(yaml.safe_dump_all(documents), "plans.yaml")]))


def allow(world: World, **changes: Any) -> None:
    """Allow the teaching file's plan, or another."""
    apply(world, document(**changes))


def made(
    world: World, name: str = "teaching-file", author: Username = ANA, project: ProjectSlug = MOBILITY
) -> EvaluationRecord:
    """Return a record-level file that was made by a plan."""
    airlock = world.instance.airlock
    order = airlock.record_plan(author, project, SURVEY, name)
    found = make(world.instance, Evaluator(world.instance), author, project, order)
    return airlock.keep_records(author, project, order, found)[0]


def submitted(world: World, record: EvaluationRecord) -> Request:
    """Return a request for the release of a record-level file."""
    return world.instance.airlock.submit(
        record.author, record.project, [record.id], "A teaching file", "For a course.", "By the owner's plan."
    )


def checked(world: World, request: Request) -> Request:
    """Return the request when two output checkers have approved it."""
    after = request
    for checker in ("ben", "cleo"):
        for output in request.outputs:
            after = world.instance.airlock.vote(Username(checker), request.id, output.id, Choice.APPROVED)
    return after


def signed(world: World, request: Request) -> Request:
    """Return the request when its data owner has signed."""
    world.instance.airlock.sign_off(DORA, request.id)
    return world.instance.airlock.found(request.id)
