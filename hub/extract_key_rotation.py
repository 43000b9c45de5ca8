"""The instance's key of extracts is changed: files' keys are wrapped under a new one, and the old one is destroyed.

No data is written anew, and services and rooms go on meanwhile. First the new key lies beside the old one, and whoever
makes an extract from then on wraps under it; then project after project is wrapped anew; then the new key takes the old
one's place. Whatever the moment at which it is killed, every extract can be opened, and the next one who comes goes on.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import select

from saferoom.audit import Event
from saferoom.errors import IntegrityError, SaferoomError, UnavailableError
from saferoom.hub import keys
from saferoom.hub.extract_files import read_manifest
from saferoom.hub.extract_keys import ExtractKeys, key_id
from saferoom.hub.home import Home
from saferoom.hub.store.audit_log import AuditLinkRow, AuditLog
from saferoom.hub.wiring import Instance
from saferoom.ids import ProjectSlug
from saferoom.projects.extracts.manifest import MANIFEST_FILE, ExtractFile, IdChanges, Manifest

SUBJECT = "key:extracts"
BEGUN, CHANGED = "key.change_begun", "key.changed"
_GOES_ON = "A change that was interrupted goes on."


@dataclass(frozen=True)
class Rewrapped:
    """What a change did.

    Attributes
    ----------
    ended, new : str
        Ids of the keys (`extract_keys.key_id`).
    projects, files : int
        Whose keys are wrapped under the new one.
    """

    ended: str
    new: str
    projects: int
    files: int


def rotate(instance: Instance, actor: str, reason: str) -> Rewrapped:
    """Change the key of extracts, or go on with a change that was interrupted.

    Raises
    ------
    WrongStateError
        Keys are handed in from elsewhere.
    IntegrityError
        An extract cannot be opened, so that its key cannot be wrapped anew; nothing was changed.
    UnavailableError
        Another process changes it just now, or the folder of keys cannot be written.
    """
    home = instance.home
    keys.check_kept_here(home)
    with _alone(home):
        if not home.next_extract_key.exists():
            keys.extract_key(home)
            _check_opens(home, instance)
            keys.put_beside(home.next_extract_key)
        return _go_on(instance, actor, reason)


def settle(instance: Instance) -> None:
    """Go on with a change that was interrupted; nothing happens when there is none, or somebody is at it."""
    if instance.home.next_extract_key.exists():
        try:
            with _alone(instance.home):
                if instance.home.next_extract_key.exists():
                    _go_on(instance, "system", _GOES_ON)
        except UnavailableError:
            return


def _go_on(instance: Instance, actor: str, reason: str) -> Rewrapped:
    home = instance.home
    new, *before = (key_id(one) for one in keys.extract_keys(home))
    ended = before[0] if before else new
    said = {"reason": reason, "new": new}
    _record_once(instance, Event(actor, BEGUN, SUBJECT, said))
    extracts = instance.extracts(actor)
    for project in _projects(home):
        extracts.rewrap(project)
    wrapped = _manifests(home, instance)
    if any(part.key is None or part.key.under != new for one in wrapped for part in _parts(one)):
        raise IntegrityError("an extract is wrapped under the old key still, which was kept; run the command again")
    files = sum(len(_parts(one)) for one in wrapped)
    _record_once(instance, Event(actor, CHANGED, SUBJECT, said | {"projects": len(wrapped), "files": files}))
    keys.take_over_extracts(home)
    return Rewrapped(ended, new, len(wrapped), files)


def _record_once(instance: Instance, event: Event) -> None:
    """Record an event, unless the trail has it of this very key already."""
    new = (event.payload or {})["new"]
    with instance.database.transaction() as session:
        query = select(AuditLinkRow.payload).where(AuditLinkRow.subject == SUBJECT, AuditLinkRow.action == event.action)
        if all((payload or {}).get("new") != new for payload in session.scalars(query)):
            AuditLog(session, instance.clock, instance.signing_key).record(event)


def _check_opens(home: Home, instance: Instance) -> None:
    """Check that every file's key is there to be wrapped anew."""
    known = ExtractKeys.of(home)
    for manifest in _manifests(home, instance):
        for part in _parts(manifest):
            try:
                known.seal(manifest.project, part)
            except SaferoomError as error:
                raise IntegrityError(f"project {manifest.project}: {error.message}; nothing was changed") from None


def _manifests(home: Home, instance: Instance) -> list[Manifest]:
    folders = [home.extracts / project for project in _projects(home)]
    key = instance.signing_key.verifying_key
    return [read_manifest(folder, key) for folder in folders if (folder / MANIFEST_FILE).exists()]


def _projects(home: Home) -> list[ProjectSlug]:
    """Return the projects that have extracts, or whose first ones are being made: their lock is there before."""
    locks = {path.name[1 : -len(".lock")] for path in home.extracts.glob(".*.lock")}
    folders = {path.name for path in home.extracts.iterdir() if path.is_dir() and not path.name.startswith(".")}
    return [ProjectSlug(name) for name in sorted(locks | folders)]


def _parts(manifest: Manifest) -> tuple[ExtractFile | IdChanges, ...]:
    parts: tuple[ExtractFile | IdChanges, ...] = (*manifest.files, *manifest.changes)
    return tuple(part for part in parts if part.sealed)


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    with (home.keys / ".extracts.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UnavailableError("the key of extracts is being changed by another process just now") from None
        yield
