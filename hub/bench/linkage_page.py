"""What the `linkage` benchmark measured, for people: on the terminal, and as a page of the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Say = Callable[[str], None]
_WAYS = {"keys": "keys that everybody uses", "model": "the model", "relatives": "the model, and relatives' word"}


def report(result: Mapping[str, Any], say: Say) -> None:
    """Print the result for people."""
    for name, contestants in result["febrl4"].items():
        say(f"\nFEBRL4 {name}: medians")
        say(f"  {'':16} {'F1':>7} {'precision':>9} {'recall':>7} {'seconds':>8} {'processor':>9} {'MiB':>6}")
        for who, found in contestants.items():
            times = f"{found['seconds']['link']:8.2f} {found['seconds']['processor']:9.2f} {found['peak_mib']:6.0f}"
            say(f"  {who:16} {found['f1']:7.4f} {found['precision']:9.4f} {found['recall']:7.4f} {times}")
    for step in result["scaling"]:
        cost = f"{step['seconds']:.1f} s, {step['processor']:.1f} s of a processor, {step['peak_mib']:.0f} MiB"
        quality = f"precision {step['precision']:.4f}, recall {step['recall']:.4f}"
        say(f"\n{step['rows']:,} x {step['rows']:,}: {cost}, {quality}")
    for what in ("parent and child", "household"):
        say(f"\n{what}: precision, recall, gap between ethnic groups")
        for way, found in result["groups"][what].items():
            say(f"  {way:10} {found['precision']:.4f} {found['recall']:.4f} {found['gaps']['ethnic_group']:.4f}")
    say("")
    for name, what in result["what"].items():
        say(f"  {name}: {what}")
    for goal in result["goals"]:
        say(f"  {goal['promise']}: {_held(goal)}")


def _held(goal: Mapping[str, Any]) -> str:
    return f"{'holds' if goal['holds'] else 'does NOT hold'} ({goal['found']})"


def page(result: Mapping[str, Any]) -> str:
    """Return the page ``docs/explanation/speed-of-linkage.md``."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    yield "# How well and how fast records are linked"
    yield ""
    yield "<!-- Written by `saferoom bench linkage --page docs/explanation/speed-of-linkage.md`; do not edit. -->"
    yield ""
    yield from _INTRODUCTION.format(**result["machine"]).splitlines()
    yield ""
    for name, what in result["what"].items():
        yield f"- `{name}`: {what}."
    for name, contestants in result["febrl4"].items():
        yield from ("", f"## FEBRL4 {name}", "")
        yield "| | F1 | precision | recall | seconds | of a processor | time over Splink's | MiB |"
        yield "|---|" + "---:|" * 7
        least = contestants["splink"]["least"]["link"]
        for who, found in contestants.items():
            quality = f"{found['f1']:.4f} | {found['precision']:.4f} | {found['recall']:.4f}"
            times = f"{found['seconds']['link']:.2f} | {found['seconds']['processor']:.2f}"
            yield f"| {who} | {quality} | {times} | {found['least']['link'] / least:.2f} | {found['peak_mib']:.0f} |"
    yield from ("", "## Larger files", "")
    yield "| people in each file | seconds | of a processor | MiB | precision | recall |"
    yield "|---:|" + "---:|" * 5
    for step in result["scaling"]:
        cost = f"{step['seconds']:.1f} | {step['processor']:.1f} | {step['peak_mib']:.0f}"
        yield f"| {step['rows']:,} | {cost} | {step['precision']:.4f} | {step['recall']:.4f} |"
    yield from _families(result["groups"])
    yield from ("", "## What is promised", "")
    for goal in result["goals"]:
        yield f"- {goal['promise']}: {_held(goal)}."


def _families(groups: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", "## Whom linkage loses, before and after", "")
    yield from _GROUPS.splitlines()
    for what in ("parent and child", "household"):
        yield from ("", f"### {what.capitalize()}", "")
        labels = list(next(iter(groups[what].values()))["groups"]["ethnic_group"])
        yield "| | precision | recall | " + " | ".join(labels) + " | worst below best |"
        yield "|---|" + "---:|" * (len(labels) + 3)
        for way, found in groups[what].items():
            by_label = found["groups"]["ethnic_group"]
            rates = " | ".join(f"{by_label[label]['recall']:.4f}" for label in labels)
            ends = f"{found['precision']:.4f} | {found['recall']:.4f} | {rates} | {found['gaps']['ethnic_group']:.4f}"
            yield f"| {_WAYS[way]} | {ends} |"


_INTRODUCTION = """\
FEBRL4 is a synthetic benchmark of 5,000 records each linked to 5,000 others, with typing errors, missing and exchanged
values. Every contestant runs in a fresh process, in turns, from the two files to the pairs of ids; medians of seconds
are shown, and the ratio is that of the fastest runs, because the machine with its {processors} processors is shared
with others (Python {python}). Nobody is given a label. recordlinkage ran once."""
_GROUPS = """\
The demonstration's world has errors at rates that differ by group, made up in the order that studies report. Recall by
group is the share of true pairs that are found, of groups with at least 100: of a child's and a parent's census records
by the child's birth, both linked to the census; and of two people's census records of one household by their addresses.
What relatives say is explained in `projects/linkage/families.py` and `projects/linkage/households.py`."""
