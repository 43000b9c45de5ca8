"""Stores that begin as a copy of one that was made before: migrations take their time, and have tests of their own.

With ``SAFEROOM_TEST_STORE=postgresql`` the stores of all tests are on a PostgreSQL that each worker starts for itself:
what stands for a file of SQLite is a database of it. There everything works as the services' role: what a test does
past the product's code, it does as the tables' owner (`tampering`).
"""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy.orm import Session
from tests.support.postgres import OWNER, SERVICES, Server, as_role

from saferoom.hub.store import migrate
from saferoom.hub.store.database import Database
from saferoom.hub.store.service_role import grant

ON_POSTGRES = os.environ.get("SAFEROOM_TEST_STORE") == "postgresql"
_KNOWN: dict[Path, str] = {}
"""The databases on PostgreSQL that stand for files."""
_KEPT: dict[Path, str] = {}
"""Those of them that others are copied from."""
_MOST_KEPT = 40


def store_at(path: Path) -> Database:
    """Return the database at `path`, made empty and migrated where there is none."""
    return store_like(path, _nothing)


def store_like(path: Path, made_by: Callable[[Database], None]) -> Database:
    """Return the database at `path`; where there is none, a copy of what `made_by` makes of an empty one, once."""
    if ON_POSTGRES:
        if path not in _KNOWN:
            _forget()
            _KNOWN[path] = _server().copy(_on_postgres(made_by))
        return Database(_KNOWN[path])
    if not path.exists():
        path.write_bytes(_file(made_by))
    return Database(f"sqlite:///{path}")


@contextmanager
def tampering(database: Database) -> Iterator[Session]:
    """Yield a session that writes as whoever the tables belong to, as an administrator of the database could."""
    if not database.url.startswith("postgresql"):
        with database.transaction() as session:
            yield session
        return
    owned = Database(as_role(database.url, OWNER))
    try:
        with owned.transaction() as session:
            yield session
    finally:
        owned.dispose()


def address_of(path: Path) -> str:
    """Return the address of the database that stands for `path`; on PostgreSQL its owner has made the tables."""
    if not ON_POSTGRES:
        return f"sqlite:///{path}"
    if path not in _KNOWN:
        _forget()
        _KNOWN[path] = _server().copy(_on_postgres(_nothing))
    return _KNOWN[path]


def copy_store(old: Path, new: Path) -> None:
    """Have the store at `new` begin as a copy of that at `old`, which stays, where a copied folder does not hold it."""
    if ON_POSTGRES:
        _forget()
        _KNOWN[new] = _server().copy(_KEPT.setdefault(old, _KNOWN[old]))


def _nothing(_database: Database) -> None:
    """Leave the store empty."""


@cache
def _file(made_by: Callable[[Database], None]) -> bytes:
    with tempfile.TemporaryDirectory() as made:
        path = Path(made, "store.sqlite")
        _make(f"sqlite:///{path}", made_by)  # the last connection writes everything into the file
        return path.read_bytes()


@cache
def _on_postgres(made_by: Callable[[Database], None]) -> str:
    address = _server().empty()
    _make(address, _granted)
    served = as_role(address, SERVICES)
    _make(served, made_by)
    return served


def _granted(database: Database) -> None:
    grant(database, SERVICES)


def _make(address: str, made_by: Callable[[Database], None]) -> None:
    database = Database(address)
    migrate.upgrade(database)
    made_by(database)
    database.dispose()


@cache
def _server() -> Server:
    server = Server()
    atexit.register(server.close)
    return server


def _forget() -> None:
    """Drop the oldest databases that nobody is connected to: each takes eight megabytes."""
    for path in list(_KNOWN)[: max(0, len(_KNOWN) - _MOST_KEPT)]:
        if path not in _KEPT and _server().drop(_KNOWN[path]):
            del _KNOWN[path]
