"""The `privacy` benchmark: tables with differential privacy beside plain polars and OpenDP's Context API; charges."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.bench import privacy_charges
from saferoom.hub.bench.environments import own_python
from saferoom.hub.bench.measure import Run, run_fresh, summary
from saferoom.hub.bench.privacy_page import page as page
from saferoom.hub.bench.privacy_page import report as report
from saferoom.hub.bench.privacy_world import WORKS, write_people

ROWS = 1_000_000
FEWEST_ROWS = 300_000
LARGE_FACTOR = 10
REPEATS = 5
LARGE_REPEATS = 2
FOLDER = Path(".saferoom/bench")
MOST_OF_POLARS = 3.0
MOST_SECONDS = 1.0
LEAST_CHARGES = 300.0
WHAT = {
    "saferoom": "Parquet to noisy table, margins of error and loss; the extract's manifest says: one row each",
    "saferoom-bounded": "the same, with every person's rows bounded in the query",
    "polars": "Parquet to a plain table, no noise",
    "opendp": "OpenDP 0.16.0's Context API on the same file, its own environment",
}
_HERE = Path(__file__).resolve().parent
_FAR = {"saferoom": 4.0, "saferoom-bounded": 4.0, "opendp": 100.0}
"""Margins of 95 % that a noisy number may be off: less likely than one in 10^14. OpenDP's own sums are far
noisier: they are of floating-point numbers, whose rounding counts, and of values from 0 on, not from the middle."""

Say = Callable[[str], None]


def run(rows: int | None, say: Say) -> dict[str, Any]:
    """Run all contestants, interleaved, at `rows` and at ten times as many rows, and the ledger.

    Raises
    ------
    UnavailableError
        The peers' environment cannot be made, or numbers are further apart than their noise explains.
    """
    size = ROWS if rows is None else rows
    if size < FEWEST_ROWS:
        raise BadInputError(f"--rows: at least {FEWEST_ROWS:,}, so that an area has people")
    small, large = write_people(FOLDER, size, say), write_people(FOLDER, size * LARGE_FACTOR, say)
    python, problem = own_python("OpenDP", "requirements-opendp.txt", FOLDER.resolve() / "opendp", say)
    if python is None:
        raise UnavailableError(problem or "there is no OpenDP")
    parts = [
        _part(size, contest(list(WHAT), small, python, REPEATS, say)),
        _part(size * LARGE_FACTOR, contest(list(WHAT), large, python, LARGE_REPEATS, say)),
    ]
    charges = privacy_charges.measure(say)
    goals = list(_goals(parts, charges))
    return {
        "bench": "privacy",
        "machine": {"processors": os.cpu_count(), "python": platform.python_version(), "system": platform.machine()},
        "what": WHAT,
        "parts": parts,
        "charges": charges,
        "goals": goals,
        "holds": all(goal["holds"] for goal in goals),
    }


def contest(names: Sequence[str], file: Path, python: Path, repeats: int, say: Say) -> dict[str, list[Run]]:
    """Run every contestant `repeats` times in turn, so that a busy moment of the machine hits all alike."""
    found: dict[str, list[Run]] = {name: [] for name in names}
    for turn in range(repeats):
        for name in names:
            say(f"{file.name}: {name}, run {turn + 1} of {repeats}")
            words: list[str | Path] = [sys.executable, "-P", "-m", "saferoom.hub.bench.privacy_contestant", file, name]
            if not name.startswith("saferoom"):
                words = [python, "-P", _HERE / "privacy_peers.py", file, name]
            found[name].append(run_fresh(words))
    _agree(found)
    return found


def _agree(found: Mapping[str, Sequence[Run]]) -> None:
    """Check that every private number is near the plain one."""
    exact, margins = found["polars"][0].numbers, found["saferoom"][0].numbers
    for name in _FAR.keys() & found.keys():
        for one, work in ((one, work) for one in found[name] for work in WORKS):
            columns = margins[f"columns of {work}"]
            for code, plain in exact[work].items():
                private = one.numbers[work].get(code)
                if private is None or not _near(private, plain, margins[work][code], columns, name):
                    raise UnavailableError(
                        f"{name} is further from the plain {work} than its noise explains; there is nothing to compare"
                    )


def _near(
    private: Sequence[float], plain: Sequence[float], ours: Sequence[Any], columns: Sequence[str], name: str
) -> bool:
    """Say whether a cell's count, and its mean after it, are as far off as the margins of error allow at most."""
    place = {column: number for number, column in enumerate(columns)}
    wanted = ["count"] if len(plain) == 1 else ["count", "mean"]
    at = [place[one] for one in wanted] if name.startswith("saferoom") else list(range(len(plain)))
    far = [ours[place[f"{one}_margin_95"]] for one in wanted]
    # Where the noise is so large that nobody can say how large, there is no margin.
    return all(
        margin is None or abs(private[i] - exact) <= _FAR[name] * margin
        for i, exact, margin in zip(at, plain, far, strict=True)
    )


def _part(rows: int, found: Mapping[str, Sequence[Run]]) -> dict[str, Any]:
    contestants = {name: summary(runs) for name, runs in found.items()}
    plain = contestants["polars"]["seconds"]
    ratios = {
        name: {work: round(one["seconds"][work] / plain[work], 3) for work in WORKS}
        for name, one in contestants.items()
        if name != "polars"
    }
    return {"rows": rows, "contestants": contestants, "ratios": ratios}


def _goals(parts: Sequence[Mapping[str, Any]], charges: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for part in parts:
        ratios = part["ratios"]["saferoom"]
        worst = max(ratios, key=lambda work: ratios[work])
        yield {
            "promise": f"{part['rows']:,} rows: at most {MOST_OF_POLARS:g}x the time of polars",
            "found": f"{ratios[worst]:.2f}x, {worst}",
            "holds": ratios[worst] <= MOST_OF_POLARS,
        }
    seconds = parts[0]["contestants"]["saferoom"]["seconds"]
    slowest = max(WORKS, key=lambda work: seconds[work])
    yield {
        "promise": f"{parts[0]['rows']:,} rows: under {MOST_SECONDS:g} s",
        "found": f"{seconds[slowest]:.3f} s, {slowest}",
        "holds": seconds[slowest] < MOST_SECONDS,
    }
    best = max(charges, key=lambda processes: charges[processes]["per_second"])
    yield {
        "promise": f"at least {LEAST_CHARGES:g} charges/s on SQLite",
        "found": f"{charges[best]['per_second']:.0f} charges/s, by {best} at once",
        "holds": charges[best]["per_second"] >= LEAST_CHARGES,
    }
