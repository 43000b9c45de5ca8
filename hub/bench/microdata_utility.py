"""The part of the `microdata` benchmark about utility: the whole report of large files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from saferoom.hub.bench.measure import run_fresh

Say = Callable[[str], None]
SIZES = (100_000, 1_000_000)
_MOST_SECONDS = {1_000_000: 60.0}
_MOST_DATA = 10.0


def measure(rows: int | None, _rscript: str | None, say: Say) -> dict[str, Any]:
    """Compare made-up people before and after noise and swaps.

    Parameters
    ----------
    rows : int, optional
        The most records; sizes above are left out.
    """
    results = []
    for size in [one for one in SIZES if rows is None or one <= rows] or [rows or SIZES[0]]:
        say(f"utility, {size:,} records")
        done = run_fresh([sys.executable, "-P", "-m", f"{__name__}_contestant", str(size)])
        results.append({"records": size, "seconds": done.seconds["utility"], **done.numbers})
    return {"results": results, "goals": [goal for one in results for goal in _goals(one)]}


def _goals(one: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    most = _MOST_SECONDS.get(one["records"])
    if most is not None:
        case = f"utility, {one['records']:,} records"
        yield _goal(f"{case}: seconds", one["seconds"], most)
        yield _goal(f"{case}: MiB beside {_MOST_DATA:g} times the data", one["own_mib"], _MOST_DATA * one["data_mib"])


def _goal(promise: str, value: float, most: float) -> dict[str, Any]:
    return {"promise": promise, "value": value, "most": most, "holds": value <= most}


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the part's table."""
    yield "| report of two tables, nine columns | information lost | pMSE ratio | Saferoom, s | own MiB | data, MiB |"
    yield "|---|" + "---:|" * 5
    for one in result["results"]:
        yield (
            f"| {one['records']:,} records each | {one['lost']:.1%} | {one['ratio']:.3g} | {one['seconds']:.2f} "
            f"| {one['own_mib']:,.0f} | {one['data_mib']:,.0f} |"
        )
