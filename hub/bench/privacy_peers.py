"""The peers of the `privacy` benchmark, run by path: ``python privacy_peers.py FILE polars|opendp``.

They run under their own interpreter and import nothing of Saferoom. `polars` counts and averages without any noise;
`opendp` releases the same with OpenDP's own Context API, noisy sums beside noisy counts for a mean.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from privacy_world import BOUNDS, CATEGORIES, RHO, WORKS  # type: ignore[import-not-found,unused-ignore]


def plain(file: str, by: str, statistic: str) -> dict[str, list[float]]:
    """Return what a table is without noise: the count, and the mean after it."""
    import polars as pl  # type: ignore[import-not-found,unused-ignore]

    more = [pl.col("pay").mean()] if statistic == "mean" else []
    found = pl.scan_parquet(file).group_by(by).agg(pl.len(), *more).sort(by).collect()
    return {row[0]: list(row[1:]) for row in found.rows()}


def private(file: str, by: str, statistic: str) -> dict[str, list[float]]:
    """Return a noisy table of the Context API."""
    import opendp.prelude
    import polars as pl  # type: ignore[import-not-found,unused-ignore]

    dp: Any = opendp.prelude
    context = dp.Context.compositor(
        data=pl.scan_parquet(file),
        privacy_unit=dp.unit_of(contributions=1),
        privacy_loss=dp.loss_of(rho=RHO),
        split_evenly_over=1,
        margins=[dp.polars.Margin(max_length=10**7)],
    )
    more = [pl.col("pay").fill_nan(0.0).fill_null(0.0).dp.sum(BOUNDS)] if statistic == "mean" else []
    keys = pl.LazyFrame({by: list(CATEGORIES[by])})
    found = context.query().group_by(by).agg(dp.len(signed=True), *more).with_keys(keys).release().collect().sort(by)
    rows: list[tuple[Any, ...]] = found.rows()
    return {code: [n, *(total / n if n else 0.0 for total in rest)] for code, n, *rest in rows}


def main(file: str, name: str) -> None:
    """Compute every table once and print what was measured."""
    import polars  # noqa: F401 - imports are not measured

    if name == "opendp":
        import opendp.prelude as dp

        dp.enable_features("contrib")
    seconds, numbers = {}, {}
    for work, (by, statistic) in WORKS.items():
        started = time.perf_counter()
        numbers[work] = (plain if name == "polars" else private)(file, by, statistic)
        seconds[work] = time.perf_counter() - started
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    result = {"seconds": seconds, "peak_mib": int(peak.split()[1]) / 1024, "numbers": numbers}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
