"""Direct identifiers: e-mail addresses, telephone and NHS numbers, postcodes; ids and names of the extract.

Ids of units are looked for as words anywhere: in cells, texts, code and metadata.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from saferoom.disclosure.files.model import Passage
from saferoom.disclosure.files.reference import Known, hashes
from saferoom.disclosure.files.screens.places import Rule
from saferoom.disclosure.files.screens.subject import Subject
from saferoom.disclosure.verdict import Finding, Risk, Verdict

_REMEDY = "Take it out; nothing that tells who somebody is may leave."
_SOFTWARE = re.compile(
    r"@(?:stata|r-project|sas|ibm|anaconda|python|numpy|scipy|pandas|statsmodels|rstudio|posit|microsoft|example|github|"
    r"users\.noreply\.github)\.(?:com|org|net|io|co)$",
    re.IGNORECASE,
)
_STATA_TELEPHONE = frozenset({"8007828272", "9796964600", "9796964601", "18007828272"})


@dataclass(frozen=True)
class Pattern:
    """A form that direct identifiers have.

    Attributes
    ----------
    hint : Pattern
        Something quick to find without which the form cannot be there.
    sure : bool
        Whether one alone is beyond doubt.
    """

    what: str
    form: re.Pattern[str]
    valid: Callable[[str], bool]
    sure: bool = True


def _email(text: str) -> bool:
    return _SOFTWARE.search(text) is None


def _nhs(text: str) -> bool:
    """Check the last digit of an NHS number (modulus 11)."""
    digits = [int(char) for char in text if char.isdigit()]
    check = 11 - sum(weight * digit for weight, digit in zip(range(10, 1, -1), digits, strict=False)) % 11
    return len(digits) == 10 and len(set(digits)) > 2 and check % 11 == digits[9] and check != 10


def _telephone(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return digits not in _STATA_TELEPHONE and len(set(digits)) > 3


def _always(_: str) -> bool:
    return True


_PATTERNS = (
    Pattern("an e-mail address", re.compile(r"(?<![\w.])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b"), _email),
    Pattern(
        "a National Insurance number",
        re.compile(r"\b(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]\b"),
        _always,
    ),
    Pattern("an NHS number", re.compile(r"(?<![\d.,-])\d{3}[ -]\d{3}[ -]\d{4}(?![\d.,-])"), _nhs),
    Pattern(
        "a telephone number",
        re.compile(
            r"(?<![\w.,+-])(?:\+44 ?(?:\(0\) ?)?|0)(?:7\d{3}[ -]?\d{3}[ -]?\d{3}"
            r"|[123]\d{2,3}[ -]\d{3}[ -]?\d{4})(?![\d.,])"
        ),
        _telephone,
    ),
    Pattern(
        "a postcode",
        re.compile(r"\b[A-PR-UWYZ][A-HK-Y]?\d[A-HJKPSTUW\d]? \d[ABD-HJLNP-UW-Z]{2}\b"),
        _always,
        sure=False,
    ),
)
_WORD = re.compile(r"[^\s,;|\"'()\[\]{}<>=]{4,64}")
_NAME_PAIR = re.compile(r"\b([A-Z][\w'-]{1,30} [A-Z][\w'-]{1,30})\b")
_MOST_WORDS = 2_000_000
_FRACTION = re.compile(r"[-+]?\d*\.\d+")
_FEW = 3
ID_PRESENT = "the id of a single unit of the extract stands here"
NAME_PRESENT = "a direct identifier of the extract (a name, an address, a text that only one unit has) stands here"


def screen(subject: Subject) -> list[Finding]:
    """Return direct identifiers, by their form and by being in the extract."""
    found: list[Finding] = []
    for passage in subject.texts:
        found += _forms(passage)
    if subject.reference:
        found += _known(subject)
    return found


def _rule(what: str, severity: Verdict) -> Rule:
    return Rule("direct-identifiers", Risk.AUXILIARY_INFORMATION, severity, f"{what} stands here", _REMEDY)


def _forms(passage: Passage) -> list[Finding]:
    found = []
    for pattern in _PATTERNS:
        spots = [m.start() for m in pattern.form.finditer(passage.text) if pattern.valid(m[0])]
        if spots:
            prose = passage.is_code or not pattern.sure
            severity = Verdict.REVIEW if prose and len(spots) < _FEW else Verdict.FAIL
            found.append(_rule(pattern.what, severity).at(_lines(passage, spots)))
    return found


def _lines(passage: Passage, spots: Sequence[int]) -> str:
    numbers = sorted({passage.text.count("\n", 0, spot) + 1 for spot in spots[:50]})
    named = ", ".join(str(number) for number in numbers[:6])
    more = f" and {len(spots) - 6} more" if len(spots) > 6 else ""
    return f"{passage.place}, line{'s' if len(numbers) > 1 else ''} {named}{more}"


def _known(subject: Subject) -> list[Finding]:
    """Look for every word of the file among the ids and direct identifiers of the extract."""
    found: list[Finding] = []
    columns = (*subject.reference.units, *subject.reference.direct)
    places: list[tuple[str, Any]] = [(passage.place, words(passage.text)) for passage in subject.texts]
    for view in subject.views[: len(subject.opened.grids)]:
        whole = [c for c in view.columns if c.whole and c.is_numeric]
        places += [(f"{view.place}, column {c.position + 1}", _whole_numbers(c.numbers)) for c in whole]
    for known in columns:
        rule = ID if known.is_unit else NAME
        for place, candidates in places:
            if candidates and telling(known, candidates):
                found.append(rule.at(place))
    return found


ID = Rule("unit-ids", Risk.AUXILIARY_INFORMATION, Verdict.FAIL, ID_PRESENT, _REMEDY)
NAME = Rule("direct-identifiers", Risk.AUXILIARY_INFORMATION, Verdict.FAIL, NAME_PRESENT, _REMEDY)


def words(text: str) -> list[str]:
    """Return the different words of a text, and pairs of capitalised words, in small letters."""
    found = dict.fromkeys(match[0].strip(".:").lower() for match in _WORD.finditer(text[: _MOST_WORDS * 10]))
    found.update(dict.fromkeys(match[1].lower() for match in _NAME_PAIR.finditer(text)))
    found.update(dict.fromkeys(line.strip().lower() for line in text.split("\n") if 4 <= len(line.strip()) <= 80))
    return [word for word in found if not _FRACTION.fullmatch(word)][:_MOST_WORDS]


def _whole_numbers(numbers: np.typing.NDArray[np.float64]) -> list[str]:
    kept = np.unique(numbers[np.isfinite(numbers) & (numbers < 2.0**53)])
    return [str(number) for number in kept.astype(np.int64).tolist()]


def telling(known: Known, candidates: Iterable[str]) -> int:
    """Return how many of `candidates` are values of a column, beyond what chance would give.

    Numbers close to each other (ids 1, 2, 3 ...) are found among any small numbers. The neighbours of the candidates
    tell how often: where they are found as often, being found means nothing.
    """
    if known.texts is None:
        return 0
    texts = list(dict.fromkeys(candidates))
    if not known.is_unit:
        texts = [text for text in texts if not text.isdigit()]
    if not texts:
        return 0
    found = known.texts.find(hashes(texts)) >= 0
    hits = [text for text, there in zip(texts, found.tolist(), strict=True) if there]
    plain = [text for text in hits if not text.isdigit() and not _plain_word(text)]
    digits = [int(text) for text in hits if text.isdigit() and len(text) <= 18]
    if not digits:
        return len(plain)
    near = [str(number + step) for number in digits for step in (-7, -3, -1, 1, 3, 7)]
    chance = float(np.mean(known.texts.find(hashes(near)) >= 0))
    rare = len(digits) if chance < 0.05 and (max(digits) >= 10_000) else 0
    return len(plain) + rare


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    return frozenset({"total", "none", "other", "unknown", "missing", "male", "female", "mean", "count"})


def _plain_word(text: str) -> bool:
    return text in _common()
