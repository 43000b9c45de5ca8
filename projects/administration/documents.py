"""The documents of ``saferoom admin apply``: people, datasets, projects, approvals, record plans, the platform.

A dataset's or project's policies may be written out, or be the name of a packaged one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from saferoom.errors import BadInputError
from saferoom.policies.conform import conform
from saferoom.policies.document import Document, Position, read_documents
from saferoom.policies.loader import packaged, packaged_route
from saferoom.projects.approvals.model import Project, Terms
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.versions import Version
from saferoom.projects.fields import DatasetNameField, ProjectSlugField, UsernameField
from saferoom.projects.people.document import PersonDocument
from saferoom.projects.record_plans.model import RecordTerms
from saferoom.projects.registry import Platform


class ApprovalDocument(Terms):
    """An approval as a data owner writes it."""

    project: ProjectSlugField
    dataset: DatasetNameField
    granted_by: UsernameField
    ended: bool | None = None
    """True ends it now, false grants an ended one again; left out, an ended approval stays ended."""


class RecordPlanDocument(RecordTerms):
    """A plan by which a data owner lets record-level files leave."""

    ended: bool | None = None
    """True revokes it now, false allows a revoked one again; left out, a revoked plan stays revoked."""


Record = PersonDocument | Dataset | Version | Project | ApprovalDocument | RecordPlanDocument | Platform
KINDS: Mapping[str, type[Record]] = {
    "platform": Platform,
    "person": PersonDocument,
    "dataset": Dataset,
    "version": Version,
    "project": Project,
    "approval": ApprovalDocument,
    "record_plan": RecordPlanDocument,
}
"""In the order in which they build on each other."""
_POLICIES = {"risk_appetite": packaged, "release_route": packaged_route}


@dataclass(frozen=True)
class Entry:
    """One document, understood."""

    kind: str
    key: str
    record: Record
    document: Document

    def error(self, message: str, position: Position = ()) -> str:
        """Return `message` with file and line."""
        return self.document.error(message, position).message


def read_entries(texts: Iterable[tuple[str, str]]) -> list[Entry]:
    """Read the documents of several files.

    Parameters
    ----------
    texts : iterable of (str, str)
        Each file's text and its name in messages.

    Raises
    ------
    BadInputError
        Every problem of every document, one per line, each with file and line.
    """
    entries: dict[tuple[str, str], Entry] = {}
    problems: list[str] = []
    for text, where in texts:
        try:
            documents = read_documents(text, where)
        except BadInputError as error:
            problems.append(error.message)
            continue
        for document in documents:
            try:
                entry = _entry(document)
            except BadInputError as error:
                problems.append(error.message)
                continue
            first = entries.setdefault((entry.kind, entry.key), entry)
            if first is not entry:
                problems.append(entry.error(f"{entry.kind} {entry.key} stands twice; first at {first.document.at()}"))
    if problems:
        raise BadInputError("\n".join(problems))
    return list(entries.values())


def key_of(record: Record) -> str:
    """Return what a record is called among its kind."""
    if isinstance(record, PersonDocument):
        return record.username
    if isinstance(record, Dataset):
        return record.name
    if isinstance(record, Version):
        return f"{record.version} of {record.dataset}"
    if isinstance(record, Project):
        return record.slug
    if isinstance(record, ApprovalDocument):
        return f"{record.dataset} for {record.project}"
    if isinstance(record, RecordPlanDocument):
        return f"{record.name} of {record.dataset}"
    return "policies"


def _entry(document: Document) -> Entry:
    if not isinstance(document.value, dict):
        raise document.error("expected `key: value` lines")
    kind = document.value.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise document.error(f"a document needs a `kind`, one of {', '.join(KINDS)}", ("kind",))
    values = {key: value for key, value in document.value.items() if key != "kind"}
    if kind == "project" and "paused" in values:
        raise document.error("a project is paused and resumed with saferoom admin project pause | resume", ("paused",))
    if kind == "record_plan" and isinstance(values.get("plan"), dict):
        from saferoom.disclosure.microdata.plans.plan import plan_of

        values["plan"] = plan_of(document, ("plan",)).document()
    record = conform(document, KINDS[kind], _with_policies(document, values))
    return Entry(kind, key_of(record), record, document)


def _with_policies(document: Document, values: Mapping[str, Any]) -> dict[str, Any]:
    """Put packaged policies in the place of their names."""
    resolved = dict(values)
    for field, find in _POLICIES.items():
        name = resolved.get(field)
        if isinstance(name, str):
            try:
                resolved[field] = find(name).model_dump(mode="json")
            except BadInputError as error:
                raise document.error(error.message, (field,)) from None
    return resolved
