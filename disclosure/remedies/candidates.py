"""Variants of a query that may be safe, each with the loss to be expected of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from saferoom.disclosure.queries.evidence import Counts
from saferoom.disclosure.queries.forms import FORMS, Method, Statistic
from saferoom.disclosure.queries.model import Query
from saferoom.disclosure.remedies.cost import ANOTHER_STATISTIC, Error, detail, loss
from saferoom.disclosure.remedies.grid import Grid, Situation
from saferoom.disclosure.remedies.merging import Merge, merges, parents
from saferoom.disclosure.verdict import Risk

_MOST_LEFT_OUT = 4
_MOST_PARTLY = 2
_QUANTILES = ((0.05, 0.95), (0.1, 0.9), (0.25, 0.75))
_INSTEAD: Mapping[Statistic, tuple[dict[str, Any], str]] = {
    Statistic.MIN: ({"statistic": "quantile", "options": {"quantiles": [0.05]}}, "the 5 % quantile for the minimum"),
    Statistic.MAX: ({"statistic": "quantile", "options": {"quantiles": [0.95]}}, "the 95 % quantile for the maximum"),
    Statistic.RANGE: ({"statistic": "iqr"}, "the interquartile range for the range"),
    Statistic.MODE: ({"statistic": "median"}, "the median for the mode"),
    Statistic.STD: ({"statistic": "iqr"}, "the interquartile range for the standard deviation"),
    Statistic.VARIANCE: ({"statistic": "iqr"}, "the interquartile range for the variance"),
}


@dataclass(frozen=True)
class Candidate:
    """A variant that has not been evaluated yet.

    Attributes
    ----------
    expected : float
        The loss to be expected; cheap variants are evaluated first.
    kept : float
        How much of what a number tells is kept, e.g. less than 1 for another statistic.
    """

    patch: Mapping[str, Any]
    words: str
    expected: float
    names_categories: bool = False
    kept: float = 1.0


def candidates(situation: Situation) -> list[Candidate]:
    """Return variants in the order of their expected loss, gentler kinds first where it is equal."""
    found: list[Candidate] = []
    for make in (
        _margins,
        _protection,
        by_hierarchy,
        _merged,
        _left_out,
        _rounded,
        _quantiles,
        _bins,
        _unfiltered,
        _instead,
    ):
        found += make(situation)
    unique: dict[str, Candidate] = {}
    for candidate in found:
        if candidate.patch:
            unique.setdefault(repr(sorted(candidate.patch.items())), candidate)
    return sorted(unique.values(), key=lambda candidate: candidate.expected)


def asked_detail(situation: Situation) -> float:
    """Return the detail of the table as it was asked for."""
    return detail(situation.units[0], situation.units[0] > 0, situation.whole)


def _expected(situation: Situation, units: Counts, kept: float = 1.0) -> float:
    return loss(kept * detail(units, units > 0, situation.whole), asked_detail(situation))


def _query(situation: Situation) -> Query:
    return situation.judged.case.plan.query


def _margins(situation: Situation) -> Iterator[Candidate]:
    if _query(situation).margins:
        yield Candidate({"margins": False}, "leave the margins out", 0.0)


def _protection(situation: Situation) -> Iterator[Candidate]:
    query = _query(situation)
    if Method.SUPPRESS not in FORMS[query.statistic].protect or query.protect.method is Method.SUPPRESS:
        return
    patch = {"protect": {"method": "suppress"}}
    shown = np.where(situation.flagged, 0, situation.units[0])
    if query.margins:
        yield Candidate({"margins": False, **patch}, "no margins, and cells at risk blank", _expected(situation, shown))
    yield Candidate(patch, "cells at risk blank", _expected(situation, shown))


def _rounded(situation: Situation) -> Iterator[Candidate]:
    query = _query(situation)
    if Method.ROUND not in FORMS[query.statistic].protect or query.protect.method is not Method.NONE:
        return
    lowest = situation.policy.rounding_base
    for base in dict.fromkeys((lowest, max(lowest, *situation.least))):
        units = situation.units[0] if base > lowest else np.where(situation.flagged, 0, situation.units[0])
        error = Error(units=base / 4)
        expected = loss(detail(units, units > 0, situation.whole, error), asked_detail(situation))
        patch = {"protect": {"method": "round", "base": base}}
        yield Candidate(patch, f"counts rounded to {base}", expected)


def _merged(situation: Situation) -> Iterator[Candidate]:
    query, plan = _query(situation), situation.judged.case.plan
    if query.statistic is not Statistic.REGRESSION:
        for i, name in enumerate(query.by):
            if not plan.dimensions[i].fixed and situation.labels and len(situation.labels[0]) > i:
                yield from merged(situation, situation, i, name)


def by_hierarchy(situation: Situation) -> Iterator[Candidate]:
    """Yield merges of categories into their parents, where the data owner has classified a dimension's codes."""
    query, plan = _query(situation), situation.judged.case.plan
    if query.statistic is Statistic.REGRESSION or not situation.labels:
        return
    for i, name in enumerate(query.by):
        classification = plan.dimensions[i].classification
        if classification is None or plan.dimensions[i].fixed or len(situation.labels[0]) <= i:
            continue
        for merge in parents(Grid(situation, i), name, classification):
            yield _candidate(situation, situation, (i, name), merge)


