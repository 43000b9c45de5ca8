"""``saferoom anonymise``: protect a file of records by the steps of a plan, whole or not at all."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from saferoom.hub.cli.failing_closed import ended_in_order, failing_closed
from saferoom.hub.cli.record_files import PAGES, check_out, seed_of, whole_or_nothing, write, write_page

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.plans.runner import Anonymised

_WIDTH = 100


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("anonymise")(anonymise)


def anonymise(
    data: Path = typer.Argument(help="The records: Parquet, CSV or TSV."),
    plan: Path = typer.Argument(help="The plan, YAML or JSON: keys, steps, limits ..."),
    out: Path = typer.Option(..., "--out", help="The protected records: a .csv, .tsv or .parquet file."),
    seed: Path | None = typer.Option(
        None, "--seed", help="File of a secret seed and its salt: read when it is there, else made (keep it secret)."
    ),
    report: Path | None = typer.Option(
        None, "--report", help="A page for the data owner alone, with plots of risk and utility: an .html file."
    ),
    missing: list[str] = typer.Option([], "--missing", help="Text that stands for a missing value in CSV, such as NA."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document and nothing else."),
) -> None:
    """Protect records by a plan; exit 0, or 2 for bad input. Without --seed the seed is thrown away after use."""
    from saferoom.disclosure.microdata.plans.plan import read_plan
    from saferoom.hub.cli.query import text_of

    given = [data, plan, *([] if seed is None else [seed])]
    check_out(out, given)
    if report is not None:
        check_out(report, [*given, out], PAGES, "--report")
    read = read_plan(text_of(plan, "the plan"), plan.name)
    with failing_closed("the work", "nothing was written"), ended_in_order(), ExitStack() as held:
        from saferoom.disclosure.microdata.files import read_records
        from saferoom.disclosure.microdata.plans.runner import anonymise as protect
        from saferoom.hub.cli.suppress_progress import shown_progress

        secret, temporary = held.enter_context(seed_of(seed)), held.enter_context(whole_or_nothing(out))
        records = read_records(data, missing=missing)
        with shown_progress("protecting the records") as progress:
            result = protect(records, read, secret, progress)
        write(result.frame, temporary, out)
        if report is not None:
            from saferoom.hub.records.protection import protection_page

            page = held.enter_context(whole_or_nothing(report, "--report"))
            write_page(protection_page(result, data.name), page, report)
    if as_json:
        json.dump(result.document(), sys.stdout, allow_nan=False, ensure_ascii=False)
        print()
    else:
        print("\n".join(_lines(result, out)))


def _lines(result: Anonymised, out: Path) -> Iterator[str]:
    from saferoom.hub.cli.text import table
    from saferoom.hub.records.before_after import risk_rows

    document = result.document()
    count = len(document["steps"])
    yield f"{document['records']:,} records protected in {count} step{'s' if count > 1 else ''}, written to {out}"
    yield ""
    yield table(
        ["step", "method", "what was done"], [[str(s["step"]), s["method"], s["note"]] for s in document["steps"]]
    )
    yield ""
    yield table(["risk", "before", "after"], [list(row) for row in risk_rows(document)])
    yield ""
    yield from textwrap.wrap(document["utility"]["verdict"], _WIDTH)
    for said in result.said:
        yield ""
        yield from textwrap.wrap(said, _WIDTH)
    if document["draws"]:
        yield ""
        yield f"seed commitment (SHA-256): {document['seed_commitment']}"
