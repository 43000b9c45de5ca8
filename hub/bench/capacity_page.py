"""What the `capacity` benchmark found, in words: for the terminal and for the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from saferoom.hub.bench.capacity_people import PAGES, Answer
from saferoom.hub.bench.measure import spread

COMMAND = "saferoom bench capacity --page docs/explanation/capacity.md"
_EXAMPLES = 10
_KEYS = ("median_ms", "p95_ms")


def pages(answers: Sequence[Answer], began: float, ended: float) -> dict[str, Any]:
    """Return for each page its times alone, before `began`, and under load, until `ended`; and how they compare."""
    found: dict[str, Any] = {}
    for name in PAGES:
        mine = [one for one in answers if one.page == name]
        alone = [one.ms for one in mine if one.due + one.ms / 1000 < began]
        loaded = [one.ms for one in mine if began <= one.due < ended]
        if alone and loaded:
            one = {"alone": spread(alone), "loaded": spread(loaded)}
            ratios = {f"{key}_ratio": round(one["loaded"][key] / one["alone"][key], 1) for key in _KEYS}
            found[name] = {**one, **ratios}
    missed = [f"{one.page}: {one.status or 'connection'}" for one in answers if one.status != 200]
    return {"pages": found, "not_answered": len(missed), "missed": sorted(missed)[:_EXAMPLES]}


def text(result: Mapping[str, Any]) -> str:
    """Return the page of the documentation."""
    return "\n".join([*_head(result), "", *_became(result), "", *_table(result), "", *_promise(result), ""])


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines for the terminal."""
    where = f"{result['mode']} mode, {result['processors']} processors"
    yield f"\n{result['rooms']} people ask for a room at once ({where})"
    yield from (f"  {line}" for line in _facts(result))
    yield f"  {'page':18} {'alone':>20} {'meanwhile':>20}   ratio of median, p95"
    for name, one in result["pages"].items():
        alone, loaded = (f"{one[when]['median_ms']:.0f} / {one[when]['p95_ms']:.0f} ms" for when in ("alone", "loaded"))
        yield f"  {name:18} {alone:>20} {loaded:>20}   {one['median_ms_ratio']}x, {one['p95_ms_ratio']}x"
    yield f"  {_verdict(result)}"


def _head(result: Mapping[str, Any]) -> list[str]:
    return [
        "# When everybody wants a room at once",
        "",
        f"<!-- Written by `{COMMAND}`; do not edit. -->",
        "",
        f"{result['rooms']} people, five to a project, press the button of their room in the same moment, on one",
        f"machine and its loopback interface ({result['mode']} mode, {result['processors']} processors). Each",
        "listens as the page that waits does, enters the room when it is there, and runs a line in a kernel, which",
        f"keeps running. After {_minutes(result['seconds'])} at most this had become of the requests.",
        "",
        f"The machine was shared with other work: {result['load_before']:g} processes wanted to run on average in the",
        "minute before.",
    ]


def _became(result: Mapping[str, Any]) -> list[str]:
    return [f"- {line}" for line in _facts(result)]


def _facts(result: Mapping[str, Any]) -> Iterator[str]:
    memory, ready = result["memory"], result["seconds_until_ready"]
    yield (
        f"{result['running']} rooms run, {result['starting']} are starting, {result['waiting']} people wait; "
        f"{result['refused']} were refused, {result['lost']} lost, {result['untold']} not told where they stand, "
        f"{result['silent']} rooms did not answer."
    )
    if ready:
        answered = result["seconds_until_answered"]
        yield (
            f"The first room was ready after {ready['first']:g} seconds, half of them after {ready['median']:g}, the "
            f"last after {ready['last']:g}; the last line was answered after {answered.get('last', 0):g}."
        )
    if result["told"]:
        for why, places in result["told"].items():
            yield f"{len(places)} wait because {why}, and were told {_places(places)}."
    yield (
        f"While they waited people were told their place, at most {result['most_before']} before them; "
        f"{result['order']['moved_back']} were told a worse one later. {result['order']['passed']} times somebody who "
        "asked later had their turn earlier."
    )
    yield (
        f"The rooms take {memory['rooms_mib']:,} MiB, {memory['room_mib']:,} each with its kernel. The machine had "
        f"{memory['free_before_mib']:,} MiB free before, and {memory['free_lowest_mib']:,} when it had least."
    )
    if result["left"]:
        yield f"When all was stopped this was left: {'; '.join(f'{k}: {v}' for k, v in result['left'].items())}."
    else:
        yield "When all was stopped, no process, mount or control group of a room was left."


def _places(places: Sequence[int]) -> str:
    first = f"{places[0]} before them" if places[0] else "that they are next"
    return first if len(places) == 1 else f"{first}, and so on up to {places[-1]} before them"


def _table(result: Mapping[str, Any]) -> list[str]:
    return [
        "## Pages meanwhile",
        "",
        "Somebody else opens each of these once a second, before and meanwhile. Times are from when the page was due,",
        "so that a late answer counts for whoever comes behind it.",
        "",
        "| page | alone: median ms | p95 ms | meanwhile: median ms | p95 ms | most ms | median, ratio | p95, ratio |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {name} | {one['alone']['median_ms']:.0f} | {one['alone']['p95_ms']:.0f} "
            f"| {one['loaded']['median_ms']:.0f} | {one['loaded']['p95_ms']:.0f} | {one['loaded']['most_ms']:.0f} "
            f"| {one['median_ms_ratio']:.1f} | {one['p95_ms_ratio']:.1f} |"
            for name, one in result["pages"].items()
        ),
    ]


def _promise(result: Mapping[str, Any]) -> list[str]:
    return ["## What is promised", "", f"- {_verdict(result)}"]


def _verdict(result: Mapping[str, Any]) -> str:
    return (
        "That every request runs, starts, or waits and is told where and why, that nobody is passed, that every page "
        f"is answered ({result['not_answered']} were not), and that nothing is left: "
        f"{'holds' if result['holds'] else 'does NOT hold'}."
    )


def _minutes(seconds: int) -> str:
    return f"{seconds / 60:g} minutes" if seconds >= 60 else f"{seconds} seconds"
