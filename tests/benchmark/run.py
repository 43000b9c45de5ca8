"""Judges the whole corpus: ``python -m tests.benchmark.run [FAMILY ...] [--json] [--work FOLDER]``, from the root.

Families are judged side by side in fresh processes. With ``--work`` the data, and what ACRO is asked, stay in a folder.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

from tests.benchmark.acro_work import write_work
from tests.benchmark.judge import judge
from tests.benchmark.model import Case, Judged

FAMILIES = (
    "histories",
    "differences",
    "frequencies",
    "linear",
    "distributions",
    "magnitudes",
    "lives",
    "models",
    "preparation",
    "records",
    "tables",
)


def family(name: str) -> list[Case]:
    """Return the cases of one family."""
    return list(importlib.import_module(f"tests.benchmark.corpus.{name}").cases())


def judge_family(name: str, folder: Path) -> list[Judged]:
    """Judge all cases of a family."""
    return [judge(case, folder) for case in family(name)]


def judge_all(names: tuple[str, ...] = FAMILIES, folder: Path | None = None) -> list[Judged]:
    """Judge the whole corpus, families side by side."""
    with tempfile.TemporaryDirectory(prefix="saferoom-corpus-") as fresh:
        place = folder or Path(fresh)
        with ProcessPoolExecutor(min(os.cpu_count() or 1, 8), get_context("spawn")) as pool:
            found = pool.map(judge_family, names, [place] * len(names))
            return [judged for part in found for judged in part]


def main(words: list[str]) -> None:
    """Print one JSON document with everything that was judged."""
    names = tuple(word for word in words if word in FAMILIES) or FAMILIES
    work = Path(words[words.index("--work") + 1]) if "--work" in words else None
    judged = judge_all(names, work)
    if work is not None:
        write_work([case for name in names for case in family(name)], work)
    if "--json" in words:
        sys.stdout.write(json.dumps([asdict(one) | {"missed": one.missed} for one in judged]) + "\n")
        return
    for one in judged:
        mark = "MISS" if one.missed else "ALARM" if one.false_alarm else ""
        if one.mended and one.verdict == "pass":
            mark = "mended"
        if one.disclosed is False or (not one.safe and one.disclosed is None):
            mark += " NOT-DISCLOSED"
        rules = ",".join(one.rules)
        label = "safe" if one.safe else "unsafe"
        sys.stdout.write(f"{mark:8} {one.name:45} {label:7}{one.verdict:8}{one.seconds:6.2f} {rules} {one.note}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
