"""The columns that leave, made of the noisy numbers; and what is known of them before the draw.

Counts are shown as they were drawn, negative ones, too: clipped ones, which are never below 0, and consistent ones,
which add up to the margins, stand beside them. All of it is post-processing: it costs nothing and may be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from saferoom.disclosure.privacy.aggregates import Aggregate, Kind
from saferoom.disclosure.privacy.consistent import consistent
from saferoom.disclosure.privacy.derived import deviation, mean, variance
from saferoom.disclosure.privacy.ingredients import COUNT, SUM
from saferoom.disclosure.privacy.mobility import lines
from saferoom.disclosure.privacy.mos import columns as observed
from saferoom.disclosure.privacy.noise import noise_accuracy
from saferoom.disclosure.privacy.noisy import ALPHA, Drawn, Floats, Noisy, Shown, step_of
from saferoom.disclosure.privacy.plan import PrivacyPlan
from saferoom.disclosure.privacy.selected import margins_above
from saferoom.disclosure.privacy.statistics import Ask, Over
from saferoom.disclosure.queries.forms import Statistic

_DERIVED: Mapping[Statistic, Callable[[Mapping[str, Drawn]], Shown]] = {
    Statistic.MEAN: mean,
    Statistic.VARIANCE: variance,
    Statistic.STD: deviation,
}
_ADDITIVE = {Statistic.FREQUENCY: COUNT, Statistic.SUM: SUM}
"""Statistics whose margins are sums of their cells, and what adds up."""


@dataclass(frozen=True)
class Quoted:
    """What is known of a column before anything is drawn.

    Attributes
    ----------
    margin_95 : float or None
        The margin of error of the table's own cells; None where it depends on the data.
    scale : float or None
        Of the noise, in the column's units; None where the column is made of several numbers.
    """

    name: str
    margin_95: float | None
    scale: float | None


def quoted(ask: Ask, plan: PrivacyPlan) -> tuple[Quoted, ...]:
    """Return what `shown` will return, as far as it is known without data: by making the columns of nothing."""
    nothing = {one.name: np.zeros(ask.cells_of(one.over), dtype=np.int64) for one in plan.aggregates}
    if plan.threshold is not None:
        nothing[COUNT] += plan.threshold.count + 1
    return tuple(
        Quoted(one.name, float(one.margins[0]) if one.fixed and one.margins is not None else None, one.scale)
        for one in shown(ask, plan, nothing)
    )


def shown(ask: Ask, plan: PrivacyPlan, noisy: Noisy) -> tuple[Shown, ...]:
    """Return the columns that leave: of the table's cells, then of each margin's (see `Ask.kept`)."""
    blocks = [_block(ask, plan, noisy, over) for over in ask.kept]
    columns = [_joined(parts) for parts in zip(*blocks, strict=True)]
    name = _ADDITIVE.get(ask.statistic)
    return (*columns, _consistent(ask, plan, noisy, name)) if ask.margins and name is not None else tuple(columns)


def _consistent(ask: Ask, plan: PrivacyPlan, noisy: Noisy, name: str) -> Shown:
    """Return the table and its margins as they add up; see `consistent`. Margins of error are those of their noise."""
    drawn = {one.over: one for one in plan.aggregates if one.name.partition("@")[0] == name}
    found = consistent(
        ask.sizes,
        {over: noisy[one.name].astype(np.float64) for over, one in drawn.items()},
        {over: one.scale for over, one in drawn.items()},
    )
    step = step_of(drawn[None])
    margins = {over: noise_accuracy(plan.measure, one.scale, ALPHA) * step for over, one in found.items()}
    return Shown(
        f"{name}_consistent",
        np.concatenate([one.values * step for one in found.values()]),
        np.concatenate([np.full(len(one.values), margins[over]) for over, one in found.items()]),
        fixed=True,
    )


def _block(ask: Ask, plan: PrivacyPlan, noisy: Noisy, over: Over) -> list[Shown]:
    """Return the columns of the table, or of one of its margins."""
    own = {one.name: one for one in plan.aggregates if one.over == over}
    plain = {name.partition("@")[0]: one for name, one in own.items()}
    drawn = {
        name: Drawn(one, plan.measure, noisy[one.name].astype(np.float64) * step_of(one))
        for name, one in plain.items()
        if one.fraction is None
    }
    found = [drawn[COUNT].shown("count")] if COUNT in drawn else []
    if plan.threshold is not None:
        above = margins_above(plan.measure, own[COUNT].scale, plan.threshold.count + 1, noisy[COUNT])
        return _selected(above, [*found, *_made(ask, plan, plain, drawn, noisy)])
    if ask.statistic in (Statistic.FREQUENCY, Statistic.HISTOGRAM):
        found.append(_clipped(found[0]))
    return [*found, *_made(ask, plan, plain, drawn, noisy)]


def _made(
    ask: Ask, plan: PrivacyPlan, plain: Mapping[str, Aggregate], drawn: Mapping[str, Drawn], noisy: Noisy
) -> Iterator[Shown]:
    """Yield what is made of the noisy numbers, besides the counts."""
    if ask.statistic is Statistic.SUM:
        yield drawn[SUM].shown("sum")
    elif ask.statistic in _DERIVED:
        yield _DERIVED[ask.statistic](drawn)
    elif ask.upto is not None:
        yield mean(drawn, f"mean_rank_{ask.estimator}")
    elif ask.observed:
        yield from observed(ask, plan, noisy)
    elif ask.statistic is Statistic.MOBILITY:
        yield from lines(ask, drawn)
    for name, one in plain.items():
        if one.kind is Kind.QUANTILE:
            yield Shown(name, np.asarray(one.candidates)[noisy[one.name]], None)


def _selected(above: Floats | None, columns: list[Shown]) -> list[Shown]:
    """Return the columns of private cells, which only their own noise has let through; the count's margins are `above`.

    Sums have noise of their own; of everything that is made with the count there is no margin of error.
    """
    first = replace(columns[0], margins=above, fixed=False)
    return [first, *(one if one.fixed else replace(one, margins=None) for one in columns[1:])]


def _clipped(count: Shown) -> Shown:
    """Return the counts with 0 instead of negative ones: never further from the truth, but too high on average."""
    return replace(count, name=f"{count.name}_clipped", values=np.maximum(count.values, 0.0))


def _joined(parts: tuple[Shown, ...]) -> Shown:
    margins = [part.margins for part in parts if part.margins is not None]
    return replace(
        parts[0],
        values=np.concatenate([part.values for part in parts]),
        margins=np.concatenate(margins) if margins else None,
    )
