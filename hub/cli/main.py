"""``saferoom``: finds the command, loads only its module, and turns errors into a sentence and an exit status.

A command's module has ``register(app)``, which adds the command (or group of commands) to a Typer application.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import typer

from saferoom.errors import SaferoomError

_INTERRUPTED = 130
"""Exit status after Ctrl-C."""


@dataclass(frozen=True)
class Command:
    """Where a command lives and what it does, for the overview."""

    module: str
    help: str


COMMANDS = {
    "query": Command("query", "Evaluate and judge a declared statistic on Parquet or CSV files."),
    "check": Command("check", "Open and screen files before they leave."),
    "suppress": Command("suppress", "Protect an aggregated table: hide cells until an attacker's audit holds."),
    "risk": Command("risk", "Say how likely people in a file of records are found, and who stands out."),
    "anonymise": Command("anonymise", "Protect a file of records by the steps of a plan: recode, hide, group ..."),
    "utility": Command("utility", "Say what protected or synthetic records are still good for, beside the original."),
    "risk-utility": Command("risk_utility", "Map several plans by the risk that they leave and what they cost."),
    "synthesise": Command(
        "synthesise", "Make a synthetic twin of a file of records, with a disclosure check of its own."
    ),
    "link": Command("link", "Link datasets, cluster their records into entities, and tell the quality of it."),
    "encode": Command("encode", "Encode identifiers under a shared secret, or link two encoded files."),
    "verify": Command("verify", "Verify a release bundle offline."),
    "audit": Command("audit", "Verify the audit trail."),
    "policy": Command("policy", "Explain which rule applies and where it came from."),
    "admin": Command("admin", "People, projects, datasets and extracts."),
    "hub": Command("hub", "Start the hub, the airlock and the rooms of this instance."),
    "demo": Command("demo", "Start a demonstration with real microdata; --headless drives the whole job."),
    "satre": Command("satre", "Say what SATRE asks of software, what holds here, and by which tests."),
    "audit-dependencies": Command(
        "audit_dependencies", "Look whether packages are pinned and locked, and whether an advisory names one."
    ),
    "bench": Command("bench", "Compare with peers, same work, same run: medians and ratios."),
}


def build(wanted: str | None) -> typer.Typer:
    """Return the application with `wanted` fully loaded and every other command as a line of the overview."""
    app = typer.Typer(
        name="saferoom",
        help="A trusted research environment with one door out.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_version)
    for name, command in COMMANDS.items():
        if name == wanted:
            importlib.import_module(f"saferoom.hub.cli.{command.module}").register(app)
        else:
            app.command(name, help=command.help)(_unloaded)
    return app


def _unloaded() -> None:
    raise AssertionError("a command that was not asked for cannot run")


def _print_version(asked: bool) -> None:
    if asked:
        from saferoom import __version__

        print(__version__)
        raise typer.Exit


def _version(
    version: bool = typer.Option(False, "--version", help="Print the version.", is_eager=True, callback=_print_version),
) -> None:
    """Take the options that belong to no command."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    wanted = next((word for word in words if not word.startswith("-")), None)
    try:
        build(wanted)(args=words, prog_name="saferoom")
    except SaferoomError as error:
        if "--json" in words:
            print(json.dumps({"error": {"message": error.message}}))
        print(f"saferoom: {error.message}", file=sys.stderr)
        sys.exit(error.exit_code)
    except SystemExit as leaving:
        if leaving.code == _INTERRUPTED:
            print("saferoom: stopped before it was done; nothing is half-written", file=sys.stderr)
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
