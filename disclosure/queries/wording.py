"""A title in words, made from the checked query, never from a researcher's text."""

from __future__ import annotations

from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.model import Statistic
from saferoom.disclosure.queries.plan import Plan

_WORDS = {
    Statistic.FREQUENCY: "Frequency",
    Statistic.SUM: "Sum",
    Statistic.MEAN: "Mean",
    Statistic.STD: "Standard deviation",
    Statistic.VARIANCE: "Variance",
    Statistic.MEDIAN: "Median",
    Statistic.QUANTILE: "Quantiles",
    Statistic.IQR: "Interquartile range",
    Statistic.MIN: "Minimum",
    Statistic.MAX: "Maximum",
    Statistic.RANGE: "Range",
    Statistic.MODE: "Mode",
    Statistic.RATIO: "Ratio of sums",
    Statistic.REGRESSION: "Linear regression",
}


def generated_title(plan: Plan) -> str:
    """Return one sentence that says what was computed, in columns' names and canonical expressions."""
    written = [language.write(tree).replace('"', "") for tree in plan.measures]
    names = [dimension.public_name.replace('"', "") for dimension in plan.dimensions]
    text = _WORDS[plan.query.statistic]
    if plan.formula is not None:
        text += f" of {written[0]} on {_listed([*written[1:], *names])}"
    elif written:
        text += f" of {' over '.join(written)}"
    if names and plan.formula is None:
        text += f" by {_listed(names)}"
    if plan.where is not None:
        text += f", where {language.write(plan.where)}".replace('"', "")
    if plan.weight is not None:
        text += f", weighted by {language.write(plan.weight)}".replace('"', "")
    return text + f" ({', '.join(sorted(plan.relation.sources))})"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
