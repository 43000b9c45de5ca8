"""``saferoom admin backup-key``, ``backup`` and ``restore``: copies of an instance, encrypted to whoever keeps them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from saferoom.hub.home import Home

_JSON = typer.Option(False, "--json", help="Print one JSON document.")


def register(group: typer.Typer) -> None:
    """Add the commands to ``saferoom admin``."""
    group.command("backup-key")(backup_key)
    group.command("backup")(backup)
    group.command("restore")(restore)


def backup_key(
    file: Path = typer.Argument(..., metavar="FILE", help="Where the secret key is written; not on this machine."),
    as_json: bool = _JSON,
) -> None:
    """Make a secret key that opens backups, and say the recipient that they are encrypted to.

    Files are of age's format: age-keygen's keys serve as well, and age opens them.
    """
    from saferoom.errors import BadInputError
    from saferoom.hub.backup.age import Identity
    from saferoom.hub.cli.commands import print_json

    made = Identity.generate()
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BadInputError(f"{file} cannot be made ({error.strerror}); keys are never written over") from None
    with os.fdopen(handle, "w") as target:
        target.write(made.written())
    if as_json:
        print_json({"recipient": made.recipient, "file": str(file)})
    else:
        print(f"Recipient: {made.recipient}")
        print(f"The secret key is in {file}. Keep it where this machine's data are not; without it no backup opens.")


def backup(
    out: Path = typer.Argument(..., metavar="OUT", help="The file to write; it is written whole or not at all."),
    to: list[str] = typer.Option(..., "--to", metavar="RECIPIENT", help="age1...; again for each who may open it."),
    keys: bool = typer.Option(False, "--keys", help="The instance's keys, and nothing else."),
    as_json: bool = _JSON,
) -> None:
    """Write a backup of the instance, encrypted: database, vault, deliveries, extracts and workspaces.

    The hub may run meanwhile. Keys are a backup of their own (--keys), to be kept by somebody else; one without the
    other opens nothing that is sealed.
    """
    from saferoom.audit import Event
    from saferoom.hub.backup.archive import Part, back_up
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.cli.instance import opened
    from saferoom.hub.cli.record_files import whole_or_nothing
    from saferoom.hub.store.audit_log import AuditLog

    part = Part.KEYS if keys else Part.DATA
    _check_instance()
    with opened() as (instance, administration), whole_or_nothing(out, "OUT") as temporary:
        with instance.database.transaction() as session:
            event = Event(administration.actor, "backup.made", "instance", {"part": part.value, "recipients": len(to)})
            AuditLog(session, instance.clock, instance.signing_key).record(event)
        with temporary.open("wb") as target:
            made = back_up(instance.home, part, target, to, f"{instance.clock.now():%Y-%m-%dT%H:%M:%SZ}")
            target.flush()
            os.fsync(target.fileno())
    if as_json:
        print_json({"part": part.value, "files": made.files, "left_out": made.left_out, "made_at": made.made_at})
        return
    print(f"{made.files:,} files in {out}, encrypted to {len(to)} recipient{'s' if len(to) > 1 else ''}.")
    if made.left_out:
        print(f"{made.left_out:,} links and the like in workspaces were left out.")
    if not keys:
        print("The keys are not in it: saferoom admin backup KEYS.age --keys --to RECIPIENT, kept by somebody else.")


def restore(
    file: Path = typer.Argument(..., metavar="FILE", help="A backup of data, or of keys.", exists=True, dir_okay=False),
    identity: Path = typer.Option(..., "--identity", help="The secret key that opens it.", exists=True, dir_okay=False),
    as_json: bool = _JSON,
) -> None:
    """Put a backup back where SAFEROOM_HOME is empty; then the audit trail is verified, once keys are there as well.

    Keys and data are restored one after the other, in either order.
    """
    from saferoom.hub.backup.age import Identity
    from saferoom.hub.backup.archive import restore as put_back
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.home import Home

    secret = Identity.read(identity.read_text(encoding="utf-8", errors="replace"))
    home = Home.from_environment()
    with file.open("rb") as source:
        made = put_back(home, source, secret)
    links = _verified(home)
    if as_json:
        print_json({"part": made.part.value, "files": made.files, "made_at": made.made_at, "audit_links": links})
        return
    print(f"{made.files:,} files of {made.made_at} are back in {home.root}.")
    if links is None:
        print("Restore the other backup too (data, keys); then the audit trail is verified.")
    else:
        print(f"The audit trail holds: {links:,} links.")


def _check_instance() -> None:
    """Check that there is an instance, which opening one would make.

    Raises
    ------
    BadInputError
    """
    from saferoom.errors import BadInputError
    from saferoom.hub.home import Home

    home = Home.from_environment()
    if not home.signing_key.is_file():
        raise BadInputError(f"there is no Saferoom instance at {home.root}; name its folder in SAFEROOM_HOME")


def _verified(home: Home) -> int | None:
    """Return how many links the audit trail has; None while keys or data are not there yet.

    Raises
    ------
    IntegrityError
        It does not hold.
    """
    from saferoom.hub import keys
    from saferoom.hub.store import migrate
    from saferoom.hub.store.audit_log import verify_audit_log
    from saferoom.hub.store.database import Database

    url = home.database_url
    there = not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///")).is_file()
    if not home.verifying_key.is_file() or not there:
        return None
    store = Database(url)
    try:
        if migrate.revision_of(store) is None:
            return None
        with store.reading() as session:
            return verify_audit_log(session, keys.verifying_key(home)).links
    finally:
        store.dispose()
