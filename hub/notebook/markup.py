"""Results and lists as HTML for JupyterLab and as plain text. Everything that is not ours is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from saferoom.disclosure.remedies.model import Suggestion
from saferoom.disclosure.verdict import Finding, Verdict
from saferoom.hub.notebook.layout import SYMBOLS, Cell, Grid, Labels, cell_name

_MOST_CELLS_NAMED = 6

# JupyterLab's own colours where it has them, so that light and dark themes both read well.
STYLE = """<style>
.saferoom{font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:13px;line-height:1.5;max-width:62em;
 color:var(--jp-ui-font-color1,#1f2328)}
.saferoom .sr-banner{padding:.5em .8em;border-left:.35em solid;border-radius:3px;margin:.3em 0 .7em;
 background:var(--jp-layout-color2,#f3f4f6)}
.saferoom .sr-banner small{display:block;color:var(--jp-ui-font-color2,#57606a);font-size:12px}
.saferoom .sr-pass{border-color:#1a7f37}.saferoom .sr-review{border-color:#b26a00}
.saferoom .sr-fail{border-color:#c62828}
.saferoom.saferoom table{border-collapse:collapse;margin:.4em 0;font-variant-numeric:tabular-nums}
.saferoom.saferoom th,.saferoom.saferoom td{padding:.25em .7em;text-align:right;
 border-bottom:1px solid var(--jp-border-color2,#d8dee4)}
.saferoom.saferoom th{font-weight:600}
.saferoom.saferoom tbody th,.saferoom.saferoom thead th:first-child{text-align:left}
.saferoom.saferoom .sr-words :is(th,td){text-align:left;vertical-align:top}
.saferoom.saferoom td.sr-review{background:rgba(178,106,0,.16)}
.saferoom.saferoom td.sr-fail{background:rgba(198,40,40,.16)}
.saferoom.saferoom td.sr-blank{color:var(--jp-ui-font-color2,#57606a);
 background:repeating-linear-gradient(135deg,transparent 0 5px,rgba(127,127,127,.14) 5px 10px)}
.saferoom td .sr-sign{font-weight:700;padding-right:.4em}
.saferoom td.sr-review .sr-sign,.saferoom li.sr-review>b{color:#b26a00}
.saferoom td.sr-fail .sr-sign,.saferoom li.sr-fail>b{color:#c62828}
.saferoom ul{margin:.4em 0 .6em;padding-left:1.2em}.saferoom li{margin:.25em 0}
.saferoom.saferoom dl.sr-facts{display:grid;grid-template-columns:max-content 1fr;gap:.15em 1em;margin:.4em 0 .6em}
.saferoom.saferoom .sr-facts :is(dt,dd){float:none;width:auto;margin:0;padding:0;font-weight:400}
.saferoom.saferoom .sr-facts dt{white-space:nowrap;color:var(--jp-ui-font-color2,#57606a)}
.saferoom .sr-remedy{display:block}.saferoom .sr-route{margin:.5em 0;font-weight:600}
.saferoom .sr-small{color:var(--jp-ui-font-color2,#57606a);font-size:12px;margin:.2em 0 .6em}
.saferoom summary{cursor:pointer;color:var(--jp-ui-font-color2,#57606a)}
</style>"""


def panel(*parts: str) -> str:
    """Return `parts` in one styled box."""
    return f'{STYLE}<div class="saferoom">{"".join(parts)}</div>'


def banner(verdict: Verdict, sentence: str, detail: str) -> str:
    """Return the verdict as a banner: symbol, colour and words."""
    return notice(verdict.value, f"{SYMBOLS[verdict]} {sentence}", detail)


def notice(kind: str, sentence: str, detail: str) -> str:
    """Return a banner of the colour `kind`: ``pass``, ``review`` or ``fail``."""
    return (
        f'<div class="sr-banner sr-{escape(kind)}" role="status"><b>{escape(sentence)}</b>'
        f"<small>{escape(detail)}</small></div>"
    )


def grid_html(grid: Grid) -> str:
    """Return `grid` as an HTML table; a cell at risk has a symbol, a colour and its reasons as a tooltip."""
    head = "".join(f'<th scope="col">{escape(cell.text)}</th>' for cell in grid.head)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in grid.body)
    more = f"<p>… and {grid.left_out:,} more rows; see .frame()</p>" if grid.left_out else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cell(cell: Cell) -> str:
    if cell.heading:
        return f'<th scope="row">{escape(cell.text)}</th>'
    if cell.mark is None and cell.note:
        return f'<td class="sr-blank" title="{escape(cell.note, quote=True)}">{escape(cell.text)}</td>'
    if cell.mark is None:
        return f"<td>{escape(cell.text)}</td>"
    why = escape(" ".join(cell.mark.messages), quote=True)
    severity = cell.mark.severity
    return (
        f'<td class="sr-{severity.value}" title="{why}">'
        f'<span class="sr-sign" role="img" aria-label="{_word(severity)}">{SYMBOLS[severity]}</span>'
        f"{escape(cell.text)}</td>"
    )


def _word(severity: Verdict) -> str:
    return "must not leave" if severity is Verdict.FAIL else "needs a person"


def findings_html(findings: Sequence[Finding]) -> str:
    """Return the findings as a list: where, why, and what would mend it."""
    return f"<ul>{''.join(map(_finding, findings))}</ul>" if findings else ""


def _finding(finding: Finding) -> str:
    where = f" ({escape(cells_named(finding.cells))})" if any(finding.cells) else ""
    remedy = f'<span class="sr-remedy">→ {escape(finding.remedy)}</span>' if finding.remedy else ""
    return (
        f'<li class="sr-{finding.severity.value}"><b>{SYMBOLS[finding.severity]} {escape(finding.risk.value)}</b>'
        f"{where}: {escape(finding.message)}{remedy}</li>"
    )


def cells_named(cells: Sequence[Labels]) -> str:
    """Return the first few cells by their labels, and how many more there are."""
    # A statistic without dimensions has one cell, which needs no name.
    named = [cell for cell in cells if cell]
    shown = "; ".join(cell_name(cell) for cell in named[:_MOST_CELLS_NAMED])
    more = len(named) - _MOST_CELLS_NAMED
    return f"{shown}; and {more} more" if more > 0 else shown


def words_html(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of words."""
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f'<table class="sr-words"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def paragraph(text: str, kind: str = "") -> str:
    """Return `text` as a paragraph of the class `kind`."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def small(text: str) -> str:
    """Return `text` as a small note under a table; nothing where there is none."""
    return f'<p class="sr-small">{escape(text)}</p>' if text else ""


def facts_html(facts: Sequence[tuple[str, str]]) -> str:
    """Return facts, each a name and what it says, as a list of definitions."""
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(said)}</dd>" for name, said in facts)
    return f'<dl class="sr-facts">{items}</dl>'


def facts_text(facts: Sequence[tuple[str, str]]) -> list[str]:
    """Return the same as lines."""
    width = max((len(name) for name, _ in facts), default=0)
    return [f"{name.ljust(width)}  {said}" for name, said in facts]


def because(sentence: str, reasons: Sequence[str]) -> str:
    """Return `sentence` in bold, with its reasons as a list under it."""
    items = "".join(f"<li>{escape(reason)}</li>" for reason in reasons)
    return (paragraph(sentence, "sr-route") if sentence else "") + (f"<ul>{items}</ul>" if items else "")


def tidy(reason: str) -> str:
    """Return a reason as a sentence of a list."""
    text = reason.strip()
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else text


def details(summary: str, content: str) -> str:
    """Return `content`, HTML already, behind a line that opens it."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def grid_text(grid: Grid) -> list[str]:
    """Return `grid` as lines of aligned text; a cell at risk carries its symbol."""
    rows = [[cell.text for cell in grid.head]]
    rows += [
        [f"{SYMBOLS[cell.mark.severity]} {cell.text}" if cell.mark else cell.text for cell in row] for row in grid.body
    ]
    lines = columns_text(rows, left=sum(cell.heading for cell in grid.body[0]) if grid.body else 1)
    if grid.left_out:
        lines.append(f"… and {grid.left_out:,} more rows; see .frame()")
    return lines


def columns_text(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Return `rows` as lines of aligned columns, the first `left` of them flush left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            text.ljust(w) if i < left else text.rjust(w) for i, (text, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def findings_text(findings: Sequence[Finding]) -> list[str]:
    """Return the findings as lines."""
    lines = []
    for finding in findings:
        where = f" ({cells_named(finding.cells)})" if any(finding.cells) else ""
        lines.append(f"{SYMBOLS[finding.severity]} {finding.risk.value}{where}: {finding.message}")
        if finding.remedy:
            lines.append(f"  → {finding.remedy}")
    return lines


def suggestions_html(suggestions: Sequence[Suggestion]) -> str:
    """Return what would be judged better, each with the call that applies it."""
    items = "".join(
        f"<li>{escape(text)}: <code>.apply({number})</code>"
        f"{details('Lines for the query', f'<pre>{escape(item.lines())}</pre>')}</li>"
        for number, (text, item) in enumerate(zip(_sentences(suggestions), suggestions, strict=True), start=1)
    )
    return f"{paragraph('What would help, the cheapest first:')}<ul>{items}</ul>" if items else ""


def suggestions_text(suggestions: Sequence[Suggestion]) -> list[str]:
    """Return what would be judged better as lines, each with the call that applies it."""
    lines = [f"  .apply({number})  {text}" for number, text in enumerate(_sentences(suggestions), start=1)]
    return ["What would help, the cheapest first:", *lines] if lines else []


def _sentences(suggestions: Sequence[Suggestion]) -> list[str]:
    return [item.sentence for item in suggestions]
