"""XML without its dangers: no entities, nothing from outside, no bottomless nesting.

Notes
-----
Small parts become trees, through defusedxml. Sheets of a million cells are streamed through expat with the same
prohibitions, because defusedxml's parser is written in Python and several times slower.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, NoReturn
from xml.parsers import expat

from saferoom.disclosure.files.openers.base import OpeningError, too_large, unreadable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_CHUNK_BYTES = 1 << 18
_MOST_TREE_BYTES = 48 << 20
_HARM = OpeningError(
    "hostile",
    "declares entities in its XML, which can swell without end or fetch what lies elsewhere",
    "Write the file again with an ordinary program.",
)


def tree(data: bytes, what: str, nesting: int) -> Element:
    """Return the root of a small XML part.

    Raises
    ------
    OpeningError
        It is damaged, too large, too deep, or declares entities.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    if len(data) > _MOST_TREE_BYTES:
        raise too_large(f"has a part ({what}) that is too large to be checked")
    _depth(data, what, nesting)
    parser = DefusedXMLParser(forbid_dtd=False, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(data)
        root: Element = parser.close()
    except DefusedXmlException:
        raise _HARM from None
    except (ParseError, ValueError, LookupError):
        raise unreadable(what) from None
    return root


def _depth(data: bytes, what: str, most: int) -> None:
    """Refuse a part that is nested too deeply before anything is built from it."""
    level = 0

    def start(_: str, __: list[str]) -> None:
        nonlocal level
        level += 1
        if level > most:
            raise OpeningError(
                "hostile", "nests its parts more deeply than any proper file", "Write the file again, flat."
            )

    def end(_: str) -> None:
        nonlocal level
        level -= 1

    parser = guarded(start, end)
    feed(parser, data, what, last=True)


def guarded(start: Callable[..., None], end: Callable[..., None], text: Callable[[str], None] | None = None) -> Any:
    """Return a streaming parser with everything dangerous forbidden; names are ``namespace local``."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.ordered_attributes = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.EntityDeclHandler = _refuse
    parser.UnparsedEntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    if text is not None:
        parser.CharacterDataHandler = text
    return parser


def stream(parser: Any, source: IO[bytes], what: str) -> None:
    """Feed `source` to a `guarded` parser."""
    while chunk := source.read(_CHUNK_BYTES):
        feed(parser, chunk, what)
    feed(parser, b"", what, last=True)


def feed(parser: Any, data: bytes, what: str, *, last: bool = False) -> None:
    """Feed some bytes to a `guarded` parser."""
    try:
        parser.Parse(data, last)
    except (expat.ExpatError, LookupError, ValueError):
        raise unreadable(what) from None


def _refuse(*_: object) -> NoReturn:
    raise _HARM


def local(name: str) -> str:
    """Return a tag's or attribute's name without its namespace."""
    return name.rsplit("}", 1)[-1]
