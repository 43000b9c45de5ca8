"""Checked files for people: per file the verdict, and every finding with its place and its remedy."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from saferoom.disclosure.files.model import FileReport
from saferoom.disclosure.files.openers.base import shown
from saferoom.disclosure.verdict import Finding, Verdict

_COLOURS = {Verdict.PASS: "green", Verdict.REVIEW: "yellow", Verdict.FAIL: "red"}
_MARKS = {Verdict.PASS: ".", Verdict.REVIEW: "?", Verdict.FAIL: "!"}
_NOTHING_FOUND = {
    Verdict.PASS: "The file holds what its query gives, and nothing else.",
    Verdict.REVIEW: "Nothing was found; a file still needs a person, because nothing proves what it was made from.",
    Verdict.FAIL: "",
}


def show(reports: Sequence[FileReport], console: Console | None = None) -> None:
    """Print `reports`; colours are dropped where the output is no terminal, marks stay.

    Names of files are whatever somebody wrote: what a terminal would obey, or nobody would see, is shown as ``?``.
    """
    console = console or Console(highlight=False)
    for report in reports:
        head = Text(f"{shown(report.file)} ({report.type}): ", "bold")
        _print(console, head.append(report.verdict.value, f"bold {_COLOURS[report.verdict]}"))
        if not report.findings:
            _print(console, _wrapped(_NOTHING_FOUND[report.verdict], console, 2))
        for finding in report.findings:
            _finding(console, finding)
    if len(reports) > 1:
        counts = Counter(report.verdict for report in reports)
        said = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in reversed(Verdict) if counts[verdict])
        worst = Verdict.worst(report.verdict for report in reports)
        total = Text("Verdict: ").append(worst.value, f"bold {_COLOURS[worst]}")
        _print(console, total.append(f" ({len(reports)} files: {said})"))


def _finding(console: Console, finding: Finding) -> None:
    mark = f"{_MARKS[finding.severity]} {finding.rule}"
    text = _wrapped(f"{mark}: {finding.message}", console, 2, 4)
    text.stylize(_COLOURS[finding.severity], 2, 2 + len(mark))
    _print(console, text)
    if finding.remedy:
        _print(console, _wrapped(f"Remedy: {finding.remedy}", console, 4))


def _wrapped(text: str, console: Console, first: int, further: int | None = None) -> Text:
    """Return a paragraph, indented, without a space at the end of any line."""
    further = first if further is None else further
    width = max(console.width, 40)
    return Text(
        textwrap.fill(
            text,
            width,
            initial_indent=" " * first,
            subsequent_indent=" " * further,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def _print(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True)
