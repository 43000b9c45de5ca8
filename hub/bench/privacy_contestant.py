"""Saferoom's part of the `privacy` benchmark: ``python -m ... FILE NAME``, alone in a fresh process.

A table begins with the Parquet file and ends with noisy numbers in order beside their margins of error: the query is
resolved anew, the plan is compared with what was charged, the loss is computed by OpenDP's own map, and the exact
numbers are counted, clamped and drawn, in a process that is set up as evaluators are. The quote, which comes before the
charge, is measured as a work of its own. Imports are done before the clock starts, as for everybody.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from saferoom.hub.bench.contestants import peak_mib
from saferoom.hub.bench.privacy_world import BOUNDS, CATEGORIES, RHO, WORKS
from saferoom.hub.evaluator.garbage import look_seldom


def main(file: Path, name: str) -> None:
    """Draw every table once and print what was measured."""
    import duckdb  # noqa: F401 - imports are not measured
    import opendp.prelude as dp

    from saferoom.disclosure.checker import Context, check, draw
    from saferoom.disclosure.queries.model import parse_query
    from saferoom.disclosure.queries.source import Source
    from saferoom.policies.models import RiskAppetite

    dp.enable_features("contrib")
    look_seldom()
    # What the extract's signed manifest says; without it, every unit's rows are bounded in the query.
    one_each = ("person_id",) if name == "saferoom" else ()
    context = Context([Source("people", file, ("person_id",), CATEGORIES, one_each=one_each)], RiskAppetite())
    seconds: dict[str, float] = {}
    numbers: dict[str, Any] = {}
    for work, (by, statistic) in WORKS.items():
        query = parse_query(_document(by, statistic))
        started = time.perf_counter()
        quote = check(query, context).privacy
        quoted = time.perf_counter()
        table = draw(query, context, (quote or {})["digest"]).table
        seconds[work] = time.perf_counter() - quoted
        seconds[f"quote of {work}"] = quoted - started
        numbers[work] = {row[0]: list(row[1:]) for row in table.rows}
        numbers[f"columns of {work}"] = list(table.columns[1:])
    result = {"seconds": seconds, "peak_mib": peak_mib(), "numbers": numbers}
    sys.stdout.write(json.dumps(result) + "\n")


def _document(by: str, statistic: str) -> dict[str, Any]:
    protect: dict[str, Any] = {"method": "dp", "rho": RHO}
    if statistic == "count":
        return {"statistic": "frequency", "by": [by], "protect": protect}
    return {"statistic": "mean", "measure": "pay", "by": [by], "protect": {**protect, "bounds": list(BOUNDS)}}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
