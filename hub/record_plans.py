"""Record plans as data owners see, allow and revoke them; every change goes with its audit event."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from saferoom.errors import NotFoundError, WrongStateError
from saferoom.hub.administration import Administration
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName
from saferoom.policies.document import Document
from saferoom.projects.administration.documents import Entry, RecordPlanDocument, key_of, read_entries
from saferoom.projects.airlock.model import Left
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.people.model import Person, Role
from saferoom.projects.record_plans.allowing import PlanForm, document_of, in_words
from saferoom.projects.record_plans.model import RecordPlan, RecordTerms

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
