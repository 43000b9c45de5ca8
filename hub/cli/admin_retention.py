"""``saferoom admin retention`` and ``hold``: what is kept no longer than its time, and what must stay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from saferoom.errors import BadInputError
from saferoom.hub.cli.instance import opened

if TYPE_CHECKING:
    from saferoom.hub.retention import Due
    from saferoom.hub.wiring import Instance

_JSON = typer.Option(False, "--json", help="Print one JSON document.")
_NONE = (
    "nothing says how long things are kept: write retention.yaml into the instance's home (kind: retention, "
    "sources_days, deliveries_days, drafts_days, logs_days, backups_days, workspaces, by_itself)"
)


def register(group: typer.Typer) -> None:
    """Add the commands to ``saferoom admin``."""
    group.command("retention")(retention)
    group.command("hold")(hold)
    group.command("backup-gone")(backup_gone)


def retention(
    apply: bool = typer.Option(False, "--apply", help="Do it: note what is unneeded, delete what is over."),
    certificates: Path | None = typer.Option(
        None, "--certificates", metavar="FOLDER", help="Write every certificate of a deletion there."
    ),
    as_json: bool = _JSON,
) -> None:
    """Say what is unneeded, since when, by which rule, and when it goes; with --apply delete what is over.

    Days count from when it was noted that nothing names a thing, so nothing goes at the first --apply unless its
    days are 0. Certificates of deletion are checked with `saferoom verify`.
    """
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.retention import Retention, settings_of
    from saferoom.projects.life.parts import Actor

    with opened() as (instance, administration):
        if certificates is not None:
            written = _certificates(instance, certificates)
            print_json({"certificates": written}) if as_json else print(f"{written:,} certificates in {certificates}.")
            return
        settings = settings_of(instance.home)
        if settings is None:
            raise BadInputError(_NONE)
        looking = Retention(instance, settings, Actor.console(administration.actor), "administrator")
        done, failed = looking.apply() if apply else ([], {})
        due, now = looking.due(), instance.clock.now()
    if as_json:
        print_json({"unneeded": [_plain(one) for one in due], "deleted": done, "not_deleted": failed})
    else:
        for name in done:
            print(f"Deleted: {name}")
        print(_table(due) if due else "Nothing is unneeded.")
        over = sum(one.over(now) and not one.elsewhere for one in due)
        if over and not apply:
            print(f"{over:,} would go now: saferoom admin retention --apply")
        if late := sum(one.over(now) and one.elsewhere for one in due):
            print(f"{late:,} backups are to be destroyed where they are kept; then: saferoom admin backup-gone NAME")
        for name, reason in failed.items():
            print(f"Not deleted: {name}: {reason}")
    if failed:
        raise typer.Exit(1)


def hold(
    name: str = typer.Argument(..., metavar="NAME", help="As the list has it: sources/FILE, workspaces/PROJECT ..."),
    reason: str = typer.Option(..., "--reason", help="Why; kept in the audit trail."),
    end: bool = typer.Option(False, "--end", help="End the hold."),
    as_json: bool = _JSON,
) -> None:
    """Let a thing stay, whatever the settings say, until the hold is ended."""
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.retention_holds import hold as held
    from saferoom.projects.life.parts import Actor

    said = reason.strip()
    if not said or len(said) > 1000:
        raise BadInputError("--reason: say why, in at most 1000 characters")
    with opened() as (instance, administration):
        held(instance, Actor.console(administration.actor), name, said, end=end)
    if as_json:
        print_json({"name": name, "held": not end})
    else:
        print(f"{name} is held no more." if end else f"{name} stays until the hold is ended.")


def backup_gone(
    name: str = typer.Argument(..., metavar="NAME", help="backups/LINK, as `saferoom admin retention` lists it."),
    reason: str = typer.Option(..., "--reason", help="How it was destroyed, and by whom; kept in the audit trail."),
    as_json: bool = _JSON,
) -> None:
    """Say that a backup was destroyed where it was kept: Saferoom cannot see that, and counts it no more."""
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.retention_holds import gone
    from saferoom.projects.life.parts import Actor

    said = reason.strip()
    if not said or len(said) > 1000:
        raise BadInputError("--reason: say how, in at most 1000 characters")
    with opened() as (instance, administration):
        gone(instance, Actor.console(administration.actor), name, said)
    if as_json:
        print_json({"name": name, "gone": True})
    else:
        print(f"{name} is on record as destroyed.")


def _certificates(instance: Instance, folder: Path) -> int:
    from saferoom.hub.retention_state import certificates

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with instance.database.reading() as session:
            found = dict(certificates(session))
        for link, envelope in found.items():
            (folder / f"certificate-{link}.json").write_text(json.dumps(envelope), encoding="utf-8")
    except OSError as error:
        raise BadInputError(f"{folder} cannot be written ({error.strerror})") from None
    return len(found)


def _plain(one: Due) -> dict[str, object]:
    return {
        "name": one.name,
        "why": one.why,
        "since": one.since,
        "due": one.due,
        "held": one.held,
        "elsewhere": one.elsewhere,
    }


def _table(due: list[Due]) -> str:
    from saferoom.hub.cli.text import table

    rows = [
        (
            one.name,
            f"{one.since:%Y-%m-%d}" if one.since else "with --apply",
            f"held: {one.held}" if one.held is not None else f"{one.due:%Y-%m-%d}" if one.due else "",
            one.why,
        )
        for one in due
    ]
    return table(("unneeded", "since", "goes", "why"), rows)
