"""Deletes deliveries of linked data that a newer one took the place of, from both zones; their reports stay.

A delivery is needed while it is its dataset's newest, while its version is in force, and while an approval that waits
for its owner still covers it. Its row in the store goes first, so that nobody reads it any more, and then its files:
the envelopes with their keys are written over before they are removed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from saferoom.clock import isoformat
from saferoom.errors import WrongStateError
from saferoom.hub import keys
from saferoom.hub import retention_state as state
from saferoom.hub.home import Home
from saferoom.hub.retention_deleting import Deleting, certify
from saferoom.hub.retention_state import DELIVERIES, Told
from saferoom.hub.store.registry import SessionRegistry
from saferoom.hub.store.zones_tables import DeliveryRow
from saferoom.ids import DatasetName
from saferoom.projects.extracts.coverage import in_force


@dataclass(frozen=True)
class Superseded:
    """A delivery that nothing needs any more; `at` is when it was ingested."""

    name: str
    id: str
    sha256: str
    at: datetime


def superseded(session: Session) -> Iterator[Superseded]:
    """Yield the deliveries that nothing needs any more."""
    registry = SessionRegistry(session)
    needed = {(dataset.name, dataset.version) for dataset in registry.datasets()}
    for project in registry.projects():
        covered = (in_force(registry, approval) for approval in registry.approvals(project.slug))
        needed.update((dataset.name, dataset.version) for dataset in covered)
    newest: dict[str, int] = {}
    rows = session.scalars(select(DeliveryRow).order_by(DeliveryRow.dataset, DeliveryRow.number)).all()
    for row in rows:
        newest[row.dataset] = row.number
    for row in rows:
        if row.number < newest[row.dataset] and (DatasetName(row.dataset), row.version) not in needed:
            yield Superseded(f"{DELIVERIES}{row.dataset}/{row.version}", row.id, row.sha256, row.at)


def delete_delivery(deleting: Deleting, name: str, why: str, since: datetime) -> None:
    """Delete a delivery whose time is over.

    Raises
    ------
    WrongStateError
        It is held, or needed again; it stays.
    UnavailableError
        Somebody else works with the zones just now.
    """
    from saferoom.hub.linkage.places import alone

    with alone(deleting.instance.home):
        with deleting.writing() as (session, log):
            one = _over(session, name)
            size = sum(path.stat().st_size for path in _files(deleting.instance.home, one.id))
            payload = {"sha256": one.sha256, "bytes": size, "why": why, "since": isoformat(since), "id": one.id}
            link = deleting.record(log, state.BEGUN, name, payload)
        _go_on(deleting, name, (link.seq, str(link.digest), payload), taken=False)


def finish_delivery(deleting: Deleting, name: str, one: Told) -> None:
    """Go on with a deletion that was interrupted; raises as `delete_delivery`."""
    from saferoom.hub.linkage.places import alone

    if one.begun is None:
        raise WrongStateError(f"the deletion of {name} was never begun")
    with alone(deleting.instance.home):
        _go_on(deleting, name, one.begun, taken=one.newest == state.TAKEN)


def _go_on(deleting: Deleting, name: str, begun: tuple[int, str, Mapping[str, Any]], *, taken: bool) -> None:
    """Take it from the store, in the moment in which it is looked at once more; then remove and certify it."""
    home, identifier = deleting.instance.home, str(begun[2]["id"])
    if not taken:
        try:
            with deleting.writing() as (session, log):
                _over(session, name)
                session.execute(delete(DeliveryRow).where(DeliveryRow.id == identifier))
                deleting.record(log, state.TAKEN, name, {})
        except WrongStateError as error:
            with deleting.writing() as (_, log):
                deleting.record(log, state.GIVEN_UP, name, {"reason": error.message})
            raise
    _remove(home, identifier)
    certify(deleting, "delivery", name, begun)


def _over(session: Session, name: str) -> Superseded:
    """Return what is to go, looked at in the transaction that records it."""
    if state.told(session).get(name, Told()).held is not None:
        raise WrongStateError(f"{name} is held; end the hold first: saferoom admin hold {name} --end")
    found = next((one for one in superseded(session) if one.name == name), None)
    if found is None:
        raise WrongStateError(f"{name} is needed again, or gone; it was left")
    return found


def _remove(home: Home, identifier: str) -> None:
    for path in _files(home, identifier):
        if path.suffix == ".json":
            keys.destroy(path)
    for folder in _folders(home, identifier):
        shutil.rmtree(folder)
        keys.sync(folder.parent)


def _files(home: Home, identifier: str) -> list[Path]:
    return [path for folder in _folders(home, identifier) for path in sorted(folder.iterdir()) if not path.is_symlink()]


def _folders(home: Home, identifier: str) -> list[Path]:
    folders = (zone / "deliveries" / identifier for zone in (home.linker, home.provisioner))
    return [folder for folder in folders if folder.is_dir() and not folder.is_symlink()]
