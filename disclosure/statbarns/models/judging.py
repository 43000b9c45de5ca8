"""The rules that a fitted model must pass, each for the attack that it stops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from saferoom.disclosure.queries.evidence import Numbers, Shares, UnitEvidence
from saferoom.disclosure.queries.formula import Formula
from saferoom.disclosure.rules.dominance import dominance, most_needed
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.rules.outliers import outliers
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.statbarns.least_squares import Basis
from saferoom.disclosure.statbarns.models.families import Fit
from saferoom.disclosure.statbarns.models.groups import (
    Danger,
    Grouping,
    everybody,
    few_units,
    near_class,
    rare_values,
    too_small,
    total_dangers,
    two_values,
)
from saferoom.disclosure.statbarns.models.rows import Rows, Units
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.policies.models import RiskAppetite

_EXACT = 1e-4
"""Unexplained share below which a model tells the outcome: what is left is under 1 % of the outcome's spread."""
_NEARLY = 1e-2

_BROADER = "use broader categories, or leave the column out"
_WHAT = {
    "small-group": (
        Risk.LOW_COUNT,
        "{name} separates fewer than {least} distinct units ({kind}) from the rest: the coefficients then add up to "
        "the mean of these few, of one unit to its own value.",
    ),
    "no-variation": (
        Risk.CLASS_DISCLOSURE,
        "Everybody in a group that the coefficients describe ({name}) has the same {outcome}: whoever knows that "
        "somebody belongs to it learns that person's {outcome}.",
    ),
    "implicit-table": (
        Risk.IMPLICIT_TABLE,
        "{outcome} has two values only, so the coefficients are counts of it in disguise ({name}), and one of these "
        "counts is below {least} distinct units ({kind}).",
    ),
    "threshold-nonzero": (
        Risk.LOW_COUNT,
        "In a group that the coefficients describe ({name}) fewer than {least} units ({kind}) have any {outcome} but "
        "zero, so the group's total tells about these few alone.",
    ),
}
_DOMINATED = (
    "The coefficients give totals of {outcome} ({name}), and so much of one comes from one or two units ({kind}) that "
    "it nearly tells their own."
)
TAME = (
    "model ln({outcome}) or ranks of it (percent_rank() in a view) in place of {outcome}, use broader categories, or "
    "leave the column out"
)


def group_rules(
    found: Sequence[Grouping], outcome: str, contents: Sequence[Numbers], rows: Rows, policy: RiskAppetite
) -> list[Hit]:
    """Judge every group that dummies make, and the totals of the outcome and its pieces within it.

    Parameters
    ----------
    contents : sequence of ndarray
        The outcome, and then the pieces it adds up.
    """
    hits: list[Hit] = []
    for grouping in found:
        hits += _told(few_units(grouping, rows.units, policy), grouping, outcome, policy)
    for grouping in [everybody(rows), *found]:
        # A group that is too small fails as such; what its total tells need not be said too.
        small = too_small(grouping, rows.units, policy)
        dangers = [
            replace(danger, groups=danger.groups & ~small)
            for i, values in enumerate(contents)
            for danger in total_dangers(grouping, values, rows, policy, equal=i == 0)
        ]
        hits += _told(dangers, grouping, outcome, policy)
    return hits


def _told(dangers: Iterable[Danger], grouping: Grouping, outcome: str, policy: RiskAppetite) -> Iterator[Hit]:
    told = set()
    for danger in dangers:
        if not danger.groups.any():
            continue
        risk, message = _WHAT.get(danger.rule, (Risk.DOMINANCE, _DOMINATED))
        if (danger.rule, danger.kind) not in told:
            told.add((danger.rule, danger.kind))
            words = {"outcome": outcome, "kind": danger.kind, "least": threshold_of(policy, danger.kind)}
            yield Hit(
                rule=danger.rule,
                risk=risk,
                severity=Verdict.FAIL,
                message=message.format(name=_named(grouping), **words),
                remedy=_BROADER if danger.rule in _WHAT else TAME.format(**words),
            )


def _named(grouping: Grouping) -> str:
    if not grouping.names:
        return "over everybody"
    return "a category of " + " and ".join(grouping.names)


def near_class_rules(found: Sequence[Grouping], formula: Formula, rows: Rows, policy: RiskAppetite) -> Iterator[Hit]:
    """Send a model of dummies alone to a person where a group nearly has one outcome: its coefficients are shares."""
    outcome = rows.numbers[:, 0]
    names = {name for grouping in found for name in grouping.names}
    if not two_values(outcome) or not names >= {*formula.numbers, *formula.categories}:
        return
    if any(near_class(grouping, outcome, rows.units, policy.near_class_fraction) for grouping in found):
        yield Hit(
            rule="implicit-near-class",
            risk=Risk.CLASS_DISCLOSURE,
            severity=Verdict.REVIEW,
            message="The coefficients of categories alone are shares of a two-valued outcome, and nearly everybody of "
            "a group has the same one, so that membership nearly tells a person's outcome.",
            remedy="use broader categories, or let an output checker decide",
        )


