"""Whether a key that is gone was in use: a new one in its place would let what hangs on the old one be lost unseen.

What tells is what only the key can have made, in the home's folders and in its database. Nothing of it is read, only
found; so a fresh instance, and one whose data were all deleted, makes its keys at first use.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import column, inspect, literal, select, table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from saferoom.errors import UnavailableError
from saferoom.hub.home import Home
from saferoom.hub.store.database import Database

_ZONE = ("deliveries/*/*", "indexes/*/*/*", "maps/*/*/*")


@dataclass(frozen=True)
class Used:
    """What shows that a key was in use.

    Attributes
    ----------
    lost : str
        What nobody could read, or what would no longer fit, without it.
    places : tuple of str
        Patterns below the home; a match shows it.
    tables : tuple of (str, str or None)
        Tables of which a row shows it; with a column, one that has something there.
    """

    lost: str
    places: tuple[str, ...] = ()
    tables: tuple[tuple[str, str | None], ...] = ()


EVIDENCE = {
    "memory": Used(
        "what was released and judged is not remembered without it, so that differences could leave, and sealed "
        "workspaces cannot be read",
        ("crosswalks/*/*.crosswalk", "sealed/*/key"),
        (("airlock_evaluations", None), ("airlock_memory", None), ("inputs", None), ("datasets_ingested", "profile")),
    ),
    "pseudonym": Used(
        "units would have other ids and statistics other noise, which could be held against the earlier ones",
        ("extracts/*/manifest.json", "crosswalks/*/*.crosswalk"),
        (("deliveries", None), ("sign_in_links", None), ("airlock_evaluations", None)),
    ),
    "extracts": Used(
        "the extracts of projects cannot be read without it (where no backup has it, move the folder extracts away and "
        "make them again)",
        ("extracts/*/manifest.json",),
    ),
    "linker": Used(
        "what the linker keeps, and with it who is who across deliveries, cannot be read without it",
        tuple(f"linker/{place}" for place in _ZONE),
        (("linkages", None), ("deliveries", None)),
    ),
    "provisioner": Used(
        "what was delivered cannot be read without it",
        tuple(f"provisioner/{place}" for place in _ZONE),
        (("linkages", None), ("deliveries", None)),
    ),
}
"""By the key's name: that of its file, without the ending."""


def check_unused(home: Home, path: Path) -> None:
    """Check that nothing hangs on the key that `path` is to hold, which is not there.

    Raises
    ------
    UnavailableError
        Something does, or nobody can tell.
    """
    used = EVIDENCE.get(path.stem)
    # Looked for again: somebody who made it meanwhile may have used it meanwhile, too.
    if used is not None and _shown(home, used) and not path.exists():
        raise UnavailableError(
            f"the key {path.name} is gone, and it was in use: {used.lost}. Restore it from the backup of keys; none "
            "was made in its place, and nothing was changed"
        )


def check_present(home: Home) -> None:
    """Check before a service starts that none of its keys is gone that was in use; see `check_unused`.

    A zone's key is the zone's, and is missed when its zone is asked.
    """
    for path in (home.memory_key, home.pseudonym_key, home.extract_key):
        if not path.exists():
            check_unused(home, path)


def _shown(home: Home, used: Used) -> bool:
    return any(_found(home.root, place) for place in used.places) or _stored(home, used)


def _found(root: Path, pattern: str) -> bool:
    top = root / pattern.partition("/")[0]
    try:
        # What cannot be looked into is not known to be empty; a pattern would pass it over.
        return top.exists() and any(top.iterdir()) and next(root.glob(pattern), None) is not None
    except OSError:
        return True


def _stored(home: Home, used: Used) -> bool:
    if not used.tables:
        return False
    try:
        with reading(home) as session:
            return session is not None and any(_has(session, name, filled) for name, filled in used.tables)
    except SQLAlchemyError:
        return True


def _has(session: Session, name: str, filled: str | None) -> bool:
    if not inspect(session.connection()).has_table(name):
        return False
    query = select(literal(1)).select_from(table(name)).limit(1)
    return session.scalar(query if filled is None else query.where(column(filled).is_not(None))) is not None


@contextmanager
def reading(home: Home) -> Iterator[Session | None]:
    """Yield one moment of the home's database; None where there is none yet."""
    url = home.database_url
    # Opening a SQLite address makes an empty database.
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        yield None
        return
    database = Database(url)
    try:
        with database.reading() as session:
            yield session
    finally:
        database.dispose()
