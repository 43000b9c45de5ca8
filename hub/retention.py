"""Deletes what is kept no longer than its time: what, since when and by which rule; held things never.

A deletion goes on at the next time when it was interrupted. A certificate is made when the file is gone, and only where
it was this instance that removed it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy.orm import Session

from saferoom.errors import BadInputError, SaferoomError
from saferoom.hub import retention_files as files
from saferoom.hub import retention_state as state
from saferoom.hub.home import Home
from saferoom.hub.retention_deleting import By, Deleting, needed
from saferoom.hub.retention_state import SOURCES, WORKSPACES, Told
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.wiring import Instance
from saferoom.ids import ProjectSlug
from saferoom.policies.conform import conform
from saferoom.policies.document import read_document
from saferoom.projects.life.model import Seal
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.states import State
from saferoom.projects.life.store import Selection
from saferoom.projects.paging import Cut
from saferoom.projects.retention.settings import RetentionSettings

_NONE = Told()


@dataclass(frozen=True)
class Due:
    """One thing that is unneeded.

    Attributes
    ----------
    since : datetime or None
        From when its days count; None when that is noted with the next ``--apply``.
    due : datetime or None
        When its time is over.
    held : str or None
        Why it stays nevertheless.
    """

    name: str
    why: str
    since: datetime | None
    due: datetime | None
    held: str | None

    def over(self, now: datetime) -> bool:
        """Tell whether it goes now."""
        return self.held is None and self.due is not None and self.due <= now


def settings_of(home: Home) -> RetentionSettings | None:
    """Return what ``retention.yaml`` says; None without it.

    Raises
    ------
    BadInputError
        With file, line and what is allowed.
    """
    path = home.retention_settings
    try:
        return conform(read_document(path.read_text(encoding="utf-8"), path.name), RetentionSettings)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        raise BadInputError(f"{path.name}: the file cannot be read as text") from None


class Retention:
    """Looks, and deletes in the name of somebody."""

    def __init__(self, instance: Instance, settings: RetentionSettings, actor: Actor, by: By) -> None:
        self._instance = instance
        self._settings = settings
        self._deleting = Deleting(instance, actor, by)

    def due(self) -> list[Due]:
        """Return everything that is unneeded, with when its time is over; changes nothing."""
        with self._instance.database.reading() as session:
            known = state.told(session)
            unneeded = list(self._unneeded(session))
        return [*self._sources(unneeded, known), *self._workspaces(known)]

    def apply(self) -> tuple[list[str], dict[str, str]]:
        """Note what is unneeded, finish what was begun, delete what is over.

        Returns
        -------
        (list of str, dict of str to str)
            What was deleted; and what could not be, with the reason.
        """
        with self._deleting.writing() as (session, log):
            known = state.told(session)
            self._note(log, known, {one.name for one in self._unneeded(session)})
        done: list[str] = []
        failed: dict[str, str] = {}
        for name, one in known.items():
            if one.begun is not None:
                self._tried(name, one, done, failed)
        now = self._instance.clock.now()
        for due in self.due():
            if due.over(now):
                self._tried(due.name, due, done, failed)
        return done, failed

    def _tried(self, name: str, what: Due | Told, done: list[str], failed: dict[str, str]) -> None:
        """Delete one thing; what keeps it from being deleted keeps no other."""
        try:
            if isinstance(what, Told):
                self._deleting.finish(name, what)
            elif name.startswith(WORKSPACES):
                self._instance.lives.delete(self._deleting.actor, ProjectSlug(name.removeprefix(WORKSPACES)))
            elif what.since is not None:
                self._deleting.delete(name, what.why, what.since)
        except SaferoomError as error:
            failed[name] = error.message
        except OSError as error:
            failed[name] = f"the file cannot be deleted ({error.strerror})"
        else:
            done.append(name)

    def _sources(self, unneeded: list[files.Lying], known: dict[str, Told]) -> Iterator[Due]:
        days = self._settings.sources_days
        if days is None:
            return
        why = f"no dataset names it, for {days} days (sources_days)"
        for file in unneeded:
            one = known.get(file.name, _NONE)
            came = datetime.fromtimestamp(file.changed, UTC)
            since = max(one.since, came) if one.since is not None else None
            yield Due(file.name, why, since, since and since + timedelta(days=days), one.held)

    def _workspaces(self, known: dict[str, Told]) -> Iterator[Due]:
        if not self._settings.workspaces:
            return
        for slug, sealed in self._sealed():
            name = f"{WORKSPACES}{slug}"
            ends = datetime.combine(sealed.retain_until, time(), UTC) + timedelta(days=1)
            why = f"its project is closed, and it was kept until {sealed.retain_until} (retention_days)"
            yield Due(name, why, sealed.sealed_at, ends, known.get(name, _NONE).held)

    def _sealed(self) -> Iterator[tuple[ProjectSlug, Seal]]:
        with self._instance.lives.store.reading() as tx:
            number = 1
            while True:
                page = tx.listing(Selection(states=frozenset({State.SEALED})), Cut(number))
                for line in page.items:
                    life = tx.life(line.slug)
                    if life is not None and life.seal is not None:
                        yield line.slug, life.seal
                if number >= page.pages:
                    return
                number += 1

    def _unneeded(self, session: Session) -> Iterator[files.Lying]:
        """Yield the owners' files that no dataset names, by whatever name or link."""
        root = self._instance.home.sources
        inodes, _ = needed(session, root)
        for file in files.lying(root):
            if file.inode not in inodes:
                yield files.Lying(f"{SOURCES}{file.name}", file.inode, file.changed, file.bytes)

    def _note(self, log: AuditLog, known: dict[str, Told], unneeded: set[str]) -> None:
        """Record what is unneeded from now on, and what is needed again, or gone."""
        if self._settings.sources_days is None:
            return
        waiting = {name for name, one in known.items() if one.newest == state.NOTICED}
        begun = {name for name, one in known.items() if one.begun is not None}
        for names, action in ((unneeded - waiting - begun, state.NOTICED), (waiting - unneeded, state.NEEDED)):
            for name in sorted(names):
                self._deleting.record(log, action, name, {})
