"""The part of the `microdata` benchmark about protection: local suppression, beside sdcMicro where it is."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from saferoom.hub.bench import microdata_world
from saferoom.hub.bench.measure import Run, run_fresh, summary

Say = Callable[[str], None]

REPEATS = 3
SIZES = (100_000, 1_000_000)
LARGEST_OF_SDCMICRO = 100_000
"""It takes minutes there, so it runs once."""
PUBLISHED = {100_000: 274.0}
"""Seconds of sdcMicro 5.8.1 on two shared cores, with five keys of other data."""
MOST_SECONDS = {100_000: 5.0}
WORKS = {"suppression": "values hidden until 3 records match", "promise": "the same, for 3 people (guarantee: people)"}
_R = Path(__file__).resolve().parent / "microdata_sdcmicro.R"


def measure(rows: int | None, rscript: str | None, say: Say) -> dict[str, Any]:
    """Suppress the same people to k = 3 on five keys.

    Parameters
    ----------
    rows : int, optional
        The most records; sizes above are left out.
    rscript : str, optional
        The interpreter of R where sdcMicro is installed.
    """
    results = []
    with tempfile.TemporaryDirectory(prefix="saferoom-microdata-") as name:
        for size in [one for one in SIZES if rows is None or one <= rows] or [rows or SIZES[0]]:
            file = microdata_world.write(size, Path(name))
            results += [_contest(work, size, file, rscript, say) for work in WORKS]
            file.unlink()
    return {"results": results, "goals": [goal for one in results for goal in _goals(one)]}


def _contest(work: str, size: int, file: Path, rscript: str | None, say: Say) -> dict[str, Any]:
    ours: list[Run] = []
    for turn in range(REPEATS):
        say(f"{work}, {size:,} records, run {turn + 1}")
        ours.append(run_fresh([sys.executable, "-P", "-m", "saferoom.hub.bench.microdata_contestant", work, file]))
    theirs = None
    if rscript is not None and size <= LARGEST_OF_SDCMICRO and work == "suppression":
        say(f"{work}, {size:,} records, sdcMicro")
        theirs = run_fresh([rscript, "--vanilla", _R, work, microdata_world.write_csv(file)])
    return {
        "work": work,
        "records": size,
        "saferoom": summary(ours),
        "numbers": dict(ours[0].numbers),
        "sdcmicro": None if theirs is None else {**summary([theirs]), "hidden": theirs.numbers["hidden"]},
        "published_seconds": PUBLISHED.get(size) if work == "suppression" else None,
    }


def _goals(one: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    seconds, case = one["saferoom"]["seconds"][one["work"]], f"{one['work']}, {one['records']:,} records"
    if one["work"] == "suppression" and one["records"] in MOST_SECONDS:
        yield _goal(f"{case}: seconds", seconds, MOST_SECONDS[one["records"]])
    yield _goal(f"{case}: records below k afterwards", one["numbers"]["below"], 0.0)
    if one["sdcmicro"] is not None:
        yield _goal(f"{case}: values hidden beside sdcMicro's", one["numbers"]["hidden"], one["sdcmicro"]["hidden"])


def _goal(promise: str, value: float, most: float) -> dict[str, Any]:
    return {"promise": promise, "value": value, "most": most, "holds": value <= most}


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the part's table."""
    heads = ("work, k = 3, five keys", "records", "below k before", "values hidden", "proven bound")
    yield "| " + " | ".join([*heads, "Saferoom, s", "sdcMicro, s"]) + " |"
    yield "|---|" + "---:|" * 6
    for one in result["results"]:
        numbers, theirs = one["numbers"], one["sdcmicro"]
        seconds = theirs["seconds"][one["work"]] if theirs else one["published_seconds"]
        told = "-" if seconds is None else f"{seconds:,.0f}" + ("" if theirs else " (published)")
        yield (
            f"| {WORKS[one['work']]} | {one['records']:,} | {numbers['before']:,.0f} | {numbers['hidden']:,.0f} "
            f"| {numbers['bound']:,.0f} | {one['saferoom']['seconds'][one['work']]:.2f} | {told} |"
        )
    yield ""
    for goal in result["goals"]:
        yield f"- {goal['promise']}: {goal['value']:,.4g}, at most {goal['most']:,.4g}: " + (
            "holds" if goal["holds"] else "**does not hold**"
        )
