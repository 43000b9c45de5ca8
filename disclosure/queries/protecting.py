"""How what leaves is protected: the `protect` block of a query, and what it cannot be."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from saferoom.disclosure.queries.forms import FORMS, Method, Statistic
from saferoom.disclosure.queries.words import Document, Edge, Name, Text
from saferoom.disclosure.verdict import Label

if TYPE_CHECKING:
    from saferoom.disclosure.queries.model import Query


def _method(value: Any) -> Any:
    if isinstance(value, str) and value in set(Method):
        return Method(value)
    raise ValueError(f"must be one of {', '.join(Method)}")


def _keys_word(value: Any) -> Any:
    return Keys(value) if isinstance(value, str) and value in set(Keys) else value


class Candidates(Document):
    """Evenly spaced values that a quantile may come out as."""

    start: Edge = Field(alias="from")
    stop: Edge = Field(alias="to")
    step: Annotated[Edge, Field(gt=0)]


class Keys(StrEnum):
    """Where the cells of a table with differential privacy come from."""

    CATALOGUE = "catalogue"
    """Every combination of the codelists' codes."""
    PRIVATE = "private"
    """From the data: a cell appears where its noisy count is high enough, which needs a delta."""


class Protect(Document):
    """How what leaves is protected."""

    method: Annotated[Method, BeforeValidator(_method)] = Method.NONE
    base: Annotated[int, Field(ge=2, le=1_000_000)] | None = None
    """Rounding base; when left out, the policy's, for controlled and random rounding at least the threshold."""
    maximum: Annotated[int, Field(ge=2, le=1_000)] | None = Field(default=None, alias="D")
    """For cell_key: the largest noise; the policy's when left out, like the three others."""
    variance: Annotated[float, Field(gt=0, le=1_000_000)] | None = Field(default=None, alias="V")
    """For cell_key: the noise's variance."""
    js: Annotated[int, Field(ge=0, le=500)] | None = None
    """For cell_key: counts from 1 to this never appear."""
    pstay: Annotated[float, Field(ge=0, lt=1)] | None = None
    """For cell_key: the least probability that a count stays as it is."""
    digits: Annotated[int, Field(ge=1, le=15)] | None = None
    """For significant: how many significant digits are kept of a sum or mean; the policy's when left out."""
    epsilon: Annotated[Edge, Field(gt=0, le=1000)] | None = None
    """For dp: the release's privacy loss under pure differential privacy; instead of `rho`."""
    rho: Annotated[Edge, Field(gt=0, le=1000)] | None = None
    """For dp: the release's privacy loss under zero-concentrated differential privacy; instead of `epsilon`."""
    accuracy: Annotated[Edge, Field(gt=0)] | None = None
    """For dp, instead of a loss: the margin of error (95 %) wanted of each count or sum; the loss follows from it."""
    delta: Annotated[float, Field(gt=0, lt=1)] | None = None
    """For dp with private keys: the chance with which the promise may fail."""
    bounds: Annotated[tuple[Edge, ...], Field(min_length=2, max_length=2)] | None = None
    """For dp: what the measure is clamped to, chosen without looking at the data."""
    candidates: Candidates | Annotated[tuple[Edge, ...], Field(min_length=2, max_length=1000)] | None = None
    """For dp: the values that a quantile may come out as, in rising order."""
    keys: Annotated[Keys, BeforeValidator(_keys_word)] | dict[Text, tuple[Label, ...]] | None = None
    """For dp: where the cells come from; the catalogue's codelists when left out, or some of their codes."""
    unit: Name | None = None
    """For dp: the unit of privacy, which is the dataset's: naming another one is refused."""
    estimator: Literal["regression", "bottom_half", "bottom_quartile", "maximum_observed_sensitivity"] | None = None
    """For dp, for mobility: rank-rank regression when left out, mean rank of the children of the bottom half or
    quartile of parents, or the maximum-observed-sensitivity estimator, which is not differentially private."""

    @model_validator(mode="after")
    def _parameters_belong(self) -> Protect:
        for name, methods in _PARAMETERS.items():
            if getattr(self, name) is not None and self.method not in methods:
                shown = type(self).model_fields[name].alias or name
                raise ValueError(f"{shown} belongs to the method {' and '.join(sorted(methods))} only")
        return self


_PARAMETERS = {
    "base": {Method.ROUND, Method.CONTROLLED_ROUNDING, Method.RANDOM_ROUNDING},
    **{name: {Method.CELL_KEY} for name in ("maximum", "variance", "js", "pstay")},
    "digits": {Method.SIGNIFICANT},
    **{name: {Method.DP} for name in ("epsilon", "rho", "accuracy", "delta", "bounds", "candidates", "keys", "unit")},
    "estimator": {Method.DP},
}
"""The methods that each parameter of `Protect` belongs to."""


def protection_complaints(query: Query) -> list[str]:
    """Return why the statistic cannot be protected as the query says, each reason as a sentence."""
    method = query.protect.method
    if method in FORMS[query.statistic].protect:
        return _privacy_complaints(query) if method is Method.DP else []
    if method is Method.DP:
        able = ", ".join(statistic for statistic, form in FORMS.items() if Method.DP in form.protect)
        return [f"protect.method: there is no {query.statistic} with differential privacy; there are {able}"]
    if method in {Method.ROUND, Method.CONTROLLED_ROUNDING, Method.RANDOM_ROUNDING}:
        return [
            f"protect.method: rounding a {query.statistic} protects nothing, because it hides neither how few units "
            "there are nor who dominates; round works on counts (frequency, transition), and suppress on any table"
        ]
    if method in {Method.CELL_KEY, Method.SIGNIFICANT}:
        return [f"protect.method: {method} works on a frequency, a sum or a mean; suppress works on any table"]
    return [f"protect.method: {method} works on tables, and a {query.statistic} is none"]


def _privacy_complaints(query: Query) -> list[str]:
    protect, found = query.protect, []
    if sum(given is not None for given in (protect.epsilon, protect.rho, protect.accuracy)) != 1:
        found.append(
            "protect.rho: say what the release may cost, as rho: 0.1 or epsilon: 0.5, or how exact it has to be, as "
            "accuracy: 20; exactly one of the three"
        )
    if query.weight is not None:
        found.append("weight: statistics with differential privacy take no weight")
    if protect.estimator is not None and query.statistic is not Statistic.MOBILITY:
        found.append("protect.estimator: belongs to mobility only")
    return found
