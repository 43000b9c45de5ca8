"""``saferoom admin``: a project's extracts, the change of its ids, and what it never used."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import typer

from saferoom.errors import BadInputError
from saferoom.hub.cli.instance import opened

if TYPE_CHECKING:
    from saferoom.projects.extracts.manifest import Manifest

_JSON = typer.Option(False, "--json", help="Print one JSON document.")
_PROJECT = typer.Argument(..., metavar="PROJECT", help="The project's short name.")
_REASON = typer.Option(..., "--reason", help="Why; kept in the audit trail.")
_END = typer.Option(False, "--end-read-through", help="Change no id; take the table of old and new ids away.")
_LAST = typer.Option(None, "--last-day", help="With --end-read-through: the last day that it stays (UTC), YYYY-MM-DD.")
_SINCE = typer.Option(None, "--since", help="Count queries from this day on, YYYY-MM-DD.")


def register(group: typer.Typer) -> None:
    """Add the commands to ``saferoom admin``."""
    group.command("extract")(extract)
    group.command("rotate")(rotate)
    group.command("minimisation")(minimisation)


def extract(project: str = _PROJECT, as_json: bool = _JSON) -> None:
    """Make a project's extracts from the data owners' files: approved variables, project pseudonyms."""
    from saferoom import ids
    from saferoom.hub.refreshing import refresh

    slug = ids.project_slug(project)
    with opened() as (instance, administration):
        maker = instance.extracts(administration.actor)
        manifest = refresh(instance, maker, slug)
        folder = maker.extracts / slug
    if as_json:
        print(manifest.model_dump_json())
        return
    print(_files(manifest))
    print(f"Written to {folder}, encrypted; rooms of {slug} see them at /data.")


def rotate(
    project: str = _PROJECT,
    reason: str = _REASON,
    end: bool = _END,
    last_day: str | None = _LAST,
    as_json: bool = _JSON,
) -> None:
    """Give every unit in a project's extracts a new id; the project keeps a table of old and new ones."""
    from saferoom import ids

    slug = ids.project_slug(project)
    said = reason.strip()
    if not said or len(said) > 1000:
        raise BadInputError("--reason: say why, in at most 1000 characters")
    if last_day is not None and not end:
        raise BadInputError("--last-day: only with --end-read-through")
    last = _day(last_day, "--last-day")
    with opened() as (instance, administration):
        maker = instance.extracts(administration.actor)
        manifest = maker.end_read_through(slug, said, last) if end else maker.rotate(slug, said)
        epoch = instance.extract_records.current(slug)
    if as_json:
        print(json.dumps({"epoch": epoch, "manifest": manifest and manifest.model_dump(mode="json")}))
    elif manifest is None:
        print(f"Project {slug} has no extracts yet; its first ones will have the ids of epoch {epoch}.")
    elif end:
        when = "is gone, from running rooms, too" if last is None else f"goes after {last.isoformat()}"
        print(f"The table of old and new ids of {slug} {when}.")
    else:
        print(_files(manifest))
        print(f"The ids of {slug} are those of epoch {epoch} now; rooms find old and new ones with saferoom.new_ids().")


def minimisation(project: str = _PROJECT, since: str | None = _SINCE, as_json: bool = _JSON) -> None:
    """Show which approved variables no query of a project ever named."""
    from saferoom import ids
    from saferoom.hub.cli.text import table
    from saferoom.hub.minimisation import report

    slug = ids.project_slug(project)
    with opened() as (instance, _):
        instance.registry.project(slug)
        found = report(instance, slug, _day(since, "--since"))
    if as_json:
        print(json.dumps({"project": slug, "datasets": [one.document() for one in found]}))
        return
    for one in found:
        print(f"{one.dataset}: {one.sentence}")
        if one.unused:
            print(table(("variable", "label"), [(name, one.labels.get(name) or "") for name in one.unused]))
    if not found:
        print(f"Nothing is approved for {slug} today.")


def _files(manifest: Manifest) -> str:
    from saferoom.hub.cli.text import table

    rows = [
        (
            file.dataset,
            file.version,
            f"{file.rows:,}",
            _size(file.bytes),
            ", ".join(column.name for column in file.columns),
        )
        for file in manifest.files
    ]
    return table(("dataset", "version", "rows", "size", "columns"), rows)


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"


def _day(text: str | None, option: str) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"{option}: must be a day, as 2026-11-23") from None
