"""Secrets in code and text (keys, tokens, passwords), and conditions in code that single out a unit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from saferoom.disclosure.files.model import Passage
from saferoom.disclosure.files.screens.numerals import printed
from saferoom.disclosure.files.screens.places import Rule
from saferoom.disclosure.files.screens.subject import Subject
from saferoom.disclosure.files.screens.words import names_unit
from saferoom.disclosure.verdict import Finding, Risk, Verdict

_SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}"
    r"|\bgithub_pat_\w{22,}|\bglpat-[\w-]{20,}|\bxox[abprs]-[\w-]{10,}|\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}|\bAIza[\w-]{35}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{5,}|\bhf_[A-Za-z0-9]{30,}|\bpypi-[\w-]{40,}"
    r"|\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@'\"]{1,64}:[^\s/@'\"]{3,128}@[\w.-]+"
)
_ASSIGNED = re.compile(
    r"(?<![A-Za-z])(?:\w{0,40}_)?(?:password|passwd|pwd|passphrase|secret|secret_?key|api_?key|access_?key|auth_?token|token|private_?key)"
    r"[\"']?\s*(?:=|:|<-|:=)\s*[\"']([^\"'\s]{6,200})[\"']",
    re.IGNORECASE,
)
_NAMED = (
    r"(?:password|passwd|pwd|passphrase|secret|(?:secret_?|api_?|private_?|(?:secret_?)?access_?)key"
    + r"|(?:auth_?|api_?)?token)"
)
_LINE = re.compile(
    r"^[ \t]*(?:export[ \t]+|set[ \t]+|- )?[\w.-]{0,40}?"
    + _NAMED
    + r"[ \t]*[=:][ \t]*(?=\S*\d)([^\s\"'()\[\],;]{6,200})[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""A setting on a line of its own, as in files of settings; a value without a digit is a word of the sentence."""
_CLAUSE = re.compile(
    r"\b(?:password|pwd|passwd)\s*\(\s*[\"']?([^\s\"'()]{6,200})[\"']?\s*\)|\bpassword\s+'([^'\s]{6,200})'"
    r"|\bIDENTIFIED\s+BY\s+[\"']?([^\s\"';]{6,200})",
    re.IGNORECASE,
)
"""How Stata and SQL are told a password."""
_SECRET_HEAD = re.compile(r"[\w. -]{0,40}?" + _NAMED, re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"(?:[<$%{*x.]|your|example|change|placeholder|none|null|todo|env|os\.|getenv)", re.IGNORECASE
)
_BEARER = re.compile(r"\bauthorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic|token)\s+[\w.+/=-]{12,}", re.IGNORECASE)
_COMPARED = re.compile(
    r"[\"'\[`.]?\b([A-Za-z_]\w{0,62})\b[\"'\]`]{0,3}\s*(?:==?|!=|<>|%in%|\bin\b|\.isin|\.eq)\s*(?:c?\s*[\(\[]{0,2}\s*)[\"']?(-?\d+|\w{3,64})\b",
    re.IGNORECASE,
)
SECRET = Rule(
    "secret",
    Risk.AUXILIARY_INFORMATION,
    Verdict.FAIL,
    "a key, token or password stands here, with which somebody could get in",
    "Take it out and have it changed; read it from the environment in code.",
)
SINGLED_OUT = Rule(
    "unit-singled-out",
    Risk.LOW_COUNT,
    Verdict.FAIL,
    "the code compares the id of a unit with a value written out, which names a single unit",
    "Take the condition out; choose units by what they have in common.",
)
ENCODED = Rule(
    "encoded-text",
    Risk.FREE_TEXT,
    Verdict.REVIEW,
    "a long run of encoded characters stands here, which nobody can read",
    "Take it out, or release what it stands for in a form that people can read.",
)
_ENCODED = re.compile(r"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{300,}={0,2}|[0-9a-fA-F]{300,})")


def screen(subject: Subject) -> list[Finding]:
    """Return secrets, ids in conditions, and what nobody can read."""
    found: list[Finding] = []
    units = {name.lower() for name in subject.reference.unit_names}
    for passage in subject.texts:
        spots = [match.start() for match in _SECRETS.finditer(passage.text)]
        spots += [m.start() for m in _ASSIGNED.finditer(passage.text) if not _PLACEHOLDER.match(m[1])]
        spots += [m.start() for m in _unquoted(passage) if not _PLACEHOLDER.match(m[m.lastindex or 1])]
        spots += [match.start() for match in _BEARER.finditer(passage.text)]
        found += [SECRET.at(_lines(passage, spots))] if spots else []
        singled = [m.start() for m in _COMPARED.finditer(passage.text) if _names(m[1], units) and _literal(m[2])]
        found += [SINGLED_OUT.at(_lines(passage, singled))] if singled and passage.is_code else []
        encoded = [match.start() for match in _ENCODED.finditer(passage.text)]
        found += [ENCODED.at(_lines(passage, encoded))] if encoded else []
    return found + _in_columns(subject)


def _unquoted(passage: Passage) -> Iterator[re.Match[str]]:
    yield from _CLAUSE.finditer(passage.text)
    if not passage.is_code:
        # In code, what is not quoted is a name.
        yield from _LINE.finditer(passage.text)


def _in_columns(subject: Subject) -> list[Finding]:
    """Return the columns, and names in JSON, that hold secrets by their head."""
    return [
        SECRET.at(f"{view.place}, column {column.position + 1}")
        for view in subject.views[: len(subject.opened.grids)]
        for column in view.columns
        if _SECRET_HEAD.fullmatch(column.head.strip()) and any(_opaque(text) for _, text in column.texts())
    ]


def _opaque(text: str) -> bool:
    long = len(text) >= 6 and not re.search(r"\s", text)
    return long and re.search(r"\d", text) is not None and not _PLACEHOLDER.match(text) and printed(text) is None


def _names(name: str, units: set[str]) -> bool:
    return name.lower() in units or names_unit(name)


def _literal(text: str) -> bool:
    return bool(re.search(r"\d", text))


def _lines(passage: Passage, spots: list[int]) -> str:
    numbers = sorted({passage.text.count("\n", 0, spot) + 1 for spot in spots[:50]})
    named = ", ".join(str(number) for number in numbers[:6])
    return f"{passage.place}, line{'s' if len(numbers) > 1 else ''} {named}"
