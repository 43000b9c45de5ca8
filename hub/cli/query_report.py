"""A judged query for people: the table with cells at risk marked, and the findings with their remedies below."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.privacy.words import read_privacy
from saferoom.disclosure.verdict import Label, Table, Verdict

_MOST_ROWS = 60
_COLOURS = {Verdict.PASS: "green", Verdict.REVIEW: "yellow", Verdict.FAIL: "red"}
_MARKS = {Verdict.REVIEW: "?", Verdict.FAIL: "!"}


def report(evaluation: Evaluation, console: Console | None = None) -> None:
    """Print `evaluation`; colours are dropped where the output is no terminal, marks stay."""
    console = console or Console(highlight=False)
    console.print(f"[bold]{escape(evaluation.title)}[/bold]")
    privacy = read_privacy(evaluation.privacy)
    if privacy is not None:
        console.print(f"{escape(privacy.sentence)}\n")
        console.print(escape("\n".join(f"{name:<11} {said}" for name, said in privacy.facts)), soft_wrap=True)
    risky: dict[tuple[Label, ...], Verdict] = {}
    for finding in evaluation.findings:
        for cell in finding.cells:
            risky[cell] = Verdict.worst([finding.severity, risky.get(cell, Verdict.PASS)])
    shown = evaluation.protected or evaluation.table
    if privacy is not None:
        shown = privacy.shown(shown)
    console.print(_rich(shown, {} if evaluation.protected else risky))
    if len(shown.rows) > _MOST_ROWS:
        console.print(f"... and {len(shown.rows) - _MOST_ROWS:,} more rows")
    if privacy is not None:
        console.print(privacy.legend(evaluation.table))
    colour = _COLOURS[evaluation.verdict]
    console.print(f"Verdict: [bold {colour}]{evaluation.verdict.value}[/bold {colour}]")
    for finding in evaluation.findings:
        where = f" ({len(finding.cells):,} cell{'s' * (len(finding.cells) > 1)})" if finding.cells else ""
        colour = _COLOURS[finding.severity]
        console.print(
            f"\n[{colour}]{_MARKS[finding.severity]} {finding.rule}[/{colour}]{where}: {escape(finding.message)}"
        )
        console.print(f"  Remedy: {escape(finding.remedy)}")
    _suggest(evaluation, console)


def _suggest(evaluation: Evaluation, console: Console) -> None:
    """Print the best variant as lines to paste into the query, and the others in words."""
    if not evaluation.suggestions:
        return
    best, *others = evaluation.suggestions
    console.print(f"\n[bold]Suggestion 1[/bold] - {escape(best.sentence)}. Put into the query:")
    console.print(escape("\n".join(f"    {line}" for line in best.lines().splitlines())), soft_wrap=True)
    for position, other in enumerate(others, start=2):
        console.print(f"[bold]Suggestion {position}[/bold] - {escape(other.sentence)}:")
        console.print(escape("\n".join(f"    {line}" for line in other.lines().splitlines())), soft_wrap=True)


def _rich(table: Table, risky: dict[tuple[Label, ...], Verdict]) -> RichTable:
    rich = RichTable(show_header=True, header_style="bold")
    for column in table.columns:
        rich.add_column(escape(column), overflow="fold")
    if risky:
        rich.add_column("")
    for row in table.rows[:_MOST_ROWS]:
        severity = next((verdict for cell, verdict in risky.items() if row[: len(cell)] == cell), None)
        style = _COLOURS[severity] if severity else None
        marks = [_MARKS.get(severity or Verdict.PASS, "")] if risky else []
        rich.add_row(*(escape(_text(value)) for value in row), *marks, style=style)
    return rich


def _text(value: Label) -> str:
    if value is None:
        return "-"
    return f"{value:,.6g}" if isinstance(value, float) else str(value)
