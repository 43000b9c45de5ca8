"""The part of the `microdata` benchmark about perturbing: microaggregation beside sdcMicro, and the other methods."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from saferoom.errors import UnavailableError
from saferoom.hub.bench.measure import Run, run_fresh, summary
from saferoom.hub.bench.microdata_perturbation_contestant import COLUMNS, people

Say = Callable[[str], None]
Goal = dict[str, Any]

SAMPLE, MIDDLE, LARGE = 20_000, 100_000, 1_000_000
WORKS: dict[str, tuple[int, ...]] = {
    "mdav": (SAMPLE, MIDDLE),
    "blocked": (SAMPLE, MIDDLE, LARGE),
    "pram": (LARGE,),
    "ranks": (LARGE,),
    "households": (LARGE,),
    "noise": (LARGE,),
    "shuffling": (LARGE,),
}
"""Sizes that each work runs on."""
PUBLISHED = {("mdav", SAMPLE): 2.7}
"""Seconds of sdcMicro 5.8.1 on two shared cores, k = 3, other data."""
_R = Path(__file__).resolve().parent / "microdata_mdav.R"
_SECONDS = {("mdav", MIDDLE): 60.0, ("blocked", MIDDLE): 10.0, ("blocked", LARGE): 120.0}
_MOST_LOSS = 1.02
_CLOSE = 1e-9


def measure(rows: int | None, rscript: str | None, say: Say) -> dict[str, Any]:
    """Run every method on made-up numbers, and sdcMicro's MDAV on the smallest where it is installed.

    Parameters
    ----------
    rows : int, optional
        The most records; sizes above are left out, and methods that have no other size run on so many.

    Raises
    ------
    UnavailableError
        When a contestant does not finish, or Saferoom and sdcMicro do not lose the same.
    """
    largest = LARGE if rows is None else rows
    results = []
    for work, sizes in WORKS.items():
        for size in [one for one in sizes if one <= largest] or [largest]:
            say(f"{work}, {size:,} records")
            done = run_fresh([sys.executable, "-P", "-m", f"{__name__}_contestant", work, str(size)])
            theirs = _sdcmicro(size, rscript) if (work, size) == ("mdav", SAMPLE) else None
            results.append(_row(work, size, done, theirs))
    return {"results": results, "goals": list(_goals(results))}


def _sdcmicro(size: int, rscript: str | None) -> Run | None:
    if rscript is None:
        return None
    import numpy as np

    with tempfile.TemporaryDirectory(prefix="saferoom-mdav-") as name:
        file = Path(name) / "people.csv"
        names = ",".join(f"x{place + 1}" for place in range(COLUMNS))
        np.savetxt(file, people(size), delimiter=",", fmt="%.17g", header=names, comments="")
        return run_fresh([rscript, "--vanilla", _R, file])


def _row(work: str, size: int, done: Run, theirs: Run | None) -> dict[str, Any]:
    if theirs is not None and abs(done.numbers["loss"] - theirs.numbers["loss"]) > _CLOSE * done.numbers["loss"]:
        raise UnavailableError("mdav: Saferoom and sdcMicro differ in the loss, so there is nothing to compare")
    return {
        "work": work,
        "records": size,
        "data_mib": size * COLUMNS * 8 / 2**20,
        "saferoom": {**summary([done]), "own_mib": done.numbers["own_mib"]},
        "numbers": {name: value for name, value in done.numbers.items() if name != "own_mib"},
        "sdcmicro": None if theirs is None else {**summary([theirs]), "version": theirs.numbers["version"]},
        "published_seconds": PUBLISHED.get((work, size)),
    }


def _goals(results: list[dict[str, Any]]) -> Iterator[Goal]:
    exact = {one["records"]: one["numbers"]["loss"] for one in results if one["work"] == "mdav"}
    for one in results:
        work, size = one["work"], one["records"]
        if (work, size) in _SECONDS:
            seconds = one["saferoom"]["seconds"][work]
            yield _goal(f"{work}, {size:,} records: seconds", seconds, _SECONDS[work, size])
        if work == "blocked" and size in exact:
            times = one["numbers"]["loss"] / exact[size]
            yield _goal(f"blocked, {size:,} records: loss beside exact MDAV", times, _MOST_LOSS)
        if size >= LARGE:
            yield _goal(
                f"{work}, {size:,} records: MiB beside 10 times the data",
                one["saferoom"]["own_mib"],
                10 * one["data_mib"],
            )


def _goal(promise: str, value: float, most: float) -> Goal:
    return {"promise": promise, "value": value, "most": most, "holds": value <= most}


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the part's table."""
    yield f"Five correlated, skewed numbers of a record ({COLUMNS * 8} bytes); groups of 3."
    yield ""
    yield "| work | records | loss, % | Saferoom, s | sdcMicro, s | own MiB | data in memory, MiB |"
    yield "|---|" + "---:|" * 6
    for one in result["results"]:
        work, own = one["work"], one["saferoom"]
        measured, published = one["sdcmicro"], one["published_seconds"]
        their = f"{published:.2f} (published)" if published is not None else ""
        their = f"{measured['seconds'][work]:.2f}" if measured else their
        loss = one["numbers"].get("loss")
        yield (
            f"| {_NAMES[work]} | {one['records']:,} | {'' if loss is None else f'{loss:.4f}'} "
            f"| {own['seconds'][work]:.2f} | {their} | {own['own_mib']:.0f} | {one['data_mib']:.0f} |"
        )


_NAMES = {
    "mdav": "MDAV, exact",
    "blocked": "MDAV in blocks, with exchanges",
    "pram": "invariant PRAM, 40 categories",
    "ranks": "rank swapping, 5 columns",
    "households": "targeted record swapping",
    "noise": "noise that keeps means and covariances",
    "shuffling": "shuffling, 4 columns given 1",
}
