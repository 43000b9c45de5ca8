"""The page of a report: headings, tables with captions, figures with words, and colours for light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from saferoom import __version__

OWNER = (
    "For the data owner only. The plots and tables show how the original records are distributed; whoever may not see "
    "the records must not see this page. What may travel with protected records is the command's JSON document."
)
_LARGE, _TOO_LARGE = 1e4, 1e15
KEY = '<ul class="key"><li>before</li><li class="after">after</li></ul>'


def page(title: str, parts: Iterable[str], note: str = OWNER) -> str:
    """Return a whole page; `parts` are HTML already, and `note` says for whom it is."""
    body = "\n".join(parts)
    style = files("saferoom.hub.records").joinpath("report.css").read_text(encoding="utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>\n{style}\n</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n"
        f'<p class="owner" role="note">{escape(note)}</p>\n{body}\n'
        f"<footer>Made by Saferoom {escape(__version__)}.</footer>\n</main>\n</body>\n</html>\n"
    )


def section(heading: str, *parts: str) -> str:
    """Return a part of the page under a heading."""
    body = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{escape(heading)}</h2>\n{body}\n</section>"


def subheading(text: str) -> str:
    """Return a heading within a section."""
    return f"<h3>{escape(text)}</h3>"


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def bullets(sentences: Iterable[str]) -> str:
    """Return a list of sentences."""
    return f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in sentences)}</ul>"


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], words: Sequence[int] = ()) -> str:
    """Return a table whose first column names its rows.

    Parameters
    ----------
    words : sequence of int
        Further columns of words, which begin at the left.
    """
    kind = [' class="words"' if place in words else "" for place in range(len(heads))]
    head = "".join(f'<th scope="col"{kind[place]}>{escape(one)}</th>' for place, one in enumerate(heads))
    body = "".join(
        "<tr>"
        + f'<th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td{kind[place]}>{escape(cell)}</td>" for place, cell in enumerate(row[1:], 1))
        + "</tr>\n"
        for row in rows
    )
    return (
        f'<div class="scroll" role="region" aria-label="{escape(caption)}" tabindex="0"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>"
    )


def figure(svg: str, caption: str, *, key: bool = True) -> str:
    """Return a plot with what it shows in words; `key` tells which colour is before and which after.

    On narrow screens it is scrolled, since its letters would be too small to read.
    """
    held = f'<div class="scroll" role="group" aria-label="Plot" tabindex="0">{svg}</div>'
    return f"<figure>{KEY if key else ''}{held}<figcaption>{escape(caption)}</figcaption></figure>"


def share(value: float | None, digits: int = 1) -> str:
    """Return a share in percent; a dash where there is none."""
    return "-" if value is None else f"{100 * value:.{digits}f}\N{NO-BREAK SPACE}%"


def number(value: float | None) -> str:
    """Return a number with four digits or more, large ones in full; a dash where there is none."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if _LARGE <= abs(value) < _TOO_LARGE else f"{value:,.4g}"
