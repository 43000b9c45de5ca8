"""What documents would change in the registry, after everything about them was checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from saferoom.errors import BadInputError, NotFoundError
from saferoom.policies.models import PolicyModel
from saferoom.projects.administration.changes import Change, compare
from saferoom.projects.administration.checks import Outlook, check
from saferoom.projects.administration.documents import KINDS, ApprovalDocument, Entry, RecordPlanDocument
from saferoom.projects.approvals.model import Approval, Project
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.versions import Version
from saferoom.projects.people.document import PersonDocument
from saferoom.projects.people.model import Person
from saferoom.projects.record_plans.model import RecordPlan, RecordTerms
from saferoom.projects.registry import Platform, Registry


@dataclass(frozen=True)
class Plan:
    """What would be written, in an order in which it can be written.

    Attributes
    ----------
    notes : tuple of str
        What the writer should know although it is not wrong.
    """

    changes: tuple[Change, ...]
    notes: tuple[str, ...]


def plan(registry: Registry, entries: list[Entry], at: datetime) -> Plan:
    """Compare `entries` with what is registered.

    Raises
    ------
    BadInputError
        Every problem, one per line, each with file and line.
    """
    outlook = Outlook(registry)
    changes: list[Change] = []
    notes: list[str] = []
    steps: list[tuple[Entry, Change | None]] = []
    for entry in sorted(entries, key=lambda entry: list(KINDS).index(entry.kind)):
        before, after = _before(registry, entry), _after(registry, entry, at)
        change = compare(entry.kind, entry.key, before, after)
        outlook.expect(after)
        steps.append((entry, change))
        if change is not None:
            changes.append(change)
        notes.extend(_notes(entry, after, at))
    problems = [problem for entry, change in steps for problem in check(entry, change, outlook, at)]
    if problems:
        raise BadInputError("\n".join(dict.fromkeys(problems)))
    return Plan(tuple(changes), tuple(notes))


def _before(registry: Registry, entry: Entry) -> PolicyModel | None:
    record = entry.record
    try:
        if isinstance(record, PersonDocument):
            return registry.person(record.username)
        if isinstance(record, Dataset):
            return registry.dataset(record.name)
        if isinstance(record, Project):
            return registry.project(record.slug)
        if isinstance(record, Platform):
            return registry.platform()
        if isinstance(record, Version):
            return next((one for one in registry.versions(record.dataset) if one.version == record.version), None)
        if isinstance(record, RecordPlanDocument):
            return next((one for one in registry.record_plans(record.dataset) if one.name == record.name), None)
        return _approval(registry, record)
    except NotFoundError:
        return None


def _approval(registry: Registry, record: ApprovalDocument) -> Approval | None:
    return next((found for found in registry.approvals(record.project) if found.dataset == record.dataset), None)


def _after(registry: Registry, entry: Entry, at: datetime) -> PolicyModel:
    record = entry.record
    before = _before(registry, entry)
    if isinstance(record, PersonDocument):
        return record.applied(before if isinstance(before, Person) else None)
    if isinstance(record, Project):
        return _project(entry, record, before if isinstance(before, Project) else None)
    if isinstance(record, Dataset) and isinstance(before, Dataset) and "version" not in entry.document.value:
        # Deliveries put versions in force; a description that names none leaves that one.
        return record.model_copy(update={"version": before.version})
    if isinstance(record, RecordPlanDocument):
        terms = {name: getattr(record, name) for name in RecordTerms.model_fields}
        return RecordPlan(**terms, ended_at=_ended_at(before, record.ended, at))
    if not isinstance(record, ApprovalDocument):
        return record
    ended_at = _ended_at(before, record.ended, at)
    fields = {name: getattr(record, name) for name in ApprovalDocument.model_fields if name != "ended"}
    held = before.held if isinstance(before, Approval) else None
    return Approval(**fields, ended_at=ended_at, held=held)


def _ended_at(before: PolicyModel | None, ended: bool | None, at: datetime) -> datetime | None:
    """Return when a record ended, which stays so where its document says nothing of it."""
    kept = before.ended_at if isinstance(before, Approval | RecordPlan) else None
    if ended is False:
        return None
    return at if ended and kept is None else kept


def _project(entry: Entry, record: Project, before: Project | None) -> Project:
    """Keep a project paused, and a closed one closed unless its document says otherwise."""
    if before is None:
        return record
    active = record.active if "active" in entry.document.value else before.active
    return record.model_copy(update={"paused": before.paused and active, "active": active})


def _notes(entry: Entry, after: PolicyModel, at: datetime) -> list[str]:
    today = at.astimezone(UTC).date()
    if isinstance(entry.record, ApprovalDocument) and entry.record.ended is None and isinstance(after, Approval):
        if after.ended_at is None:
            return []
        said = (
            f"this approval was ended on {after.ended_at.date()} and stays ended; `ended: false` would grant it again"
        )
        return [entry.error(said)]
    if isinstance(entry.record, RecordPlanDocument) and entry.record.ended is None and isinstance(after, RecordPlan):
        if after.ended_at is None:
            return []
        said = (
            f"this plan was revoked on {after.ended_at.date()} and stays revoked; `ended: false` would allow it again"
        )
        return [entry.error(said)]
    if isinstance(after, Project) and not after.active and "active" not in entry.document.value:
        return [entry.error(f"project {after.slug} is closed and stays closed")]
    if isinstance(after, Person) and isinstance(entry.record, PersonDocument) and not after.active:
        said = f"the account of {after.username} is closed and stays closed; `active: true` would open it again"
        return [] if entry.record.active is False else [entry.error(said)]
    if isinstance(after, Person):
        dates = {"accreditation": after.accreditation_expires, "training": after.training_expires}
        lapsed = [name for name, expires in dates.items() if expires is not None and expires < today]
        return [
            entry.error(f"{after.username}'s {name} has expired, so {after.username} cannot sign in") for name in lapsed
        ]
    return []
