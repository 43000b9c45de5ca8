"""ACRO's part of the query benchmark, run by path with ACRO's own interpreter: ``python acro_contestant.py FILE``.

It imports nothing of Saferoom but the list of tables. Reading the file is inside the clock, as for the others that
start from Parquet.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import runpy
import sys
import time
from pathlib import Path
from typing import Any


def main(file: str) -> None:
    """Compute every table with ACRO and print what was measured."""
    import acro  # type: ignore[import-not-found,unused-ignore]
    import pandas as pd

    logging.disable(logging.CRITICAL)
    listed = runpy.run_path(str(Path(__file__).with_name("works.py")))
    seconds, numbers = {}, {}
    for name, by, statistic in listed["WORKS"]:
        started = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            session = acro.ACRO(suppress=False)
            more: dict[str, Any] = {}
            columns = list(by)
            if statistic != "count":
                columns.append(listed["MEASURE"])
            frame = pd.read_parquet(file, columns=columns)
            if statistic != "count":
                more = {"values": frame[listed["MEASURE"]], "aggfunc": statistic}
            table = session.crosstab(frame[by[0]], frame[by[1]], **more)
        seconds[name] = time.perf_counter() - started
        # With an aggregation ACRO's columns have its name above the categories.
        width = {column: column if isinstance(column, str) else column[-1] for column in table.columns}
        numbers[name] = {f"{row} {width[c]}": float(table.loc[row, c]) for row in table.index for c in table.columns}
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    result = {"seconds": seconds, "peak_mib": int(peak.split()[1]) / 1024, "numbers": numbers}
    sys.stdout.write("\n" + json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
