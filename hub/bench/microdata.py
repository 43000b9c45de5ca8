"""The `microdata` benchmark: risk and protection of records, beside sdcMicro where R has it.

Each part is a module with ``measure(rows, rscript, say)`` and ``lines(result)``, and one with ``checks(reference)``,
which compares with published results when ``--reference`` names their folder.
"""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from saferoom.hub.bench.microdata_reference import Reference

Say = Callable[[str], None]

PARTS: dict[str, tuple[str, str | None]] = {
    "risk": ("saferoom.hub.bench.microdata_risk", "saferoom.hub.bench.microdata_risk_reference"),
    "protection": ("saferoom.hub.bench.microdata_protection", "saferoom.hub.bench.microdata_protection_reference"),
    "perturbation": (
        "saferoom.hub.bench.microdata_perturbation",
        "saferoom.hub.bench.microdata_perturbation_reference",
    ),
    "utility": ("saferoom.hub.bench.microdata_utility", "saferoom.hub.bench.microdata_utility_reference"),
    "synthesis": ("saferoom.hub.bench.microdata_synthesis", None),
}
"""Name of each part, the module that measures it, and the module that compares it with published results, if any."""


def run(rows: int | None, say: Say, reference: Path | None = None) -> dict[str, Any]:
    """Measure every part; compare with published results too where their folder is named.

    Raises
    ------
    BadInputError
        When the folder does not hold them.
    """
    published = None if reference is None else Reference(reference)
    rscript, why_not = sdcmicro()
    if why_not is not None:
        say(why_not)
    parts, conformance = {}, {}
    for name, (module, comparing) in PARTS.items():
        if published is not None and comparing is not None:
            say(f"{name}: published results")
            conformance[name] = [one.document() for one in importlib.import_module(comparing).checks(published)]
        parts[name] = importlib.import_module(module).measure(rows, rscript, say)
    goals = [goal for part in parts.values() for goal in part["goals"]]
    checked = [one for checks in conformance.values() for one in checks]
    return {
        "bench": "microdata",
        "machine": {"processors": os.cpu_count(), "python": platform.python_version(), "system": platform.machine()},
        "sdcmicro_unavailable": why_not,
        "parts": parts,
        "conformance": conformance,
        "goals": goals,
        "holds": all(one["holds"] for one in [*goals, *checked]),
    }


def sdcmicro() -> tuple[str | None, str | None]:
    """Return the interpreter of R that has sdcMicro, or why there is none."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None, "R is not installed here: sdcMicro's times are those published, on other data and another machine"
    asked = [rscript, "--vanilla", "-e", "library(sdcMicro)"]
    try:
        done = subprocess.run(asked, capture_output=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None, "R does not answer here: sdcMicro's times are those published, on other data and another machine"
    if done.returncode:
        return None, "R has no sdcMicro here: its times are those published, on other data and another machine"
    return rscript, None


def report(result: Mapping[str, Any], say: Say) -> None:
    """Print the result for people."""
    for line in _lines(result):
        say(line)


def page(result: Mapping[str, Any]) -> str:
    """Return the page ``docs/explanation/speed-of-records.md``."""
    head = [
        "# How fast records are judged and protected",
        "",
        "<!-- Written by `saferoom bench microdata --page docs/explanation/speed-of-records.md`; do not edit. -->",
        "",
        *_INTRODUCTION.format(**result["machine"]).splitlines(),
        "",
    ]
    return "\n".join([*head, *_lines(result)]) + "\n"


_INTRODUCTION = """\
People are made up from a seed: six skewed key variables and a sampling weight. Every contestant has the records in
memory before its clock starts, runs in a fresh process, in turns; times are medians. "Own MiB" is the most memory that
work and data took beyond the interpreter with its libraries. Measured on a shared machine with {processors} processors,
Python {python}."""


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    if result["sdcmicro_unavailable"]:
        yield f"{result['sdcmicro_unavailable']}."
        yield ""
    for name, part in result["parts"].items():
        yield f"## {name.capitalize()}"
        yield ""
        yield from importlib.import_module(PARTS[name][0]).lines(part)
        yield ""
    if result["conformance"]:
        yield "## Published results of sdcMicro 5.8.1"
        yield ""
        for name, checks in result["conformance"].items():
            held = sum(one["holds"] for one in checks)
            yield f"- {name}: {held} of {len(checks)} numbers agree to the printed digits."
            for one in checks:
                if not one["holds"]:
                    yield f"  - {one['check']}: {one['ours']!r}, published {one['published']!r}"
        yield ""
    yield "## What is promised"
    yield ""
    for goal in result["goals"]:
        held = "holds" if goal["holds"] else "does NOT hold"
        yield f"- {goal['promise']}: {held} ({goal['value']:.3g}, at most {goal['most']:.3g})."
