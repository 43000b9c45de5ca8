"""``saferoom suppress``: protect an aggregated table, and say how closely an attacker can tell each hidden cell."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.cli.failing_closed import failing_closed

if TYPE_CHECKING:
    from saferoom.disclosure.tables.additive import Progress
    from saferoom.disclosure.tables.publication import Published


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("suppress")(suppress)


def suppress(
    table: Path = typer.Argument(help="Aggregated table: CSV, TSV or Parquet, one row per cell."),
    spec: Path = typer.Option(..., "--spec", help="The specification, YAML or JSON: dimensions, value, rules ..."),
    policy: str = typer.Option(
        "default", "--policy", help="Risk appetite for what the specification leaves open: a file, or a packaged one."
    ),
    out: Path | None = typer.Option(None, "--out", help="Write the protected table to this CSV file, unless it fails."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document and nothing else."),
) -> None:
    """Protect an aggregated table; exit 0 pass, 10 review, 20 fail, 2 bad input."""
    from saferoom.disclosure.verdict import Verdict
    from saferoom.hub.cli.suppress_progress import shown_progress

    if out is not None:
        _check_out(out, table, spec)
    with failing_closed("the work", "nothing is protected"):
        with shown_progress("protecting the table") as progress:
            published = _published(table, spec, policy, progress)
        if out is not None and published.verdict != Verdict.FAIL:
            from saferoom.hub.cli.suppress_report import write

            write(published, out)
    if as_json:
        json.dump(published.document(), sys.stdout, allow_nan=False)
        print()
    else:
        from saferoom.hub.cli.suppress_report import report

        report(published)
    raise typer.Exit(published.verdict.exit_code)


def _check_out(out: Path, table: Path, spec: Path) -> None:
    """Say before the work what would be in its way after it."""
    try:
        folder = out.is_dir()
        same = out.exists() and any(given.exists() and out.samefile(given) for given in (table, spec))
    except OSError:
        raise BadInputError("--out: the file cannot be written; its name or folder cannot be used") from None
    if folder:
        raise BadInputError(f"--out: {out} is a folder; name a file in it")
    if same:
        raise BadInputError(f"--out: {out} is what the table or its specification is read from; name another file")


def _published(table: Path, spec: Path, policy: str, progress: Progress) -> Published:
    from saferoom.clock import SystemClock
    from saferoom.disclosure.tables.aggregated import aggregate
    from saferoom.disclosure.tables.aggregated_rows import read_rows
    from saferoom.disclosure.tables.primary import make_task
    from saferoom.disclosure.tables.publication import publish
    from saferoom.disclosure.tables.specification import read_specification
    from saferoom.hub.cli.query import policy_of, text_of

    specification = read_specification(text_of(spec, "the specification"), spec.name)
    limits = policy_of(policy)
    task = make_task(aggregate(read_rows(table, specification), specification), specification, limits)
    if specification.protection.method == "merge":
        from saferoom.disclosure.tables.merged import merge

        return merge(task, progress, specification.protection.seconds, SystemClock())
    if specification.protection.method != "suppress":
        from saferoom.disclosure.tables.methods import perturb_aggregate

        return perturb_aggregate(task, specification, limits, _secret, progress)
    return publish(task, specification.protection, progress, SystemClock())


def _secret() -> bytes:
    """Return what noise is made with: a random key in the home, made at first use.

    A secret made from the table alone would be none: who guesses the table could check the guess.
    """
    from saferoom.hub.home import Home
    from saferoom.hub.keys import noise_secret, random_key

    keys = Home.from_environment().keys
    try:
        keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        return noise_secret(random_key(keys / "noise.key"))
    except OSError:
        raise UnavailableError(
            "the key for noise can be neither read nor made in the folder that SAFEROOM_HOME names (.saferoom/home "
            "here when it names none); nothing is protected"
        ) from None
