"""Does a printed text say the same as a computed value, and nothing beside it?

A number may be printed with fewer digits than it has, never with more: digits beyond those that the trusted side
computes reproducibly could carry anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from saferoom.disclosure.files.screens.numerals import is_blank, printed_value, upper_bound
from saferoom.disclosure.verdict import Label

MOST_DIGITS = 12
"""Significant digits of a computed value that do not change from run to run."""
# Plain, with thousands separators, or with the exponent that programs write; no stars, signs of money or spaces. Digits
# of other scripts, and exponents spelt in other ways, are the same number and something beside it.
_PLAIN = re.compile(
    r"-?(?:(?:[1-9]\d{0,2}(?:,\d{3})+|0|[1-9]\d*)(?:\.\d+)?%?|[1-9](?:\.\d+)?e[-+]\d{2,3}|0(?:\.0+)?e\+00)", re.ASCII
)
_MOST_BOUND = 100
_DIGITS = re.compile(r"[eE].*|%|\D")


@dataclass(frozen=True)
class Style:
    """How a column prints its numbers; one column has one style.

    Attributes
    ----------
    decimals : int
        Digits after the point; -1 where trailing zeros are dropped, so that the number differs from cell to cell.
    """

    decimals: int
    thousands: bool
    percent: bool
    exponent: bool


def same_label(text: str, label: Label) -> bool:
    """Say whether a cell is a category, letter by letter.

    >>> same_label("Isle", "Isle"), same_label("Isle ", "Isle"), same_label("3", 3), same_label("3.0", 3)
    (True, False, True, True)
    """
    if isinstance(label, bool):
        return text in {str(label), str(label).lower(), str(int(label))}
    if isinstance(label, (int, float)):
        return text in {str(label), f"{float(label)!r}", f"{label:g}"} or (
            isinstance(label, float) and label.is_integer() and text == str(int(label))
        )
    return text == label


def as_text(cell: Label) -> str:
    """Return a cell as it stands in the file; numbers of a workbook are written in full."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return str(cell)


def same_number(text: str, value: Label, *, whole: bool = False) -> bool:
    """Say whether a cell prints `value`, rounded to the digits it shows.

    Parameters
    ----------
    whole : bool
        Only the exact number will do (a count).

    >>> same_number("24,809.87", 24809.866902), same_number("24809.86", 24809.866902), same_number("12.5%", 0.125)
    (True, False, True)
    """
    if value is None:
        return _plain_blank(text)
    if isinstance(value, (str, bool)) or _PLAIN.fullmatch(text) is None:
        return False
    number = printed_value(text)
    if number is None or _significant(text) > MOST_DIGITS:
        return False
    wanted = float(value) * (100.0 if number.percent else 1.0)
    if text.startswith("-") and not wanted < 0:
        return False
    if whole or (isinstance(value, int) and not number.percent):
        return number.value == wanted
    # Half of the last printed digit, and what the twelfth digit leaves open.
    allowed = 0.5 * 10.0 ** -_decimals(text) + abs(wanted) * 10.0**-MOST_DIGITS
    return abs(number.value - wanted) <= allowed * (1 + 1e-9)


def _plain_blank(text: str) -> bool:
    """Say whether a blank is written as programs and people do; a mixture of letters or a bound can say more."""
    usual = text in {text.lower(), text.upper(), text.capitalize()}
    bound = upper_bound(text)
    return is_blank(text) and text == text.strip() and usual and (bound is None or bound <= _MOST_BOUND)


def _significant(text: str) -> int:
    return len(_DIGITS.sub("", text).lstrip("0"))


def _decimals(text: str) -> int:
    mantissa, _, exponent = text.rstrip("%").lower().partition("e")
    return len(mantissa.partition(".")[2]) - int(exponent or 0)


def style_of(texts: list[str]) -> Style | None:
    """Return the one style in which numbers are printed, or None when they are printed in several.

    Notes
    -----
    Programs print a column to so many decimals, or each number as short as it goes. Anything between (a zero more in
    some cells, a comma in some) is a channel for somebody else's information.
    """
    if not texts:
        return Style(0, False, False, False)
    # Very small numbers are written with an exponent by every program, whatever the others look like.
    texts = [text for text in texts if not _tiny(text)]
    percent = {text.endswith("%") for text in texts}
    exponent = {"e" in text.lower() for text in texts}
    large = {"," in text for text in texts if len(re.sub(r"[.eE].*|\D", "", text)) > 3}
    places = {_places(text) for text in texts}
    if len(percent) > 1 or len(exponent) > 1 or len(large) > 1:
        return None
    if len(places) > 1 and any(_padded(text) for text in texts):
        return None
    decimals = places.pop() if len(places) == 1 else -1
    return Style(decimals, True in large, True in percent, True in exponent)


def printed_evenly(texts: Sequence[str], values: Sequence[float]) -> bool:
    """Say whether a column is printed in one way: to so many decimals, or digits, in every cell.

    A number of decimals that is chosen cell by cell could carry anything, although every number is right.

    >>> printed_evenly(["1.25", "0.5"], [1.25, 0.5]), printed_evenly(["1.25", "0.5"], [1.25, 0.5123])
    (True, False)
    """
    if style_of(list(texts)) is None:
        return False
    if len({_places(text) for text in texts}) <= 1:
        return True
    whole = {"." in text for text in texts if _places(text) == 0 or text.rstrip("%").endswith(".0")}
    if len(whole) > 1 or len({text.startswith("-") for text in texts if not text.strip("-0.%")}) > 1:
        return False
    shown = [Decimal(text.replace(",", "").rstrip("%")) for text in texts]
    exact = [value * 100.0 if text.endswith("%") else value for text, value in zip(texts, values, strict=True)]
    wanted = [_kept(number) for number in shown]
    decimals = max(wanted)
    digits = max(len(number.normalize().as_tuple().digits) for number in shown)
    return wanted in (
        [_kept(Decimal(f"{value:.{decimals}f}")) for value in exact],
        [_kept(Decimal(f"{value:.{digits - 1}e}")) for value in exact],
    )


def _kept(number: Decimal) -> int:
    """Return how many decimals a number has without zeros at its end."""
    return max(0, -int(number.normalize().as_tuple().exponent))


def _places(text: str) -> int:
    return len(re.split(r"[eE%]", text)[0].partition(".")[2])


def _tiny(text: str) -> bool:
    try:
        return "e-" in text and repr(float(text)) == text
    except ValueError:
        return False


def _padded(text: str) -> bool:
    """Say whether a number ends in a zero that says nothing; ``12.0`` is how a program prints a whole number."""
    fraction = re.split(r"[eE%]", text)[0].partition(".")[2]
    return len(fraction) > 1 and fraction.endswith("0")
