"""What administrators do to the registry: plan, write with audit events, withdraw what is no longer covered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.errors import BadInputError, NotFoundError, WrongStateError
from saferoom.hub.extracts import Extracts
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.database import Database
from saferoom.hub.store.registry import SessionRegistry, StoredRegistry
from saferoom.hub.store.registry_writer import RegistryWriter
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.administration.changes import Change, compare
from saferoom.projects.administration.documents import Entry, read_entries
from saferoom.projects.administration.plan import Plan, plan
from saferoom.signing import SigningKey


@dataclass(frozen=True)
class Administration:
    """The registry's changes, in the name of `actor`."""

    database: Database
    clock: Clock
    signing_key: SigningKey = field(repr=False)
    actor: str

    def plan(self, entries: list[Entry]) -> Plan:
        """Return what `entries` would change; nothing is written."""
        with self.database.reading() as session:
            return plan(SessionRegistry(session), entries, self.clock.now())

    def apply(self, entries: list[Entry], shown: Plan | None = None) -> Plan:
        """Write what `entries` change, everything or nothing, and return it.

        Parameters
        ----------
        shown : Plan, optional
            What somebody agreed to; anything else is not written.
        """
        at = self.clock.now()
        with self.database.transaction() as session:
            planned = plan(SessionRegistry(session), entries, at)
            if shown is not None and _said(planned) != _said(shown):
                raise WrongStateError("the registry was changed meanwhile; nothing was written, run the command again")
            self._write(session, planned.changes)
        return planned

    def end_approval(self, project: ProjectSlug, dataset: DatasetName) -> Change:
        """End the approval of `dataset` for `project` now."""
        at = self.clock.now()
        with self.database.transaction() as session:
            held = SessionRegistry(session).approvals(project)
            approval = next((one for one in held if one.dataset == dataset), None)
            if approval is None:
                raise NotFoundError(f"there is no approval of {dataset} for {project}")
            if approval.ended_at is not None:
                raise WrongStateError(f"the approval of {dataset} for {project} ended on {approval.ended_at.date()}")
            ended = approval.model_copy(update={"ended_at": at})
            return self._write_one(session, compare("approval", f"{dataset} for {project}", approval, ended))

    def remove_member(self, project: ProjectSlug, username: Username) -> Change:
        """End the membership of `username` in `project` now."""
        with self.database.transaction() as session:
            before = SessionRegistry(session).project(project)
            if username not in before.members:
                raise NotFoundError(f"{username} is not a member of {project}")
            after = before.model_copy(update={"members": before.members - {username}})
            return self._write_one(session, compare("project", project, before, after))

    def record(self, event: Event) -> None:
        """Append an event on its own, for changes outside the database."""
        with self.database.transaction() as session:
            self._log(session).record(event)

    def withdraw(self, extracts: Extracts) -> dict[ProjectSlug, tuple[DatasetName, ...]]:
        """Withdraw every extract that no approval covers any more; return them by project."""
        gone = {p.slug: extracts.prune(p.slug) for p in StoredRegistry(self.database).projects()}
        return {project: datasets for project, datasets in gone.items() if datasets}

    def _write(self, session: Session, changes: Sequence[Change]) -> None:
        log = self._log(session)
        writer = RegistryWriter(session, log, self.clock.now(), self.actor)
        for change in changes:
            writer.write(change)
        if changes:
            log.sign()

    def _write_one(self, session: Session, change: Change | None) -> Change:
        if change is None:
            raise WrongStateError("there is nothing to change")
        self._write(session, [change])
        return change

    def _log(self, session: Session) -> AuditLog:
        return AuditLog(session, self.clock, self.signing_key)


def read_files(paths: Sequence[Path]) -> list[Entry]:
    """Read the documents of several files.

    Raises
    ------
    BadInputError
        A file cannot be read, or something in it is wrong.
    """
    return read_entries((read_text(path), str(path)) for path in paths)


def read_text(path: Path) -> str:
    """Return the text of a file that a person named.

    Raises
    ------
    BadInputError
        There is none, or it is not text in UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInputError(f"{path}: there is no such file") from None
    except UnicodeDecodeError:
        raise BadInputError(f"{path}: this is not a text in UTF-8") from None
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error.strerror})") from None


def _said(planned: Plan) -> list[tuple[str, str, str, list[tuple[str, str, str]]]]:
    """Return what a plan says, without the moment at which it would end something."""
    return [
        (
            change.verb.value,
            change.kind,
            change.key,
            [
                (one.field, repr(one.before), "now" if one.field == "ended_at" and one.after else repr(one.after))
                for one in change.differences
            ],
        )
        for change in planned.changes
    ]
