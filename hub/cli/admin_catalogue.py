"""``saferoom admin catalogue``: the public list in other formats, the registry as YAML, what checks found."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from saferoom.errors import BadInputError, NotFoundError
from saferoom.hub.cli.admin_people import JSON
from saferoom.hub.cli.instance import opened

if TYPE_CHECKING:
    from saferoom.hub.wiring import Instance


class Form(StrEnum):
    """What the catalogue can be written as."""

    DCAT_AP = "dcat-ap"
    DATAPACKAGE = "datapackage"
    SCHEMA_ORG = "schema.org"
    JSON = "json"
    CSV = "csv"
    YAML = "yaml"


_PLAIN = {Form.JSON: "catalogue.json", Form.CSV: "catalogue.csv", Form.YAML: "catalogue.yaml"}
_ADDRESS = "https://example.org/register"


def register(group: typer.Typer) -> None:
    """Add the commands to ``saferoom admin``."""
    inner = typer.Typer(name="catalogue", help="What data exist, for other catalogues.", no_args_is_help=True)
    inner.command("export")(export)
    inner.command("versions")(versions)
    inner.command("checks")(checks)
    group.add_typer(inner)


def export(
    form: Form = typer.Option(..., "--format", help="dcat-ap, datapackage and schema.org are for other catalogues."),
    out: Path | None = typer.Option(None, "--out", help="Folder for the file; standard output when left out."),
    address: str = typer.Option(_ADDRESS, "--address", help="Where the public register is found; names begin with it."),
) -> None:
    """Write the catalogue: only what is public, but for yaml, which is the whole registry of datasets and versions.

    Datasets whose existence is confidential are in yaml alone.
    """
    with opened() as (instance, _):
        data, file = _written(instance, form, address.rstrip("/"))
    if out is None:
        typer.echo(data.decode(), nl=not data.endswith(b"\n"))
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / file).write_bytes(data)
    except OSError as error:
        raise BadInputError(f"{out}: cannot be written ({error.strerror})") from None
    print(f"{out / file}")


def versions(
    dataset: str = typer.Argument(..., metavar="DATASET"),
    as_json: bool = JSON,
) -> None:
    """List the versions of a dataset that came in, the newest first."""
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.cli.text import table
    from saferoom.ids import dataset_name

    with opened() as (instance, _):
        found = instance.registry.versions(instance.registry.dataset(dataset_name(dataset)).name)
    if as_json:
        print_json({"versions": found})
        return
    if not found:
        print(f"No version of {dataset} has come in. Deliver one with: saferoom admin ingest")
        return
    rows = [
        (
            one.version,
            f"{one.ingested_at:%Y-%m-%d %H:%M}",
            f"{one.rows:,}",
            f"{one.first or '...'} to {one.last or 'now'}" if one.first or one.last else "-",
            "yes" if one.breaking else "no",
            one.sha256[:12],
        )
        for one in found
    ]
    print(table(("version", "came in", "rows", "about", "breaking", "sha256"), rows))


def checks(
    dataset: str = typer.Argument(..., metavar="DATASET"),
    version: str = typer.Argument(..., metavar="VERSION"),
    as_json: bool = JSON,
) -> None:
    """Show what the checks of a delivery found; it counts and shows no value of the data."""
    from saferoom.hub.store.versions import report_of
    from saferoom.ids import dataset_name

    with opened() as (instance, _), instance.database.reading() as session:
        found = report_of(session, dataset_name(dataset), version)
    if found is None:
        raise NotFoundError(f"no report of version {version} of {dataset} is on record")
    print(json.dumps(found[0].to_json()) if as_json else found[0].text())


def _written(instance: Instance, form: Form, address: str) -> tuple[bytes, str]:
    from saferoom.projects.administration.written import to_yaml
    from saferoom.projects.catalogue.exports import FORMATS, table

    registry = instance.registry
    if form is Form.YAML:
        datasets = registry.datasets()
        came = [one for found in datasets for one in reversed(registry.versions(found.name))]
        return to_yaml([*datasets, *came]).encode(), _PLAIN[form]
    listed = instance.public_register.entries()
    if form is Form.CSV:
        return table.to_csv(listed.entries), _PLAIN[form]
    if form is Form.JSON:
        return json.dumps(listed.document(), ensure_ascii=False).encode(), _PLAIN[form]
    if not listed.entries:
        raise BadInputError("no dataset that may be named is registered, so there is nothing to export")
    made = FORMATS[form.value]
    return made.write(listed.entries, address, registry.platform().environment), made.file
