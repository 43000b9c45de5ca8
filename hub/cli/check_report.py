"""Checked files for people: per file the verdict, and every finding with its place and its remedy."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from saferoom.disclosure.files.model import FileReport
from saferoom.disclosure.verdict import Verdict

_COLOURS = {Verdict.PASS: "green", Verdict.REVIEW: "yellow", Verdict.FAIL: "red"}
_MARKS = {Verdict.PASS: ".", Verdict.REVIEW: "?", Verdict.FAIL: "!"}
_NOTHING_FOUND = {
    Verdict.PASS: "The file holds what its query gives, and nothing else.",
    Verdict.REVIEW: "Nothing was found; a file still needs a person, because nothing proves what it was made from.",
    Verdict.FAIL: "",
}


def show(reports: Sequence[FileReport], console: Console | None = None) -> None:
    """Print `reports`; colours are dropped where the output is no terminal, marks stay."""
    console = console or Console(highlight=False)
    for report in reports:
        colour = _COLOURS[report.verdict]
        console.print(
            f"[bold]{escape(report.file)}[/bold] ({escape(report.type)}): "
            f"[bold {colour}]{report.verdict.value}[/bold {colour}]"
        )
        if not report.findings:
            console.print(Padding(_NOTHING_FOUND[report.verdict], (0, 0, 0, 2)))
        for finding in report.findings:
            colour = _COLOURS[finding.severity]
            mark = f"[{colour}]{_MARKS[finding.severity]} {finding.rule}[/{colour}]"
            console.print(Padding(f"{mark}: {escape(finding.message)}", (0, 0, 0, 2)))
            console.print(Padding(f"Remedy: {escape(finding.remedy)}", (0, 0, 0, 4)))
    if len(reports) > 1:
        worst = Verdict.worst(report.verdict for report in reports)
        console.print(f"Verdict: [bold {_COLOURS[worst]}]{worst.value}[/bold {_COLOURS[worst]}] ({len(reports)} files)")
