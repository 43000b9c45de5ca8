"""Which values of a sensitive variable are different to whoever reads them: not by spelling, pennies or few exchanges.

Limits on diversity count values. Counted by the letter, "flu" and "Flu" would be two illnesses, and a noise of a penny
would make ten equal incomes diverse.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import MISSING, Codes, Keys
from saferoom.disclosure.microdata.patterns import Patterns
from saferoom.disclosure.microdata.plans.plan import Plan
from saferoom.disclosure.microdata.plans.told_again import records_changed
from saferoom.disclosure.microdata.risk.report import SensitiveRisk, sensitive_risk

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame

_C = 2.0
_APART = 0.01
"""Numbers are different that are at least so much of their spread apart."""
_ENOUGH = 0.5
"""Share of records that a step must really change for what the file tells instead to count alone."""
_NORMAL_IQR = 1.349


def in_fact(
    plan: Plan, came: Frame, frame: Frame, name: str, classes: tuple[Keys, Patterns, Codes | None]
) -> SensitiveRisk:
    """Return how diverse a sensitive variable is within keys, of values that are really different.

    Parameters
    ----------
    came, frame : pyarrow.Table, n records each, in one order
        Before the plan and after it. Where steps perturb the variable, but in fewer than half of the records, what
        these are known to have had counts as well, and the stricter of both.
    classes : tuple
        Keys, their patterns and what fits these, as `saferoom.disclosure.microdata.risk.report.sensitive_risk` has it.
    """
    keys, found, own = classes
    measured = []
    for values in _versions(plan, came, frame, name):
        by_letter = sensitive_risk(keys, found, values, _C, own)
        meant = sensitive_risk(keys, found, different(values), _C, own)
        measured.append(replace(by_letter, distinct=meant.distinct))
    return replace(
        measured[0],
        distinct=min(one.distinct for one in measured),
        closeness=max(one.closeness for one in measured),
    )


def _versions(plan: Plan, came: Any, frame: Any, name: str) -> Iterator[Keys]:
    yield Keys.of(frame, [name], "sensitive")
    perturbed = any(not step.coarsens and name in step.changes(plan.keys) for step in plan.steps)
    if perturbed and len(came) == len(frame) and records_changed(came, frame, name) < _ENOUGH * len(frame):
        yield Keys.of(came, [name], "sensitive")


def different(values: Keys) -> Keys:
    """Return one variable with categories together that are the same but for spelling, or nearly the same number.

    Notes
    -----
    Numbers are grouped from the smallest up, each group within a hundredth of the spread: the standard deviation, or
    what the quartiles say of it where a few are far out.
    """
    (name,), (categories,) = values.names, values.categories
    if np.issubdtype(categories.dtype, np.number):
        group = _near(categories.astype(np.float64), values.codes[:, 0])
    else:
        group = np.unique([" ".join(str(one).split()).casefold() for one in categories], return_inverse=True)[1]
    return values.recoded(name, group, categories[np.unique(group, return_index=True)[1]])


def _near(numbers: NDArray[np.float64], codes: Codes) -> NDArray[np.intp]:
    """Return the group of each of the sorted `numbers`."""
    told = numbers[codes[codes != MISSING]]
    low, high = np.quantile(told, [0.25, 0.75]) if len(told) else (0.0, 0.0)
    spread = min(told.std(), (high - low) / _NORMAL_IQR) if high > low else told.std() if len(told) else 0.0
    starts = np.zeros(len(numbers), dtype=bool)
    place = 0
    while place < len(numbers):
        starts[place] = True
        place = int(np.searchsorted(numbers, numbers[place] + _APART * spread, side="right"))
    return np.asarray(np.cumsum(starts) - 1)
