"""``saferoom bench``: compare with peers, same work, same run."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import typer

from saferoom.errors import BadInputError
from saferoom.hub.cli.failing_closed import ended_in_order

BENCHES = {
    "capacity": "saferoom.hub.bench.capacity",
    "check": "saferoom.hub.bench.check",
    "client": "saferoom.hub.bench.client",
    "fuzz": "saferoom.hub.bench.fuzz",
    "history": "saferoom.hub.bench.history",
    "leaks": "saferoom.hub.bench.leaks",
    "linkage": "saferoom.hub.bench.linkage",
    "microdata": "saferoom.hub.bench.microdata",
    "privacy": "saferoom.hub.bench.privacy",
    "provisioning": "saferoom.hub.bench.provisioning",
    "query": "saferoom.hub.bench.query",
    "rooms": "saferoom.hub.bench.rooms",
    "tables": "saferoom.hub.bench.tables",
    "verdicts": "saferoom.hub.bench.verdicts",
    "web": "saferoom.hub.bench.web",
}
"""Name of each benchmark and the module with its ``run(rows, say)`` and ``report(result, say)``, and ``page(result)``
where what it found is published."""
_OWN = {
    "reference": ("microdata", "has published results"),
    "cycles": ("leaks", "starts rooms again and again"),
    "rooms": ("capacity", "asks for rooms at once"),
    "minutes": ("capacity", "asks for rooms at once"),
}
"""Options of one benchmark alone: which one, and what it does."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("bench")(bench)


def bench(
    name: str | None = typer.Argument(None, help=f"One of {', '.join(BENCHES)}; all when left out."),
    rows: int | None = typer.Option(None, "--rows", min=1, help="Rows of the data, where a benchmark has any."),
    page: Path | None = typer.Option(None, "--page", help="Write the result as a page of the documentation too."),
    reference: Path | None = typer.Option(
        None, "--reference", help="Folder of published results that microdata is compared with, number by number."
    ),
    cycles: int | None = typer.Option(None, "--cycles", min=2, help="Rooms that leaks starts and stops (200)."),
    rooms: int | None = typer.Option(
        None, "--rooms", min=1, max=200, help="Rooms that capacity asks for at once (50)."
    ),
    minutes: float | None = typer.Option(
        None, "--minutes", min=0.1, max=30.0, help="How long capacity looks what becomes of them (5)."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document and nothing else."),
) -> None:
    """Compare with peers: medians and ratios, each contestant in fresh processes."""
    if name is not None and name not in BENCHES:
        raise BadInputError(f"there is no benchmark of that name; there are {', '.join(BENCHES)}")
    if page is not None and (name is None or not hasattr(importlib.import_module(BENCHES[name]), "page")):
        raise BadInputError(
            "--page: needs the name of a benchmark that is published: capacity, leaks, linkage, microdata, privacy, "
            "query, tables, verdicts, web"
        )
    given = {"reference": reference, "cycles": cycles, "rooms": rooms, "minutes": minutes}
    more = {option: value for option, value in given.items() if value is not None}
    for option in more:
        owner, what = _OWN[option]
        if name != owner:
            raise BadInputError(f"--{option}: needs the benchmark that {what}: {owner}")
    results: dict[str, Any] = {}
    for chosen in [name] if name else list(BENCHES):
        module = importlib.import_module(BENCHES[chosen])
        with ended_in_order():
            results[chosen] = module.run(rows, _progress, **more)
        if page is not None:
            page.write_text(module.page(results[chosen]), encoding="utf-8")
        if not as_json:
            module.report(results[chosen], print)
    if as_json:
        print(json.dumps(results[name] if name else results))


def _progress(text: str) -> None:
    print(text, file=sys.stderr)
