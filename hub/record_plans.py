"""Record plans as data owners see, allow and revoke them; every change goes with its audit event."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from saferoom.errors import BadInputError, NotFoundError, WrongStateError
from saferoom.hub.administration import Administration
from saferoom.hub.recordfiles.runner import attempt
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.policies.document import Document
from saferoom.projects.administration.documents import Entry, RecordPlanDocument, key_of, read_entries
from saferoom.projects.airlock.model import Left
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.people.model import Person, Role
from saferoom.projects.record_plans.allowing import PlanForm, document_of, in_words
from saferoom.projects.record_plans.made import Told
from saferoom.projects.record_plans.model import RecordPlan, RecordTerms

_NO_PROJECT = (
    "no project that it is for has an approval of this dataset today, so there is no extract to try it on; "
    "saferoom anonymise tries it on your own file"
)
_NOT_YOURS = "there is no such page; record plans are for the data owner"


@dataclass(frozen=True)
class Shown:
    """A plan with what has left by it.

    Attributes
    ----------
    state : str
        ``open``, ``not yet``, ``over`` or ``revoked``.
    """

    plan: RecordPlan
    state: str
    words: tuple[str, ...]
    left: tuple[Left, ...]


@dataclass(frozen=True)
class Attempt:
    """What a plan would do to the extract of a project."""

    project: ProjectSlug
    told: Told


def listed(instance: Instance, person: Person, dataset: Dataset) -> tuple[Shown, ...]:
    """Return the plans of a dataset, to its data owner and to administrators only."""
    if person.username != dataset.owner and Role.ADMINISTRATOR not in person.roles:
        raise NotFoundError(_NOT_YOURS)
    name, now = DatasetName(dataset.name), instance.clock.now()
    left = instance.airlock.records_left(name)
    return tuple(
        Shown(plan, _state(plan, now), in_words(plan), tuple(one for one in left if one.by.name == plan.name))
        for plan in instance.registry.record_plans(name)
    )


def allow(instance: Instance, person: Person, dataset: Dataset, form: PlanForm) -> RecordPlan:
    """Allow a plan in the name of the data owner.

    Raises
    ------
    NotFoundError
        Somebody else asks.
    BadInputError
        The plan does not do; nothing is written.
    """
    check_owner(person, dataset)
    text = json.dumps(document_of(form, dataset, instance.registry.platform()))
    _administration(instance, person).apply(read_entries([(text, "the form")]))
    return _found(instance, dataset, form.name)


def attempted(instance: Instance, person: Person, dataset: Dataset, form: PlanForm) -> Attempt:
    """Tell the data owner what a plan would do, before it is allowed; nothing of it is kept.

    It is done on the extract of a project that the plan is for: what leaves is made of that.

    Raises
    ------
    NotFoundError
        Somebody else asks.
    BadInputError
        The plan does not do, its limits do not hold of the result, or no project has the data to try it on.
    """
    check_owner(person, dataset)
    document = document_of(form, dataset, instance.registry.platform())
    project = _tried_on(instance, dataset, document.get("projects"))
    told = attempt(instance, person.username, project, DatasetName(dataset.name), document["plan"])
    return Attempt(project, told)


def revoke(instance: Instance, person: Person, dataset: Dataset, name: str) -> RecordPlan:
    """Revoke a plan now; what waits for release by it stays here."""
    check_owner(person, dataset)
    plan = _found(instance, dataset, name)
    if plan.ended_at is not None:
        raise WrongStateError("this record plan was revoked before")
    terms = {field: getattr(plan, field) for field in RecordTerms.model_fields}
    # Whoever owns the data now can revoke what an earlier owner allowed.
    record = RecordPlanDocument(**{**terms, "allowed_by": dataset.owner}, ended=True)
    entry = Entry("record_plan", key_of(record), record, Document("the record plan", {}, {(): 1}))
    _administration(instance, person).apply([entry])
    return _found(instance, dataset, name)


def check_owner(person: Person, dataset: Dataset) -> None:
    """Raise unless `person` owns the dataset; to others there is nothing here."""
    if person.username != dataset.owner:
        raise NotFoundError(_NOT_YOURS)


def _tried_on(instance: Instance, dataset: Dataset, wanted: Sequence[str] | None) -> ProjectSlug:
    now, registry = instance.clock.now(), instance.registry
    for project in registry.projects():
        approved = any(one.dataset == dataset.name and one.live(now) for one in registry.approvals(project.slug))
        if approved and (wanted is None or project.slug in wanted):
            return project.slug
    raise BadInputError(_NO_PROJECT, field="" if wanted is None else "projects")


def _found(instance: Instance, dataset: Dataset, name: str) -> RecordPlan:
    plans = instance.registry.record_plans(DatasetName(dataset.name))
    plan = next((one for one in plans if one.name == name), None)
    if plan is None:
        raise NotFoundError(_NOT_YOURS)
    return plan


def _state(plan: RecordPlan, now: datetime) -> str:
    if plan.ended_at is not None:
        return "revoked"
    if plan.since is not None and now.date() < plan.since:
        return "not yet"
    return "over" if now.date() > plan.until else "open"


def _administration(instance: Instance, person: Person) -> Administration:
    return Administration(instance.database, instance.clock, instance.signing_key, person.username)
