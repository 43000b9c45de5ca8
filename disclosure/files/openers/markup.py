"""HTML in pieces, in one pass that is linear whatever the text is.

Notes
-----
`html.parser` of Python 3.11 needs quadratic time for unclosed constructs, which makes a hostile page a matter of hours.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

RAW: Final = frozenset({"script", "style", "xmp", "iframe", "noembed", "noframes", "textarea", "title"})
"""Elements whose content is text until their own end tag."""
VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_NAME: Final = re.compile(r"[A-Za-z][^\s/>]{0,100}")
_ATTRIBUTE: Final = re.compile(
    r"[\s/]*(?:([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"'][^\s>]*)))?)?"
)


@dataclass(frozen=True)
class Piece:
    """One piece: ``start``, ``end``, ``text``, ``comment``, ``declaration``, or ``cut`` for what is never closed.

    The text of a raw element comes as text.
    """

    sort: str
    name: str = ""
    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


def pieces(text: str) -> Iterator[Piece]:
    """Divide a page into pieces."""
    position, length = 0, len(text)
    while position < length:
        bracket = text.find("<", position)
        if bracket < 0:
            bracket = length
        if bracket > position:
            yield Piece("text", text=html.unescape(text[position:bracket]))
        if bracket >= length:
            return
        piece, position = _at(text, bracket)
        yield piece
        if piece.sort == "start" and piece.name in RAW:
            end = re.compile(rf"</{piece.name}(?=[\s/>])", re.IGNORECASE).search(text, position)
            stop = end.start() if end else length
            if stop > position:
                content = text[position:stop]
                escapable = piece.name in {"title", "textarea"}
                yield Piece("text", text=html.unescape(content) if escapable else content)
            position = stop


def _at(text: str, start: int) -> tuple[Piece, int]:
    """Return the piece that begins with the bracket at `start`, and where the next begins."""
    after = text[start + 1 : start + 2]
    if after == "!" or after == "?":
        return _declaration(text, start)
    if after == "/":
        name = _NAME.match(text, start + 2)
        end = text.find(">", start)
        end = len(text) if end < 0 else end + 1
        if name is None:
            return Piece("comment", text=text[start + 2 : end - 1]), end
        return Piece("end", name[0].lower()), end
    name = _NAME.match(text, start + 1)
    if name is None:
        return Piece("text", text="<"), start + 1
    return _tag(text, name[0].lower(), name.end())


def _declaration(text: str, start: int) -> tuple[Piece, int]:
    if text.startswith("<!--", start):
        if text.startswith(("<!-->", "<!--->"), start):
            return Piece("comment"), text.index(">", start) + 1
        end = text.find("-->", start + 4)
        stop, after = (len(text), len(text)) if end < 0 else (end, end + 3)
        return Piece("comment", text=text[start + 4 : stop]), after
    end = text.find(">", start)
    stop, after = (len(text), len(text)) if end < 0 else (end, end + 1)
    sort = "declaration" if re.match(r"<!doctype|<\?xml\b", text[start : start + 10], re.IGNORECASE) else "comment"
    return Piece(sort, text=text[start + 2 : stop]), after


def _tag(text: str, name: str, position: int) -> tuple[Piece, int]:
    attributes: dict[str, str] = {}
    length = len(text)
    while position < length:
        if text[position] == ">":
            return Piece("start", name, attributes=attributes), position + 1
        found = _ATTRIBUTE.match(text, position)
        if found is None or found.end() == position:
            # A lone quotation mark or the like: the browser skips it too.
            position += 1
            continue
        if found[1] is not None:
            value = next((value for value in found.groups()[1:] if value is not None), "")
            attributes.setdefault(found[1].lower(), html.unescape(value))
        position = found.end()
    return Piece("cut", name, attributes=attributes), length
