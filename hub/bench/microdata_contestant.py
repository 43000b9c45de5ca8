"""Saferoom's part of the `microdata` benchmark, in a process of its own: ``python -m ... WORK FILE``.

Imports are done and the records are in memory before the clock starts, as for everybody; only work that is done on the
file itself (``counted``) starts from the file.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from saferoom.hub.bench.contestants import peak_mib
from saferoom.hub.bench.microdata_world import KEYS, WEIGHT

Numbers = dict[str, float]


def frequencies(file: Path) -> tuple[float, Numbers]:
    """Frequencies and individual risk of every record, from a pandas frame."""
    import numpy as np
    import pandas as pd

    from saferoom.disclosure.microdata.columns import weights
    from saferoom.disclosure.microdata.keys import Keys
    from saferoom.disclosure.microdata.patterns import patterns
    from saferoom.disclosure.microdata.risk.frequencies import frequencies as counted
    from saferoom.disclosure.microdata.risk.individual import individual

    frame = pd.read_parquet(file)
    started = time.perf_counter()
    keys = Keys.of(frame, KEYS)
    found = counted(patterns(keys, weights(frame, WEIGHT)), keys.sizes)
    risks = found.per_record(individual(found))
    people = found.per_record(found.population)
    seconds = time.perf_counter() - started
    numbers = {"uniques": float(found.uniques), "risk": float(risks.sum()), "people": float(np.sum(people))}
    return seconds, {**numbers, "keys": float(len(found.patterns))}


def suda(file: Path) -> tuple[float, Numbers]:
    """All minimal sample uniques, scores and DIS, from a pandas frame."""
    import pandas as pd

    from saferoom.disclosure.microdata.keys import Keys
    from saferoom.disclosure.microdata.patterns import patterns
    from saferoom.disclosure.microdata.risk.suda import suda as scored

    frame = pd.read_parquet(file)
    started = time.perf_counter()
    keys = Keys.of(frame, KEYS)
    found = scored(keys, patterns(keys))
    shares = found.by_variable()
    seconds = time.perf_counter() - started
    return seconds, {"score": found.total, "dis": float(found.dis.sum()), "shares": float(shares.sum())}


def counted(file: Path) -> tuple[float, Numbers]:
    """Frequencies and risk of a Parquet file that is never in memory."""
    from saferoom.disclosure.microdata.counted import count_patterns
    from saferoom.disclosure.microdata.risk.frequencies import frequencies as of_patterns
    from saferoom.disclosure.microdata.risk.individual import individual

    started = time.perf_counter()
    keys, found = count_patterns(file, KEYS, WEIGHT)
    counted_ones = of_patterns(found, keys.sizes)
    risk = float(individual(counted_ones) @ found.counts)
    seconds = time.perf_counter() - started
    return seconds, {"uniques": float(counted_ones.uniques), "risk": risk, "keys": float(len(found))}


def suppression(file: Path) -> tuple[float, Numbers]:
    """Local suppression to k = 3 on five keys, from a pandas frame."""
    return _suppressed(file, "file")


def promise(file: Path) -> tuple[float, Numbers]:
    """The same with the stronger promise."""
    return _suppressed(file, "people")


def _suppressed(file: Path, guarantee: str) -> tuple[float, Numbers]:
    import pandas as pd

    from saferoom.disclosure.microdata.keys import Keys
    from saferoom.disclosure.microdata.protection.suppression import Guarantee, still_below, suppress

    frame = pd.read_parquet(file)
    started = time.perf_counter()
    done = suppress(Keys.of(frame, KEYS[:5]), 3, guarantee=Guarantee(guarantee))
    seconds = time.perf_counter() - started
    numbers = {"hidden": float(done.total), "bound": done.parts[0].bound, "before": float(done.parts[0].at_risk)}
    return seconds, {**numbers, "below": float(still_below(done))}


WORKS: dict[str, Callable[[Path], tuple[float, Numbers]]] = {
    "frequencies": frequencies,
    "suda": suda,
    "counted": counted,
    "suppression": suppression,
    "promise": promise,
}


def main(words: list[str]) -> None:
    """Run one work and print what it measured."""
    import duckdb  # noqa: F401 - what all works import counts for none of them
    import pandas as pd  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    from scipy.special import hyp2f1  # noqa: F401

    before = peak_mib()
    seconds, numbers = WORKS[words[0]](Path(words[1]))
    result: dict[str, Any] = {
        "seconds": {words[0]: seconds},
        "peak_mib": peak_mib(),
        "numbers": {**numbers, "own_mib": peak_mib() - before},
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
