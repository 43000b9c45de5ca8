"""Writes changes of the registry, each with its audit event, inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.errors import WrongStateError
from saferoom.hub.store import catalogue_entries, direct_lives, people_rows
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.ledger_tables import AccountRow
from saferoom.hub.store.registry import PLATFORM_ID
from saferoom.hub.store.tables import (
    ApprovalRow,
    DatasetRow,
    IngestedVersionRow,
    MemberRow,
    PersonRow,
    PlatformRow,
    ProjectRow,
    RecordPlanRow,
    VariableRow,
)
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.policies.models import PolicyModel
from saferoom.projects.administration.changes import Change
from saferoom.projects.approvals.model import Approval, Project
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.versions import Version
from saferoom.projects.ledger.limits import enough
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import AccountId, AccountKind
from saferoom.projects.people.model import Person
from saferoom.projects.record_plans.model import RecordPlan
from saferoom.projects.registry import Platform


class RegistryWriter:
    """Saves records. Rows of people, datasets, projects, memberships and approvals are never removed."""

    def __init__(self, session: Session, log: AuditLog, at: datetime, actor: str, *, direct: bool = True) -> None:
        self._session = session
        self._log = log
        self._at = at
        self._actor = actor
        # False where the deeds of a project's life write: they write the life themselves.
        self._direct = direct

    def write(self, change: Change) -> None:
        """Save the record of `change` and append its event."""
        self._save(change.record)
        self._session.flush()
        differences = [difference.document() for difference in change.differences]
        action, subject = f"{change.kind}.{change.verb.value}", f"{change.kind}:{change.key}"
        self._log.record(Event(self._actor, action, subject, {"changes": differences}))
        self._follow(change.record)
        self._session.flush()
        if isinstance(change.record, Dataset):
            catalogue_entries.renew(self._session, [change.record.name], self._at)
        elif isinstance(change.record, Version | Approval):
            catalogue_entries.renew(self._session, [change.record.dataset], self._at)

    def _follow(self, record: PolicyModel) -> None:
        """Keep the lives of projects beside what is registered."""
        if isinstance(record, Dataset):
            direct_lives.follow_dataset(self._session, self._log, record, self._at)
        elif isinstance(record, Project) and self._direct:
            direct_lives.follow_project(self._session, record, self._at)
        elif isinstance(record, Approval) and self._direct:
            direct_lives.follow_approval(self._session, record, self._at, self._actor)

    def _save(self, record: PolicyModel) -> None:
        if isinstance(record, Person):
            self._save_person(record)
        elif isinstance(record, Dataset):
            self._save_dataset(record)
        elif isinstance(record, Project):
            self._save_project(record)
        elif isinstance(record, Approval):
            self._save_approval(record)
        elif isinstance(record, Version):
            self._save_version(record)
        elif isinstance(record, RecordPlan):
            self._session.merge(RecordPlanRow(**_columns(record, projects=_listed(record.projects))))
        elif isinstance(record, Platform):
            self._session.merge(PlatformRow(id=PLATFORM_ID, **record.model_dump(mode="json")))
        else:
            raise TypeError(f"the registry has no table for a {type(record).__name__}")

    def _save_person(self, person: Person) -> None:
        row = self._session.get(PersonRow, person.username)
        if row is None:
            row = people_rows.add_person(self._session, person, self._actor, self._at)
        else:
            people_rows.change_person(row, person, self._actor, self._at)
        people_rows.write_last_days(row, person, self._actor, self._at)

    def _save_approval(self, approval: Approval) -> None:
        policies = approval.model_dump(mode="json", include={"risk_appetite", "budget"})
        before = self._session.get(ApprovalRow, (approval.project, approval.dataset))
        if approval.budget is not None and (before is None or before.budget != policies["budget"]):
            name = AccountId.approval(ProjectSlug(approval.project), DatasetName(approval.dataset)).name
            account = self._session.get(AccountRow, (AccountKind.APPROVAL.value, name))
            if account is not None:
                enough(approval.budget, Loss(account.rho_spent, account.delta_spent))
        self._session.merge(ApprovalRow(**_columns(approval, variables=_listed(approval.variables), **policies)))

    def _save_dataset(self, dataset: Dataset) -> None:
        variables = [
            VariableRow(
                dataset=dataset.name,
                position=position,
                **_columns(
                    variable,
                    type=variable.type.value,
                    role=variable.role.value,
                    codelist=_listed(variable.codelist),
                    hierarchy=None if variable.hierarchy is None else {p: [*c] for p, c in variable.hierarchy.items()},
                    figures=None if variable.figures is None else {n: {**f} for n, f in variable.figures.items()},
                    identifies=None if variable.identifies is None else variable.identifies.value,
                    labels=None if variable.labels is None else {**variable.labels},
                    harmonised=_document(variable.harmonised),
                ),
            )
            for position, variable in enumerate(dataset.variables)
        ]
        whole = dataset.model_dump(mode="json", exclude={"variables"})
        documents = {name: value for name, value in whole.items() if isinstance(value, dict | list)}
        # What the owner told nothing about is empty, and so are lists.
        told = {name: value or None for name, value in documents.items()} | {"quality": documents["quality"]}
        self._session.merge(DatasetRow(**_columns(dataset, variables=variables, **told)))

    def _save_version(self, version: Version) -> None:
        if self._session.get(IngestedVersionRow, (version.dataset, version.version)) is not None:
            raise WrongStateError(f"{version.dataset} has a version {version.version} already; a version never changes")
        self._session.add(IngestedVersionRow(**_columns(version)))

    def _save_project(self, project: Project) -> None:
        row = self._session.get(ProjectRow, project.slug)
        members = {member.username: member for member in row.members} if row else {}
        for username, member in members.items():
            if username not in project.members and member.ended_at is None:
                member.ended_at = self._at
        for username in sorted(project.members):
            known = members.setdefault(username, MemberRow(project=project.slug, username=username, since=self._at))
            if known.ended_at is not None:
                known.since, known.ended_at = self._at, None
        policies = project.model_dump(mode="json", include={"risk_appetite", "release_route", "purposes"})
        if row is None:
            row = ProjectRow(slug=project.slug)
            self._session.add(row)
        for name, value in _columns(project, members=list(members.values()), **policies).items():
            setattr(row, name, value)


def _columns(record: PolicyModel, **replaced: Any) -> dict[str, Any]:
    """Return the record's fields as a row's columns, with those `replaced` that are stored otherwise."""
    return {name: replaced.get(name, getattr(record, name)) for name in type(record).model_fields}


def _document(record: PolicyModel | None) -> dict[str, Any] | None:
    return None if record is None else record.model_dump(mode="json")


def _listed(values: tuple[Any, ...] | None) -> list[Any] | None:
    return None if values is None else list(values)
