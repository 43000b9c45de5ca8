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
        markup.banner(_verdict(result), _sentence(result), result.title),
        choice_html(result.choice),
        "" if private is None else markup.facts_html(private.facts),
        _quoted_html(result) or markup.grid_html(_grid(result)),
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
    lines = [f"{SYMBOLS[_verdict(result)]} {_sentence(result)}: {result.title}", ""]
    lines += choice_text(result.choice)
    lines += [] if private is None else [*markup.facts_text(private.facts), ""]
    lines += _quoted_text(result) or markup.grid_text(_grid(result))
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


def _verdict(result: Result) -> Verdict:
    """Return what the banner's colour says: a quote that cannot be paid for does not leave, either."""
    refused = result.privacy is not None and result.privacy.asks and bool(result.privacy.refusal)
    return Verdict.FAIL if refused else result.verdict


def _sentence(result: Result) -> str:
    return _SENTENCES[result.verdict] if result.privacy is None else result.privacy.sentence


def _grid(result: Result) -> Grid:
    if result.privacy is not None:
        return grid(result.privacy.shown(result.table), result.dimensions, {})
    table = _coefficients(result.table) if result.query.get("statistic") == "regression" else result.table
    return grid(table, result.dimensions, marks(result.findings), blanks=blank_cells(result.blanks))


def _quoted(result: Result) -> tuple[list[str], list[list[str]]] | None:
    """Return a quote's table, which is words; None of everything else."""
    if result.privacy is None or not result.privacy.asks:
        return None
    table = result.privacy.shown(result.table)
    return list(table.columns), [[str(value) for value in row] for row in table.rows]


def _quoted_html(result: Result) -> str:
    found = _quoted(result)
    return "" if found is None else markup.words_html(*found)


def _quoted_text(result: Result) -> list[str]:
    found = _quoted(result)
    return [] if found is None else markup.columns_text([found[0], *found[1]], left=len(found[0]))


def _legend(result: Result) -> str:
    if result.privacy is not None:
        return result.privacy.legend(result.table)
    return legend(result.table if result.is_protected else None, result.blanks)


def _on_release(result: Result) -> tuple[str, list[str]]:
    if result.verdict is Verdict.FAIL:
        return "On release: refused, because a finding says that it must not leave.", []
    if result.privacy is not None and not (result.privacy.asks or result.privacy.processed):
        return "", []
    if _verdict(result) is Verdict.FAIL:
        return "On release: refused, because the privacy budget is not enough.", []
    sentence = result.route.sentence()
    if result.privacy is not None and result.privacy.asks:
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
