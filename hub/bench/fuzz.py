"""Fuzzing the openers: coverage-guided mutations of valid files of every type, for a bounded time.

What counts as a crash: an exception out of `open_file`, more than ten seconds for a file, or more than 1.5 GB of
memory. Atheris is installed on first use into a folder of its own, as no product needs it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from saferoom.hub.bench import fuzz_target

Say = Callable[[str], None]
FOLDER = Path(".saferoom/bench")
SECONDS = 90.0
"""Time for all types together."""
_HERE = Path(__file__).resolve().parent
_START_SECONDS = 60
_RUNS = re.compile(rb"Done (\d+) runs|#(\d+)\s")


def run(rows: int | None, say: Say) -> dict[str, Any]:
    """Fuzz every type; `rows` is the number of executions for each, in place of a bounded time."""
    library, problem = _atheris(FOLDER.resolve() / "fuzz", say)
    if library is None:
        return {"not_run": problem, "types": {}, "executions": 0, "crashes": 0}
    types: dict[str, dict[str, Any]] = {}
    names = sorted(fuzz_target.seeds())
    for name in names:
        say(f"fuzzing {name}")
        types[name] = _fuzz(library, name, rows, SECONDS / len(names))
    return {
        "types": types,
        "executions": sum(found["executions"] for found in types.values()),
        "crashes": sum(found["crashed"] for found in types.values()),
    }


def report(result: dict[str, Any], say: Say) -> None:
    """Print executions and crashes."""
    if "not_run" in result:
        say(f"Fuzzing was NOT run: {result['not_run']}")
        return
    for name, found in result["types"].items():
        said = f"CRASHED ({found['why']})" if found["crashed"] else "no crash"
        say(f"{name:10} {found['executions']:>9,} executions in {found['seconds']:5.1f} s  {said}")
    say(f"{result['executions']:,} executions, {result['crashes']} crashes")


def _atheris(folder: Path, say: Say) -> tuple[Path | None, str]:
    """Return the folder with Atheris, installing it on first use; or why there is none."""
    stamp = folder / "complete"
    if not stamp.exists():
        say("installing Atheris (once)")
        words = [sys.executable, "-m", "pip", "install", "-q", "--target", str(folder), "--upgrade", "--no-deps"]
        done = subprocess.run(
            [*words, "-r", str(_HERE / "requirements-fuzz.txt")], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            return None, f"Atheris could not be installed (pip ended with status {done.returncode})"
        stamp.touch()
    return folder, ""


def _fuzz(library: Path, name: str, runs: int | None, seconds: float) -> dict[str, Any]:
    """Fuzz one type in a process of its own."""
    bound = f"-runs={runs}" if runs is not None else f"-max_total_time={max(1, round(seconds))}"
    with tempfile.TemporaryDirectory(prefix="saferoom-fuzz-") as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        (corpus / "seed").write_bytes(fuzz_target.seeds()[name])
        options = [
            bound,
            "-timeout=10",
            "-rss_limit_mb=1500",
            "-max_len=20000",
            f"-artifact_prefix={folder}/",
            "-seed=7",
        ]
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-P", "-m", "saferoom.hub.bench.fuzz_target", name, *options, str(corpus)],
            env={**os.environ, "PYTHONPATH": str(library)},
            capture_output=True,
            check=False,
            cwd=folder,
            timeout=(seconds * 4 + _START_SECONDS) if runs is None else None,
        )
    counted = [int(a or b) for a, b in _RUNS.findall(done.stderr)]
    crashed = done.returncode != 0
    return {
        "executions": max(counted, default=0),
        "seconds": round(time.monotonic() - began, 1),
        "crashed": crashed,
        "why": _why(done.stderr) if crashed else "",
    }


def _why(said: bytes) -> str:
    """Return the kind of a crash; never what was being read."""
    for mark, why in ((b"timeout", "too slow"), (b"out-of-memory", "too much memory")):
        if b"ERROR: libFuzzer: " + mark in said:
            return why
    found = re.search(rb"Uncaught Python exception: ===\s+(\w+)", said)
    return found[1].decode() if found else "the process ended"
