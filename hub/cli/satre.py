"""``saferoom satre``: the statements of SATRE with the tests that evidence them and how these ended last."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("satre")(satre)


def satre(
    results: Annotated[
        Path | None,
        typer.Option(
            "--results", dir_okay=False, help="What ./saferoom test wrote; default: .saferoom/tests/results.json."
        ),
    ] = None,
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document and nothing else."),
) -> None:
    """Print what the Standard Architecture for TREs asks of software, what holds here, and by which tests.

    Statements that do not hold, or hold in part, say what is lacking.
    """
    from saferoom.errors import BadInputError
    from saferoom.hub.cli.text import table
    from saferoom.hub.evidence.satre import RESULTS, Results, Status, statements

    if results is not None and not results.is_file():
        raise BadInputError(f"--results: there is no file {results}")
    found = Results.read(results or RESULTS)
    documents = [one.document(found) for one in statements()]
    counts = {status.value: sum(one["status"] == status for one in documents) for status in Status}
    if as_json:
        run = {"at": found.at or None, "commit": found.commit or None}
        json.dump({"statements": documents, "counts": counts, "tests": run}, sys.stdout, ensure_ascii=False)
        print()
        return
    heads = ["statement", "importance", "holds", "tests last", "what it asks; what is lacking"]
    rows = []
    for one in documents:
        ran = f"{one['last_result']} ({one['tests_run']:,})" if one["tests_run"] else str(one["last_result"])
        words = f"{one['statement']}" + (f"; lacking: {one['lacks']}" if one["lacks"] else "")
        rows.append([one["id"], one["importance"], one["status"], ran, words])
    print(table(heads, rows))
    print()
    print(f"{counts['met']} of {len(documents)} met, {counts['partly']} partly, {counts['not']} not.")
    if found.at:
        print(f"The tests ended last on {found.at}, of commit {found.commit or 'unknown'}; --json names them.")
    else:
        print("No results of tests are at hand: run ./saferoom test in the checkout, or name them with --results.")
