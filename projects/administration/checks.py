"""What must hold between people, datasets, projects and approvals once documents are written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from saferoom.errors import BadInputError
from saferoom.ids import DatasetName, Username
from saferoom.projects.administration import catalogue_checks, purpose_checks, record_plan_checks
from saferoom.projects.administration.changes import Change, Verb
from saferoom.projects.administration.documents import ApprovalDocument, Entry, RecordPlanDocument
from saferoom.projects.administration.outlook import Outlook as Outlook
from saferoom.projects.approvals.model import Project
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.versions import Version
from saferoom.projects.extracts import rows
from saferoom.projects.ledger.lineages import lineages
from saferoom.projects.people import rules
from saferoom.projects.people.document import PersonDocument
from saferoom.projects.people.model import Role


def check(entry: Entry, change: Change | None, outlook: Outlook, at: datetime) -> Iterator[str]:
    """Yield what is wrong with one document, as sentences with file and line."""
    record = entry.record
    if isinstance(record, PersonDocument):
        yield from _check_person(entry, record.username, outlook)
    elif isinstance(record, Dataset):
        anew = change is not None and any(difference.field == "version" for difference in change.differences)
        yield from _check_dataset(entry, record, outlook, at, anew=anew)
        yield from _check_links(entry, record, change, outlook)
        yield from catalogue_checks.check_dataset(entry, record, outlook)
        yield from purpose_checks.check_dataset(entry, record, outlook, at)
    elif isinstance(record, Version):
        yield from catalogue_checks.check_version(entry, record, change, outlook, at)
    elif isinstance(record, Project):
        yield from _check_project(entry, record, outlook)
        yield from purpose_checks.check_project(entry, record, outlook, at)
        yield from _check_date(entry, change, "ends", at)
    elif isinstance(record, ApprovalDocument):
        yield from _check_approval(entry, record, outlook)
        if record.ended is not True:
            yield from _check_date(entry, change, "until", at)
    elif isinstance(record, RecordPlanDocument):
        yield from record_plan_checks.check_record_plan(entry, record, outlook)
        if record.ended is not True:
            yield from _check_date(entry, change, "until", at)


def _check_person(entry: Entry, username: Username, outlook: Outlook) -> Iterator[str]:
    person = outlook.person(username)
    owned = [dataset.name for dataset in outlook.datasets_of(username)]
    for said in rules.problems(person, owned) if person else ():
        yield entry.error(said, ("roles",))


def _check_dataset(entry: Entry, dataset: Dataset, outlook: Outlook, at: datetime, *, anew: bool) -> Iterator[str]:
    owner = outlook.person(dataset.owner)
    if owner is None:
        yield entry.error(f"the owner {dataset.owner} is not registered", ("owner",))
    elif Role.DATA_OWNER not in owner.roles or not owner.active:
        yield entry.error(f"{dataset.owner} is not an active data-owner", ("owner",))
    releasable = {variable.name for variable in dataset.releasable}
    for approval in outlook.approvals_of(dataset.name):
        if not approval.live(at):
            continue
        if approval.granted_by != dataset.owner:
            yield entry.error(
                f"its approval for {approval.project} was granted by {approval.granted_by}, who would no longer own "
                f"the dataset; add an approval by {dataset.owner}, or end it",
                ("owner",),
            )
        # In a new version the owner is asked, and the project keeps the old one meanwhile.
        for name in () if anew else sorted(set(approval.variables or ()) - releasable):
            yield entry.error(
                f"its approval for {approval.project} covers {name}, which would no longer be a variable to analyse; "
                "change the approval as well, end it, or give the dataset a new version",
                ("variables",),
            )


def _check_links(entry: Entry, dataset: Dataset, change: Change | None, outlook: Outlook) -> Iterator[str]:
    """Refuse links to nothing or in a ring, and links that are taken away: earlier extracts hold those people still."""
    for index, name in enumerate(dataset.linked_from):
        if outlook.dataset(DatasetName(name)) is None:
            yield entry.error(f"there is no dataset called {name}", ("linked_from", index))
    if dataset.name in lineages(outlook.links(), dataset.linked_from):
        yield entry.error(f"{dataset.name} would be linked from itself", ("linked_from",))
    before = next((one.before for one in change.differences if one.field == "linked_from"), None) if change else None
    for name in sorted(set(before or ()) - set(dataset.linked_from)):
        yield entry.error(
            f"{dataset.name} is linked from {name}, and its releases cost that budget, too; this cannot be taken back. "
            "Register data without those people under another name",
            ("linked_from",),
        )


def _check_project(entry: Entry, project: Project, outlook: Outlook) -> Iterator[str]:
    written = entry.document.value.get("members", [])
    for index, member in enumerate(written):
        person = outlook.person(member)
        if person is None:
            yield entry.error(f"the member {member} is not registered", ("members", index))
        elif Role.RESEARCHER not in person.roles:
            yield entry.error(
                f"the member {member} is not a researcher, so could not enter a room of {project.slug}",
                ("members", index),
            )


def _check_approval(entry: Entry, approval: ApprovalDocument, outlook: Outlook) -> Iterator[str]:
    project, dataset = outlook.project(approval.project), outlook.dataset(approval.dataset)
    if project is None:
        yield entry.error(f"there is no project called {approval.project}", ("project",))
    elif approval.granted_by in project.members:
        yield entry.error(
            f"{approval.granted_by} is a member of {project.slug} and cannot also approve data for it", ("granted_by",)
        )
    if dataset is None:
        yield entry.error(f"there is no dataset called {approval.dataset}", ("dataset",))
        return
    yield from purpose_checks.check_approval(entry, approval, outlook)
    if dataset.owner != approval.granted_by:
        yield entry.error(
            f"only {dataset.owner}, who owns {dataset.name}, can approve it; this says {approval.granted_by}",
            ("granted_by",),
        )
    if approval.budget is not None and approval.budget.problem:
        yield entry.error(approval.budget.problem, ("budget",))
    if approval.rows is not None:
        try:
            rows.variables_of(dataset, approval.rows)
        except BadInputError as error:
            yield entry.error(error.message, ("rows",))
    for index, name in enumerate(approval.variables or ()):
        variable = dataset.variable(name)
        if variable is None:
            yield entry.error(f"{dataset.name} has no variable called {name}", ("variables", index))
        elif variable not in dataset.releasable:
            why = "an id; unit ids are always part of an extract, as pseudonyms"
            if variable.role.value == "direct":
                why = "a direct identifier and never leaves the data owner's file"
            yield entry.error(f"{name} is {why}", ("variables", index))


def _check_date(entry: Entry, change: Change | None, field: str, at: datetime) -> Iterator[str]:
    """Refuse a past date that is new; one that was future when it was written may stay in its file."""
    if change is None or change.verb is Verb.ENDED:
        return
    day = getattr(change.record, field)
    reopened = any(difference.field in ("ended_at", "active") for difference in change.differences)
    told = reopened or any(difference.field == field for difference in change.differences)
    if told and day is not None and day < at.astimezone(UTC).date():
        yield entry.error(f"'{field}' is in the past", (field,))
