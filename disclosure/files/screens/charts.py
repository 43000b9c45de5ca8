"""Data that a drawing brings along: long lists of numbers in scripts, in the outputs of notebooks, in JSON."""

from __future__ import annotations

import re

import numpy as np

from saferoom.disclosure.files.model import Passage
from saferoom.disclosure.files.screens.places import Rule
from saferoom.disclosure.files.screens.subject import Subject
from saferoom.disclosure.verdict import Finding, Risk, Verdict

_LONG, _NOTED = 150, 40
_ROUGH = 0.2
_LIST = re.compile(r"\[\s*(-?\d[\d.eE+-]*\s*(?:,\s*(?:-?\d[\d.eE+-]*|null|NaN)\s*){39,})\]")
_OBJECT = re.compile(r"\{[^{}\[\]]{3,2000}\}\s*,\s*(?=\{)")
_REMEDY = "Draw the figure from a table of statistics, declare the chart, or release a picture (PNG) of it."
SINGLE_POINTS = Rule(
    "chart-data",
    Risk.LOW_COUNT,
    Verdict.FAIL,
    "the data of a chart stand here as a long list in no order, a value for each unit as it seems",
    _REMEDY,
)
CHART_DATA = Rule(
    "chart-data",
    Risk.LOW_COUNT,
    Verdict.REVIEW,
    "the data of a chart stand here as a list, more exactly than the picture shows them",
    _REMEDY,
)


def screen(subject: Subject) -> list[Finding]:
    """Return lists of numbers that a chart was drawn from."""
    return [finding for passage in subject.opened.passages for finding in _lists(passage)]


def _lists(passage: Passage) -> list[Finding]:
    worst = 0
    for match in _LIST.finditer(passage.text):
        numbers = np.array([_number(text) for text in match[1].split(",")])
        numbers = numbers[np.isfinite(numbers)]
        if numbers.size >= _NOTED:
            worst = max(worst, 2 if numbers.size >= _LONG and _rough(numbers) else 1)
    objects = sum(1 for _ in _OBJECT.finditer(passage.text))
    worst = max(worst, 2 if objects >= _LONG else 1 if objects >= _NOTED else 0)
    return [] if not worst else [(SINGLE_POINTS if worst == 2 else CHART_DATA).at(passage.place)]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _rough(numbers: np.typing.NDArray[np.float64]) -> bool:
    """Say whether neighbours differ as much as any two numbers do, and most numbers are different."""
    if np.unique(numbers).size * 2 < numbers.size:
        return False
    ranks = np.argsort(np.argsort(numbers)) / numbers.size
    return float(np.mean(np.abs(np.diff(ranks)))) > _ROUGH
