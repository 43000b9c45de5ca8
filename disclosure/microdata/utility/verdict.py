"""The verdict on utility in words: what changed most, and what an analyst may still rely on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.utility.report import UtilityReport

_MOST_NAMED = 3
_NOTABLE = 0.005
_ALIKE, _APART = 2.0, 10.0
"""Ratios of pMSE up to which tables are as good as alike, and above which they are plainly others."""
_GOOD = 0.8


def verdict(report: UtilityReport) -> str:
    """Return the verdict: plain sentences that name columns, and no values."""
    return " ".join(_sentences(report))


def _sentences(report: UtilityReport) -> Iterator[str]:
    dropped = report.variables.dropped
    if dropped:
        yield f"Dropped: {_listed(dropped)}."
    yield _most_changed(report)
    yield from _apart(report)
    yield from _conclusions(report)


def _most_changed(report: UtilityReport) -> str:
    if report.asked.corresponding:
        found = [(one.lost, one.variable.name) for one in report.columns if one.lost is not None]
        said = "of its information lost"
    else:
        found = [(one.distance.total_variation, one.variable.name) for one in report.columns if one.distance]
        said = "of records distributed otherwise"
    most = sorted((share, name) for share, name in found if share > _NOTABLE)[::-1][:_MOST_NAMED]
    if not most:
        what = "column" if report.asked.corresponding else "column's distribution"
        return f"No {what} changed by more than half a percent."
    named = ", ".join(f"{name} ({100 * share:.1f} % {said})" if not place else f"{name} ({100 * share:.1f} %)"
                      for place, (share, name) in enumerate(most))  # fmt: skip
    rest = len(found) - len(most)
    more = f"; {rest} other {'columns' if rest != 1 else 'column'} less" if rest else ""
    return f"What changed most: {named}{more}."


def _apart(report: UtilityReport) -> Iterator[str]:
    found = report.propensity
    ratio = found.pairs.ratio
    if ratio is None:
        return
    yield from _not_seen(report)
    if found.main.pmse == 0 and found.pairs.pmse == 0:
        yield "A model cannot tell the two tables apart at all."
        return
    said = "as good as alike" if ratio <= _ALIKE else "close" if ratio <= _APART else "plainly different"
    yield (
        f"To a model that looks at columns and pairs of columns the tables are {said} (pMSE ratio {ratio:.3g}; 1 is "
        "what chance gives)."
    )
    told = sorted(((one.ratio or 0.0, name) for name, one in found.by_column.items()), reverse=True)
    main = found.main.ratio or 0.0
    if told and told[0][0] > _APART:
        yield f"It tells them apart by {told[0][1]} above all."
    elif ratio > _ALIKE and ratio > 2 * main:
        yield "Columns by themselves are kept better than the relations between them."


def _not_seen(report: UtilityReport) -> Iterator[str]:
    """Yield what a comparison of frequencies does not see of coarser columns."""
    coarser = [one.variable.name for one in report.columns if one.variable.kind == "recoded"]
    if coarser:
        yield f"What was recoded ({_listed(coarser)}) is compared as coarse as it is now."
    others = [one.variable.name for one in report.columns if not one.variable.comparable]
    if others:
        yield f"The model below does not see {_listed(others)}: the categories are others than before."


def _conclusions(report: UtilityReport) -> Iterator[str]:
    for one in report.regressions:
        if one.coefficients is None:
            yield f"The regression {one.asked.title} is not compared: {one.reason}."
            continue
        mean = one.coefficients.document()["overlap"]
        if mean is not None:
            verb = "would be read much the same" if mean >= _GOOD else "would be read differently"
            yield f"The coefficients of {one.asked.title} {verb} (intervals overlap by {100 * max(mean, 0.0):.0f} %)."
    away = [
        one.variable.name
        for one in report.columns
        if one.overlap is not None
        and one.told
        and one.variable.kind == "number"
        and one.overlap.overlaps[0] < _GOOD / 2
    ]
    if away:
        yield f"Means that moved beyond their margins of error: {_listed(away[:_MOST_NAMED])}."


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(names)
