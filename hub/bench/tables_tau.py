"""pytauargus' part of the `tables` benchmark, run by path: ``python tables_tau.py FOLDER METHOD [audited]``.

It runs under its own interpreter and imports nothing of Saferoom. The files that `tables_world.write` left in FOLDER
are read before the clock starts. The engine leaves files in the folder it runs in and reads what it finds there, so it
runs in a fresh one.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

METHODS = {"mod": "MOD(1)", "mod-singles": "MOD(1,10,1,1,1)", "opt": "OPT(1,2)"}
"""The engine's words: modular (hierarchies cut into small tables, each solved to the end); the same with care for
businesses that are alone in a cell; one integer programme of the whole table, for at most 2 minutes."""


def main(folder: Path, method: str, *, audited: bool) -> None:
    """Protect and audit the table and print what was measured."""
    from pytauargus import engine, protect  # type: ignore[import-not-found,unused-ignore]

    rules = json.loads((folder / "rules.json").read_text(encoding="utf-8"))
    with (folder / "businesses.csv").open(newline="", encoding="utf-8") as file:
        head, *rows = list(csv.reader(file))
    columns: dict[str, list[Any]] = {name: [row[i] for row in rows] for i, name in enumerate(head)}
    *names, measure = head
    columns[measure] = [int(value) for value in columns[measure]]
    seconds = _clocked(engine.Engine)
    with tempfile.TemporaryDirectory(prefix="saferoom-tau-") as fresh, contextlib.chdir(fresh), _silent():
        started = time.perf_counter()
        done = protect(
            columns,
            names,
            response=measure,
            safety_rules=f"P({rules['percent']},1)|FREQ({rules['fewest']},{rules['range_percent']})",
            suppress=METHODS[method],
            hrc={name: str(folder / f"{name}.hrc") for name in names},
            hierleadstring="@",
            totcode="Total",
            workdir=fresh,
        )
        seconds["whole"] = time.perf_counter() - started
        cells = done.tables[0].rows
        if audited:
            started = time.perf_counter()
            found = done.engine.audit(0)
            seconds["audit"] = time.perf_counter() - started
    numbers = {
        **{
            status: ["|".join(cell[name] or "Total" for name in names) for cell in cells if cell["status"] == letter]
            for status, letter in (("primary", "U"), ("secondary", "M"))
        },
        "called_unsafe": sum(bool(cell["unsafe"]) for cell in found) if audited else None,
    }
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    result = {"seconds": seconds, "peak_mib": int(peak.split()[1]) / 1024, "numbers": numbers}
    sys.stdout.write("\n" + json.dumps(result) + "\n")


def _clocked(engine: Any) -> dict[str, float]:
    """Let the engine's choice of secondary cells be measured on its own, without building and writing the table."""
    seconds: dict[str, float] = {}
    choose = engine.suppress

    def suppress(self: Any, command: Any) -> None:
        started = time.perf_counter()
        choose(self, command)
        seconds["suppress"] = time.perf_counter() - started

    engine.suppress = suppress
    return seconds


@contextlib.contextmanager
def _silent() -> Any:
    """Send what native code prints to nowhere."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(nowhere)
        os.close(kept)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2], audited=sys.argv[3:] == ["audited"])
