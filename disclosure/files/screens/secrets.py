"""Secrets in code and text (keys, tokens, passwords), and conditions in code that single out a unit."""

from __future__ import annotations

import re

from saferoom.disclosure.files.model import Passage
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
        spots += [match.start() for match in _BEARER.finditer(passage.text)]
        found += [SECRET.at(_lines(passage, spots))] if spots else []
        singled = [m.start() for m in _COMPARED.finditer(passage.text) if _names(m[1], units) and _literal(m[2])]
        found += [SINGLED_OUT.at(_lines(passage, singled))] if singled and passage.is_code else []
        encoded = [match.start() for match in _ENCODED.finditer(passage.text)]
        found += [ENCODED.at(_lines(passage, encoded))] if encoded else []
    return found


def _names(name: str, units: set[str]) -> bool:
    return name.lower() in units or names_unit(name)


def _literal(text: str) -> bool:
    return bool(re.search(r"\d", text))


def _lines(passage: Passage, spots: list[int]) -> str:
    numbers = sorted({passage.text.count("\n", 0, spot) + 1 for spot in spots[:50]})
    named = ", ".join(str(number) for number in numbers[:6])
    return f"{passage.place}, line{'s' if len(numbers) > 1 else ''} {named}"
