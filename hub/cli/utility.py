"""``saferoom utility``: what protected or synthetic records are still good for, beside the original."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from saferoom.hub.cli.failing_closed import ended_in_order, failing_closed
from saferoom.hub.cli.record_files import PAGES, check_out, whole_or_nothing, write_page

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.utility import UtilityReport

_WIDTH = 100


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("utility")(utility)


def utility(
    original: Path = typer.Argument(help="The original records: Parquet, CSV or TSV."),
    protected: Path = typer.Argument(help="The protected or synthetic records: Parquet, CSV or TSV."),
    weight: str | None = typer.Option(None, "--weight", help="Column of sampling weights, in both files."),
    keys: list[str] = typer.Option([], "--keys", help="Key variables, a,b,c: compared two by two."),
    ids: list[str] = typer.Option([], "--ids", help="Columns that name people or households; they are not compared."),
    synthetic: bool = typer.Option(
        False,
        "--synthetic",
        help="The records are others: nothing is compared record by record, whatever their number.",
    ),
    regression: list[str] = typer.Option(
        [], "--regression", help="Fit it to both: 'pay ~ age + sex', or 'ill ~ age + sex, logit' (ols, logit, poisson)."
    ),
    report: Path | None = typer.Option(
        None, "--report", help="A page for the data owner alone, with plots: an .html file."
    ),
    missing: list[str] = typer.Option([], "--missing", help="Text that stands for a missing value in CSV, such as NA."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document and nothing else."),
) -> None:
    """Compare records before and after; exit 0, or 2 for bad input. Files of one length are compared row by row."""
    if report is not None:
        check_out(report, [original, protected], PAGES, "--report")
    with failing_closed("the work", "nothing was judged"), ended_in_order():
        from saferoom.disclosure.microdata.files import read_records
        from saferoom.disclosure.microdata.utility import Compared, compare, regression_of
        from saferoom.hub.cli.risk import listed

        regressions = tuple(regression_of(text, "--regression") for text in regression)
        before, after = (read_records(file, missing=missing) for file in (original, protected))
        names = before.column_names
        asked = Compared(
            weight=weight,
            keys=tuple(listed(keys, names)),
            ids=tuple(listed(ids, names)),
            corresponding=not synthetic and before.num_rows == after.num_rows,
            regressions=regressions,
        )
        found = compare(before, after, asked)
        if report is not None:
            from saferoom.hub.records.utility import utility_page

            with whole_or_nothing(report, "--report") as temporary:
                write_page(utility_page(found, original.name, protected.name), temporary, report)
    if as_json:
        json.dump(found.document(), sys.stdout, allow_nan=False, ensure_ascii=False)
        print()
    else:
        print("\n".join(_lines(found)))


def _lines(report: UtilityReport) -> Iterator[str]:
    from saferoom.hub.cli.text import table

    before, after = report.records
    how = "record by record" if report.asked.corresponding else "as different records"
    yield f"{before:,} records before and {after:,} after, compared {how}"
    yield ""
    yield from textwrap.wrap(report.verdict, _WIDTH)
    yield ""
    rows = []
    for one in report.columns:
        missing = one.variable.missing
        overlap = None if one.overlap is None else one.overlap.document()["overlap"]
        apart = None if one.distance is None else one.distance.total_variation
        rows.append([one.variable.name, one.variable.kind, f"{missing[0]:.1%} -> {missing[1]:.1%}",
                     *("-" if share is None else f"{share:.1%}" for share in (one.lost, apart, overlap))])  # fmt: skip
    yield table(["column", "kind", "missing", "lost", "total variation", "overlap"], rows)
    yield ""
    yield from _whole(report)


def _whole(report: UtilityReport) -> Iterator[str]:
    document = report.document()
    distances, relations, found = document["distances"], document["relations"], report.propensity
    said = {
        "information lost, mean over columns": report.lost,
        "pMSE ratio, columns": found.main.ratio,
        "pMSE ratio, columns and pairs": found.pairs.ratio,
        "IL1s": None if distances is None else distances["il1s"],
        "eigenvalue loss": None if relations is None else relations["eigenvalues"],
        "correlations differ by (mean)": None if relations is None else relations["correlation"],
    }
    for name, value in said.items():
        if value is not None:
            yield f"{name}: {value:.4g}"
    for one in report.regressions:
        overlap = None if one.coefficients is None else one.coefficients.document()["overlap"]
        yield f"{one.asked.title}: " + (one.reason if overlap is None else f"intervals overlap by {overlap:.1%}")
    for name, why in report.variables.left_out.items():
        yield f"{name} is not compared: {why}"
