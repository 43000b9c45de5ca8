"""Whether what every release needs works: the database and its tables, the audit trail's head, the key, the vault.

Each part is tried, not looked at: a query is answered, a file is written. What is wrong with it is logged once; whoever
asks is told its name alone.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

import structlog
from sqlalchemy import select

from saferoom.audit import HEAD_TYPE
from saferoom.errors import BadInputError, SaferoomError, UnavailableError
from saferoom.hub.store import migrate
from saferoom.hub.store.audit_log import AuditHeadRow, AuditLinkRow
from saferoom.hub.wiring import Instance
from saferoom.signing import SigningKey

_log = structlog.get_logger()
FRESH_SECONDS = 2.0
"""How long an answer is given again, so that asking often costs nothing."""
SPARE_BYTES = 64 << 20
"""What the vault's and the home's disks must have free: four of the largest files."""


class Part(StrEnum):
    """What has to work."""

    DATABASE = "database"
    """It answers."""
    TABLES = "tables"
    """They are of this version."""
    AUDIT = "audit"
    """The newest link of the trail can be read, and the newest signed head opens."""
    KEY = "key"
    """The signing key can be read, by the service alone."""
    VAULT = "vault"
    """It takes bytes, and has room for more."""
    DISK = "disk"
    """The home takes bytes, and has room for more."""


class Readiness:
    """Tries the parts of an instance."""

    def __init__(self, instance: Instance, clock: Callable[[], float] = time.monotonic) -> None:
        self._instance = instance
        self._clock = clock
        self._lock = threading.Lock()
        self._found: Mapping[Part, str] | None = None
        self._until = 0.0

    def parts(self) -> Mapping[Part, bool]:
        """Return of every part whether it works; at most one trial runs at once, and the others wait for it."""
        with self._lock:
            before = self._found
            if before is None or self._clock() >= self._until:
                self._found = {part: trouble(self._instance, part) for part in Part}
                self._until = self._clock() + FRESH_SECONDS
                _tell(before or {}, self._found)
            return {part: not said for part, said in (self._found or {}).items()}


def _tell(before: Mapping[Part, str], after: Mapping[Part, str]) -> None:
    for part, said in after.items():
        if said and said != before.get(part):
            _log.error("not ready", part=part.value, reason=said)
        elif before.get(part) and not said:
            _log.info("ready again", part=part.value)


def trouble(instance: Instance, part: Part) -> str:
    """Try one part; return what is wrong with it, in a sentence without any value, or the empty string."""
    try:
        _TRIALS[part](instance)
    except SaferoomError as error:
        return error.message
    except Exception as error:
        # Whatever it is: the part does not work, and asking must not fail.
        return f"the {part} cannot be used ({type(error).__name__})"
    return ""


def _database(instance: Instance) -> None:
    with instance.database.reading() as session:
        session.scalar(select(1))


def _tables(instance: Instance) -> None:
    if migrate.revision_of(instance.database) != migrate.newest():
        raise UnavailableError("the database's tables are of another version; run 'saferoom admin database --upgrade'")


def _audit(instance: Instance) -> None:
    with instance.database.reading() as session:
        session.scalar(select(AuditLinkRow).order_by(AuditLinkRow.seq.desc()).limit(1))
        head = session.scalar(select(AuditHeadRow.envelope).order_by(AuditHeadRow.id.desc()).limit(1))
    if head is not None:
        instance.signing_key.verifying_key.open_json(head, HEAD_TYPE)


def _key(instance: Instance) -> None:
    check_key(instance.home.signing_key)


def check_key(path: Path) -> None:
    """Check that the signing key can be read still, by its owner alone; it is never made here.

    Raises
    ------
    UnavailableError
    """
    try:
        if path.stat().st_mode & 0o077:
            raise UnavailableError(f"{path.name} may be read by others than the service's user; nothing is signed")
        SigningKey.from_pem(path.read_bytes())
    except (OSError, BadInputError):
        raise UnavailableError(
            f"the signing key {path.name} cannot be read; nothing is released until an administrator has restored it"
        ) from None


def _vault(instance: Instance) -> None:
    check_folder(instance.home.vault, "vault")


def _disk(instance: Instance) -> None:
    check_folder(instance.home.root, "home")


def check_folder(folder: Path, name: str) -> None:
    """Check that `folder` takes bytes, and has room for more.

    Raises
    ------
    UnavailableError
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            found = os.fstatvfs(file.fileno())
    except OSError as error:
        raise UnavailableError(
            f"the {name} cannot be written ({error.strerror}); nothing is released until an administrator has mended it"
        ) from None
    if found.f_bavail * found.f_frsize < SPARE_BYTES:
        raise UnavailableError(
            f"the {name}'s disk is nearly full; nothing is released until an administrator has made room"
        )


_TRIALS: Mapping[Part, Callable[[Instance], None]] = {
    Part.DATABASE: _database,
    Part.TABLES: _tables,
    Part.AUDIT: _audit,
    Part.KEY: _key,
    Part.VAULT: _vault,
    Part.DISK: _disk,
}
