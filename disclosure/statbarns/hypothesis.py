"""Hypothesis tests: t, Welch's t, analysis of variance, and chi-square.

A test's numbers are few, but they stand beside group means and standard deviations that are ordinary outputs, and
beside these they can be solved for what is left. So every test is judged as the table that it is made from: means and
spreads by group, or counts by two dimensions.
"""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.counting import Evidence, gather
from saferoom.disclosure.queries.evidence import ROW, Cells, Numbers, Shares, UnitEvidence, floats
from saferoom.disclosure.queries.relations import COUNT
from saferoom.disclosure.rules.degrees import degrees_of_freedom
from saferoom.disclosure.rules.dominance import dominance, most_needed
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.rules.outliers import outliers
from saferoom.disclosure.rules.threshold import few_nonzero
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import cell_rules, measures_with_pieces, subjects_of, value_rules
from saferoom.disclosure.statbarns.models.wording import without_suppression
from saferoom.disclosure.statbarns.powers import centred, power_shares
from saferoom.errors import BadInputError

MOST_GROUPS = 100
_TAME = "test ln() of the measure or its ranks (percent_rank() in a view), or use broader categories"
_SMALL_EXPECTED = 5


class HypothesisTest:
    """The rules of the table that a test implies, and degrees of freedom."""

    name = "hypothesis tests"

    def evaluate(self, case: Case) -> Outcome:
        """Compute the test, and judge the table that it is made from."""
        test = case.plan.query.options.test
        if test is None:
            raise BadInputError("options.test: test needs it")
        return _chi_square(case) if test == "chi_square" else _means(case, test)


def _means(case: Case, test: str) -> Outcome:
    measures, unknown = measures_with_pieces(case)
    base = _known(make_base(case.plan, case.engine, measures), "m0 IS NOT NULL")
    evidence = gather(base, case.engine, most_needed(case.policy))
    summary, units = evidence.summaries[0], evidence.units[0]
    _check_groups(len(evidence.cells), test)
    far = centred(base, case.engine)
    variance = floats(case.engine.columns(base.grouped("var_samp(m0) AS v"))["v"])
    hits = [*unknown, *cell_rules(case, base, evidence.cells, units, counted=False)]
    for judged in evidence.units:
        hits += [*dominance(judged, case.policy), *few_nonzero(judged, case.policy)]
    found, disguised = value_rules(case, base, evidence.summaries)
    spread = outliers(power_shares(base, case.engine, "e0", 2, far.sql), 2, case.policy)
    hits += [*found, *(replace(hit, remedy=_TAME) for hit in spread)]
    hits += degrees_of_freedom(_everybody(base, case), len(evidence.cells), case.policy)
    columns = _compare(test, _Groups(summary.n.astype(np.float64), summary.mean, variance))
    return _outcome(case, base, evidence, columns, without_suppression(hits), disguised)


def _known(base: Base, also: str) -> Base:
    """Leave out rows without a category; they are in no group."""
    where = " AND ".join([also, *(f"{name} IS NOT NULL" for name in base.dimension_columns)])
    return replace(base, sql=f"(SELECT * FROM {base.sql} b WHERE {where})")


def _check_groups(groups: int, test: str) -> None:
    if groups > MOST_GROUPS:
        raise BadInputError(f"by: a test compares at most {MOST_GROUPS} groups; use broader categories")
    if test == "anova" and groups < 2:
        raise BadInputError("by: anova compares two groups or more, and with this filter there are fewer")
    if test != "anova" and groups != 2:
        raise BadInputError(f"by: {test} compares exactly two groups, and with this filter there are more or fewer")


def _everybody(base: Base, case: Case) -> list[UnitEvidence]:
    unique = base.unique or (True,)
    parts = ["count(*)" if is_unique else f"count(DISTINCT u{j})" for j, is_unique in enumerate(unique)]
    counts = case.engine.rows(f"{base.with_sql}SELECT {', '.join(parts)} FROM {base.sql} r")[0]
    nothing = Shares.none(1)
    return [
        UnitEvidence(kind, np.array([count]), np.array([count]), nothing, nothing)
        for kind, count in zip(base.units or (ROW,), counts, strict=True)
    ]


