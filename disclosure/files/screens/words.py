"""What the head of a column, or the label of a row, says about the numbers under it.

Only words of the field are known; a head that says nothing known is `Role.UNKNOWN`, never a guess.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from saferoom.disclosure.files.screens.vocabulary import (
    ALONE,
    COUNT,
    EXTREME,
    ID_WORDS,
    MEAN,
    MODE,
    NOT_UNITS,
    PERCENT,
    RECORD,
    STATISTIC,
    SUBJECT,
    TOTAL,
    UNIT_WORDS,
)


class Role(StrEnum):
    """What numbers are, as far as their head tells."""

    COUNT = "count"
    PERCENT = "percentage"
    MEAN = "mean"
    EXTREME = "minimum or maximum"
    MODE = "mode"
    RECORD = "value of single records"
    STATISTIC = "statistic"
    SUBJECT = "subject"
    """A quantity that people have (age, income), or a position (year, rank): no count, and no statistic either."""
    TOTAL = "total"
    UNKNOWN = "unknown"


_SAYS_N = re.compile(r"\(\s*n\s*\)|\bn\s*\(\s*(?:\\?%|percent|pct)\s*\)", re.IGNORECASE)
_NUMBER_OF = re.compile(r"\b(?:number|no\.?|num|nr\.?|#)\s*(?:of\b)?\s*[._]?\s*([a-z]*)", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+\d*|\d+|%")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def tokens(head: str) -> tuple[str, ...]:
    """Return the words of a head: ``meanPay_2019`` is mean, pay, 2019."""
    spread = _CAMEL.sub(" ", head[:200]).replace("_", " ").lower()
    return tuple(_WORD.findall(spread))


@lru_cache(maxsize=16_384)
def role(head: str) -> Role:
    """Return what the numbers under `head` are.

    >>> [role(head).value for head in ("n", "Number of patients", "mean_count", "n (%)", "df", "Female")]
    ['count', 'count', 'mean', 'count', 'statistic', 'unknown']
    """
    words = tokens(head)
    found = frozenset(words)
    if _SAYS_N.search(head):
        return Role.COUNT
    if found & RECORD:
        return Role.RECORD
    if "%" in found or found & PERCENT:
        return Role.PERCENT
    for known, name in ((MEAN, Role.MEAN), (EXTREME, Role.EXTREME), (MODE, Role.MODE)):
        if found & known:
            return name
    # ``n_t`` and ``events_c`` are counts in groups, and no statistic t.
    if found & STATISTIC and not (len(words) == 2 and words[0] in COUNT and len(words[1]) == 1):
        return Role.STATISTIC
    if _counts(head, words):
        return Role.COUNT
    if found & TOTAL:
        return Role.TOTAL
    return Role.SUBJECT if found & SUBJECT else Role.UNKNOWN


def _counts(head: str, words: tuple[str, ...]) -> bool:
    if not words or frozenset(words) & NOT_UNITS:
        return False
    if words in {("size",), ("sample", "size"), ("cell", "size"), ("group", "size"), ("population",)}:
        return True
    numbered = _NUMBER_OF.match(head.strip())
    if numbered and (words[0] in {"number", "num", "nr"} or " of" in head.lower() or head.startswith("#")):
        return len(words) > 1 or words[0] == "number"
    return words[0] in COUNT or words[-1] in COUNT


def is_total(label: str) -> bool:
    """Say whether a row's label or a head stands for a total.

    >>> is_total("All"), is_total("Total (UK)"), is_total("Wales")
    (True, True, False)
    """
    return bool(frozenset(tokens(label)) & TOTAL)


def names_unit(head: str) -> bool:
    """Say whether a head names the ids of statistical units.

    >>> names_unit("person_id"), names_unit("PatientID"), names_unit("region_id"), names_unit("person~d")
    (True, True, False, True)
    """
    if "~" in head:
        return _shortened(head)
    words = tokens(head)
    if len(words) == 1:
        return words[0] in ALONE
    found = frozenset(words)
    return bool(words) and bool(found & UNIT_WORDS and found & ID_WORDS) and "of" not in found


def _shortened(head: str) -> bool:
    """Say whether a head is how Stata prints a long name of ids: ``person~d``, ``patient~o``."""
    start, _, end = head.strip().lower().replace("_", "").partition("~")
    whole = ALONE | {unit + word for unit in UNIT_WORDS for word in ID_WORDS}
    return len(start) > 2 and any(name.startswith(start) and name.endswith(end) for name in whole)


def names_id(head: str) -> bool:
    """Say whether a head is a bare ``id``."""
    return tokens(head) in {("id",), ("ids",), ("identifier",), ("key",), ("serial",), ("record",), ("case",)}
