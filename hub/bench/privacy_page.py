"""What the `privacy` benchmark measured, for people: on the terminal, and as a page of the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from saferoom.hub.bench.privacy_world import WORKS

Say = Callable[[str], None]


def report(result: Mapping[str, Any], say: Say) -> None:
    """Print the result for people."""
    for part in result["parts"]:
        say(f"\n{part['rows']:,} rows: medians, seconds")
        say(f"  {'':17} " + " ".join(f"{work:>14}" for work in WORKS) + f" {'MiB':>7}")
        for name, found in part["contestants"].items():
            times = " ".join(f"{found['seconds'][work]:14.3f}" for work in WORKS)
            say(f"  {name:17} {times} {found['peak_mib']:7.0f}")
        for name, ratios in part["ratios"].items():
            say(f"  {name} / polars\n  {'':17} " + " ".join(f"{ratios[work]:13.2f}x" for work in WORKS))
    for name, what in result["what"].items():
        say(f"  {name}: {what}")
    for processes, found in result["charges"].items():
        say(f"  charges on SQLite by {processes} at once: {found['per_second']:.0f} a second")
    for goal in result["goals"]:
        say(f"  {goal['promise']}: {_held(goal)}")


def _held(goal: Mapping[str, Any]) -> str:
    return f"{'holds' if goal['holds'] else 'does NOT hold'} ({goal['found']})"


def page(result: Mapping[str, Any]) -> str:
    """Return the page ``docs/explanation/speed-of-privacy.md``."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    yield "# How fast noise is"
    yield ""
    yield "<!-- Written by `saferoom bench privacy --page docs/explanation/speed-of-privacy.md`; do not edit. -->"
    yield ""
    yield from _INTRODUCTION.format(**result["machine"]).splitlines()
    for part in result["parts"]:
        yield ""
        yield f"## {part['rows']:,} rows"
        yield ""
        yield "| seconds | " + " | ".join(WORKS) + " | MiB |"
        yield "|---|" + "---:|" * (len(WORKS) + 1)
        for name, found in part["contestants"].items():
            times = " | ".join(f"{found['seconds'][work]:.3f}" for work in WORKS)
            yield f"| {name} | {times} | {found['peak_mib']:.0f} |"
        yield ""
        yield "| time over that of polars | " + " | ".join(WORKS) + " |"
        yield "|---|" + "---:|" * len(WORKS)
        for name, ratios in part["ratios"].items():
            yield f"| {name} | " + " | ".join(f"{ratios[work]:.2f}" for work in WORKS) + " |"
    yield ""
    yield "## Charges on SQLite"
    yield ""
    for processes, found in result["charges"].items():
        yield f"- by {processes} at once: {found['per_second']:.0f} a second"
    yield ""
    yield "## What is promised"
    yield ""
    for goal in result["goals"]:
        yield f"- {goal['promise']}: {_held(goal)}."


_INTRODUCTION = """\
Counts and means by 8 regions and by 3,000 areas, from a Parquet file of people. Every contestant runs in a fresh
process, in turns, so that a busy moment of the machine hits all alike; medians are shown. `saferoom` is a whole draw:
the query is resolved and its plan compared with the one that was charged, the loss is computed by OpenDP's own map,
values are clamped and counted in DuckDB, noise is drawn by OpenDP, and every number gets its margin of error. That a
person has one row is in the extract's signed manifest; `saferoom-bounded` does without that and bounds every person's
rows in the query. `polars` computes the plain table. `opendp` is OpenDP's Context API, which finds its scale by
building the query many times. Private numbers are compared with the plain ones: none is further off than its noise
explains. A charge debits four accounts and adds a link to the audit trail, in one transaction that is on the disk
before it counts. Measured on a shared machine with {processors} processors, Python {python}."""
