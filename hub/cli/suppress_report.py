"""What ``saferoom suppress`` prints for people, and the protected table as a CSV file."""

from __future__ import annotations

import csv
import os
import tempfile
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from saferoom.disclosure.tables.publication import Published
from saferoom.disclosure.verdict import Label, Verdict
from saferoom.errors import BadInputError

_MOST_ROWS = 60
_HIDDEN = "c"
"""Confidential, as statistical offices flag it."""
_STYLES = {"u": "red", "x": "yellow", "s": None, "z": "dim"}
_COLOURS = {Verdict.PASS: "green", Verdict.REVIEW: "yellow", Verdict.FAIL: "red"}


def report(published: Published) -> None:
    """Print the protected table, what hiding cost, and what the audit proved."""
    console = Console(highlight=False)
    document = published.document()
    rich = RichTable(show_header=True, header_style="bold")
    for dimension in published.task.aggregate.cube.dimensions:
        rich.add_column(escape(dimension.name))
    for name in ("value", "", "attacker's interval"):
        rich.add_column(name, justify="right" if name == "value" else "left")
    for cell in document["cells"][:_MOST_ROWS]:
        hidden = cell["status"] in "ux"
        interval = " to ".join(_end(end) for end in cell["interval"]) if hidden else ""
        labels = [escape(str(label)) for label in cell["cell"]]
        rich.add_row(*labels, _text(cell["value"]), cell["status"], interval, style=_STYLES[cell["status"]])
    console.print(rich)
    if len(document["cells"]) > _MOST_ROWS:
        console.print(f"... and {len(document['cells']) - _MOST_ROWS:,} more cells (--json or --out has them all)")
    _summarise(published, console)


def _summarise(published: Published, console: Console) -> None:
    counts, audit = published.counted(), published.audit()
    console.print(
        f"{counts['u']:,} primary (u), {counts['x']:,} secondary (x), {counts['s']:,} published (s), "
        f"{counts['z']:,} published empty (z)"
    )
    gap = published.suppression.gap
    known = "least possible" if gap == 0 else ("not known how near the least" if gap is None else f"gap {gap:.1%}")
    console.print(f"Cost of secondary cells: {published.cost:,.6g} ({known}; {published.suppression.mode})")
    insiders = f" and {audit['insiders']:,} insiders" if audit["insiders"] else ""
    held = "holds" if audit["holds"] else "does not hold"
    console.print(f"Attacker's audit against everybody{insiders}: {held}")
    colour = _COLOURS[published.verdict]
    console.print(f"Verdict: [bold {colour}]{published.verdict.value}[/bold {colour}]")
    for finding in published.findings:
        console.print(f"\n[{_COLOURS[finding.severity]}]{finding.rule}[/]: {escape(finding.message)}")
        console.print(f"  Remedy: {escape(finding.remedy)}")


def write(published: Published, out: Path) -> None:
    """Write the protected table as it may be published: hidden cells are blank, and it is not told which are primary.

    Who knows that three cells are primary knows that each is below the threshold, and with their total perhaps each.

    Raises
    ------
    BadInputError
        When the file cannot be written; then it is as it was.
    """
    names = [dimension.name for dimension in published.task.aggregate.cube.dimensions]
    try:
        handle, temporary = tempfile.mkstemp(dir=out.parent, prefix=".saferoom-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow([*names, "value", "status"])
                for cell in published.document()["cells"]:
                    status = _HIDDEN if cell["status"] in "ux" else cell["status"]
                    writer.writerow([*cell["cell"], "" if cell["value"] is None else cell["value"], status])
            Path(temporary).replace(out)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError:
        raise BadInputError(f"--out: the file {out} cannot be written") from None


def _end(end: Label) -> str:
    return "any" if end is None else _text(end)


def _text(value: Label) -> str:
    if value is None:
        return "-"
    return f"{value:,.6g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
