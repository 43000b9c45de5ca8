"""The contestants of the query benchmark; each runs alone in a process: ``python -m ... NAME FILE``.

All compute the same tables (`works`). Imports are done before the clock starts, for everybody.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from saferoom.hub.bench.works import MEASURE, WORKS

Numbers = dict[str, float]
Work = Callable[[tuple[str, str], str], Numbers]


def peak_mib() -> float:
    """Return the most memory this process ever had resident (the kernel's VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def saferoom_work(file: Path, units: tuple[str, ...]) -> Work:
    """A check from Parquet to verdict: every rule, distinct units, dominance."""
    from saferoom.disclosure.checker import Context, check
    from saferoom.disclosure.queries.model import parse_query
    from saferoom.disclosure.queries.source import Source
    from saferoom.policies.models import RiskAppetite

    context = Context([Source("people", file, units)], RiskAppetite())

    def work(by: tuple[str, str], statistic: str) -> Numbers:
        query: dict[str, Any] = {"statistic": "frequency", "by": list(by)}
        if statistic != "count":
            query |= {"statistic": statistic, "measure": MEASURE}
        judged = check(parse_query(query), context)
        if judged.verdict != "pass":
            raise SystemExit("the benchmark's tables must pass")
        return {f"{row[0]} {row[1]}": float(row[2]) for row in judged.table.rows}  # type: ignore[arg-type]

    return work


def pandas_work(file: Path, *, loaded: bool) -> Work:
    """A plain cross-table without any rule; `loaded` leaves reading the file out of the clock."""
    import pandas as pd

    frame = pd.read_parquet(file) if loaded else None

    def work(by: tuple[str, str], statistic: str) -> Numbers:
        counted = statistic == "count"
        data = pd.read_parquet(file, columns=[*by, *([] if counted else [MEASURE])]) if frame is None else frame
        more: dict[str, Any] = {} if counted else {"values": data[MEASURE], "aggfunc": statistic}
        table = pd.crosstab(data[by[0]], data[by[1]], **more)
        return {
            f"{row} {column}": number
            for row, numbers in zip(table.index, table.to_numpy(dtype=float).tolist(), strict=True)
            for column, number in zip(table.columns, numbers, strict=True)
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
    seconds, numbers = {}, {}
    for name, by, statistic in WORKS:
        started = time.perf_counter()
        numbers[name] = work(by, statistic)
        seconds[name] = time.perf_counter() - started
    result: dict[str, Any] = {"seconds": seconds, "peak_mib": peak_mib(), "numbers": numbers}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
