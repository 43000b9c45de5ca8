"""The part of the `microdata` benchmark about twins: both fidelities, beside CART as it is usually written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from saferoom.hub.bench.measure import run_fresh, summary

Say = Callable[[str], None]
Goal = dict[str, Any]

SMALL, MIDDLE, LARGE = 10_000, 100_000, 1_000_000
WORKS: dict[str, tuple[int, ...]] = {
    "low": (SMALL, MIDDLE, LARGE),
    "medium": (SMALL, MIDDLE, LARGE),
    "plain": (SMALL, MIDDLE, LARGE),
}
"""Sizes that each work runs on."""
_SECONDS = {("low", MIDDLE): 15.0, ("medium", MIDDLE): 20.0, ("low", LARGE): 120.0, ("medium", LARGE): 120.0}
_MOST_RATIO = 5.0
"""The pMSE ratio of medium fidelity; a perfect twin drawn by a Bayesian bootstrap has about 2."""
_TIMES_DATA = 10


def measure(rows: int | None, _rscript: str | None, say: Say) -> dict[str, Any]:
    """Make twins of made-up people.

    Parameters
    ----------
    rows : int, optional
        The most records; sizes above are left out.

    Raises
    ------
    UnavailableError
        When a contestant does not finish.
    """
    largest = LARGE if rows is None else rows
    results = []
    for work, sizes in WORKS.items():
        for size in [one for one in sizes if one <= largest] or [largest]:
            say(f"synthesis, {work}, {size:,} records")
            done = run_fresh([sys.executable, "-P", "-m", f"{__name__}_contestant", work, str(size)])
            results.append({"work": work, "records": size, "saferoom": summary([done]), "numbers": dict(done.numbers)})
    return {"results": results, "goals": list(_goals(results))}


def _seconds(one: Mapping[str, Any]) -> float:
    return float(one["saferoom"]["seconds"][one["work"]])


def _goals(results: list[dict[str, Any]]) -> Iterator[Goal]:
    plain = {one["records"]: _seconds(one) for one in results if one["work"] == "plain"}
    for one in results:
        work, size, numbers = one["work"], one["records"], one["numbers"]
        what = f"synthesis, {work}, {size:,} records"
        if (work, size) in _SECONDS:
            yield _goal(f"{what}: seconds", _seconds(one), _SECONDS[work, size])
        if work == "medium" and size >= LARGE and size in plain:
            yield _goal(f"{what}: seconds with its check beside plain CART without one", _seconds(one), plain[size])
        if work == "medium" and size >= MIDDLE:
            yield _goal(f"{what}: pMSE ratio", numbers["ratio"], _MOST_RATIO)
        if size >= LARGE and work != "plain":
            yield _goal(f"{what}: MiB beside 10 times the data", numbers["own_mib"], _TIMES_DATA * numbers["data_mib"])


def _goal(promise: str, value: float, most: float) -> Goal:
    return {"promise": promise, "value": value, "most": most, "holds": value <= most}


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the part's table."""
    yield "People of twelve variables that depend on each other, with hundreds of occupations, dates and long tails."
    yield "Times of twins include their disclosure check; the pMSE ratio of pairs of columns is 1 where they are alike."
    yield ""
    yield "| work | records | s | records per second | pMSE ratio | own MiB | data in memory, MiB |"
    yield "|---|" + "---:|" * 6
    for one in result["results"]:
        seconds, numbers = _seconds(one), one["numbers"]
        ratio = "" if numbers["ratio"] is None else f"{numbers['ratio']:.1f}"
        yield (
            f"| {_NAMES[one['work']]} | {one['records']:,} | {seconds:.1f} | {one['records'] / seconds:,.0f} | {ratio} "
            f"| {numbers['own_mib']:.0f} | {numbers['data_mib']:.0f} |"
        )


_NAMES = {
    "low": "low fidelity",
    "medium": "medium fidelity",
    "plain": "CART as usually written (scikit-learn), no check",
}
