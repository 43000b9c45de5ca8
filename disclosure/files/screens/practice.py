"""Why outputs are sent back in practice: counts not rounded, units not counted, more numbers than can be checked."""

from __future__ import annotations

import re

import numpy as np

from saferoom.disclosure.files.screens.low_counts import counts
from saferoom.disclosure.files.screens.places import Rule
from saferoom.disclosure.files.screens.subject import Subject
from saferoom.disclosure.files.screens.views import View
from saferoom.disclosure.files.screens.words import Role
from saferoom.disclosure.verdict import Finding, Risk, Verdict

MOST_NUMBERS = 2_000
_N_IS = re.compile(
    r"\b(?:n|obs|observations|sample size)\b\s*(?:=|:|of)\s*\d|no\. observations|number of obs", re.IGNORECASE
)
UNROUNDED = Rule(
    "unrounded-counts",
    Risk.DIFFERENCING,
    Verdict.REVIEW,
    "counts are not rounded to {base}, so that the difference to another table can be a single unit",
    "Round them (protect: {{method: round}} in a declared query), or declare the table: differences to everything "
    "released before are then checked.",
)
NO_COUNTS = Rule(
    "counts-missing",
    Risk.LOW_COUNT,
    Verdict.REVIEW,
    "means or percentages stand without the numbers of units behind them, so that nobody can tell if they are enough",
    "Add the number of units of every cell, or declare the table as a query.",
)
TOO_MANY = Rule(
    "too-many-numbers",
    Risk.UNPROVEN,
    Verdict.REVIEW,
    "holds {count:,} numbers, more than a person can check with care",
    "Release what is needed alone, or declare the tables as queries, which are checked cell by cell.",
)


def screen(subject: Subject) -> list[Finding]:
    """Return what makes a file hard to check."""
    views = subject.views
    base = subject.policy.rounding_base
    found = []
    unrounded = [view for view in views if _unrounded(view, base)]
    if unrounded:
        found.append(_filled(UNROUNDED, base=base).at(_places(unrounded)))
    has_n = any(_N_IS.search(passage.text) for passage in subject.texts)
    bare = [] if has_n else [view for view in views if _without_counts(view)]
    if bare and not any(counts(view) for view in views):
        found.append(NO_COUNTS.at(_places(bare)))
    numbers = sum(int(column.is_number.sum()) for view in views for column in view.columns)
    if numbers > MOST_NUMBERS:
        found.append(_filled(TOO_MANY, count=numbers).at("the whole file"))
    return found


def _filled(rule: Rule, **values: int) -> Rule:
    return Rule(rule.name, rule.risk, rule.severity, rule.message.format(**values), rule.remedy.format(**values))


def _places(views: list[View]) -> str:
    named = "; ".join(view.place for view in views[:5])
    return named + (f" and {len(views) - 5} more tables" if len(views) > 5 else "")


def _unrounded(view: View, base: int) -> bool:
    for counted in counts(view):
        numbers = counted.numbers[np.isfinite(counted.numbers)]
        if counted.certain and numbers.size and bool(np.any(numbers % base)):
            return True
    return False


def _without_counts(view: View) -> bool:
    return any(column.role in {Role.MEAN, Role.PERCENT} or column.percents for column in view.numeric)
