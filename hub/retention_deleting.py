"""Deletes an owner's file or a log, step by step; each step is in the audit trail before the next is taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy.orm import Session

from saferoom.audit import Event, Link
from saferoom.clock import isoformat
from saferoom.errors import WrongStateError
from saferoom.hub import retention_files as files
from saferoom.hub import retention_state as state
from saferoom.hub.retention_backups import lying
from saferoom.hub.retention_state import LOGS, SOURCES, Told
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.registry import SessionRegistry
from saferoom.hub.wiring import Instance
from saferoom.projects.life.parts import Actor
from saferoom.projects.retention.certificates import REMAINS, FileDeleted, What, seal

By = Literal["administrator", "housekeeping"]


def needed(session: Session, root: Path) -> tuple[frozenset[tuple[int, int]], frozenset[str]]:
    """Return which files below `root` datasets name: by device and inode, whatever link leads there, and by name."""
    sources = [dataset.source for dataset in SessionRegistry(session).datasets() if dataset.source]
    found = [(root / source).stat() for source in sources if (root / source).exists()]
    return frozenset((one.st_dev, one.st_ino) for one in found), frozenset(sources)


@dataclass(frozen=True)
class Deleting:
    """Deletes files below `sources`, and logs, in the name of `actor`."""

    instance: Instance
    actor: Actor
    by: By

    def root(self, name: str) -> Path:
        """Return the folder that a thing is in."""
        return self.instance.home.hub if name.startswith(LOGS) else self.instance.home.sources

    def delete(self, name: str, why: str, since: datetime) -> None:
        """Delete a file whose time is over.

        Raises
        ------
        WrongStateError
            It is held, needed again, gone, or was exchanged; it stays.
        """
        sha256, size = files.digest_of(self.root(name), _inside(name))
        payload = {"sha256": sha256, "bytes": size, "why": why, "since": isoformat(since)}
        link = self._decided(name, state.BEGUN, payload)
        self._take(name, sha256)
        self._end(name, (link.seq, str(link.digest), payload))

    def finish(self, name: str, one: Told) -> None:
        """Go on with a deletion that was interrupted; raises as `delete`."""
        if one.begun is None:
            raise WrongStateError(f"the deletion of {name} was never begun")
        if one.newest != state.TAKEN:
            self._take(name, one.begun[2]["sha256"])
        self._end(name, one.begun)

    def _take(self, name: str, digest: str) -> None:
        """Move the file aside, and look once more before it is too late."""
        try:
            if not files.is_aside(self.root(name), _inside(name), digest):
                files.move_aside(self.root(name), _inside(name), digest)
            self._decided(name, state.TAKEN, {})
        except WrongStateError as error:
            if files.is_aside(self.root(name), _inside(name), digest):
                files.put_back(self.root(name), _inside(name), digest)
            with self.writing() as (_, log):
                self.record(log, state.GIVEN_UP, name, {"reason": error.message})
            raise

    def _decided(self, name: str, action: str, payload: Mapping[str, Any]) -> Link:
        """Look whether it must stay, in the transaction that records the step."""
        with self.writing() as (session, log):
            if state.told(session).get(name, Told()).held is not None:
                raise WrongStateError(f"{name} is held; end the hold first: saferoom admin hold {name} --end")
            if name.startswith(SOURCES) and _is_named(session, self.root(name), _inside(name)):
                raise WrongStateError(f"a dataset names {name} again; it was left")
            return self.record(log, action, name, payload)

    def _end(self, name: str, begun: tuple[int, str, Mapping[str, Any]]) -> None:
        """Remove what was taken, and only then certify it."""
        files.remove(self.root(name), _inside(name), begun[2]["sha256"])
        certify(self, "log" if name.startswith(LOGS) else "owner's file", name, begun)

    def record(self, log: AuditLog, action: str, name: str, payload: Mapping[str, Any]) -> Link:
        """Record a step."""
        return log.record(Event(self.actor.name, action, state.subject(name), payload))

    @contextmanager
    def writing(self) -> Iterator[tuple[Session, AuditLog]]:
        """Yield a transaction with its audit trail."""
        with self.instance.database.transaction() as session:
            yield session, AuditLog(session, self.instance.clock, self.instance.signing_key)


def certify(deleting: Deleting, what: What, name: str, begun: tuple[int, str, Mapping[str, Any]]) -> None:
    """Sign that something is gone, and record it; the caller has seen to it that it is."""
    link, digest, said = begun
    with deleting.writing() as (session, log):
        certificate = FileDeleted(
            what=what,
            sha256=said["sha256"],
            bytes=said["bytes"],
            why=said["why"],
            unneeded_since=said["since"],
            deleted_at=isoformat(deleting.instance.clock.now()),
            by=deleting.by,
            link=link,
            link_digest=digest,
            backups=0 if what == "log" else len([one for one in lying(session) if one.part == "data"]),
            remains=REMAINS[what],
        )
        envelope = seal(certificate, deleting.instance.signing_key)
        deleting.record(log, state.DELETED, name, {"certificate": envelope})


def _is_named(session: Session, root: Path, name: str) -> bool:
    inodes, names = needed(session, root)
    return name in names | {file.name for file in files.lying(root) if file.inode in inodes}


def _inside(name: str) -> str:
    return name.removeprefix(SOURCES).removeprefix(LOGS)
