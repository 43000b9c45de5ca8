"""The `client` benchmark: what importing the notebook client costs over importing pandas."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping
from typing import Any

from saferoom.errors import BadInputError
from saferoom.hub.bench.measure import run_fresh

ROUNDS = 7
MOST_SECONDS = 0.3

Say = Callable[[str], None]

_CLOCK = """
import json, sys, time
started = time.perf_counter()
{work}
seconds = time.perf_counter() - started
print(json.dumps({{"seconds": {{"import": seconds}}, "peak_mib": 0, "numbers": {{}}}}))
"""
WHAT = {
    "pandas": "import pandas",
    "client": "import pandas\nimport saferoom\nsaferoom.table",
}


def run(rows: int | None, say: Say) -> dict[str, Any]:
    """Import both in fresh processes, alternating, and return medians and their difference."""
    if rows is not None:
        raise BadInputError("--rows: nothing has rows here; leave it out")
    times: dict[str, list[float]] = {name: [] for name in WHAT}
    for turn in range(ROUNDS + 1):
        for name, work in WHAT.items():
            found = run_fresh([sys.executable, "-P", "-c", _CLOCK.format(work=work)])
            # The first round fills the machine's caches for both.
            if turn:
                times[name].append(found.seconds["import"])
                say(f"client: round {turn} of {ROUNDS}, {name}: {times[name][-1]:.3f} s")
    medians = {name: round(statistics.median(taken), 4) for name, taken in times.items()}
    over = round(medians["client"] - medians["pandas"], 4)
    return {
        "bench": "client",
        "seconds": medians,
        "over_pandas_seconds": over,
        "ratio": round(medians["client"] / medians["pandas"], 3),
        "goal_seconds": MOST_SECONDS,
        "holds": over < MOST_SECONDS,
    }


def report(result: Mapping[str, Any], say: Say) -> None:
    """Print the result for people."""
    say(f"\nimport of the notebook client, medians of {ROUNDS} fresh processes each")
    for name, seconds in result["seconds"].items():
        say(f"  {name:8} {seconds:6.3f} s")
    verdict = "holds" if result["holds"] else "does NOT hold"
    say(
        f"  over pandas {result['over_pandas_seconds']:.3f} s ({result['ratio']:.2f}x); under "
        f"{result['goal_seconds']:g} s is promised: {verdict}"
    )
