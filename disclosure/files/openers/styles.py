"""Cell styles of a workbook: which show dates, and which show nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from saferoom.disclosure.files.openers.xml import local
from saferoom.disclosure.verdict import Label

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_BUILT_IN_DATES: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_LITERAL: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?:[A-Z][a-z]+\d*|[<>=]+[^\]]*|\$[^\]]*)\]')
_DATE_LETTERS: Final = re.compile(r"[dmyhs]", re.IGNORECASE)
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - spreadsheets know no time zones
_EPOCH_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001
_SMALLEST_FONT = 2.0
_T = TypeVar("_T")


@dataclass(frozen=True)
class Styles:
    """Positions of styles.

    Attributes
    ----------
    dates, unseen : frozenset of int
        Styles that show a date, and styles that show nothing: an empty format, white on white, no size.
    """

    dates: frozenset[int] = frozenset()
    unseen: frozenset[int] = frozenset()
    since_1904: bool = False

    def date(self, number: float) -> Label:
        """Return a date as it would be written, or the number where it is none."""
        try:
            moment = (_EPOCH_1904 if self.since_1904 else _EPOCH) + timedelta(days=number)
        except (OverflowError, ValueError):
            return number
        if number < 1:
            return moment.strftime("%H:%M:%S")
        return moment.strftime("%Y-%m-%d" if number == int(number) else "%Y-%m-%d %H:%M:%S")


def styles_of(root: Element, *, since_1904: bool) -> Styles:
    """Read ``xl/styles.xml``."""
    formats = {
        element.get("numFmtId", ""): element.get("formatCode", "")
        for element in root.iter()
        if local(element.tag) == "numFmt"
    }
    fonts = [_hides(font) for font in _children(root, "fonts", "font")]
    fills = [_is_plain(fill) for fill in _children(root, "fills", "fill")]
    dates, unseen = set(), set()
    for position, style in enumerate(_children(root, "cellXfs", "xf")):
        code = style.get("numFmtId", "0")
        text = formats.get(code, "")
        if (code.isdigit() and int(code) in _BUILT_IN_DATES) or (text and _DATE_LETTERS.search(_LITERAL.sub("", text))):
            dates.add(position)
        plain = _at(fills, style.get("fillId", "0"), default=True)
        hidden_font, white = _at(fonts, style.get("fontId", "0"), default=(False, False))
        if _shows_nothing(text) or hidden_font or (white and plain):
            unseen.add(position)
    return Styles(frozenset(dates), frozenset(unseen), since_1904)


def _children(root: Element, group: str, name: str) -> list[Element]:
    return [child for element in root if local(element.tag) == group for child in element if local(child.tag) == name]


def _at(values: list[_T], position: str, default: _T) -> _T:
    number = int(position) if position.isdigit() and len(position) < 8 else -1
    return values[number] if 0 <= number < len(values) else default


def _shows_nothing(code: str) -> bool:
    """Tell whether a number format prints nothing for positive numbers, such as ``;;;``."""
    return ";" in code and not code.split(";")[0].strip()


def _hides(font: Element) -> tuple[bool, bool]:
    """Return whether a font is too small to see, and whether it is white."""
    tiny = white = False
    for part in font:
        if local(part.tag) == "sz":
            try:
                tiny = float(part.get("val", "11")) < _SMALLEST_FONT
            except ValueError:
                tiny = True
        if local(part.tag) == "color":
            white = part.get("rgb", "").upper()[-6:] == "FFFFFF" or part.get("theme") == "0"
    return tiny, white


def _is_plain(fill: Element) -> bool:
    """Tell whether a fill leaves the cell white."""
    for pattern in fill:
        if local(pattern.tag) == "gradientFill":
            return False
        for colour in pattern:
            if local(colour.tag) == "fgColor" and pattern.get("patternType", "none") != "none":
                return colour.get("rgb", "").upper()[-6:] == "FFFFFF" or colour.get("theme") == "0"
    return True
