"""Numbers that are values of single persons by what they are called: minima, maxima, modes, residuals."""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.files.reference import scaled
from saferoom.disclosure.files.screens.places import Rule
from saferoom.disclosure.files.screens.subject import Subject
from saferoom.disclosure.files.screens.views import Column, View
from saferoom.disclosure.files.screens.words import Role, role, tokens
from saferoom.disclosure.verdict import Finding, Risk, Verdict

_FEW_RESIDUALS = 10
_POSITIONS = frozenset(
    {"iterations", "iter", "steps", "depth", "lag", "lags", "n", "obs", "model", "row", "column", "df"}
)
EXTREME = Rule(
    "endpoints",
    Risk.LOW_COUNT,
    Verdict.REVIEW,
    "a smallest or largest value is the value of one person, unless it is a bound that everybody knows",
    "Take it out, give a percentile with enough units beyond it, or say that the bound is structural.",
)
SEEN_EXTREME = Rule(
    "endpoints",
    Risk.LOW_COUNT,
    Verdict.FAIL,
    "the smallest or largest value of a column of the extract stands here, and few units have it",
    "Take it out, or give a percentile with enough units beyond it.",
)
MODE = Rule(
    "mode",
    Risk.CLASS_DISCLOSURE,
    Verdict.REVIEW,
    "a most frequent value can be everybody's value, or one person's where all differ",
    "Give the counts behind it, or take it out.",
)
SINGLE = Rule(
    "single-values",
    Risk.LOW_COUNT,
    Verdict.FAIL,
    "residuals, fitted or influence values stand here row by row; with the model they give back every person's value",
    "Take the column out; show a histogram or a table of their distribution.",
)


def screen(subject: Subject) -> list[Finding]:
    """Return numbers that are single values by their heads and labels."""
    found: list[Finding] = []
    for view in subject.views:
        for column in view.numeric:
            if column.role is Role.EXTREME and not _POSITIONS & set(tokens(column.head)):
                found.append(_extreme(view, column, np.flatnonzero(column.is_number).tolist(), subject))
            if column.role is Role.MODE:
                found.append(MODE.in_column(view, column))
            if column.role is Role.RECORD and int(column.is_number.sum()) >= _FEW_RESIDUALS:
                found.append(SINGLE.in_column(view, column))
        found += _rows(view, subject)
    return found


def _rows(view: View, subject: Subject) -> list[Finding]:
    """Return rows called ``min`` or ``max`` (a description of a frame)."""
    if not view.columns or not view.columns[0].is_text:
        return []
    first = view.columns[0]
    labels = [value if isinstance(value, str) else "" for value in first.values]
    rows = [i for i, text in enumerate(labels) if role(text) is Role.EXTREME and len(tokens(text)) <= 2]
    if not rows:
        return []
    return [_extreme(view, c, rows, subject) for c in view.columns[1:] if c.is_number[rows].any()]


def _extreme(view: View, column: Column, rows: list[int], subject: Subject) -> Finding:
    threshold = subject.policy.threshold_units
    chosen = [row for row in rows if column.is_number[row]]
    for known in subject.reference.columns if subject.reference else ():
        if known.numbers is None or not np.isfinite(known.numbers).any():
            continue
        decimals = int(min(max((column.decimals[row] for row in chosen), default=0), 9))
        values = scaled(known.numbers, decimals)
        bounds = [scaled(np.array([f(known.numbers)]), decimals)[0] for f in (np.nanmin, np.nanmax)]
        rare = [bound for bound in bounds if int((values == bound).sum()) < threshold]
        written = scaled(column.numbers[chosen], decimals)
        hit = [row for row, value in zip(chosen, written.tolist(), strict=True) if value in rare]
        if hit and known.distinct > threshold:
            return SEEN_EXTREME.in_column(view, column, hit)
    return EXTREME.in_column(view, column, chosen)
