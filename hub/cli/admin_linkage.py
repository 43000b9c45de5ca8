"""``saferoom admin ingest``, ``link`` and ``linkage``: deliveries taken in, indexes linked, and how they stand."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from saferoom.hub.cli.admin_people import JSON

if TYPE_CHECKING:
    from saferoom.hub.linkage.following import Followed
    from saferoom.hub.linkage.records import Linkage
    from saferoom.hub.linkage.status import AssociationStatus, IndexStatus, LinkedData


def register(group: typer.Typer) -> None:
    """Add the commands to ``saferoom admin``."""
    group.command("ingest")(ingest)
    group.command("link")(link)
    group.command("linkage")(linkage)


def ingest(
    dataset: str = typer.Argument(..., metavar="DATASET", help="The dataset's name."),
    file: Path = typer.Argument(..., metavar="FILE", help="What its data owner delivered: .csv or .parquet."),
    version: str = typer.Option(..., "--version", help="What this delivery is called, e.g. 2026-03."),
    period: str | None = typer.Option(
        None, "--period", help="What it is about: YYYY, YYYY-MM-DD, or FIRST..LAST days."
    ),
    accept: list[str] = typer.Option(
        [], "--accept", help="A variable, or `rows`, that differs from the last version as its owner means it to."
    ),
    as_json: bool = JSON,
) -> None:
    """Check a delivery and split it between the zones: what identifies to the linker, the rest to the provisioner.

    Everything of it enters or nothing. The delivered file stays where it is: remove it once it is no longer needed.
    """
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.cli.instance import opened
    from saferoom.hub.linkage import ingesting
    from saferoom.hub.linkage.following import follow
    from saferoom.hub.linkage.ingesting import Delivered, store_of
    from saferoom.hub.linkage.status import delivery_document
    from saferoom.ids import dataset_name
    from saferoom.projects.catalogue.checks.report import DeliveryReport

    first, last = _days(period)
    wanted = Delivered(dataset_name(dataset), file, version, first, last, tuple(accept))
    with opened() as (instance, administration):
        made = ingesting.ingest(instance, wanted, administration.actor, _tell())
        followed = follow(instance, [made.dataset], administration.actor, _tell())
        waits = instance.registry.dataset(made.dataset).indexes
        with store_of(instance).reading() as now:
            undefined = {name for name in waits if now.index(name) is None}
    if as_json:
        print_json({"delivery": delivery_document(made), "report": made.report, "link": waits, **_after(followed)})
        return
    print(DeliveryReport.read(made.report or {}).text())
    print(f"Ingested: {made.dataset} {made.version}, {made.rows:,} rows, SHA-256 {made.sha256}.")
    for index in waits:
        print(f"To link: saferoom admin link {index}{' --definition FILE' if index in undefined else ''}")
    _say(followed)


def link(
    index: str = typer.Argument(..., metavar="INDEX", help="The index's name, e.g. person."),
    definition: Path | None = typer.Option(
        None, "--definition", help="A YAML file (kind: index) with how it is linked."
    ),
    afresh: bool = typer.Option(False, "--afresh", help="Compare everything anew; ids stay, by the log."),
    as_json: bool = JSON,
) -> None:
    """Link an index's sources in the linker's zone; a refresh is compared with what is known. Ids never change hands.

    Then derived datasets are made anew, and every project that is entitled gets its extract of the new versions.
    """
    from saferoom.hub.administration import read_text
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.cli.instance import opened
    from saferoom.hub.linkage.definition import read_index
    from saferoom.hub.linkage.following import follow
    from saferoom.hub.linkage.linking import Wish, link_index
    from saferoom.hub.linkage.status import linkage_document

    read = None if definition is None else read_index(read_text(definition), str(definition))
    with opened() as (instance, administration):
        made = link_index(instance, Wish(index, read, afresh), administration.actor, _tell())
        followed = follow(instance, list(made.index.sources), administration.actor, _tell())
    if as_json:
        print_json({"linkage": linkage_document(made), **_after(followed)})
        return
    print("\n".join(_told(made)))
    _say(followed)


def linkage(as_json: bool = JSON) -> None:
    """Show how linked data stand: deliveries, linkages with their quality, what waits, reviews, and associations."""
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.cli.instance import opened
    from saferoom.hub.linkage.status import document, linked_data

    with opened() as (instance, _):
        found = linked_data(instance)
    if as_json:
        print_json(document(found))
        return
    print("\n".join(_standing(found)))


def _standing(found: LinkedData) -> list[str]:
    from saferoom.hub.cli.text import table

    lines = []
    if found.deliveries:
        rows = [
            (one.dataset, one.version, one.period or "", f"{one.rows:,}", f"{one.at:%Y-%m-%d %H:%M}", one.by)
            for one in found.deliveries
        ]
        lines.append(table(("dataset", "version", "period", "rows", "ingested (UTC)", "by"), rows))
    else:
        lines.append("Nothing was ingested yet: saferoom admin ingest DATASET FILE --version VERSION")
    for one in found.indexes:
        lines += ["", *_index(one)]
    for association in found.associations:
        lines += ["", *_association(association)]
    return [*lines, "", *(f"NOT enforced: {said}" for said in found.not_enforced)]


def _index(one: IndexStatus) -> list[str]:
    lines = [f"{one.name}: {one.title}"]
    lines += [f"  not linked yet: {waiting.dataset} {waiting.version}" for waiting in one.waiting]
    for number, linkage_ in enumerate(one.linkages):
        lines += [f"  {line}" for line in (_told(linkage_) if number == 0 else _told(linkage_)[:1])]
    if one.review is not None:
        said = ", ".join(f"{name} {value}" for name, value in one.review.items() if isinstance(value, int))
        lines.append(f"  review: {said}")
    return lines


def _association(one: AssociationStatus) -> list[str]:
    counts = one.counts
    lines = [f"{one.dataset}: {one.title} ({' and '.join(one.between)})"]
    if not one.versions or not counts:
        return [*lines, f"  not made yet: saferoom admin derive {one.dataset}"]
    lines.append(
        f"  version {one.versions[0].version}: {counts['pairs']:,} pairs, {counts['periods']:,} periods, from "
        f"{counts['rows']:,} rows of evidence"
    )
    if since := counts.get("since"):
        said = ", ".join(f"{since[name]:,} {name}" for name in ("same", "changed", "new", "gone"))
        lines.append(f"  pairs since version {one.versions[1].version}: {said}")
    return lines


def _told(made: Linkage) -> list[str]:
    """Return a linkage in words: numbers and the sentences of its quality pack."""
    counts = made.counts
    how = "everything compared anew" if made.afresh else "compared with what was known"
    lines = [
        f"{made.name} ({made.at:%Y-%m-%d %H:%M} UTC, {how}): {counts['records']:,} records, "
        f"{counts['entities']:,} entities"
    ]
    events = [f"{counts[name]:,} {name}" for name in ("new", "joined", "merged", "split", "moved") if counts.get(name)]
    if events:
        lines.append(f"Records: {', '.join(events)}")
    packs: list[Mapping[str, Any]] = [made.quality["identifiers"], *made.quality["attributes"].values()]
    for name in ("precision", "recall"):
        found = packs[0].get(name)
        if found is not None:
            lines.append(f"Estimated {name}: {found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})")
    if not made.afresh:
        lines.append("Precision and recall are estimated where everything is compared anew: --afresh")
    lines += [
        f"Match rate of {source['name']}: {100 * source['match_rate']['value']:.1f} %"
        for source in packs[0]["sources"]
        if source["match_rate"] is not None
    ]
    lines += [
        f"{source}: {one['records']:,} records of {one['entities']:,} entities, {one['shared']:,} of them in another "
        f"source as well; at most {one['most']:,} of one entity"
        for source, one in counts.get("members", {}).items()
    ]
    return lines + [sentence["text"] for pack in packs for sentence in pack["sentences"]]


def _after(followed: Followed) -> dict[str, Any]:
    return {"derived": list(followed.derived), "problems": list(followed.problems), "projects": dict(followed.projects)}


def _say(followed: Followed) -> None:
    for name in followed.derived:
        print(f"Made anew: {name}")
    for said in followed.problems:
        print(f"! {said}")
    for project, said in sorted(followed.projects.items()):
        print(f"{project}: {said}")


def _tell() -> Callable[[str, float], None]:
    """Return what tells each step once, on standard error."""
    told: set[str] = set()

    def tell(what: str, share: float) -> None:
        _ = share
        if what not in told:
            told.add(what)
            print(f"saferoom: {what}", file=sys.stderr, flush=True)

    return tell


def _days(period: str | None) -> tuple[date | None, date | None]:
    """Return the first and last day of a period."""
    from saferoom.errors import BadInputError

    if period is None:
        return None, None
    try:
        if period.isdigit() and len(period) == len("YYYY"):
            return date(int(period), 1, 1), date(int(period), 12, 31)
        first, between, last = period.partition("..")
        return date.fromisoformat(first), date.fromisoformat(last if between else first)
    except ValueError:
        raise BadInputError("--period is a year, a day (YYYY-MM-DD), or the first and last day: FIRST..LAST") from None
