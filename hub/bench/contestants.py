"""The contestants of the query benchmark; each runs alone in a process: ``python -m ... NAME FILE``.

All compute a 50 x 20 table of counts and one of means. Imports are done before the clock starts, for everybody.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Numbers = dict[str, list[float]]
Work = Callable[[], Numbers]


def peak_mib() -> float:
    """Return the most memory this process ever had resident (the kernel's VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def saferoom_work(file: Path, units: tuple[str, ...]) -> Work:
    """Two checks from Parquet to verdict: every rule, distinct units, dominance."""
    from saferoom.disclosure.checker import Context, check
    from saferoom.disclosure.queries.model import parse_query
    from saferoom.disclosure.queries.source import Source
    from saferoom.policies.models import RiskAppetite

    context = Context([Source("people", file, units)], RiskAppetite())
    by = ["region", "sector"]

    def work() -> Numbers:
        counts = check(parse_query({"statistic": "frequency", "by": by}), context)
        means = check(parse_query({"statistic": "mean", "measure": "pay", "by": by}), context)
        if counts.verdict != "pass" or means.verdict != "pass":
            raise SystemExit("the benchmark's tables must pass")
        mean_of = {row[:2]: row[2] for row in means.table.rows}
        return {f"{row[0]} {row[1]}": [row[2], mean_of[row[:2]]] for row in counts.table.rows}  # type: ignore[list-item]

    return work


def pandas_work(file: Path, *, loaded: bool) -> Work:
    """Two plain cross-tables without any rule; `loaded` leaves reading the file out of the clock."""
    import pandas as pd

    columns = ["region", "sector", "pay"]
    frame = pd.read_parquet(file, columns=columns) if loaded else None

    def work() -> Numbers:
        data = pd.read_parquet(file, columns=columns) if frame is None else frame
        counts = pd.crosstab(data["region"], data["sector"])
        means = pd.crosstab(data["region"], data["sector"], values=data["pay"], aggfunc="mean")
        return {
            f"{r} {s}": [float(counts.loc[r, s]), float(means.loc[r, s])] for r in counts.index for s in counts.columns
        }

    return work


def contestant(name: str, file: Path) -> Work:
    """Return the work of the contestant called `name`."""
    works: dict[str, Callable[[], Work]] = {
        "saferoom": lambda: saferoom_work(file, ("person_id",)),
        "saferoom-households": lambda: saferoom_work(file, ("person_id", "household_id")),
        "pandas": lambda: pandas_work(file, loaded=False),
        "pandas-loaded": lambda: pandas_work(file, loaded=True),
    }
    return works[name]()


def main(words: list[str]) -> None:
    """Run one contestant and print what it measured."""
    work = contestant(words[0], Path(words[1]))
    started = time.perf_counter()
    numbers = work()
    seconds = time.perf_counter() - started
    result: dict[str, Any] = {"seconds": seconds, "peak_mib": peak_mib(), "numbers": numbers}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
