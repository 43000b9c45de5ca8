"""HTML pages: what is seen, and scripts, hidden parts, comments and everything fetched from elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from saferoom.disclosure.files.openers.base import File
from saferoom.disclosure.files.openers.characters import decode, invisible
from saferoom.disclosure.files.openers.encoded import comment_severity, open_data_uris, open_runs
from saferoom.disclosure.files.openers.markup import VOID, Piece, pieces
from saferoom.disclosure.verdict import Label, Verdict

_HIDING: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0(?:\.0+)?\s*(?:[;!}]|$)"
    r"|font-size\s*:\s*0|(?:left|top|text-indent|margin-left)\s*:\s*-\d{3,}"
    r"|(?<![-\w])color\s*:\s*(?:transparent|white\b|#fff\b|#ffffff)|clip-path|\bclip\s*:|(?<![-\w])(?:width|height)\s*:\s*0[^.\d%]",
    re.IGNORECASE,
)
_OUTWARD: Final = frozenset(
    {"src", "href", "action", "formaction", "data", "poster", "srcset", "background", "ping", "cite"}
)
_WORDS: Final = frozenset({"alt", "title", "aria-label", "content", "value", "placeholder", "summary", "label", "name"})
_LOADING: Final = frozenset(
    {"script", "iframe", "object", "embed", "link", "img", "frame", "source", "video", "audio", "form"}
)
_BLOCKS: Final = frozenset(
    {"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "table", "ul", "ol", "section", "article"}
    | {"title", "dt", "dd", "caption", "header", "footer", "hr"}
)
_TOLD: Final = frozenset({"title", "alt", "aria-label", "value", "content", "id", "name"})
_FEWEST_TAGS = 20
_GROUPS: Final = frozenset({"thead", "tbody", "tfoot"})
_MOST_SPAN = 1_000


@dataclass
class _Table:
    rows: list[list[Label]] = field(default_factory=list)
    cell: list[str] | None = None
    span: int = 1
    depth: int = 1
    below: dict[int, int] = field(default_factory=dict)
    """By column, how many further rows a cell that spans several rows still takes."""

    def skip(self) -> int:
        """Leave out the places of the last row that a cell above takes; return how many."""
        row, skipped = self.rows[-1], 0
        while self.below.get(len(row), 0) > 0:
            self.below[len(row)] -= 1
            row.append(None)
            skipped += 1
        return skipped


def read(file: File) -> None:
    """Open a page."""
    read_html(file, "", decode(file.data, "HTML"))


def read_html(file: File, place: str, text: str, *, words: bool = True) -> None:
    """Write down what a page, or a part of one, shows and hides; without `words` only what it hides, and its tables."""
    if what := invisible(text):
        file.conceal(place, what)
    page = _Page(file, place, words=words)
    for piece in pieces(open_data_uris(file, place, text, shown=True)):
        page.take(piece)
    page.done()


class _Page:
    """What has been read of a page so far."""

    def __init__(self, file: File, place: str, *, words: bool) -> None:
        self._file, self._place = file, place
        self._with_words = words
        self._open: list[tuple[str, bool]] = []
        self._hidden = 0
        self._words: list[str] = []
        self._unseen: list[str] = []
        self._attributes: list[str] = []
        self._tables: list[_Table] = []
        self._table_count = 0
        self._said: dict[tuple[str, ...], list[tuple[Label, ...]]] = {}
        self._raw = ""

    def take(self, piece: Piece) -> None:
        """Take the next piece."""
        if piece.sort == "text":
            self._text(piece.text)
        elif piece.sort == "start":
            self._start(piece)
        elif piece.sort == "end":
            self._end(piece.name)
        elif piece.sort == "cut":
            self._file.conceal(self._place, "a tag that is never closed, with everything behind it")
            self._attributes += [f"{key} {value}\n" for key, value in piece.attributes.items()]
        elif piece.sort == "comment" and piece.text.strip():
            self._file.conceal(self._place, "comments in the page's source", comment_severity(piece.text))
            self._file.passage(_of(self._place, "a comment"), piece.text)

    def done(self) -> None:
        """Write down what is left."""
        while self._tables:
            self._end_table()
        for names, rows in self._said.items():
            if len(rows) >= _FEWEST_TAGS:
                self._file.grid(_of(self._place, "attributes"), [names, *rows], head=True)
        if not self._with_words:
            self._words.clear()
        for text, where in ((self._words, ""), (self._unseen, "hidden parts"), (self._attributes, "attributes")):
            self._file.passage(_of(self._place, where), "".join(text))

    def _text(self, text: str) -> None:
        if self._raw == "script":
            self._file.conceal(self._place, "a script")
            open_runs(self._file, self._place, text)
            self._file.passage(_of(self._place, "a script"), text, is_code=True)
        elif self._raw == "style":
            if _HIDING.search(text):
                self._file.conceal(self._place, "a style sheet that hides parts of the page", Verdict.REVIEW)
            self._outward_style(text)
        else:
            in_cell = bool(self._tables) and self._tables[-1].cell is not None
            if self._hidden or not in_cell:
                (self._unseen if self._hidden else self._words).append(text)
            if in_cell and (cell := self._tables[-1].cell) is not None:
                cell.append(text)

    def _outward_style(self, text: str) -> None:
        if re.search(r"url\(\s*[\"']?(?:https?:|//)|@import", text, re.IGNORECASE):
            self._file.conceal(self._place, "something loaded from elsewhere")
        if re.search(r"content\s*:\s*[\"'][^\"']*\d", text, re.IGNORECASE):
            self._file.conceal(self._place, "text that stands in a style sheet")
            self._file.passage(_of(self._place, "a style sheet"), text)

    def _start(self, piece: Piece) -> None:
        name, attributes = piece.name, piece.attributes
        self._raw = name if name in {"script", "style"} else ""
        if name in _BLOCKS:
            (self._unseen if self._hidden else self._words).append("\n")
        hides = self._attributes_of(name, attributes)
        if hides:
            self._file.conceal(self._place, "hidden parts of the page")
        if name in {"template", "noscript", "iframe", "object", "embed", "applet", "form", "base", "frame", "portal"}:
            self._file.conceal(self._place, f"a part that is not shown as it stands ({name})")
        if name == "meta" and attributes.get("http-equiv", "").lower() == "refresh":
            self._file.conceal(self._place, "a jump to another page")
        self._cells(name, attributes)
        if name not in VOID:
            hides = hides or name in {"template", "noscript"}
            self._open.append((name, hides))
            self._hidden += hides

    def _attributes_of(self, name: str, attributes: dict[str, str]) -> bool:
        told = {key: value for key, value in attributes.items() if key.startswith("data-") or key in _TOLD}
        if len(told) > 1:
            self._said.setdefault(tuple(told), []).append(tuple(told.values()))
        hides = "hidden" in attributes or (name == "input" and attributes.get("type", "").lower() == "hidden")
        for key, value in attributes.items():
            if key.startswith("on"):
                self._file.conceal(self._place, "a script (on an event)")
                self._file.passage(_of(self._place, "a script"), value, is_code=True)
            elif key == "style":
                hides = hides or _HIDING.search(value) is not None
                self._outward_style(value)
            elif key == "srcdoc":
                self._file.conceal(self._place, "a page within the page")
                self._attributes.append(value + "\n")
            elif key.startswith("data-") and value.strip():
                self._attributes.append(value + "\n")
                if len(value) > 40 or sum(char.isdigit() for char in value) > 8:
                    self._file.conceal(self._place, "data in attributes")
            elif key in _WORDS and value.strip():
                self._attributes.append(value + "\n")
            elif key in _OUTWARD or key.endswith(":href"):
                self._outward(name, value)
        return hides

    def _outward(self, name: str, value: str) -> None:
        address = re.sub(r"[\s\x00-\x1f]", "", value).lower()
        if address.startswith(("javascript:", "vbscript:")):
            self._file.conceal(self._place, "a script (in a link)")
        elif name in _LOADING and re.match(r"[a-z][a-z0-9+.-]*:|//", address) and not address.startswith("data:"):
            self._file.conceal(self._place, "something loaded from elsewhere")
        if len(value) > 10 and not address.startswith("data:"):
            self._attributes.append(value + "\n")
        if len(value) > 300 and not address.startswith("data:"):
            self._file.conceal(self._place, "a link long enough to carry data")

    def _cells(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table":
            self._tables.append(_Table())
        elif self._tables and name in _GROUPS:
            self._end_cell(self._tables[-1])
            self._tables[-1].below.clear()
        elif self._tables and (cell := self._tables[-1].cell) is not None and (name in _BLOCKS or name == "sup"):
            # A line's end divides words; a raised letter is a note and no part of the number before it.
            cell.append("^" if name == "sup" and "".join(cell[-1:])[-1:].isalnum() else " ")
        if not self._tables or name not in {"tr", "td", "th"}:
            return
        table = self._tables[-1]
        self._end_cell(table)
        if name == "tr":
            self._file.budget.cells(table.skip() if table.rows else 0)
            table.rows.append([])
        else:
            table.cell, table.span, table.depth = [], _span(attributes, "colspan"), _span(attributes, "rowspan")
            if not table.rows:
                table.rows.append([])

    def _end(self, name: str) -> None:
        self._raw = ""
        if name in _BLOCKS:
            (self._unseen if self._hidden else self._words).append("\n")
        elif name in {"td", "th"}:
            (self._unseen if self._hidden else self._words).append("\t")
        if self._tables:
            if name in {"td", "th", "tr"}:
                self._end_cell(self._tables[-1])
            elif name == "table":
                self._end_table()
        self._close(name)

    def _close(self, name: str) -> None:
        # Tags that were never closed end with the tag around them; not looked for far back, so this stays linear.
        for back in range(1, min(len(self._open), 40) + 1):
            if self._open[-back][0] == name:
                self._hidden -= sum(hides for _, hides in self._open[-back:])
                del self._open[-back:]
                return

    def _end_cell(self, table: _Table) -> None:
        if table.cell is not None:
            text = " ".join("".join(table.cell).split())
            self._file.budget.cells(table.span + table.skip())
            if table.depth > 1:
                start = len(table.rows[-1])
                table.below.update(dict.fromkeys(range(start, start + table.span), table.depth - 1))
            table.rows[-1].extend([text] + [None] * (table.span - 1))
            table.cell = None

    def _end_table(self) -> None:
        table = self._tables.pop()
        self._end_cell(table)
        rows = [tuple(row) for row in table.rows if row]
        if rows:
            self._table_count += 1
            self._file.grid(_of(self._place, f"table {self._table_count}"), rows)


def _span(attributes: dict[str, str], name: str) -> int:
    span = attributes.get(name, "1").strip()
    return min(int(span), _MOST_SPAN) if span.isascii() and span.isdigit() and len(span) < 9 else 1


def hides(style: str) -> bool:
    """Tell whether a style makes what it applies to invisible."""
    return _HIDING.search(style) is not None


def _of(place: str, part: str) -> str:
    return ", ".join(word for word in (place, part) if word)
