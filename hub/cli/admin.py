"""``saferoom admin``: people, projects, datasets, approvals and extracts of this instance."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from saferoom.errors import BadInputError
from saferoom.hub.cli.instance import opened

if TYPE_CHECKING:
    from saferoom.hub.administration import Administration
    from saferoom.hub.extracts import Extracts
    from saferoom.hub.wiring import Instance
    from saferoom.projects.administration.plan import Plan

_JSON = typer.Option(False, "--json", help="Print one JSON document.")


def register(app: typer.Typer) -> None:
    """Add ``saferoom admin`` to `app`."""
    from saferoom.hub.cli import (
        admin_airlock,
        admin_backup,
        admin_break_glass,
        admin_budget,
        admin_catalogue,
        admin_database,
        admin_derive,
        admin_extracts,
        admin_keys,
        admin_linkage,
        admin_lists,
        admin_notices,
        admin_packages,
        admin_people,
        admin_projects,
        admin_retention,
        admin_sign_in,
        admin_tokens,
    )

    group = typer.Typer(name="admin", help="People, projects, datasets and extracts.", no_args_is_help=True)
    group.command("apply")(apply)
    admin_lists.register(group)
    admin_catalogue.register(group)
    admin_people.register(group)
    admin_break_glass.register(group)
    admin_airlock.register(group)
    admin_notices.register(group)
    admin_budget.register(group)
    admin_tokens.register(group)
    admin_projects.register(group)
    admin_packages.register(group)
    admin_linkage.register(group)
    admin_derive.register(group)
    group.command("password")(password)
    admin_sign_in.register(group)
    admin_extracts.register(group)
    admin_database.register(group)
    admin_backup.register(group)
    admin_keys.register(group)
    admin_retention.register(group)
    group.command("end-approval")(end_approval)
    group.command("remove-member")(remove_member)
    app.add_typer(group)


def apply(
    files: list[Path] = typer.Argument(..., metavar="FILE...", help="YAML files with people, datasets and so on."),
    yes: bool = typer.Option(False, "--yes", "-y", help="Write without asking."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show what would change and write nothing."),
    as_json: bool = _JSON,
) -> None:
    """Register people, datasets, projects and approvals from YAML; shows first what would change.

    What is not in the files stays as it is; nothing is deleted.
    """
    from saferoom.hub.administration import read_files

    entries = read_files(files)
    with opened() as (instance, administration):
        planned = administration.plan(entries)
        if not as_json:
            _show(planned)
        withdrawn: list[str] = []
        lacking: list[str] = []
        write = bool(planned.changes) and not dry_run and (yes or _agreed(as_json))
        if write:
            administration.apply(entries, planned)
            withdrawn = _withdraw(instance, administration)
            lacking = _lacking(instance, administration)
    if as_json:
        changes = [change.document() for change in planned.changes]
        print(json.dumps({"changes": changes, "notes": list(planned.notes), "applied": write}))
    elif write:
        print("\n".join(["Written.", *withdrawn, *lacking]))
    elif planned.changes:
        print("Nothing was written.")


def password(
    username: str = typer.Argument(..., metavar="USER", help="Whose password is set."),
    stdin: bool = typer.Option(False, "--password-stdin", help="Read the password from standard input."),
    as_json: bool = _JSON,
) -> None:
    """Give somebody a password and a new second factor, which is shown once."""
    from saferoom import ids

    name = ids.username(username)
    with opened() as (instance, administration):
        instance.registry.person(name)
        chosen = sys.stdin.readline().rstrip("\r\n") if stdin else _asked()
        enrolment = instance.credentials.set_password(name, chosen, actor=administration.actor)
    if as_json:
        print(json.dumps({"username": name, "secret": enrolment.secret, "uri": enrolment.uri}))
        return
    print(f"The password of {name} is set; an earlier one, its second factor and security keys no longer work.")
    print("Second factor, shown this once. Add it to an authenticator app:")
    print(f"  {enrolment.uri}")


def end_approval(
    project: str = typer.Argument(..., metavar="PROJECT"), dataset: str = typer.Argument(..., metavar="DATASET")
) -> None:
    """End a data owner's approval now; its extract is withdrawn."""
    from saferoom import ids

    slug, name = ids.project_slug(project), ids.dataset_name(dataset)
    with opened() as (instance, administration):
        administration.end_approval(slug, name)
        print(f"The approval of {name} for {slug} has ended. Rooms without any other approval end within a minute.")
        # An extract of linked data tells of links to the dataset that is gone, so others may have to be made again.
        for line in (*_withdraw(instance, administration), *_lacking(instance, administration)):
            print(line)


def remove_member(
    project: str = typer.Argument(..., metavar="PROJECT"), username: str = typer.Argument(..., metavar="USER")
) -> None:
    """End somebody's membership of a project now."""
    from saferoom import ids

    slug, name = ids.project_slug(project), ids.username(username)
    with opened() as (_, administration):
        administration.remove_member(slug, name)
    print(f"{name} is no longer a member of {slug}. A running room ends within a minute.")


def _show(planned: Plan) -> None:
    from saferoom.hub.cli import changes

    for note in planned.notes:
        print(f"! {note}")
    if not planned.changes:
        print("Nothing to change.")
        return
    print(changes.text(planned.changes))
    print(f"\n{changes.summary(planned.changes)}")


def _agreed(as_json: bool) -> bool:
    if as_json or not sys.stdin.isatty():
        raise BadInputError("nobody is there to agree; add --yes to write, or --dry-run to look only")
    return typer.confirm("Write this?")


def _asked() -> str:
    if not sys.stdin.isatty():
        raise BadInputError("nobody is there to type a password; hand it over with --password-stdin")
    chosen: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return chosen


def _withdraw(instance: Instance, administration: Administration) -> list[str]:
    """Withdraw the extracts that no approval covers any more, and say so."""
    gone = administration.withdraw(_maker(instance, administration))
    return [f"Withdrawn from {project}: the extract of {', '.join(datasets)}." for project, datasets in gone.items()]


def _lacking(instance: Instance, administration: Administration) -> list[str]:
    """Say which extracts are still to be made."""
    maker = _maker(instance, administration)
    found = {project.slug: maker.lacking(project.slug) for project in instance.registry.projects()}
    return [f"To make for {', '.join(names)}: saferoom admin extract {slug}" for slug, names in found.items() if names]


def _maker(instance: Instance, administration: Administration) -> Extracts:
    return instance.extracts(administration.actor)
