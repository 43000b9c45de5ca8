"""What the `query` benchmark measured, for people: on the terminal, and as a page of the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Say = Callable[[str], None]


def report(result: Mapping[str, Any], say: Say) -> None:
    """Print the result for people."""
    for part, title in ((result, "medians"), (result["large"], "medians, large table")):
        say(f"\n{part['rows']:,} rows: {title}, seconds")
        works = list(part["contestants"]["saferoom"]["seconds"])
        say(f"  {'':20} " + " ".join(f"{work:>15}" for work in works) + f" {'MiB':>7}")
        for name, found in part["contestants"].items():
            times = " ".join(f"{found['seconds'][work]:15.3f}" for work in works)
            say(f"  {name:20} {times} {found['peak_mib']:7.0f}")
        for name, ratio in part["ratios"].items():
            times = " ".join(f"{ratio['time'][work]:14.2f}x" for work in works)
            say(f"  {name}\n  {'':20} {times} {ratio['memory']:6.2f}x")
    for name, found in result["contestants"].items():
        say(f"  {name}: {found['what']}")
    for goal in result["goals"]:
        say(f"  {goal['promise']}: {_held(goal)}")
    if result["acro_unavailable"]:
        say(f"\n{result['acro_unavailable']}")


def _held(goal: Mapping[str, Any]) -> str:
    return f"{'holds' if goal['holds'] else 'does NOT hold'} ({goal['ratio']:.2f}x, {goal['worst']})"


def page(result: Mapping[str, Any]) -> str:
    """Return the page ``docs/explanation/speed.md``."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    yield "# How fast tables are"
    yield ""
    yield "<!-- Written by `saferoom bench query --page docs/explanation/speed.md`; do not edit. -->"
    yield ""
    machine = result["machine"]
    yield from _INTRODUCTION.format(**machine).splitlines()
    for part in (result, result["large"]):
        yield ""
        yield f"## {part['rows']:,} rows"
        yield ""
        yield from _times(part)
        yield ""
        yield from _ratios(part)
    yield ""
    yield "## What is promised"
    yield ""
    for goal in result["goals"]:
        yield f"- {goal['promise']}: {_held(goal)}."
    if result["acro_unavailable"]:
        yield f"- {result['acro_unavailable']}"


_INTRODUCTION = """\
Tables of 10 x 10 and 50 x 20 cells: counts, means, medians and standard deviations. Every contestant computes the
same numbers (they are compared cell by cell), each time in a fresh process, in turns, so that a busy moment of the
machine hits all alike; medians are shown. Saferoom starts from the Parquet file and ends with a verdict: every rule
is applied, with distinct persons counted (`saferoom`), or distinct persons and households (`saferoom-households`).
`pandas` reads the same file and computes a plain `crosstab` without any rule; `pandas-loaded` has the data in memory
already. ACRO works on rows, not on units, in its own environment. Measured on a shared machine with {processors}
processors, Python {python}."""


def _times(part: Mapping[str, Any]) -> Iterator[str]:
    works = list(part["contestants"]["saferoom"]["seconds"])
    yield "| seconds | " + " | ".join(works) + " | MiB |"
    yield "|---|" + "---:|" * (len(works) + 1)
    for name, found in part["contestants"].items():
        times = " | ".join(f"{found['seconds'][work]:.3f}" for work in works)
        yield f"| {name} | {times} | {found['peak_mib']:.0f} |"


def _ratios(part: Mapping[str, Any]) -> Iterator[str]:
    works = list(part["contestants"]["saferoom"]["seconds"])
    yield "| time of one over the other | " + " | ".join(works) + " |"
    yield "|---|" + "---:|" * len(works)
    for name, ratio in part["ratios"].items():
        yield f"| {name} | " + " | ".join(f"{ratio['time'][work]:.2f}" for work in works) + " |"
