"""The utility report in a process of its own: ``python -m ... RECORDS``.

Two columns of numbers and six of categories; after protection numbers have noise, and categories are swapped here and
there. Imports are done and the records are in memory before the clock starts.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from saferoom.hub.bench import microdata_world
from saferoom.hub.bench.contestants import peak_mib

_NOISE = 0.1
_SWAPPED = 0.05


def tables(records: int) -> tuple[Any, Any]:
    """Return made-up people before and after protection, as Arrow tables."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    with tempfile.TemporaryDirectory(prefix="saferoom-microdata-") as folder:
        before = parquet.read_table(microdata_world.write(records, Path(folder)))
    random = np.random.default_rng(microdata_world.SEED)
    pay = random.lognormal(10.0, 0.6, records)
    before = before.append_column("pay", pa.array(pay)).append_column("hours", pa.array(random.normal(35, 8, records)))
    after = before
    for name in ("pay", "hours"):
        values = before.column(name).to_numpy()
        noisy = values + random.normal(0, _NOISE * values.std(), records)
        after = after.set_column(after.column_names.index(name), name, pa.array(noisy))
    for name in microdata_world.KEYS:
        values = before.column(name).to_numpy().copy()
        chosen = np.flatnonzero(random.random(records) < _SWAPPED)
        values[chosen] = values[random.permutation(chosen)]
        after = after.set_column(after.column_names.index(name), name, pa.array(values))
    return before, after


def main(words: list[str]) -> None:
    """Compare and print what was measured."""
    import pandas as pd  # noqa: F401 - what all of it imports does not count
    import scipy.stats  # noqa: F401
    import sklearn.linear_model  # noqa: F401

    from saferoom.disclosure.microdata.utility import Compared, Regression, compare

    before, after = tables(int(words[0]))
    regression = Regression("pay", ("hours", "sex", "education"))
    asked = Compared(microdata_world.WEIGHT, microdata_world.KEYS, corresponding=True, regressions=(regression,))
    start = peak_mib()
    started = time.perf_counter()
    report = compare(before, after, asked)
    seconds = time.perf_counter() - started
    lost, ratio = report.lost, report.propensity.pairs.ratio
    numbers = {"lost": lost, "ratio": ratio, "own_mib": peak_mib() - start, "data_mib": before.nbytes / 2**20}
    sys.stdout.write(json.dumps({"seconds": {"utility": seconds}, "peak_mib": peak_mib(), "numbers": numbers}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
