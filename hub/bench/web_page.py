"""The page of the documentation that tells what the `web` benchmark found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COMMAND = "saferoom bench web --page docs/explanation/speed-of-pages.md"


def text(result: Mapping[str, Any]) -> str:
    """Return the page."""
    return "\n".join([*_head(result), "", *_table(result), "", *_promise(result), ""])


def _head(result: Mapping[str, Any]) -> list[str]:
    least, most = result["pause_seconds"]
    waiting = {name: count for name, count in result["states"].items() if count}
    return [
        "# How fast pages are",
        "",
        f"<!-- Written by `{COMMAND}`; do not edit. -->",
        "",
        f"A world of {result['projects']:,} projects and {result['requests']:,} release requests "
        f"({', '.join(f'{count:,} {name}'.replace('_', ' ') for name, count in waiting.items())}) is served as in use:",
        "JupyterHub, its proxy, and the airlock service in a process of its own. "
        f"{result['people']} people of all roles, who signed in as people do,",
        f"are on the pages at once for {result['seconds']} seconds: each opens a page, reads it for {least:g} to",
        f"{most:g} seconds, and opens the next.",
        "",
        "- *median*, *p95*, *most*: from the request to the whole answer, through the proxy, as browsers see it;",
        "  locust asks, on the same machine.",
        "- *alone*: the median with nobody else about.",
        "- *processor*: what one page costs the airlock service, and all processes together (the hub is asked about",
        "  the visitor at every page, so that whoever is shut out is out at once).",
        "",
        f"Measured on a shared machine with {result['processors']} processors, on which {result['load_before']:g}",
        "processes wanted to run on average in the minute before the visit.",
    ]


def _table(result: Mapping[str, Any]) -> list[str]:
    lines = [
        "| page | answers | median ms | p95 ms | most ms | alone ms | processor: airlock ms | all ms |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, page in [*result["pages"].items(), ("**all pages**", result["all"])]:
        times = f"{page['median_ms']:.0f} | {page['p95_ms']:.0f} | {page['most_ms']:.0f}"
        costs = [f"{page[key]:.0f}" if key in page else "" for key in ("alone_ms", "airlock_cpu_ms", "all_cpu_ms")]
        lines.append(f"| {name} | {page['answers']} | {times} | {' | '.join(costs)} |")
    return lines


def _promise(result: Mapping[str, Any]) -> list[str]:
    verdict = "holds" if result["holds"] else "does not hold"
    slow = f" Slower by themselves: {', '.join(result['slow'])}." if result["slow"] else ""
    return [
        "## What is promised",
        "",
        f"- under {result['goal_ms']:g} ms at the 95th percentile: {verdict} ({result['all']['p95_ms']:.0f} ms; "
        f"{result['all']['pages_a_second']} pages a second; {result['not_answered']} not answered).{slow}",
    ]