def merged(situation: Situation, counted: Situation, dimension: int, name: str) -> Iterator[Candidate]:
    """Yield merges of one dimension's categories.

    Parameters
    ----------
    situation : Situation
        Of the query that is varied.
    counted : Situation
        Where the dimension's categories are counted: the same, or for a model a frequency of its categories.
    """
    dimensions = counted.judged.case.plan.dimensions
    grid = Grid(counted, dimension)
    texts = counted.judged.outcome.text_dimensions
    for merge in merges(grid, name, texts[dimension], dimensions[dimension].codelist or ()):
        yield _candidate(situation, counted, (dimension, name), merge)


def _candidate(situation: Situation, counted: Situation, dimension: tuple[int, str], merge: Merge) -> Candidate:
    """Return a merge as a candidate; `dimension` is the place among those of `counted`, and the name."""
    place, name = dimension
    query, new = _query(situation), _new_name(name, situation)
    patch = {"derive": {**query.derive, new: merge.expression}, **_renamed(query, situation, name, new)}
    units = Grid(counted, place).merged_units(merge.groups)
    asked = detail(counted.units[0], counted.units[0] > 0, counted.whole)
    expected = loss(detail(units, units > 0, counted.whole), asked)
    return Candidate(patch, merge.words.replace("{name}", name), expected, merge.names_categories)


def _new_name(name: str, situation: Situation) -> str:
    plan = situation.judged.case.plan
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)[:48]
    new = f"{plain if re.match('[A-Za-z]', plain) else 'd' + plain}_merged"
    while plan.relation.find(new) or new.lower() in plan.derived:
        new += "_2"
    return new


def _renamed(query: Query, situation: Situation, old: str, new: str | None) -> dict[str, Any]:
    """Return the keys that name a dimension with `new` in the place of `old`, or without it."""
    formula = situation.judged.case.plan.formula
    if formula is None:
        by = [new if name == old else name for name in query.by]
        kept = [name for name in by if name is not None]
        return {"by": kept, **({"margins": False} if query.margins and not kept else {})}
    categories = [new if name == old else name for name in formula.categories]
    terms = [*formula.numbers, *(f"C({name})" for name in categories if name is not None)]
    text = f"{formula.outcome} ~ {' + '.join(terms or ['1'])}{'' if formula.intercept else ' - 1'}"
    options = query.document().get("options", {})
    return {"options": {**options, "formula": text}} if terms else {}


