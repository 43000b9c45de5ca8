"""The `check` benchmark: how long ``saferoom check`` takes for large files, and how much memory."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.bench.check_files import write_files

FOLDER = Path(".saferoom/bench")
REPEATS = 3
MOST_SECONDS = 10.0
MOST_MIB = 500.0
_LOOK_SECONDS = 0.05

Say = Callable[[str], None]


def run(rows: int | None, say: Say) -> dict[str, Any]:
    """Check every file with its extract, and return medians.

    Raises
    ------
    UnavailableError
        When a check ends without a verdict.
    """
    if rows is not None:
        raise BadInputError("--rows: the files have sizes of their own; leave it out")
    say("writing the files (once)")
    extract, files = write_files(FOLDER.resolve() / "check")
    found = {}
    for name, path in files.items():
        taken = []
        for turn in range(REPEATS):
            say(f"check: {name}, run {turn + 1} of {REPEATS}")
            taken.append(_check(path, extract))
        seconds = statistics.median(one for one, _, _ in taken)
        memory = max(one for _, one, _ in taken)
        found[name] = {
            "bytes": path.stat().st_size,
            "seconds": round(seconds, 3),
            "all_seconds": [round(one, 3) for one, _, _ in taken],
            "peak_mib": round(memory, 1),
            "verdict": taken[0][2],
            "holds": seconds < MOST_SECONDS and memory < MOST_MIB,
        }
    return {
        "bench": "check",
        "goals": {"seconds": MOST_SECONDS, "peak_mib": MOST_MIB},
        "files": found,
        "holds": all(one["holds"] for one in found.values()),
    }


def _check(path: Path, extract: Path) -> tuple[float, float, str]:
    """Return seconds, most memory of all its processes together in MiB, and the verdict of one check."""
    command = [sys.executable, "-P", "-m", "saferoom.hub.cli.main", "check", str(path)]
    command += ["--data", str(extract), "--unit", "person_id", "--json"]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most = 0.0
    while process.poll() is None:
        most = max(most, tree_mib(process.pid))
        time.sleep(_LOOK_SECONDS)
    seconds = time.perf_counter() - started
    verdicts = {0: "pass", 10: "review", 20: "fail"}
    if process.returncode not in verdicts:
        raise UnavailableError(f"the check of {path.name} ended with status {process.returncode}, without a verdict")
    return seconds, most, verdicts[process.returncode]


def tree_mib(root: int) -> float:
    """Return the resident memory of a process and all its descendants; pages that they share count for each."""
    parents, resident = {}, {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            lines = (folder / "status").read_text().splitlines()
        except OSError:
            continue
        fields = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
        parents[int(folder.name)] = int(fields["PPid"])
        resident[int(folder.name)] = int(fields.get("VmRSS", "0 kB").split()[0]) / 1024
    family = {root}
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in family} - family
        family |= more
        grown = bool(more)
    return sum(resident.get(pid, 0.0) for pid in family)


def report(result: Mapping[str, Any], say: Say) -> None:
    """Print the result for people."""
    say(f"\nsaferoom check, medians of {REPEATS} fresh processes with an extract")
    for name, found in result["files"].items():
        verdict = "holds" if found["holds"] else "does NOT hold"
        say(
            f"  {name:22} {found['bytes'] / 1e6:6.1f} MB {found['seconds']:7.2f} s {found['peak_mib']:6.0f} MiB   "
            f"{found['verdict']:7} {verdict}"
        )
    goals = result["goals"]
    say(f"  promised: under {goals['seconds']:g} s and {goals['peak_mib']:g} MiB each")
