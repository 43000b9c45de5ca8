"""A title in words, made from the checked query, never from a researcher's text."""

from __future__ import annotations

from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.forms import FORMS, Method
from saferoom.disclosure.queries.plan import Plan

_FAMILIES = {
    "ols": "Linear",
    "wls": "Weighted linear",
    "logit": "Logit",
    "probit": "Probit",
    "poisson": "Poisson",
    "cox": "Cox",
}


def generated_title(plan: Plan) -> str:
    """Return one sentence that says what was computed, in columns' names and canonical expressions."""
    written = [language.write(tree).replace('"', "") for tree in plan.measures]
    names = [dimension.public_name.replace('"', "") for dimension in plan.dimensions]
    text = FORMS[plan.query.statistic].words
    if plan.formula is not None:
        family = _FAMILIES[plan.query.options.family or "ols"]
        text = f"{family} regression of {written[0]} on {_listed([*written[1:], *names])}"
    elif written:
        text += f" of {_of(plan, written)}"
    if names and plan.formula is None:
        text += f" by {_listed(names)}"
    if plan.where is not None:
        text += f", where {language.write(plan.where)}".replace('"', "")
    if plan.weight is not None:
        text += f", weighted by {language.write(plan.weight)}".replace('"', "")
    if plan.query.protect.method is Method.DP:
        observed = plan.query.protect.estimator == "maximum_observed_sensitivity"
        text += ", noise-infused" if observed else ", with differential privacy"
    return text + f" ({', '.join(sorted(plan.relation.sources))})"


def _of(plan: Plan, written: list[str]) -> str:
    """Return the measure and the expression options, which are named except where their meaning is plain."""
    names = FORMS[plan.query.statistic].expressions
    if names in {(), ("columns",)}:
        return _listed(written)
    if names == ("denominator",):
        return " over ".join(written)
    given = [*(["measure"] if plan.query.measure is not None else []), *names]
    return _listed([f"{text} ({name})" for name, text in zip(given, written, strict=True)])


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
