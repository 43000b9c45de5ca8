"""Runs a contestant in a fresh process and reads what it measured about itself."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saferoom.errors import UnavailableError

LONGEST_SECONDS = 1_800


@dataclass(frozen=True)
class Run:
    """One fresh process.

    Attributes
    ----------
    seconds : mapping
        Per work, measured inside: no interpreter start, no imports.
    process_seconds : float
        From starting the process to its end.
    peak_mib : float
        Most resident memory of the process, with interpreter and imports.
    numbers : mapping
        What was computed, so that contestants can be compared cell by cell.
    """

    seconds: Mapping[str, float]
    process_seconds: float
    peak_mib: float
    numbers: Mapping[str, Any]


def run_fresh(command: Sequence[str | Path], *, cwd: Path | None = None) -> Run:
    """Run `command`, whose last line of output is a JSON document with seconds, peak_mib and numbers."""
    started = time.perf_counter()
    words = [str(word) for word in command]
    try:
        finished = subprocess.run(words, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False, cwd=cwd)
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"a contestant did not finish in {LONGEST_SECONDS:,} seconds") from None
    whole = time.perf_counter() - started
    lines = finished.stdout.strip().splitlines()
    try:
        document = json.loads(lines[-1])
        return Run(dict(document["seconds"]), whole, document["peak_mib"], document["numbers"])
    except (IndexError, ValueError, KeyError, TypeError):
        said = finished.stderr.strip()[-300:]
        raise UnavailableError(
            f"a contestant ended with status {finished.returncode} and without a result: {said}"
        ) from None


def summary(runs: Sequence[Run]) -> dict[str, Any]:
    """Return medians, and every single time."""
    works = list(runs[0].seconds)
    return {
        "seconds": {work: statistics.median(run.seconds[work] for run in runs) for work in works},
        "all_seconds": {work: [round(run.seconds[work], 4) for run in runs] for work in works},
        "process_seconds": statistics.median(run.process_seconds for run in runs),
        "peak_mib": statistics.median(run.peak_mib for run in runs),
    }


def spread(times: Sequence[float]) -> dict[str, float]:
    """Return number, median, 95th percentile and most of `times`, milliseconds, shape (n,), at least one."""
    ordered = sorted(times)
    # The smallest time that at least 95 of 100 answers did not exceed.
    rank = -(-95 * len(ordered) // 100)
    return {
        "answers": len(ordered),
        "median_ms": round(statistics.median(ordered), 1),
        "p95_ms": round(ordered[rank - 1], 1),
        "most_ms": round(ordered[-1], 1),
    }
