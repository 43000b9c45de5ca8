"""Statistics beyond tables of means and counts, with arguments as statistics packages have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from saferoom.hub.notebook.asking import declared
from saferoom.hub.notebook.documents import Names, Terms, names, shows_terms
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.results import Result


def _with(terms: Terms, **options: Any) -> Terms:
    """Return the terms with these options added, those that are None left out."""
    given = {name: value for name, value in options.items() if value is not None}
    return {**terms, "options": {**(terms.get("options") or {}), **given}}


@shows_terms
def histogram(
    measure: str, *, bins: int | Sequence[float] | None = None, by: Names | None = None, **terms: Unpack[Terms]
) -> Result:
    """Evaluate how `measure` is distributed, in bins whose edges are chosen on the trusted side.

    Parameters
    ----------
    bins : int or sequence of float
        How many bins, or their edges; bins of few are merged.
    """
    edges = bins if bins is None or isinstance(bins, int) else list(bins)
    return declared("histogram", measure, by, _with(terms, bins=edges))


@shows_terms
def hexbin(x: str, y: str, *, bins: int | None = None, by: Names | None = None, **terms: Unpack[Terms]) -> Result:
    """Evaluate how many units are in each hexagon of `x` and `y`, in place of a scatter plot."""
    return declared("hexbin", x, by, _with(terms, y=y, bins=bins))


@shows_terms
def box(measure: str, *, by: Names | None = None, **terms: Unpack[Terms]) -> Result:
    """Evaluate the quantiles of a box plot without outliers."""
    return declared("box", measure, by, terms)


@shows_terms
def gini(measure: str, *, by: Names | None = None, **terms: Unpack[Terms]) -> Result:
    """Evaluate the Gini coefficient of `measure`."""
    return declared("gini", measure, by, terms)


@shows_terms
def concentration(measure: str, *, top: float | None = None, by: Names | None = None, **terms: Unpack[Terms]) -> Result:
    """Evaluate how concentrated `measure` is: the Herfindahl-Hirschman index, or the share of the `top` units."""
    return declared("concentration", measure, by, _with(terms, top=top))


@shows_terms
def ratio(numerator: str, denominator: str, *, by: Names | None = None, **terms: Unpack[Terms]) -> Result:
    """Evaluate the sum of `numerator` over the sum of `denominator`."""
    return declared("ratio", numerator, by, _with(terms, denominator=denominator))


@shows_terms
def odds_ratio(exposure: str, outcome: str, *, by: Names | None = None, **terms: Unpack[Terms]) -> Result:
    """Evaluate the odds ratio of `outcome` between those exposed and the others."""
    return declared("odds_ratio", None, by, _with(terms, exposure=exposure, outcome=outcome))


@shows_terms
def risk_ratio(exposure: str, outcome: str, *, by: Names | None = None, **terms: Unpack[Terms]) -> Result:
    """Evaluate the ratio of risks of `outcome` between those exposed and the others."""
    return declared("risk_ratio", None, by, _with(terms, exposure=exposure, outcome=outcome))


@shows_terms
def rate_ratio(exposure: str, outcome: str, time: str, *, by: Names | None = None, **terms: Unpack[Terms]) -> Result:
    """Evaluate the ratio of rates of `outcome` per `time` between those exposed and the others."""
    return declared("rate_ratio", None, by, _with(terms, exposure=exposure, outcome=outcome, time=time))


@shows_terms
def correlation(
    columns: Sequence[str], *, method: str | None = None, by: Names | None = None, **terms: Unpack[Terms]
) -> Result:
    """Evaluate the correlations of `columns`, Pearson's or (``method="spearman"``) Spearman's."""
    return declared("correlation", None, by, _with(terms, columns=names(columns, "columns"), method=method))


@shows_terms
def covariance(columns: Sequence[str], *, by: Names | None = None, **terms: Unpack[Terms]) -> Result:
    """Evaluate the covariances of `columns`."""
    return declared("covariance", None, by, _with(terms, columns=names(columns, "columns")))


@shows_terms
def ttest(measure: str, by: str, *, equal_var: bool = False, **terms: Unpack[Terms]) -> Result:
    """Test whether the mean of `measure` differs between two groups: Welch's test, Student's with ``equal_var``."""
    return declared("test", measure, by, _with(terms, test="t" if equal_var else "welch"))


@shows_terms
def anova(measure: str, by: str, **terms: Unpack[Terms]) -> Result:
    """Test whether the mean of `measure` differs between the groups of `by`."""
    return declared("test", measure, by, _with(terms, test="anova"))


@shows_terms
def chi_square(index: str, columns: str, **terms: Unpack[Terms]) -> Result:
    """Test whether two dimensions are independent."""
    return declared("test", None, [*names(index, "index"), *names(columns, "columns")], _with(terms, test="chi_square"))


@shows_terms
def survival(
    time: str,
    event: str,
    *,
    by: Names | None = None,
    estimator: str = "kaplan_meier",
    intervals: Sequence[float] | None = None,
    **terms: Unpack[Terms],
) -> Result:
    """Evaluate a survival curve or a life table.

    Parameters
    ----------
    time, event : str
        The time under observation, and whether the event ended it (else it was censored).
    estimator : str
        ``kaplan_meier``, ``nelson_aalen`` or ``life_table``.
    intervals : sequence of float
        The times at which there may be steps; of a life table the bounds of its intervals.
    """
    bounds = None if intervals is None else list(intervals)
    return declared("survival", None, by, _with(terms, time=time, event=event, estimator=estimator, intervals=bounds))


@shows_terms
def transition(origin: str, destination: str, *, by: Names | None = None, **terms: Unpack[Terms]) -> Result:
    """Evaluate how many move from each origin to each destination, and the shares of every origin."""
    strata = [] if by is None else names(by, "by")
    return declared("transition", None, [*names(origin, "origin"), *names(destination, "destination"), *strata], terms)


@shows_terms
def mobility(
    child: str,
    parent: str,
    *,
    by: Names | None = None,
    at: Sequence[float] | float | None = None,
    **terms: Unpack[Terms],
) -> Result:
    """Evaluate rank-rank mobility: slope, intercept, and the expected rank of children at parents' ranks `at`.

    Parameters
    ----------
    child, parent : str
        What both generations are ranked by, among everybody selected.
    at : float or sequence of float
        Parents' ranks between 0 and 1; 0.25 when left out.
    """
    if isinstance(at, str):
        raise RoomError("at takes ranks between 0 and 1, for example at=[0.25, 0.75]")
    ranks = None if at is None else [at] if isinstance(at, int | float) else list(at)
    return declared("mobility", child, by, _with(terms, parent=parent, at=ranks))
