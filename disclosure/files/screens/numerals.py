"""How numbers are written in files: values, printed decimals, percent signs, blanks that stand for suppression.

Vocabulary
----------
blank
    A cell that shows no number because somebody took it out: empty, ``-``, ``*``, ``c``, ``<10``, ``suppressed``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from saferoom.disclosure.verdict import Label

_NUMBER = re.compile(
    r"[£$€]?\s?(?P<sign>[-+\u2212]?)\s?[£$€]?"
    r"(?P<digits>\d{1,3}(?:[,\u00a0\u202f' ]\d{3})+|\d+|)(?:\.(?P<decimals>\d*))?"
    r"(?:[eE](?P<exponent>[-+]?\d{1,3}))?\s?(?P<percent>%|\\%)?\s?(?:\*{1,3}|\u2020|\$?\^\{?(?:\*+|\w)\}?)?",
)
_DECIMAL_COMMA = re.compile(r"^([-+]?(?:\d+(?=,(?:\d{1,2}|\d{4,15})$)|0(?=,\d{3}$))),(\d+)$")
"""A comma before one or two digits, or more than three, divides no thousands."""
_COUNT_AND_SHARE = re.compile(r"\s*(\d{1,3}(?:,\d{3})+|\d+)\s*[\(\[]\s*(\d+(?:\.\d+)?)\s*(%|\\%)?\s*[\)\]]\s*")
_BLANKS = frozenset(
    {
        *(
            "",
            "-",
            "--",
            "\u2013",
            "\u2014",
            "*",
            "**",
            "[c]",
            "(c)",
            ".",
            "..",
            "...",
            ":",
            "#",
            "na",
            "n/a",
            "nan",
            "<na>",
        ),
        *("null", "none", "nil", "missing", "redacted", "[redacted]", "[x]", "suppressed", "[suppressed]"),
        *("(suppressed)", "confidential", "masked", "hidden", "not shown"),
    }
)
_MARKS = frozenset({"c", "x", "u", "z", "s"})
"""Letters that statistical offices put in place of numbers; capitals are categories."""
_BELOW = re.compile(r"(?:<|\u2264|<=|&lt;|under |below |less than |fewer than )\s*(\d{1,6})", re.IGNORECASE)


@dataclass(frozen=True)
class Printed:
    """A number as it is printed.

    Attributes
    ----------
    value : float
        The number; a percentage is not divided by 100.
    decimals : int
        Digits printed after the point, less the exponent: 2 says that the number is known to 0.005.
    """

    value: float
    decimals: int
    percent: bool = False


@lru_cache(maxsize=65_536)
def printed(text: str) -> Printed | None:
    """Return the number that a whole text is, or None.

    >>> printed("1,234.50")
    Printed(value=1234.5, decimals=2, percent=False)
    >>> printed("12.5%").percent, printed("12,5").value
    (True, 12.5)
    >>> printed("about 12") is None
    True
    """
    if len(text) > 64:
        return None
    match = _NUMBER.fullmatch(_DECIMAL_COMMA.sub(r"\1.\2", text.strip()))
    if match is None or not (match["digits"] or match["decimals"]):
        return None
    whole = re.sub(r"\D", "", match["digits"]) or "0"
    exponent = int(match["exponent"] or 0)
    fraction = match["decimals"] or ""
    value = float(f"{whole}.{fraction or '0'}e{exponent}")
    if not math.isfinite(value):
        return None
    negative = match["sign"] in {"-", "\u2212"}
    return Printed(-value if negative else value, max(0, len(fraction) - exponent), match["percent"] is not None)


def printed_value(value: Label) -> Printed | None:
    """Return the number in a cell, whether the file holds a number or text."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        return printed(value)
    if not math.isfinite(value):
        return None
    if isinstance(value, int) or value.is_integer():
        return Printed(float(value), 0)
    return printed(repr(float(value)))


def plain_numbers(values: Sequence[Label]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int16]]:
    """Return the numbers and decimals of cells that hold numbers or nothing, as `printed_value` reads them one by one.

    Returns
    -------
    two ndarrays, shape (cells,)
        nan and -1 where there is no number.
    """
    numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    shown = np.isfinite(numbers)
    numbers[~shown] = np.nan
    decimals = np.where(shown, 0, -1).astype(np.int16)
    fractional = np.flatnonzero(shown & (numbers != np.floor(numbers)))
    decimals[fractional] = [_decimals(text) for text in map(repr, numbers[fractional].tolist())]
    return numbers, decimals


def _decimals(text: str) -> int:
    """Return the decimals of a number as Python writes it.

    >>> _decimals("12.50"), _decimals("1e-07"), _decimals("1.5e-07")
    (2, 7, 8)
    """
    mantissa, _, exponent = text.partition("e")
    fraction = len(mantissa) - mantissa.find(".") - 1 if "." in mantissa else 0
    return min(max(0, fraction - int(exponent or 0)), 99)


def count_and_share(text: str) -> tuple[float, bool] | None:
    """Return the first number of ``12 (34.5%)`` and whether the brackets say percent.

    >>> count_and_share("1,012 (34.5%)")
    (1012.0, True)
    """
    match = _COUNT_AND_SHARE.fullmatch(text) if len(text) <= 64 else None
    return None if match is None else (float(match[1].replace(",", "")), match[3] is not None)


def is_blank(value: Label) -> bool:
    """Say whether a cell stands for something that is not shown.

    >>> is_blank("<10"), is_blank(None), is_blank("Isle")
    (True, True, False)
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    if not isinstance(value, str):
        return False
    text = value.strip()
    return text in _MARKS or text.casefold() in _BLANKS or _BELOW.fullmatch(text) is not None


def is_empty(value: Label) -> bool:
    """Say whether a cell holds nothing at all, as under a label that is printed once for several rows."""
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or (isinstance(value, str) and not value.strip())
    )


def upper_bound(value: Label) -> float | None:
    """Return what a blank such as ``<10`` says at most, or None."""
    match = _BELOW.fullmatch(value.strip()) if isinstance(value, str) else None
    return None if match is None else float(match[1])
