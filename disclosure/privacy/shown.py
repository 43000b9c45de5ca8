"""The columns that leave, made of the noisy numbers; and what is known of them before the draw.

Counts are shown as they were drawn, negative ones, too: clipped ones, which are never below 0, and consistent ones,
which add up to the margins, stand beside them. All of it is post-processing: it costs nothing and may be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from saferoom.disclosure.privacy.derived import deviation, mean, variance
from saferoom.disclosure.privacy.mobility import lines
from saferoom.disclosure.privacy.noisy import Drawn, Noisy, Shown, step_of
from saferoom.disclosure.privacy.plan import PrivacyPlan
from saferoom.disclosure.privacy.statistics import COUNT, SUM, Ask, Over
from saferoom.disclosure.queries.forms import Statistic

_DERIVED: Mapping[Statistic, Callable[[Mapping[str, Drawn]], Shown]] = {
    Statistic.MEAN: mean,
    Statistic.VARIANCE: variance,
    Statistic.STD: deviation,
}


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
    nothing = {one.name: np.zeros(_length(ask, one.over), dtype=np.int64) for one in plan.aggregates}
    return tuple(
        Quoted(one.name, float(one.margins[0]) if one.fixed and one.margins is not None else None, one.scale)
        for one in shown(ask, plan, nothing)
    )


def shown(ask: Ask, plan: PrivacyPlan, noisy: Noisy) -> tuple[Shown, ...]:
    """Return the columns that leave: of the table's cells, then of each margin's (see `Ask.kept`)."""
    blocks = [_block(ask, plan, noisy, over) for over in ask.kept]
    return tuple(_joined(parts) for parts in zip(*blocks, strict=True))


def _length(ask: Ask, over: Over) -> int:
    if ask.shape is None:
        return 1
    return int(np.prod([size for i, size in enumerate(ask.sizes) if over is None or i in over], dtype=np.int64))


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
    if ask.statistic in (Statistic.FREQUENCY, Statistic.HISTOGRAM):
        return found if ask.shape is None else [*found, _clipped(found[0])]
    if ask.statistic is Statistic.SUM:
        return [*found, drawn[SUM].shown("sum")]
    if ask.statistic in _DERIVED:
        return [*found, _DERIVED[ask.statistic](drawn)]
    if ask.statistic is Statistic.MOBILITY:
        if ask.upto is not None:
            return [*found, mean(drawn, f"mean_rank_{ask.estimator}")]
        return [*found, *lines(ask, drawn)]
    chosen = [one for one in plain.values() if one.fraction is not None]
    return [
        *found,
        *(Shown(one.name.partition("@")[0], np.asarray(one.candidates)[noisy[one.name]], None) for one in chosen),
    ]


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
