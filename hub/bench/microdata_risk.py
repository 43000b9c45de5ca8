"""The part of the `microdata` benchmark about risk: frequencies, individual risk, SUDA; beside sdcMicro where it is.

Where R or sdcMicro is not installed, the times that were once measured with it stand beside, and it is said so.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from saferoom.errors import UnavailableError
from saferoom.hub.bench import microdata_world
from saferoom.hub.bench.measure import Run, run_fresh, summary

Say = Callable[[str], None]
Goal = dict[str, Any]

REPEATS = 3
SIZES = (100_000, 1_000_000)
OUTSIDE = 10_000_000
_R = Path(__file__).resolve().parent / "microdata_sdcmicro.R"
_BYTES = 8 * (len(microdata_world.KEYS) + 1)
"""Of one record in memory."""
PUBLISHED: dict[str, dict[int, float]] = {"frequencies": {100_000: 0.27, 1_000_000: 3.9}, "suda": {100_000: 1.7}}
"""Seconds of sdcMicro 5.8.1 on two shared cores, with six keys of other data."""
LARGEST_OF_SDCMICRO = {"frequencies": 1_000_000, "suda": 100_000}
_CLOSE = 1e-6


def measure(rows: int | None, rscript: str | None, say: Say) -> dict[str, Any]:
    """Run everybody in turn on the same people.

    Parameters
    ----------
    rows : int, optional
        The most records; sizes above are left out.
    rscript : str, optional
        The interpreter of R where sdcMicro is installed.

    Raises
    ------
    UnavailableError
        When contestants do not compute the same, or one does not finish.
    """
    largest = OUTSIDE if rows is None else rows
    results = []
    with tempfile.TemporaryDirectory(prefix="saferoom-microdata-") as name:
        folder = Path(name)
        for size in [one for one in SIZES if one <= largest] or [largest]:
            file = microdata_world.write(size, folder)
            results += [_contest(work, size, file, rscript, say) for work in ("frequencies", "suda")]
            file.unlink()
        if largest >= OUTSIDE:
            results.append(_contest("counted", OUTSIDE, microdata_world.write(OUTSIDE, folder), None, say))
    return {"results": results, "goals": list(_goals(results))}


def _contest(work: str, size: int, file: Path, rscript: str | None, say: Say) -> dict[str, Any]:
    ours, theirs = [], []
    text = None
    if rscript is not None and size <= LARGEST_OF_SDCMICRO.get(work, 0):
        text = microdata_world.write_csv(file)
    for turn in range(REPEATS):
        say(f"{work}, {size:,} records, run {turn + 1}")
        ours.append(run_fresh([sys.executable, "-P", "-m", "saferoom.hub.bench.microdata_contestant", work, file]))
        if rscript is not None and text is not None:
            theirs.append(run_fresh([rscript, "--vanilla", _R, work, text]))
    if theirs:
        _check_same(work, ours[0], theirs[0])
    return {
        "work": work,
        "records": size,
        "data_mib": size * _BYTES / 2**20,
        "file_mib": file.stat().st_size / 2**20,
        "saferoom": {**summary(ours), "own_mib": max(run.numbers["own_mib"] for run in ours)},
        "numbers": {name: value for name, value in ours[0].numbers.items() if name != "own_mib"},
        "sdcmicro": {**summary(theirs), "version": theirs[0].numbers["version"]} if theirs else None,
        "published_seconds": PUBLISHED.get(work, {}).get(size),
    }


def _check_same(work: str, ours: Run, theirs: Run) -> None:
    for name in ours.numbers.keys() & theirs.numbers.keys():
        left, right = ours.numbers[name], theirs.numbers[name]
        if abs(left - right) > _CLOSE * max(abs(left), abs(right)):
            raise UnavailableError(f"{work}: Saferoom and sdcMicro differ in '{name}', so there is nothing to compare")


def _goals(results: list[dict[str, Any]]) -> Iterator[Goal]:
    for one in results:
        work, size, own = one["work"], one["records"], one["saferoom"]
        seconds = own["seconds"][work]
        if (work, size) in _SECONDS:
            yield _goal(f"{work}, {size:,} records: seconds", seconds, _SECONDS[work, size])
        their = one["sdcmicro"]["seconds"][work] if one["sdcmicro"] else one["published_seconds"]
        if their is not None and (work, size) in _TIMES:
            source = "sdcMicro in this run" if one["sdcmicro"] else "sdcMicro's published time"
            times = _TIMES[work, size]
            yield _goal(f"{work}, {size:,} records: seconds beside {source} / {times:g}", seconds, their / times)
        if size >= _LARGE:
            yield _goal(f"{work}, {size:,} records: MiB beside 10 times the data", own["own_mib"], 10 * one["data_mib"])


_LARGE = 1_000_000
"""Records from which memory is promised; for fewer, it is the libraries' own."""
_SECONDS = {("frequencies", 1_000_000): 0.5, ("suda", 1_000_000): 60.0}
_TIMES = {("frequencies", 1_000_000): 5.0, ("suda", 100_000): 3.0}
"""How many times faster than sdcMicro is promised."""


def _goal(promise: str, value: float, most: float) -> Goal:
    return {"promise": promise, "value": value, "most": most, "holds": value <= most}


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the part's table."""
    yield (
        "| work | records | different keys or scores | Saferoom, s | sdcMicro, s | times faster "
        "| own MiB | data in memory, MiB |"
    )
    yield "|---|" + "---:|" * 7
    for one in result["results"]:
        work, own, numbers = one["work"], one["saferoom"], one["numbers"]
        seconds = own["seconds"][work]
        measured = one["sdcmicro"]["seconds"][work] if one["sdcmicro"] else None
        their = measured if measured is not None else one["published_seconds"]
        shown = "" if their is None else f"{their:.2f}" + ("" if measured is not None else " (published)")
        about = f"{numbers['keys']:,.0f} keys" if "keys" in numbers else f"{numbers['score']:,.0f} score"
        yield (
            f"| {_NAMES[work]} | {one['records']:,} | {about} | {seconds:.3f} | {shown} "
            f"| {'' if their is None else f'{their / seconds:.0f}'} | {own['own_mib']:.0f} | {one['data_mib']:.0f} |"
        )


_NAMES = {
    "frequencies": "frequencies and individual risk",
    "suda": "SUDA with DIS",
    "counted": "frequencies and risk from Parquet, out of core",
}
