"""``saferoom admin derive``: derived datasets made anew where something they are made of changed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from saferoom.hub.cli.admin_people import JSON

if TYPE_CHECKING:
    from saferoom.hub.linkage.deriving import Outcome


def register(group: typer.Typer) -> None:
    """Add the command to ``saferoom admin``."""
    group.command("derive")(derive)


def derive(
    dataset: str | None = typer.Argument(None, metavar="[DATASET]", help="A derived dataset; by default every one."),
    as_json: bool = JSON,
) -> None:
    """Make derived datasets anew, and put them in force: those of which a source or the recipe changed.

    Deliveries and linkages do so by themselves; this is for after a recipe was changed. Entitled projects get the new
    versions at once.
    """
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.cli.instance import opened
    from saferoom.hub.linkage import deriving
    from saferoom.hub.linkage.deriving import Outcome
    from saferoom.hub.refreshing import provision_entitled
    from saferoom.ids import dataset_name

    with opened() as (instance, administration):
        actor = administration.actor
        if dataset is None:
            found = list(deriving.derive_stale(instance, actor, _tell))
        else:
            name = dataset_name(dataset)
            found = [Outcome(name, deriving.derive(instance, name, actor, _tell))]
        given = provision_entitled(instance, [one.dataset for one in found if one.made is not None], actor)
    if as_json:
        print_json({"derived": [_document(one) for one in found], "projects": dict(given)})
    else:
        for line in [*_lines(found), *(f"{project}: {said}" for project, said in sorted(given.items()))]:
            print(line)
    if any(one.problem for one in found):
        raise typer.Exit(2)


def _tell(words: str, _share: float) -> None:
    sys.stderr.write(f"saferoom: {words}\n")


def _document(one: Outcome) -> dict[str, object]:
    made = None if one.made is None else {"version": one.made.version, "rows": one.made.rows}
    return {"dataset": one.dataset, "made": made, "problem": one.problem or None}


def _lines(found: list[Outcome]) -> list[str]:
    lines = []
    for one in found:
        if one.problem:
            lines.append(f"{one.dataset}: {one.problem}; the version before stays in force")
        elif one.made is not None:
            lines.append(f"{one.dataset}: version {one.made.version}, {one.made.rows:,} rows")
    return lines or ["Nothing that derived datasets are made of changed."]
