"""A release with differential privacy: exact numbers in, noisy numbers out, and nothing else.

Whoever calls this has been charged already; see `saferoom.projects.ledger`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.privacy.calibrate import Budget, check_within, margin
from saferoom.disclosure.privacy.cells import Cells, Rows, exact
from saferoom.disclosure.privacy.noise import draw, draw_best
from saferoom.disclosure.privacy.plan import Aggregate, PrivacyPlan
from saferoom.disclosure.privacy.statistics import Shown, shown
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.forms import Statistic


@dataclass(frozen=True)
class NoisyTable:
    """What leaves.

    Attributes
    ----------
    noisy : mapping of name to ndarray of int64
        The drawn numbers as they are: negative counts, too. Columns are made of them.
    """

    cells: Cells
    noisy: dict[str, NDArray[np.int64]]
    columns: tuple[Shown, ...]


def release(
    engine: Engine, rows: Rows, cells: Cells, statistic: Statistic, plan: PrivacyPlan, budget: Budget
) -> NoisyTable:
    """Draw the noise of `plan` once.

    Raises
    ------
    BadInputError
        The plan costs more than `budget`: nothing was read or drawn.
    """
    check_within(plan, budget)
    numbers = exact(engine, rows, cells, plan.aggregates)
    noisy = {one.name: _noisy(plan, one, numbers[one.name]) for one in plan.aggregates}
    return NoisyTable(cells, noisy, tuple(shown(statistic, plan.aggregates, noisy, margins(plan))))


def margins(plan: PrivacyPlan) -> dict[str, float]:
    """Return the margin of error of every number whose error does not depend on the data."""
    found = {one.name: margin(plan, one) for one in plan.aggregates}
    return {name: value for name, value in found.items() if value is not None}


def _noisy(plan: PrivacyPlan, one: Aggregate, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    if one.fraction is not None:
        return np.asarray([draw_best(plan, one, scores) for scores in _lists(numbers)], dtype=np.int64)
    return np.asarray(draw(plan, one, numbers.tolist()), dtype=np.int64)


def _lists(numbers: NDArray[np.int64]) -> Sequence[Sequence[int]]:
    found: list[list[int]] = numbers.tolist()
    return found
