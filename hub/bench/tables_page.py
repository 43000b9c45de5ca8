"""What the `tables` benchmark measured, for people: on the terminal, and as a page of the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Say = Callable[[str], None]


def report(result: Mapping[str, Any], say: Say) -> None:
    """Print the result for people."""
    for line in _lines(result):
        say(line)


def page(result: Mapping[str, Any]) -> str:
    """Return the page ``docs/explanation/speed-of-protection.md``."""
    head = [
        "# How fast tables are protected",
        "",
        "<!-- Written by `saferoom bench tables --page docs/explanation/speed-of-protection.md`; do not edit. -->",
        "",
        *_INTRODUCTION.format(**result["machine"], **result["rules"], cells=f"{result['cells']:,}").splitlines(),
        "",
    ]
    return "\n".join([*head, *_lines(result)]) + "\n"


_INTRODUCTION = """\
Turnover of businesses by area, branch and size, every margin included; areas and branches are hierarchies. The
businesses are made up from a seed: a few areas and branches hold most of them, and a few of them most of the turnover.
A cell is primary when the second largest could tell the largest to within {p_percent} %, or when it holds fewer than
{fewest} businesses (then it has to stay uncertain by {range_percent} % of its value). Every contestant starts from the
same businesses in memory, in a fresh process, in turns, and hides the same primary cells; further cells cost their
turnover. Then the benchmark attacks every result with linear programmes of its own (scipy), which share nothing with
either. Saferoom's time includes its own audit; pytauargus' MOD and OPT audit nothing. Measured on a shared machine
with {processors} processors, Python {python}."""


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {result['cells']:,} cells"
    yield ""
    yield from _contest(result["contestants"])
    yield ""
    for name, found in result["contestants"].items():
        yield f"- `{name}`: {found['what']}{_exactness(name, found)}."
    if result["tau_unavailable"]:
        yield f"- {result['tau_unavailable']}"
    published = result["published"]
    yield (
        f"- For orientation, published and not run here: {published['engine']}, {published['cells']} cells, "
        f"{published['seconds']:g} s ({published['note']})."
    )
    yield ""
    yield "## Larger tables"
    yield ""
    yield from _scaling(result["scaling"])
    yield ""
    yield "## What is promised"
    yield ""
    for goal in result["goals"]:
        held = "holds" if goal["holds"] else "does NOT hold"
        yield f"- {goal['promise']}: {held} ({_short(goal['value'])}, at most {_short(goal['most'])})."


def _contest(contestants: Mapping[str, Any]) -> Iterator[str]:
    yield (
        "| contestant | seconds: hidden cells chosen | seconds: from businesses on | MiB | secondary cells "
        "| their turnover | primary cells too closely known | of these exactly | more by single businesses |"
    )
    yield "|---|" + "---:|" * 8
    for name, found in contestants.items():
        attack, seconds = found["attack"], found["seconds"]
        yield (
            f"| {name} | {seconds['suppress']:.2f} | {seconds['whole']:.2f} | {found['peak_mib']:.0f} | "
            f"{found['secondary']} | {found['secondary_value']:,.0f} | {attack['tight']} of {attack['audited']} | "
            f"{attack['recoverable']} | {attack['by_singles']} |"
        )


def _exactness(name: str, found: Mapping[str, Any]) -> str:
    if not name.endswith("-exact"):
        return ""
    gap = found["gap"]
    if gap is None:
        return "; nothing was proven about the least cost"
    return "; proven to cost the least" if gap == 0 else f"; at most {gap:.1%} above the least cost"


def _scaling(steps: list[Mapping[str, Any]]) -> Iterator[str]:
    yield (
        "| cells | businesses | primary | contestant | seconds | times the step before | MiB | secondary "
        "| too closely known |"
    )
    yield "|---:|---:|---:|---|" + "---:|" * 5
    before: dict[str, float] = {}
    for step in steps:
        if "unfinished" in step:
            yield f"| {step['cells']:,} | | | {step['unfinished']} | | | | | |"
        for name, found in step["contestants"].items():
            seconds, attack = found["seconds"]["suppress"], found["attack"]
            tight = f"{attack['tight']} of {attack['audited']}"
            growth = f"{seconds / before[name]:.1f}" if name in before else ""
            before[name] = seconds
            yield (
                f"| {step['cells']:,} | {found['records']:,} | {found['primary']:,} | {name} | {seconds:.2f} "
                f"| {growth} | {found['peak_mib']:.0f} | {found['secondary']:,} | {tight} |"
            )


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"