def _outcome(
    case: Case,
    base: Base,
    evidence: Evidence,
    columns: dict[str, float],
    hits: Sequence[Hit],
    disguised: tuple[str, ...] = (),
) -> Outcome:
    dimensions = len(case.plan.dimensions)
    return Outcome(
        cells=evidence.cells,
        columns={name: np.array([value]) for name, value in columns.items()},
        # Degrees of freedom tell how many there are. They are of everybody, whatever the group.
        hits=[replace(hit, cells=None) if _of_everybody(hit, evidence.cells) else hit for hit in hits],
        subjects=subjects_of(case.plan) | {COUNT},
        units=evidence.units[0],
        base=base,
        # No category is shown.
        text_dimensions=(False,) * dimensions,
        disguised_counts=disguised,
        row_names=((str(case.plan.query.options.test),),),
        row_header=("test",),
        named=(frozenset(),) * dimensions,
    )


def _of_everybody(hit: Hit, cells: Cells) -> bool:
    return hit.cells is not None and len(hit.cells) != len(cells)


@dataclass(frozen=True)
class _Groups:
    """Rows, means and variances by group."""

    n: Numbers
    mean: Numbers
    variance: Numbers


def _compare(test: str, groups: _Groups) -> dict[str, float]:
    # These functions load much faster than the distributions of scipy.stats.
    from scipy import special

    with np.errstate(divide="ignore", invalid="ignore"):
        if test == "anova":
            return _anova(groups)
        first, second = groups.variance / groups.n if test == "welch" else _pooled(groups) / groups.n
        statistic = (groups.mean[0] - groups.mean[1]) / np.sqrt(first + second)
        freedom = groups.n.sum() - 2
        if test == "welch":
            freedom = (first + second) ** 2 / (first**2 / (groups.n[0] - 1) + second**2 / (groups.n[1] - 1))
        p_value = 2 * special.stdtr(freedom, -abs(statistic))
    return {"statistic": float(statistic), "degrees_of_freedom": float(freedom), "p_value": float(p_value)}


def _pooled(groups: _Groups) -> Numbers:
    return np.asarray(np.full(2, ((groups.n - 1) * groups.variance).sum() / (groups.n.sum() - 2)))


def _anova(groups: _Groups) -> dict[str, float]:
    from scipy import special

    grand = (groups.n * groups.mean).sum() / groups.n.sum()
    between = float(len(groups.n) - 1)
    within = float(groups.n.sum() - len(groups.n))
    squares = (groups.n * (groups.mean - grand) ** 2).sum() / between
    statistic = float(squares / (((groups.n - 1) * groups.variance).sum() / within))
    return {
        "statistic": statistic,
        "degrees_of_freedom": between,
        "residual_degrees_of_freedom": within,
        "p_value": float(special.fdtrc(between, within, statistic)),
    }


def _chi_square(case: Case) -> Outcome:
    base = _known(make_base(case.plan, case.engine, ()), "true")
    evidence = gather(base, case.engine, most_needed(case.policy))
    counts = _square(evidence.cells, evidence.summaries[0].n.astype(np.float64))
    if min(counts.shape) < 2:
        raise BadInputError("by: chi_square needs two categories or more of each dimension, and there are fewer")
    hits = cell_rules(case, base, evidence.cells, evidence.units[0], counted=True)
    hits += degrees_of_freedom(_everybody(base, case), sum(counts.shape) - 1, case.policy)
    return _outcome(case, base, evidence, _independence(counts), without_suppression(hits))


def _square(cells: Cells, counts: Numbers) -> Numbers:
    places = [{label: i for i, label in enumerate(dict.fromkeys(labels))} for labels in zip(*cells.labels, strict=True)]
    if not places or max(len(place) for place in places) > MOST_GROUPS:
        raise BadInputError(f"by: chi_square takes 2 to {MOST_GROUPS} categories of each dimension")
    found = np.zeros((len(places[0]), len(places[1])))
    for (first, second), count in zip(cells.labels, counts.tolist(), strict=True):
        found[places[0][first], places[1][second]] = count
    return found


def _independence(counts: Numbers) -> dict[str, float]:
    """Return Pearson's test; of a 2 x 2 table with Yates's correction, and without it beside."""
    from scipy.stats import chi2_contingency

    found = chi2_contingency(counts)
    columns = {
        "statistic": float(found.statistic),
        "degrees_of_freedom": float(found.dof),
        "p_value": float(found.pvalue),
    }
    if counts.shape == (2, 2):
        plain = chi2_contingency(counts, correction=False)
        columns |= {"statistic_uncorrected": float(plain.statistic), "p_value_uncorrected": float(plain.pvalue)}
    return {**columns, "small_expected_cells": float((found.expected_freq < _SMALL_EXPECTED).sum())}
