"""Attacks on regressions, matrices of correlations and tests: see `attacks`."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from tests.benchmark.model import Known, Released


def constant_plus_coefficient(released: Released, known: Known) -> Any:
    """Add the intercept and the coefficient of a dummy: the mean of those few who have it."""
    rows = {tuple(row[:2]): row[2] for row in released.tables[0].cells()}
    found = rows[("(intercept)", None)] + sum(rows[tuple(term)] for term in known["terms"])
    return found * (len(known.get("others", ())) + 1) - sum(known.get("others", ()))


def predicts_from_a_saturated_fit(released: Released, known: Known) -> Any:
    """Put the victim's known columns into a model that reproduces every outcome."""
    rows = {tuple(row[:2]): row[2] for row in released.tables[0].cells()}
    value = rows[("(intercept)", None)]
    for term, x in known["at"]:
        value += rows[tuple(term)] * x
    return value


def predicts_from_any_interaction(released: Released, known: Known) -> Any:
    """Add up the intercept and every coefficient whose term names the victim's categories."""
    rows = {tuple(str(part) for part in row[:2]): row[2] for row in released.tables[0].cells()}
    wanted = {tuple(str(part) for part in term): x for term, x in known["at"]}
    found = [rows[term] * x for term, x in wanted.items() if term in rows]
    interactions = [value for (term, _), value in rows.items() if ":" in term and value is not None]
    if len(found) < len(wanted):
        found.append(interactions[0])
    return rows[("(intercept)", "None")] + sum(found)


def sees_that_a_coefficient_runs_away(released: Released, known: Known) -> Any:
    """A logit or probit coefficient that grows without bound: everybody in the group has the outcome."""
    rows = {tuple(row[:2]): row[2] for row in released.tables[0].cells()}
    value = rows[tuple(known["term"])]
    return "everybody" if value > known["least"] else "nobody" if value < -known["least"] else None


def exponential_of_the_sum(released: Released, known: Known) -> Any:
    """The mean of a group of few in a log-linear model, times its size, without the others."""
    rows = {tuple(row[:2]): row[2] for row in released.tables[0].cells()}
    mean = math.exp(rows[("(intercept)", None)] + sum(rows[tuple(term)] for term in known["terms"]))
    return mean * (len(known["others"]) + 1) - sum(known["others"])


def last_of_a_regression(released: Released, known: Known) -> Any:
    """Solve the slope's equation for the last outcome; all regressors and the other outcomes are known."""
    rows = {tuple(row[:2]): row[2] for row in released.tables[0].cells()}
    slope, x = rows[tuple(known["term"])], known["x"]
    middle = sum(x) / len(x)
    spread = sum((value - middle) ** 2 for value in x)
    rest = sum((value - middle) * y for value, y in zip(x, known["others"], strict=False))
    return (slope * spread - rest) / (x[-1] - middle)


def _group_mean(released: Released, table: int, x: float) -> float:
    rows = {tuple(row[:2]): row[2] for row in released.tables[table].cells()}
    return float(rows[("(intercept)", None)] + x * rows[("man", None)])


def difference_of_two_fits(released: Released, known: Known) -> Any:
    """Two regressions on one dummy are the means of its groups: with and without the victim."""
    n = known["n"]
    return n * _group_mean(released, 0, known["x"]) - (n - 1) * _group_mean(released, 1, known["x"])


def difference_of_a_mean_and_a_fit(released: Released, known: Known) -> Any:
    """Compare a table of means with a regression without the victim."""
    n = known["n"]
    return n * released.value(known["cell"], "mean") - (n - 1) * _group_mean(released, 1, known["x"])


def _entry(released: Released, pair: tuple[str, str]) -> float:
    """Return a matrix' entry, whichever of the two stands first, in long or in square form."""
    table = released.tables[0].table
    for row in table.rows:
        texts = [cell for cell in row if isinstance(cell, str)]
        numbers = [cell for cell in row if isinstance(cell, int | float) and not isinstance(cell, bool)]
        if sorted(texts[:2]) == sorted(pair) and numbers:
            return float(numbers[0])
    for row in table.rows:
        if row[0] in pair:
            other = pair[1] if row[0] == pair[0] else pair[0]
            if other in table.columns and row[table.columns.index(other)] is not None:
                return float(row[table.columns.index(other)])  # type: ignore[arg-type]
    raise KeyError("the matrix has no such entry")


