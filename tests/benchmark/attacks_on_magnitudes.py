"""Attacks on spreads, positions, histograms, concentration and ratios: see `attacks`."""

from __future__ import annotations

import math
from typing import Any

from tests.benchmark.model import Known, Released


def other_of_two_from_a_spread(released: Released, known: Known) -> Any:
    """Two people: the other's value lies a known distance from one's own (it is known that the other's is higher)."""
    spread = released.value(known["cell"])
    if known.get("squared"):
        spread = math.sqrt(spread)
    return known["own"] + spread * math.sqrt(2)


def outlier_from_a_spread(released: Released, known: Known) -> Any:
    """One value far from all others makes the spread: its distance from the mean is about ``std sqrt(n - 1)``."""
    n, spread = known["n"], released.value(known["cell"])
    if known.get("squared"):
        spread = math.sqrt(spread)
    return (
        released.value(known["cell"], None, 1) + spread * math.sqrt(n - 1)
        if known.get("mean_table")
        else (known["mean_of_others"] + spread * math.sqrt(n))
    )


def root_of_a_power(released: Released, known: Known) -> Any:
    """A high power lets the largest value make up the whole sum, so that its root is the largest value."""
    return released.value(known["cell"]) ** (1 / known["power"])


def value_between_order_statistics(released: Released, known: Known) -> Any:
    """Solve an interpolated quantile for the larger of the two values it lies between; the smaller is known."""
    position = (known["n"] - 1) * known["fraction"]
    share = position - math.floor(position)
    return (released.value(known["cell"], known.get("column")) - (1 - share) * known["below"]) / share


def half_of_a_pair(released: Released, known: Known) -> Any:
    """The median of two is their middle: the other's value is as far away on the other side."""
    return 2 * released.value(known["cell"], known.get("column")) - known["own"]


def range_from_a_minimum(released: Released, known: Known) -> Any:
    """Add the range to the minimum, which the attacker has because it is their own."""
    return known["own"] + released.value(known["cell"], known.get("column"))


def count_from_a_shape(released: Released, known: Known) -> Any:
    """Find how many ones among zeros have exactly this skewness or excess kurtosis (the smaller side)."""
    wanted, n = released.value(known["cell"]), known["n"]
    fits = []
    for ones in range(1, n // 2):
        p = ones / n
        if known["statistic"] == "skewness":
            expected = (1 - 2 * p) / math.sqrt(p * (1 - p))
            spread = math.sqrt(n * (n - 1)) / (n - 2)
            candidates = (expected, expected * spread)
        else:
            expected = (1 - 6 * p * (1 - p)) / (p * (1 - p))
            candidates = (expected, (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * expected + 6))
        fits += [ones for candidate in candidates if math.isclose(abs(wanted), candidate, rel_tol=1e-3)]
    return fits[0] if len(set(fits)) == 1 else None


def reads_the_last_edge(released: Released, known: Known) -> Any:
    """Read the end of a histogram's last bin: the largest value, where the data chose the edges."""
    last = str(list(released.tables[0].cells())[-1][-2])
    numbers = [word for word in last.replace(",", "").split() if word.replace(".", "").isdigit()]
    return float(numbers[-1]) if numbers else None


def finds_the_last_bin(released: Released, known: Known) -> Any:
    """Somebody is known to have the largest value by far: it lies in the last bin that is not empty."""
    held = [str(row[-2]) for row in released.tables[0].cells() if row[-1]]
    numbers = [float(word) for word in held[-1].replace(",", "").split() if word.replace(".", "").isdigit()]
    return sum(numbers) / 2 if len(numbers) == 2 else None


def sees_somebody_in_a_bin(released: Released, known: Known) -> Any:
    """Test a guess: the narrow bin around it is not empty, so that somebody has exactly this value."""
    counts = {str(row[-2]): row[-1] for row in released.tables[0].cells()}
    return bool(counts.get(known["bin"]))


def share_of_a_total(released: Released, known: Known) -> Any:
    """Multiply a share with a total that is published elsewhere."""
    return released.value(known["cell"]) * known["total"]


def root_of_an_index(released: Released, known: Known) -> Any:
    """Where one dominates, the root of the Herfindahl index is about its share."""
    return math.sqrt(released.value(known["cell"])) * known["total"]


def larger_of_two_from_an_index(released: Released, known: Known) -> Any:
    """Two shares s and 1 - s with ``s^2 + (1 - s)^2 = H``."""
    index = released.value(known["cell"])
    return known["total"] * (1 + math.sqrt(max(2 * index - 1, 0.0))) / 2


def other_of_two_from_a_gini(released: Released, known: Known) -> Any:
    """Two values x < y: the coefficient is ``(y - x) / (2 (x + y))``."""
    g = 2 * released.value(known["cell"])
    return known["own"] * (1 + g) / (1 - g)


def sees_one_holder(released: Released, known: Known) -> Any:
    """A Gini coefficient of ``(n - k) / n`` among zeros and equal amounts tells how many have anything."""
    return round(known["n"] * (1 - released.value(known["cell"])))


def count_behind_a_ratio(released: Released, known: Known) -> Any:
    """Try which number of exposed people with the outcome gives the published ratio; the margins are published."""
    wanted = released.value(known["cell"], known["column"])
    n, m, c = known["exposed"], known["others"], known["ill_others"]
    for a in range(n):
        risks = a / n / (c / m)
        expected = risks if known["column"] == "risk_ratio" else a / (n - a) / (c / (m - c))
        if math.isclose(expected, wanted, rel_tol=1e-6, abs_tol=1e-12):
            return a
    return None


def count_behind_a_rate(released: Released, known: Known) -> Any:
    """Multiply a rate ratio by the others' rate and the exposed time: the number of events."""
    return round(released.value(known["cell"], "rate_ratio") * known["rate"] * known["time"])


def distance_from_two_variances(released: Released, known: Known) -> Any:
    """Removing one of n takes ``d^2 n / (n - 1)`` off the sum of squares, with d the distance from the mean of all."""
    n = known["n"]
    squares = (n - 1) * released.value((), None, 0) - (n - 2) * released.value((), None, 1)
    distance = math.sqrt(max(squares, 0.0) * (n - 1) / n)
    return known["mean"] + (distance if known["high"] else -distance)
