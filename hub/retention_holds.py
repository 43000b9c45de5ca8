"""What must stay, whatever the settings say: for a court, an inquiry, or a question that is open."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.errors import NotFoundError, WrongStateError
from saferoom.hub import retention_state as state
from saferoom.hub.home import Home
from saferoom.hub.retention_backups import check_lying, lying
from saferoom.hub.retention_drafts import drafted
from saferoom.hub.retention_state import BACKUPS, DELIVERIES, DRAFTS, LOGS, SOURCES, WORKSPACES, Told
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.database import Database
from saferoom.hub.store.zones_tables import DeliveryRow
from saferoom.hub.wiring import Instance
from saferoom.projects.life.parts import Actor


def hold(instance: Instance, actor: Actor, name: str, reason: str, *, end: bool) -> None:
    """Hold a thing, or end its hold.

    Raises
    ------
    NotFoundError
        There is no such thing.
    WrongStateError
        It is not held; or it is being deleted, and cannot be brought back.
    """
    with instance.database.transaction() as session:
        one = state.told(session).get(name, Told())
        if end and one.held is None:
            raise WrongStateError(f"{name} is not held")
        if not end and one.newest == state.TAKEN:
            raise WrongStateError(f"{name} is being deleted already; it is too late to hold it")
        if not end and not _is_there(instance.home, session, name):
            raise NotFoundError(
                f"there is no {name}; name a file as sources/FILE, a workspace as workspaces/PROJECT, a delivery as "
                "deliveries/DATASET/VERSION, a draft as drafts/REQUEST, a log as logs/FILE, a backup as backups/LINK"
            )
        action = state.HOLD_ENDED if end else state.HELD
        log = AuditLog(session, instance.clock, instance.signing_key)
        log.record(Event(actor.name, action, state.subject(name), {"reason": reason}))


def gone(instance: Instance, actor: Actor, name: str, reason: str) -> None:
    """Record that a backup was destroyed where it was kept, which an administrator says.

    Raises
    ------
    NotFoundError
        The audit trail has no such backup.
    WrongStateError
        It is held, or was said to be destroyed before.
    """
    with instance.database.transaction() as session:
        check_lying(session, name)
        if state.told(session).get(name, Told()).held is not None:
            raise WrongStateError(f"{name} is held; end the hold first: saferoom admin hold {name} --end")
        log = AuditLog(session, instance.clock, instance.signing_key)
        log.record(Event(actor.name, state.GONE, state.subject(name), {"reason": reason}))


def _is_there(home: Home, session: Session, name: str) -> bool:
    if ".." in name.split("/"):
        return False
    if name.startswith(BACKUPS):
        return any(one.name == name for one in lying(session))
    if name.startswith(DELIVERIES):
        rows = session.execute(select(DeliveryRow.dataset, DeliveryRow.version)).all()
        return name in {f"{DELIVERIES}{dataset}/{version}" for dataset, version in rows}
    if name.startswith(DRAFTS):
        return any(one.name == name for one in drafted(session))
    if name.startswith(LOGS):
        return (home.hub / name.removeprefix(LOGS)).is_file()
    if name.startswith(SOURCES):
        return (home.sources / name.removeprefix(SOURCES)).is_file()
    slug = name.removeprefix(WORKSPACES)
    return name.startswith(WORKSPACES) and "/" not in slug and bool(slug) and (home.sealed / slug).is_dir()


def holds(database: Database) -> Callable[[str], str | None]:
    """Return what says why a closed project's workspace is held; None when it is not."""

    def held(project: str) -> str | None:
        with database.reading() as session:
            return state.told(session).get(f"{WORKSPACES}{project}", Told()).held

    return held
