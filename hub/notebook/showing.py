"""How a result is shown: its verdict, the table with cells at risk marked, why, and what happens on release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saferoom.disclosure.verdict import Table, Verdict
from saferoom.hub.notebook import markup
from saferoom.hub.notebook.layout import SYMBOLS, Grid, grid, marks
from saferoom.hub.notebook.protections import blank_cells, choice_html, choice_text, legend

if TYPE_CHECKING:
    from saferoom.hub.notebook.results import Result

_SENTENCES = {
    Verdict.PASS: "May leave",
    Verdict.REVIEW: "A person must look before this leaves",
    Verdict.FAIL: "Must not leave as it is",
}


def html(result: Result) -> str:
    """Return `result` for a notebook."""
    private = result.privacy
    parts = [
        markup.banner(result.verdict, _sentence(result), result.title),
        choice_html(result.choice),
        "" if private is None else markup.facts_html(private.facts),
        markup.grid_html(_grid(result)),
        markup.small(_legend(result)),
        markup.findings_html(result.findings),
        markup.suggestions_html(result.suggestions),
        markup.because(*_on_release(result)),
    ]
    if result.is_protected:
        exact = markup.grid_html(grid(result.exact, result.dimensions, {}))
        parts.append(markup.details("Exact numbers (they stay in the room)", exact))
    return markup.panel(*parts)


def text(result: Result) -> str:
    """Return `result` as plain text."""
    private = result.privacy
    lines = [f"{SYMBOLS[result.verdict]} {_sentence(result)}: {result.title}", ""]
    lines += choice_text(result.choice)
    lines += [] if private is None else [*markup.facts_text(private.facts), ""]
    lines += markup.grid_text(_grid(result))
    lines += [_legend(result)] if _legend(result) else []
    sentence, reasons = _on_release(result)
    lines += [
        "",
        *markup.findings_text(result.findings),
        *markup.suggestions_text(result.suggestions),
        sentence,
        *(f"  - {reason}" for reason in reasons),
    ]
    return "\n".join(lines)


def _sentence(result: Result) -> str:
    return _SENTENCES[result.verdict] if result.privacy is None else result.privacy.sentence


def _grid(result: Result) -> Grid:
    if result.privacy is not None:
        return grid(result.privacy.shown(result.table), result.dimensions, {})
    table = _coefficients(result.table) if result.query.get("statistic") == "regression" else result.table
    return grid(table, result.dimensions, marks(result.findings), blanks=blank_cells(result.blanks))


def _legend(result: Result) -> str:
    if result.privacy is not None:
        return result.privacy.legend
    return legend(result.table if result.is_protected else None, result.blanks)


def _on_release(result: Result) -> tuple[str, list[str]]:
    if result.verdict is Verdict.FAIL:
        return "On release: refused, because a finding says that it must not leave.", []
    if result.privacy is not None and not result.privacy.asks:
        return "", []
    sentence = result.route.sentence()
    if result.privacy is not None:
        sentence = f"Submitting pays from the budget and draws the noise, once. {sentence}"
    return sentence, [markup.tidy(reason) for reason in result.route.reasons]


def _coefficients(table: Table) -> Table:
    """Return a regression's table with term and category in one column, as they are read."""
    if table.columns[:2] != ("term", "category"):
        return table
    rows = tuple(
        (str(term) if category is None else f"{term}: {category}", *rest) for term, category, *rest in table.rows
    )
    return Table(("term", *table.columns[2:]), rows)
