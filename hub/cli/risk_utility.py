"""``saferoom risk-utility``: several plans for the same records, by the risk that they leave and what they cost."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from saferoom.errors import BadInputError
from saferoom.hub.cli.failing_closed import ended_in_order, failing_closed
from saferoom.hub.cli.record_files import PAGES, check_out, seed_of, whole_or_nothing, write_page

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.plans.plan import Plan
    from saferoom.disclosure.microdata.plans.risk_utility import RiskUtilityMap

_WIDTH = 100


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("risk-utility")(risk_utility)


def risk_utility(
    data: Path = typer.Argument(help="The records: Parquet, CSV or TSV."),
    plans: list[Path] = typer.Argument(
        help="Plans of protection, YAML or JSON, with the same key variables and weight."
    ),
    risk: str = typer.Option(
        "expected",
        "--risk",
        help="Plans are compared by this risk: expected, largest, linked (perturbed numbers), below.",
    ),
    loss: str = typer.Option(
        "information", "--loss", help="And by this loss: information, propensity (pMSE ratio), distances (IL1s)."
    ),
    seed: Path | None = typer.Option(
        None, "--seed", help="File of a secret seed and its salt: read when it is there, else made (keep it secret)."
    ),
    report: Path | None = typer.Option(
        None, "--report", help="A page for the data owner alone, with the map: an .html file."
    ),
    missing: list[str] = typer.Option([], "--missing", help="Text that stands for a missing value in CSV, such as NA."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document and nothing else."),
) -> None:
    """Map plans by risk and loss; exit 0, or 2 where no plan can be done. No protected records are written."""
    if report is not None:
        check_out(report, [data, *plans, *([] if seed is None else [seed])], PAGES, "--report")
    with failing_closed("the work", "nothing was written"), ended_in_order(), seed_of(seed) as secret:
        from saferoom.disclosure.microdata.files import read_records
        from saferoom.disclosure.microdata.plans.risk_utility import Axes
        from saferoom.disclosure.microdata.plans.risk_utility import risk_utility as mapped
        from saferoom.hub.cli.suppress_progress import shown_progress

        axes, asked = Axes(risk, loss), {name: _read(file) for name, file in _named(plans).items()}
        records = read_records(data, missing=missing)
        with shown_progress("trying plans") as progress:
            found = mapped(records, asked, secret, axes, progress)
        if report is not None:
            from saferoom.hub.records.plan_map import map_page

            with whole_or_nothing(report, "--report") as temporary:
                write_page(map_page(found, data.name), temporary, report)
    if as_json:
        json.dump(found.document(), sys.stdout, allow_nan=False, ensure_ascii=False)
        print()
    else:
        print("\n".join(_lines(found)))


def _named(plans: list[Path]) -> dict[str, Path]:
    """Return the plans by the shortest names that tell them apart."""
    short = [file.name for file in plans]
    names = [file.name if short.count(file.name) == 1 else str(file) for file in plans]
    for name in names:
        if names.count(name) > 1:
            raise BadInputError(f"the plan {name} is named twice")
    return dict(zip(names, plans, strict=True))


def _read(file: Path) -> Plan | str:
    """Return a plan, or why there is none."""
    from saferoom.disclosure.microdata.plans.plan import read_plan
    from saferoom.hub.cli.query import text_of

    try:
        return read_plan(text_of(file, "the plan"), file.name)
    except BadInputError as error:
        return error.message.replace(f"{file.name}, line", "line")  # the map names the plan anyway


def _lines(found: RiskUtilityMap) -> Iterator[str]:
    from saferoom.disclosure.microdata.plans.risk_utility import LOSSES, RISKS
    from saferoom.hub.cli.text import table

    yield f"{found.records:,} records; key variables {', '.join(found.keys)}"
    yield f"risk: {RISKS[found.risk]}; loss: {LOSSES[found.loss]}"
    yield ""
    rows = [["(as they are)", *_told(found.before, RISKS), *("0" for _ in LOSSES), ""]]
    rows += [
        [one.name, *_told(one.risks, RISKS), *_told(one.losses, LOSSES), "yes" if one.unbeaten else ""]
        for one in found.points
        if not one.reason
    ]
    yield table(["plan", *RISKS, *LOSSES, "unbeaten"], rows)
    for one in found.points:
        yield ""
        yield from textwrap.wrap(f"{one.name}: {'FAILED, ' + one.reason if one.reason else one.verdict}", _WIDTH)


def _told(values: Mapping[str, float | None], names: Iterable[str]) -> list[str]:
    found = [values.get(name) for name in names]
    return ["-" if one is None else f"{one:.4g}" for one in found]