def line_through_two_points(released: Released, known: Known) -> Any:
    """A correlation of one: all points lie on a line, which two known points give."""
    if not math.isclose(abs(_entry(released, known["pair"])), 1.0, rel_tol=1e-9):
        return None
    (x0, y0), (x1, y1) = known["points"]
    return y0 + (known["x"] - x0) * (y1 - y0) / (x1 - x0)


def slope_from_a_covariance(released: Released, known: Known) -> Any:
    """Covariance over a published variance is the slope of an exact line through the means."""
    slope = _entry(released, known["pair"]) / known["variance"]
    return known["mean"][1] + slope * (known["x"] - known["mean"][0])


def last_of_a_covariance(released: Released, known: Known) -> Any:
    """Solve the covariance for the last value; the other column and the other values are known."""
    x, others = known["x"], known["others"]
    n, middle = len(x), sum(x) / len(x)
    rest = sum((value - middle) * y for value, y in zip(x, others, strict=False))
    return (_entry(released, known["pair"]) * (n - 1) - rest) / (x[-1] - middle)


def value_from_a_dummy_covariance(released: Released, known: Known) -> Any:
    """The covariance with a dummy for one person is that person's distance from the mean, over n - 1."""
    return known["mean"] + _entry(released, known["pair"]) * (known["n"] - 1)


def count_behind_chi_square(released: Released, known: Known) -> Any:
    """Try which count of a two-by-two table with published margins of one side gives the statistic."""
    found = released.tables[0].table
    numbers = [cell for row in found.rows for cell in row if isinstance(cell, int | float)]
    n, m, c = known["exposed"], known["others"], known["ill_others"]
    fits = []
    for a in range(n + 1):
        cells = ((a, n - a), (c, m - c))
        ill = (a + c, n + m - a - c)
        if 0 in ill:
            continue
        total = n + m
        for correction in (0.0, 0.5):
            statistic = 0.0
            for row, size in zip(cells, (n, m), strict=True):
                for value, margin in zip(row, ill, strict=True):
                    expected = size * margin / total
                    statistic += (abs(value - expected) - min(correction, abs(value - expected))) ** 2 / expected
            if any(math.isclose(number, statistic, rel_tol=1e-6) for number in numbers):
                fits.append(a)
    # The statistic is the same on both sides of what is expected; which side is known.
    expected = n * (c / m)
    fits = [a for a in fits if (a < expected) == known["fewer"]]
    return fits[0] if len(set(fits)) == 1 else None


def other_of_two_from_a_test(released: Released, known: Known) -> Any:
    """Solve a t statistic for the other's value: the large group's mean and variance are published elsewhere.

    It is known on which side of one's own value the other's lies.
    """
    table = released.tables[0].table
    wanted = float(table.rows[0][table.columns.index("statistic")])  # type: ignore[arg-type]
    own, n, mean, variance = known["own"], known["n"], known["mean"], known["variance"]

    def distance(y: float) -> float:
        squares = (own - y) ** 2 / 2
        pooled = ((n - 1) * variance + squares) / n * (1 / n + 1 / 2)
        spread = pooled if known["pooled"] else variance / n + squares / 2
        return float(((own + y) / 2 - mean) / math.sqrt(spread) - wanted)

    low, high = (own, 20 * own) if known["larger"] else (0.0, own)
    grid = [low + (high - low) * step / 20_000 for step in range(20_001)]
    roots = [(a, b) for a, b in pairwise(grid) if distance(a) * distance(b) <= 0]
    if len(roots) != 1:
        return None
    a, b = roots[0]
    for _ in range(60):
        middle = (a + b) / 2
        a, b = (a, middle) if distance(a) * distance(middle) <= 0 else (middle, b)
    return (a + b) / 2