def _left_out(situation: Situation) -> Iterator[Candidate]:
    """Leave out dimensions, of many several at once: what then holds, and what then holds with some cells blank."""
    query = _query(situation)
    form = FORMS[query.statistic]
    if query.statistic is Statistic.REGRESSION:
        yield from _terms_left_out(situation)
        return
    if not situation.labels or len(situation.labels[0]) < len(query.by):
        return
    whole, partly = [], []
    for kept in _subsets(len(query.by), form.dimensions[0]):
        by = [query.by[i] for i in kept]
        patch: dict[str, Any] = {"by": by, **({"margins": False} if query.margins and not by else {})}
        gone = [name for i, name in enumerate(query.by) if i not in kept]
        words = f"without {' and '.join(gone)}"
        holds, units = situation.along([*kept, *range(len(query.by), len(situation.labels[0]))])
        if holds:
            whole.append(Candidate(patch, words, _expected(situation, units)))
        elif Method.SUPPRESS in form.protect and by:
            shown = np.where(units < situation.least[0], 0, units)
            blank = {**patch, "margins": False} if query.margins else patch
            blank = {**blank, "protect": {"method": "suppress"}}
            partly.append(Candidate(blank, f"{words}, cells at risk blank", _expected(situation, shown)))
    yield from sorted(whole, key=lambda candidate: candidate.expected)[:_MOST_LEFT_OUT]
    yield from sorted(partly, key=lambda candidate: candidate.expected)[:_MOST_PARTLY]


def _subsets(count: int, least: int) -> Iterator[tuple[int, ...]]:
    for size in range(count - 1, max(least, 0) - 1, -1):
        yield from combinations(range(count), size)


def _terms_left_out(situation: Situation) -> Iterator[Candidate]:
    query, formula = _query(situation), situation.judged.case.plan.formula
    if formula is None:
        return
    terms = len(formula.numbers) + len(formula.categories)
    for name in formula.categories[:_MOST_LEFT_OUT]:
        patch = _renamed(query, situation, name, None)
        if patch:
            yield Candidate(patch, f"without {name}", 1 / terms)


def _quantiles(situation: Situation) -> Iterator[Candidate]:
    query = _query(situation)
    asked = query.options.quantiles
    if query.statistic is not Statistic.QUANTILE or asked is None:
        return
    for low, high in _QUANTILES:
        kept = [fraction for fraction in asked if low <= fraction <= high]
        if kept and len(kept) < len(asked):
            share = len(kept) / len(asked)
            expected = _expected(situation, situation.units[0], share)
            patch = {"options": {"quantiles": kept}}
            yield Candidate(patch, f"without quantiles below {low:g} and above {high:g}", expected, kept=share)


def _bins(situation: Situation) -> Iterator[Candidate]:
    query = _query(situation)
    if "bins" not in FORMS[query.statistic].options or isinstance(query.options.bins, tuple):
        return
    asked = query.options.bins or 20
    for bins in dict.fromkeys((asked // 2, asked // 4, 5)):
        if 2 <= bins < asked:
            options = {**query.document().get("options", {}), "bins": bins}
            expected = _expected(situation, situation.units[0], bins / asked)
            yield Candidate({"options": options}, f"{bins} bins", expected)


def _unfiltered(situation: Situation) -> Iterator[Candidate]:
    """Where an earlier release is about nearly the same people, the whole population may be the one released before."""
    differs = any(finding.risk is Risk.DIFFERENCING for finding in situation.judged.evaluation.findings)
    if _query(situation).where is not None and differs:
        expected = 1 - ANOTHER_STATISTIC
        yield Candidate({"where": None}, "without the filter", expected, kept=ANOTHER_STATISTIC)


def _instead(situation: Situation) -> Iterator[Candidate]:
    query = _query(situation)
    instead = _INSTEAD.get(query.statistic)
    if instead is not None:
        patch, words = instead
        expected = _expected(situation, situation.units[0], ANOTHER_STATISTIC)
        yield Candidate(patch, words, expected, kept=ANOTHER_STATISTIC)
        if query.protect.method is Method.NONE:
            blank = {**patch, "protect": {"method": "suppress"}, **({"margins": False} if query.margins else {})}
            yield Candidate(blank, f"{words}, cells at risk blank", expected + 0.01, kept=ANOTHER_STATISTIC)


def suppresses(candidates: Sequence[Candidate]) -> Candidate | None:
    """Return the candidate that only blanks cells."""
    wanted = {"protect": {"method": "suppress"}}
    return next((candidate for candidate in candidates if dict(candidate.patch) == wanted), None)
