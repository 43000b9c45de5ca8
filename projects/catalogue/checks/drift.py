"""How far a version is from the last one: rows, missing values, and the distribution of every variable.

The population stability index of two distributions over the same bins is `sum((p - q) ln(p / q))`. Half a record is
added to every bin, so that an empty one does not make it infinite. Of two samples from the same distribution,
`PSI n m / (n + m)` is about chi-squared with one degree of freedom less than bins; an index within three standard
deviations of that is noise and no drift, whatever the threshold.

References
----------
Siddiqi (2006), Credit Risk Scorecards. Yurdakul (2018), Statistical Properties of Population Stability Index.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from saferoom.projects.catalogue.checks.report import Check, Kind, Status
from saferoom.projects.catalogue.checks.thresholds import DRIFT, Drift

VERSION = 1
"""Of the profile's form; one of another form says nothing."""


def psi(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the population stability index of two lists of counts over the same bins."""
    first, second = sum(before) + len(before) / 2, sum(after) + len(after) / 2
    return math.fsum(
        ((a + 0.5) / second - (b + 0.5) / first) * math.log(((a + 0.5) / second) / ((b + 0.5) / first))
        for b, a in zip(before, after, strict=True)
    )


def noise(bins: int, before: float, after: float) -> float:
    """Return the index that two samples of one distribution rarely exceed: the mean and three standard deviations."""
    freedom = max(bins - 1, 1)
    return (freedom + 3 * math.sqrt(2 * freedom)) * (1 / max(before, 1) + 1 / max(after, 1))


def rows(before: int, after: int, limits: Drift = DRIFT) -> Check:
    """Compare the numbers of rows."""
    change = math.inf if not min(before, after) else max(before, after) / min(before, after) - 1
    counts = {"before": before, "after": after}
    if change < limits.rows_warn:
        return Check(Kind.DRIFT, Status.PASS, "about as many rows as in the last version", counts=counts)
    status = Status.FAIL if change >= limits.rows_fail else Status.WARN
    return Check(
        Kind.DRIFT,
        status,
        f"{after:,} rows, where the last version had {before:,}; see that the delivery is complete and of this dataset",
        counts=counts,
    )


def variables(
    before: Mapping[str, Any], after: Mapping[str, Any], sizes: tuple[int, int], limits: Drift = DRIFT
) -> Iterator[Check]:
    """Compare the variables that two profiles have in common.

    Parameters
    ----------
    before, after : mapping
        By variable: `missing` (rows) and, where its distribution is kept, `bins` and `counts`.
    sizes : (int, int)
        The rows of both versions.
    """
    for name, now in after.items():
        then = before.get(name)
        if then is None:
            continue
        yield _missing(name, then["missing"], now["missing"], sizes, limits)
        if "counts" in now and now.get("bins") == then.get("bins") and len(now["counts"]) == len(then["counts"]):
            yield _shape(name, then["counts"], now["counts"], limits)


def _missing(name: str, before: int, after: int, sizes: tuple[int, int], limits: Drift) -> Check:
    shares = before / max(sizes[0], 1), after / max(sizes[1], 1)
    rise = shares[1] - shares[0]
    counts = {"before": round(shares[0], 4), "after": round(shares[1], 4)}
    if rise < limits.missing_warn:
        return Check(Kind.DRIFT, Status.PASS, "missing about as often as in the last version", name, counts)
    return Check(
        Kind.DRIFT,
        Status.FAIL if rise >= limits.missing_fail else Status.WARN,
        f"missing in {shares[1]:.1%} of the rows, where it was {shares[0]:.1%}; see that it was extracted in full",
        name,
        counts,
    )


def _shape(name: str, before: Sequence[int], after: Sequence[int], limits: Drift) -> Check:
    index = psi(before, after)
    counts = {"psi": round(index, 4)}
    if index < limits.psi_warn or index <= noise(len(before), sum(before), sum(after)):
        return Check(Kind.DRIFT, Status.PASS, "distributed about as in the last version", name, counts)
    return Check(
        Kind.DRIFT,
        Status.FAIL if index >= limits.psi_fail else Status.WARN,
        f"distributed otherwise than in the last version (PSI {index:.2f}); see that its codes and units are the same",
        name,
        counts,
    )