def rare_rules(columns: dict[str, Numbers], units: Sequence[Units], policy: RiskAppetite) -> Iterator[Hit]:
    """Fail columns that differ from one value for few units only, whatever these few have."""
    for name, values in columns.items():
        for kind in rare_values(values, units, policy):
            least = threshold_of(policy, kind)
            yield Hit(
                rule="small-group",
                risk=Risk.LOW_COUNT,
                severity=Verdict.FAIL,
                message=f"{name} has one value for all but fewer than {least} distinct units ({kind}), so that its "
                "coefficient is made of these few alone.",
                remedy="leave the column out, or use one in which more units differ",
            )


def fit_rules(found: Fit, groups: Sequence[Grouping]) -> Iterator[Hit]:
    """Fail a fit that tells the outcome: of everybody, of a group, or of single units as certain."""
    if found.certain:
        yield Hit(
            rule="separation",
            risk=Risk.CLASS_DISCLOSURE,
            severity=Verdict.FAIL,
            message="The model predicts the outcome of some people as certain, or has no finite coefficients, so that "
            "whoever knows their other values learns their outcome.",
            remedy="leave out columns that decide the outcome, or use broader categories",
        )
    if found.unexplained < _EXACT or _exact_group(found, groups):
        yield _saturated(Verdict.FAIL, "exactly or nearly exactly", "leave out columns that determine the outcome")
    elif found.unexplained < _NEARLY:
        yield _saturated(
            Verdict.REVIEW,
            "closely (over 99 % of its spread)",
            "leave out columns that determine the outcome, or let an output checker decide",
        )


def _saturated(severity: Verdict, how: str, remedy: str) -> Hit:
    return Hit(
        rule="saturated",
        risk=Risk.LOW_DEGREES_OF_FREEDOM,
        severity=severity,
        message=f"The model reproduces the outcome {how}, for everybody or for a whole group, so whoever knows a "
        "person's other values can compute the outcome of that person.",
        remedy=remedy,
    )


def _exact_group(found: Fit, groups: Sequence[Grouping]) -> bool:
    if found.residuals is None or not found.unexplained > 0:
        return False
    squares = found.residuals**2
    limit = _EXACT / found.unexplained * squares.mean()
    sizes = [(np.bincount(g.codes, squares, g.size), np.bincount(g.codes, minlength=g.size)) for g in groups]
    return any(bool((total < limit * count).any()) for total, count in sizes)


@dataclass(frozen=True)
class Influence:
    """What is needed to see how much of a coefficient comes from whom."""

    basis: Basis
    outcome: Numbers
    weights: Numbers


def influence_rules(model: Influence, name: str, units: Sequence[Units], policy: RiskAppetite) -> list[Hit]:
    """Fail coefficients to which one or two units contribute nearly everything.

    Notes
    -----
    A coefficient of least squares is the sum over rows of a known number times the outcome's distance from its mean.
    These parts are added up per unit and judged as the contributions to any sum are.
    """
    mean = float((model.weights * model.outcome).sum() / model.weights.sum())
    distance = np.sqrt(model.weights) * (model.outcome - mean)
    parts = model.basis.back(model.basis.orthogonal.T).T * distance[:, None]
    hits: list[Hit] = []
    for counted in units:
        sums = np.abs(counted.sums(parts))
        kept = len(sums) - min(most_needed(policy), len(sums))
        top = -np.sort(-np.partition(sums, kept, axis=0)[kept:], axis=0).T
        nobody = np.zeros(len(top), dtype=np.int64)
        shares = Shares(top, sums.sum(axis=0))
        evidence = UnitEvidence(counted.kind, nobody, nobody, shares, Shares.none(len(top)))
        if dominance([evidence], policy):
            hits.append(_influential(name, counted.kind))
        squares = -np.sort(-counted.sums(distance**2))
        if not two_values(model.outcome) and len(squares) > 1:
            spread = {counted.kind: Shares(squares[None, :2], squares.sum(keepdims=True))}
            hits += [_outlier(name, counted.kind, hit.severity) for hit in outliers(spread, 2, policy)]
    return hits


def _influential(name: str, kind: str) -> Hit:
    return Hit(
        rule="influence",
        risk=Risk.DOMINANCE,
        severity=Verdict.FAIL,
        message=f"A coefficient comes nearly all from one or two units ({kind}), so that it nearly tells their {name}.",
        remedy=TAME.format(outcome=name),
    )


def _outlier(name: str, kind: str, severity: Verdict) -> Hit:
    person = ", or let an output checker decide" if severity is Verdict.REVIEW else ""
    return Hit(
        rule="outlier",
        risk=Risk.DOMINANCE,
        severity=severity,
        message=f"So much of the spread of {name} comes from one unit ({kind}) far from all others that standard "
        "errors or R-squared beside a mean nearly tell its value.",
        remedy=TAME.format(outcome=name) + person,
    )
