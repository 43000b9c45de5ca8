"""A contestant of the history benchmark, alone in a process: ``python -m ... NAME TABLES``.

``saferoom`` judges with everything it does; ``all-pairs`` compares every set of the new table with every earlier one by
their compressed bitmaps, which finds differences of two sets and nothing else.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from saferoom.disclosure.history.differencing import judge
from saferoom.disclosure.history.families import Family
from saferoom.disclosure.history.memory import Memory
from saferoom.hub.bench.contestants import peak_mib
from saferoom.hub.bench.history_world import candidates, history
from saferoom.policies.models import RiskAppetite


def saferoom(stored: bytes, tables: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Judge both candidates; reading the stored history is part of it."""
    seconds, found = {}, {}
    for name, contributors in candidates(tables).items():
        started = time.perf_counter()
        judged = judge(contributors, Memory.from_bytes(stored), RiskAppetite())
        seconds[name] = time.perf_counter() - started
        found[name] = len(judged.findings)
    return seconds, found


def all_pairs(stored: bytes, tables: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Compare the sets of the safe candidate one by one."""
    contributors = candidates(tables)["safe"]
    started = time.perf_counter()
    memory = Memory.from_bytes(stored)
    reach = RiskAppetite().difference_units - 1
    part = memory.placed(contributors).parts[0]
    own = _sets(Family(part.cells, part.units[0].cells))
    near = 0
    for release in memory.releases:
        old = release.contributors.parts[0]
        for other in _sets(Family(old.cells, old.units[0].cells, stored=old.units[0].signatures)):
            near += sum(0 < one.symmetric_difference_cardinality(other) <= reach for one in own)
    return {"safe": time.perf_counter() - started}, {"safe": near}


def _sets(family: Family) -> list[Any]:
    return [family.set(place) for place in range(len(family.signatures))]


def main(name: str, tables: int) -> None:
    """Make the history, run the contestant, and print what it measured."""
    stored = history(tables)
    made = peak_mib()
    seconds, numbers = {"saferoom": saferoom, "all-pairs": all_pairs}[name](stored, tables)
    sys.stdout.write(json.dumps({"seconds": seconds, "peak_mib": max(peak_mib(), made), "numbers": numbers}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
