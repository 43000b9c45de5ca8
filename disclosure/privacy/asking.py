"""What a query asks for in the terms of differential privacy, from its own words alone: no data, no schema.

Everything that a statistic does not use is refused: it would be room for a message.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from saferoom.disclosure.privacy.aggregates import MOST_CANDIDATES, Aggregate
from saferoom.disclosure.privacy.calibrate import Budget, needed
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.plan import PrivacyMeasure
from saferoom.disclosure.privacy.statistics import Ask, edges_of
from saferoom.disclosure.queries.forms import Statistic
from saferoom.disclosure.queries.model import Candidates, Protect, Query
from saferoom.errors import BadInputError

MOST_DELTA = 1e-3
"""Beyond it the promise would fail for somebody in a thousand people."""
MOST_LOSS = 1_000
"""The largest loss that a query may name, too."""
_NANO = 10**9
LEAST_RHO = Fraction(1, _NANO)
LEAST_EPSILON = Fraction(1, 10_000)
"""Of which the ledger can tell one loss from another: epsilon squared, by two, is five billionths of rho."""
_BOUNDED = frozenset({Statistic.SUM, Statistic.MEAN, Statistic.VARIANCE, Statistic.STD})
_CHOSEN = frozenset({Statistic.MEDIAN, Statistic.QUANTILE})
_SIZED = frozenset({Statistic.FREQUENCY, Statistic.HISTOGRAM, Statistic.SUM})
"""Statistics whose margin of error follows from the noise alone."""


def ask_of(query: Query, shape: tuple[int, ...] | None) -> Ask:
    """Return what is drawn for `query`.

    Parameters
    ----------
    shape : tuple of int or None
        How many codes each dimension has; None where the cells are private.

    Raises
    ------
    BadInputError
        Bounds, candidates or bins are missing, absurd, or belong to another statistic.
    """
    statistic, protect = query.statistic, query.protect
    _check_belonging(query)
    bounds = _bounds(protect)
    return Ask(
        statistic=statistic,
        bounds=bounds if statistic is not Statistic.HISTOGRAM else None,
        fractions=query.options.quantiles or (),
        candidates=_candidates(protect.candidates),
        shape=shape,
        margins=query.margins,
        at=query.options.at or (0.25,),
        edges=edges_of(query.options.bins, bounds) if statistic is Statistic.HISTOGRAM else (),
        estimator=protect.estimator,
    )


def _check_belonging(query: Query) -> None:
    statistic, protect = query.statistic, query.protect
    counted = isinstance(query.options.bins, int)
    if protect.bounds is not None and statistic not in _BOUNDED | {Statistic.MOBILITY} and not counted:
        raise BadInputError(f"protect.bounds: a {statistic} has none; leave them out", field="protect.bounds")
    if protect.candidates is not None and statistic not in _CHOSEN:
        raise BadInputError(
            f"protect.candidates: belong to medians and quantiles; a {statistic} has none", field="protect.candidates"
        )


def _bounds(protect: Protect) -> tuple[float, float] | None:
    if protect.bounds is None:
        return None
    lower, upper = (float(one) for one in protect.bounds)
    if not lower < upper:
        raise BadInputError(
            "protect.bounds: are two numbers, the lower one first, as [0, 100000]", field="protect.bounds"
        )
    return lower, upper


def _candidates(given: Candidates | tuple[float, ...] | None) -> tuple[float, ...]:
    if isinstance(given, Candidates):
        return _stepped(given)
    values = tuple(float(one) for one in given or ())
    if list(values) != sorted(set(values)):
        raise BadInputError("protect.candidates: must rise from one to the next", field="protect.candidates")
    return values


def _stepped(given: Candidates) -> tuple[float, ...]:
    start, stop, step = (_exact(one) for one in (given.start, given.stop, given.step))
    steps = math.floor((stop - start) / step)
    if not 1 <= steps < MOST_CANDIDATES:
        raise BadInputError(
            f"protect.candidates: from, to and step give {max(0, steps + 1):,} values, and 2 to {MOST_CANDIDATES:,} "
            "are possible",
            field="protect.candidates",
        )
    return tuple(float(start + number * step) for number in range(steps + 1))


def budget_of(query: Query, contributions: Contributions, aggregates: Sequence[Aggregate], *, private: bool) -> Budget:
    """Return what the release may cost: what the query says, or what the accuracy that it wants needs.

    Raises
    ------
    BadInputError
        A delta that is missing, superfluous or absurd; an accuracy that no loss gives.
    """
    protect = query.protect
    delta = _delta(protect, private=private)
    if protect.epsilon is not None:
        return Budget(PrivacyMeasure.PURE, _more_than_nothing("epsilon", protect.epsilon, LEAST_EPSILON), delta)
    if protect.rho is not None:
        return Budget(PrivacyMeasure.ZERO_CONCENTRATED, _more_than_nothing("rho", protect.rho, LEAST_RHO), delta)
    if protect.accuracy is None or query.statistic not in _SIZED or private:
        raise BadInputError(
            "protect.accuracy: can be wanted of counts, sums and histograms whose cells the catalogue knows; other "
            "margins of error depend on the data: say rho or epsilon, and the quote tells how exact it will be",
            field="protect.accuracy",
        )
    measure = PrivacyMeasure.ZERO_CONCENTRATED
    found = max(
        needed(measure, contributions, aggregates, float(protect.accuracy), about) for about in range(len(aggregates))
    )
    if found > MOST_LOSS:
        raise BadInputError(
            f"protect.accuracy: would cost a rho of more than {MOST_LOSS:,}, which protects nobody; ask for less",
            field="protect.accuracy",
        )
    # A budget is written in billionths, so that the same number is charged, shown and checked.
    return Budget(measure, Fraction(math.ceil(found * _NANO), _NANO), delta)


def _more_than_nothing(name: str, loss: float, least: Fraction) -> Fraction:
    value = _exact(loss)
    if value < least:
        raise BadInputError(
            f"protect.{name}: must be at least {float(least):.10f}".rstrip("0")
            + ", because budgets are kept in billionths of rho; noise for less would drown every number",
            field=f"protect.{name}",
        )
    return value


def _delta(protect: Protect, *, private: bool) -> Fraction:
    if private != (protect.delta is not None):
        raise BadInputError(
            "protect.delta: is needed with keys: private, as 1.0e-8, because a cell that appears tells that somebody "
            "is in it"
            if private
            else "protect.delta: belongs to keys: private; cells that the catalogue knows need none",
            field="protect.delta",
        )
    if protect.delta is not None and protect.delta > MOST_DELTA:
        raise BadInputError(
            f"protect.delta: is the chance with which the promise fails altogether, and {MOST_DELTA} at most; take "
            "less than one in the number of people, as 1.0e-8",
            field="protect.delta",
        )
    return Fraction(0) if protect.delta is None else _exact(protect.delta)


def _exact(number: float) -> Fraction:
    """Return a number as it is written: 0.1 is a tenth."""
    return Fraction(repr(number))
