"""ACRO's part of the query benchmark, run by path with ACRO's own interpreter: ``python acro_contestant.py FILE``.

It imports nothing of Saferoom. Reading the file is inside the clock, as for the others that start from Parquet.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sys
import time
from pathlib import Path


def main(file: str) -> None:
    """Compute both tables with ACRO and print what was measured."""
    import acro  # type: ignore[import-not-found,unused-ignore]
    import pandas as pd

    logging.disable(logging.CRITICAL)
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        session = acro.ACRO(suppress=False)
        frame = pd.read_parquet(file, columns=["region", "sector", "pay"])
        counts = session.crosstab(frame["region"], frame["sector"])
        means = session.crosstab(frame["region"], frame["sector"], values=frame["pay"], aggfunc="mean")
    seconds = time.perf_counter() - started
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    numbers = {
        f"{r} {s}": [float(counts.loc[r, s]), float(means.loc[r, s])] for r in counts.index for s in counts.columns
    }
    result = {"seconds": seconds, "peak_mib": int(peak.split()[1]) / 1024, "numbers": numbers}
    sys.stdout.write("\n" + json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
