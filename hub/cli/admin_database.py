"""``saferoom admin database``: which revision the instance's tables have, and the way back to an older one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from saferoom.hub.home import Home

_JSON = typer.Option(False, "--json", help="Print one JSON document.")
_BACK = typer.Option(
    None, "--back-to", metavar="REVISION", help="Take the tables back to those of an older version's revision."
)


_UPGRADE = typer.Option(False, "--upgrade", help="Bring the tables up to this version's now.")
_ROLE = typer.Option(
    None, "--service-role", metavar="ROLE", help="Give a PostgreSQL role what the services need, and no more."
)


def register(group: typer.Typer) -> None:
    """Add the command to ``saferoom admin``."""
    group.command("database")(database)


def database(back_to: str = _BACK, upgrade: bool = _UPGRADE, service_role: str = _ROLE, as_json: bool = _JSON) -> None:
    """Say which revision the database's tables have; bring them up, take them back, give services their role.

    Before `--back-to` stop the hub: it would bring the tables up again. Going back is refused where anything that must
    be kept would be lost; a backup is the way back then. With `--service-role` what is kept can be added to and not
    changed by the services; run it again after every upgrade. Nothing is done by halves.
    """
    from saferoom.errors import BadInputError
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.home import Home
    from saferoom.hub.store import migrate
    from saferoom.hub.store.database import Database
    from saferoom.hub.store.service_role import grant

    if back_to and (upgrade or service_role):
        raise BadInputError("--back-to goes with neither --upgrade nor --service-role")
    home = Home.from_environment()
    _check_there(home)
    store = Database(home.database_url)
    try:
        before = migrate.revision_of(store)
        if back_to is not None:
            migrate.go_back(store, back_to, _record(home, {"from": before, "to": back_to}))
        if upgrade or service_role:
            migrate.upgrade(store)
        if service_role:
            grant(store, service_role)
        now = migrate.revision_of(store)
    finally:
        store.dispose()
    newest, engine = migrate.newest(), store.engine.dialect.name
    if as_json:
        went = {"went_back_from": before if back_to else None, "service_role": service_role}
        print_json({"engine": engine, "revision": now, "newest": newest, **went})
        return
    if service_role:
        print(f"{service_role} may work with the tables; the audit trail and what left it may add to alone.")
    if back_to:
        print(f"The tables went back from revision {before} to {now}.")
        print("Start the older version now: this one would bring them up again.")
    elif now == newest:
        print(f"{engine}, revision {now}: the tables are those of this version.")
    else:
        print(f"{engine}, revision {now or 'none'}: this version brings the tables up to {newest} when it starts.")


def _check_there(home: Home) -> None:
    """Check that there is a database; opening the address of an SQLite file would make one.

    Raises
    ------
    BadInputError
    """
    from saferoom.errors import BadInputError

    url = home.database_url
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        raise BadInputError(f"there is no Saferoom instance at {home.root}; name its folder in SAFEROOM_HOME")


def _record(home: Home, payload: dict[str, str | None]) -> Callable[[Session], object]:
    """Return what writes an event of the audit trail, in the name of the system's user."""
    from saferoom.audit import Event
    from saferoom.clock import SystemClock
    from saferoom.hub import keys
    from saferoom.hub.cli.instance import system_user
    from saferoom.hub.store.audit_log import AuditLog

    event = Event(f"admin:{system_user()}", "database.went_back", "database", payload)
    key = keys.signing_key(home)
    return lambda session: AuditLog(session, SystemClock(), key).record(event)
