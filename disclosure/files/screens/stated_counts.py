"""Small counts that are written out: ``(n = 3)``, ``3 people``, ``Number of obs = 7``; ``<10`` is fine."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from saferoom.disclosure.files.model import Passage
from saferoom.disclosure.files.screens.places import Rule
from saferoom.disclosure.files.screens.subject import Subject
from saferoom.disclosure.verdict import Finding, Risk, Verdict

_WORDS = dict(
    zip(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), range(1, 11), strict=True)
)
_UNITS = (
    r"(?:people|persons?|patients?|individuals?|respondents?|participants?|households?|families|family|women|woman|men|man"
    r"|children|child|girls?|boys?|males?|females?|pupils?|students?|workers?|employees?|firms?|enterprises|businesses"
    r"|companies|deaths?|observations|obs|cases|claimants?|residents?|prisoners?|migrants?|victims?|offenders?|subjects"
    r"|admissions|contributors?|learners?|mothers?|fathers?|teachers?|schools|hospitals|records)"
)
# n = 3, N: 4, count=7, freq = 2, No. of patients: 5, Number of obs = 8
_EQUALS = re.compile(
    r"(?<![\w.$\\/])(?:(?:n|n[_ ]?obs|count|counts|freq|frequency|obs|observations|cases|sample size"
    r"|cell size|unweighted n|(?:no\.?|number|num|nr\.?|#)[ _]+(?:of[ _]+)?"
    + _UNITS
    + r"))[\"']?\s*\)?\s*(?:=|==|:|\bis\b|\bwas\b|of only)\s*"
    r"\$?(\d{1,7}(?:,\d{3})*)(?![\d%]|[.,]\d|\s*%|\s*(?:to|-|\u2013)\s*\d)",
    re.IGNORECASE,
)
_NUMBER_WORDS = "|".join(_WORDS)
# 3 people, only two women, five (5) patients; not "3 people households", not "2-person", not "3.3 people"
_PEOPLE = re.compile(
    r"(?<![\w.,:/<>\-\u2013\u2264])(?:(\d{1,4})|(" + _NUMBER_WORDS + r"))(?:\s*\(\d{1,4}\))?\s+"
    r"(?:(?:of the|other|more|young|old|older|younger|male|female|single|different|unique|affected|additional)\s+)?"
    + _UNITS
    + r"\b(?![ -](?:households?|famil|rooms?|homes?|years?|groups?|per\b|in (?:the|a) household|or more|and over|\+))",
    re.IGNORECASE,
)
# $n=4$, $N_{\text{Isle}} = 4$; in code a $ is the name of something
_TYPESET = re.compile(r"\$\s*[nN](?:_(?:\w|\{[^$=]{0,40}\}))?\s*=\s*(\d{1,3})\s*\$")
# 3 out of 120 respondents, 3 of the 120 patients, 3/120 (2.5%), 2.5% (3/120)
_SHARE = re.compile(
    r"(?<![\w.,/])(\d{1,3})\s+(?:out\s+)?of\s+(?:the\s+|all\s+)?\d[\d,]*\s+" + _UNITS + r"\b"
    r"|(?<![\w.,/])(\d{1,3})/\d[\d,]*(?=\s*[(\[]\s*\d+(?:\.\d+)?\s*%)|(?<=%)\s*[(\[]\s*(\d{1,3})/\d[\d,]*\s*[)\]]",
    re.IGNORECASE,
)
# a collections.Counter as Python prints it
_COUNTER = re.compile(r"\bCounter\(\{([^{}]{0,20000})\}\)")
_COUNTED = re.compile(r":\s*(\d+)\b")
# what Stata and R answer when they are asked for a number of rows that meet a condition
_ANSWERED = re.compile(r"^(\. *cou?n?t? +if\b.{0,500}|> .{0,500})\n(?:\[1\]| ) +(\d{1,3}) *$", re.MULTILINE)
_ROWS_OF = re.compile(r"\b(?:nrow|NROW|n_distinct|uniqueN|sum|length)\s*\(")
_CONDITION = re.compile(r"[=!]=|[<>]|%in%")
_BEFORE = re.compile(
    r"(?:<|>|\u2264|\u2265|under|below|above|over|least|most|fewer than|less than|more than|than|per|every|each|of age|"
    r"table|figure|fig\.?|step|section|chapter|wave|model|column|appendix|level|type|threshold of|minimum of|"
    r"up to|first|top|next|last|nearest|base|to|or|number of|between|multiple of|multiples of)\s*$",
    re.IGNORECASE,
)
LOW = Rule(
    "stated-low-count",
    Risk.LOW_COUNT,
    Verdict.FAIL,
    "the text states a count of units below the threshold, so that somebody could learn who they are",
    "Take the count out, write it as below the threshold (such as <10), or merge the category.",
)
LABEL = Rule(
    "stated-low-count",
    Risk.LOW_COUNT,
    Verdict.REVIEW,
    "a label names a small number of units; it may be a category (the size of a household) or a count",
    "Say what the label means in the context of the request.",
)


def screen(subject: Subject) -> list[Finding]:
    """Return texts that state small counts."""
    threshold = subject.policy.threshold_units
    found: list[Finding] = []
    tables = {view.place for view in subject.views[: len(subject.opened.grids)]}
    for passage in subject.texts:
        lines = sorted(set(_lines(passage, threshold)))
        if not lines:
            continue
        if passage.place in tables:
            found += _in_table(subject, passage.place, threshold)
        else:
            named = ", ".join(str(line) for line in lines[:6]) + (
                f" and {len(lines) - 6} more" if len(lines) > 6 else ""
            )
            place = f"{passage.place}, line{'s' if len(lines) > 1 else ''} {named}"
            found.append(LOW.at(place, [(passage.place, line) for line in lines]))
    return found


def stated(text: str, threshold: int, *, is_code: bool = False) -> Iterator[int]:
    """Yield where in `text` a count from 1 to below `threshold` is stated.

    >>> list(stated("Isle (n = 3)", 10)), list(stated("Isle (n = 12), 3% of people", 10)), list(stated("n < 10", 10))
    ([6], [], [])
    """
    if not is_code:
        yield from _in_prose(text, threshold)
    for match in _PEOPLE.finditer(text):
        number = int(match[1]) if match[1] else _WORDS[match[2].lower()]
        if 0 < number < threshold and not _BEFORE.search(text, max(0, match.start() - 24), match.start()):
            yield match.start()


def _in_prose(text: str, threshold: int) -> Iterator[int]:
    """Yield where counts stand in the forms that are something else in code."""
    for form in (_EQUALS, _TYPESET):
        for match in form.finditer(text):
            if 0 < int(match[1].replace(",", "")) < threshold:
                yield match.start()
    for match in _SHARE.finditer(text):
        if 0 < int(match[match.lastindex or 1]) < threshold:
            yield match.start()
    for match in _COUNTER.finditer(text):
        if any(0 < int(number) < threshold for number in _COUNTED.findall(match[1])):
            yield match.start()
    for match in _ANSWERED.finditer(text):
        if 0 < int(match[2]) < threshold and _asks_for_units(match[1]):
            yield match.start()


def _asks_for_units(command: str) -> bool:
    return command[0] == "." or (_ROWS_OF.search(command) is not None and _CONDITION.search(command, 1) is not None)


def _lines(passage: Passage, threshold: int) -> Iterator[int]:
    last, line = 0, 1
    # Letters and digits in other shapes (full width, superscript) say the same to a reader.
    text = passage.text if passage.text.isascii() else unicodedata.normalize("NFKC", passage.text)
    for position in sorted(stated(text, threshold, is_code=passage.is_code)):
        line += text.count("\n", last, position)
        last = position
        yield line


def _states(text: str, threshold: int) -> bool:
    return next(stated(text, threshold), None) is not None


def _in_table(subject: Subject, place: str, threshold: int) -> list[Finding]:
    """Say which cells of a table state small counts; a column of sizes (1 person, 2 people ...) is a category."""
    found = []
    for view in subject.views:
        if view.place != place:
            continue
        spots: list[tuple[int, int]] = []
        sizes: list[tuple[int, int]] = []
        for column in view.columns:
            texts = list(column.texts())
            hits = {text for text in {text for _, text in texts} if _states(text, threshold)}
            people = {text for text in hits if _PEOPLE.match(text.strip()) and "=" not in text}
            category = len(people) > 1 and people == hits and column.position <= 1 and column.distinct == len(texts)
            (sizes if category else spots).extend((row, column.position) for row, text in texts if text in hits)
        heads = [i for i, head in enumerate(view.grid.header) if _states(head, threshold)]
        found += [LOW.in_cells(view, spots)] if spots else []
        found += [LABEL.in_cells(view, sizes)] if sizes else []
        found += [LOW.at(f"{place}, head of column {i + 1}", [(place, 0, i + 1)]) for i in heads]
    return found
