"""Deletes what is kept no longer than its time: what, since when and by which rule; held things never.

A deletion goes on at the next time when it was interrupted. A certificate is made when the thing is gone, and only
where it was this instance that removed it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy.orm import Session

from saferoom.errors import BadInputError, SaferoomError
from saferoom.hub import retention_files as files
from saferoom.hub import retention_state as state
from saferoom.hub.home import Home
from saferoom.hub.retention_backups import Made, lying
from saferoom.hub.retention_deleting import By, Deleting, needed
from saferoom.hub.retention_deliveries import delete_delivery, finish_delivery, superseded
from saferoom.hub.retention_drafts import Drafted, delete_draft, drafted, finish_draft
from saferoom.hub.retention_state import DELIVERIES, DRAFTS, LOGS, SOURCES, WORKSPACES, Told
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
_LOG = re.compile(r"[^/]+\.log(\.[^/]+)?")


@dataclass(frozen=True)
class _Thing:
    """Something that is unneeded: by which rule, when it came, and for how many days it stays."""

    name: str
    why: str
    came: datetime
    days: int


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
    elsewhere : bool
        It is where Saferoom does not reach, so that somebody has to destroy it, and say so.
    """

    name: str
    why: str
    since: datetime | None
    due: datetime | None
    held: str | None
    elsewhere: bool = False

    def over(self, now: datetime) -> bool:
        """Tell whether its time is over and nothing holds it."""
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


Way = tuple[Callable[[Deleting, str, str, datetime], None], Callable[[Deleting, str, Told], None]]


def _way(name: str) -> Way:
    """Return what deletes a thing of its kind, and what goes on with that."""
    ways: dict[str, Way] = {
        DELIVERIES: (delete_delivery, finish_delivery),
        DRAFTS: (delete_draft, finish_draft),
    }
    return next((way for kind, way in ways.items() if name.startswith(kind)), (Deleting.delete, Deleting.finish))


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
            noted = [self._noted(one, known) for one in self._unneeded(session)]
            made, left = list(lying(session)), list(drafted(session))
        return [
            *noted,
            *self._drafts(left, known),
            *self._logs(known),
            *self._workspaces(known),
            *self._backups(made, known),
        ]

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
            if due.over(now) and not due.elsewhere:
                self._tried(due.name, due, done, failed)
        return done, failed

    def _tried(self, name: str, what: Due | Told, done: list[str], failed: dict[str, str]) -> None:
        """Delete one thing; what keeps it from being deleted keeps no other."""
        try:
            if isinstance(what, Told):
                _way(name)[1](self._deleting, name, what)
            elif name.startswith(WORKSPACES):
                self._instance.lives.delete(self._deleting.actor, ProjectSlug(name.removeprefix(WORKSPACES)))
            elif what.since is not None:
                _way(name)[0](self._deleting, name, what.why, what.since)
        except SaferoomError as error:
            failed[name] = error.message
        except OSError as error:
            failed[name] = f"the file cannot be deleted ({error.strerror})"
        else:
            done.append(name)

    def _noted(self, thing: _Thing, known: dict[str, Told]) -> Due:
        """Return when something goes whose days count from when it was noted."""
        one = known.get(thing.name, _NONE)
        since = max(one.since, thing.came) if one.since is not None else None
        return Due(thing.name, thing.why, since, since and since + timedelta(days=thing.days), one.held)

    def _drafts(self, left: list[Drafted], known: dict[str, Told]) -> Iterator[Due]:
        days = self._settings.drafts_days
        if days is not None:
            why = f"a draft that nobody changed for {days} days (drafts_days)"
            for one in left:
                yield Due(one.name, why, one.at, one.at + timedelta(days=days), known.get(one.name, _NONE).held)

    def _logs(self, known: dict[str, Told]) -> Iterator[Due]:
        days = self._settings.logs_days
        if days is None:
            return
        why = f"nothing was written to it for {days} days (logs_days)"
        for file in files.lying(self._instance.home.hub):
            if _LOG.fullmatch(file.name):
                name, since = f"{LOGS}{file.name}", datetime.fromtimestamp(file.changed, UTC)
                yield Due(name, why, since, since + timedelta(days=days), known.get(name, _NONE).held)

    def _backups(self, made: list[Made], known: dict[str, Told]) -> Iterator[Due]:
        days = self._settings.backups_days
        if days is None:
            return
        for one in made:
            why = f"a backup of {one.part}, and none is to be older than {days} days (backups_days)"
            due, held = one.at + timedelta(days=days), known.get(one.name, _NONE).held
            yield Due(one.name, why, one.at, due, held, elsewhere=True)

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

    def _unneeded(self, session: Session) -> Iterator[_Thing]:
        """Yield the owners' files that no dataset names, by whatever name or link, and superseded deliveries."""
        root, days = self._instance.home.sources, self._settings.sources_days
        if days is not None:
            inodes, _ = needed(session, root)
            why = f"no dataset names it, for {days} days (sources_days)"
            for file in files.lying(root):
                if file.inode not in inodes:
                    yield _Thing(f"{SOURCES}{file.name}", why, datetime.fromtimestamp(file.changed, UTC), days)
        if (days := self._settings.deliveries_days) is not None:
            why = f"a newer delivery took its place, for {days} days (deliveries_days)"
            for one in superseded(session):
                yield _Thing(one.name, why, one.at, days)

    def _note(self, log: AuditLog, known: dict[str, Told], unneeded: set[str]) -> None:
        """Record what is unneeded from now on, and what is needed again, or gone."""
        looked = {SOURCES: self._settings.sources_days, DELIVERIES: self._settings.deliveries_days}
        kinds = tuple(kind for kind, days in looked.items() if days is not None)
        waiting = {name for name, one in known.items() if one.newest == state.NOTICED and name.startswith(kinds)}
        begun = {name for name, one in known.items() if one.begun is not None}
        for names, action in ((unneeded - waiting - begun, state.NOTICED), (waiting - unneeded, state.NEEDED)):
            for name in sorted(names):
                self._deleting.record(log, action, name, {})
