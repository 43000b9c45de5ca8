"""``saferoom audit-dependencies``: is every package pinned and locked, and does an advisory name one of them?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from saferoom.hub.dependencies.advisories import Looked
    from saferoom.hub.dependencies.packages import Package

ROOT = Path(__file__).resolve().parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
LOCKS = (ROOT / "hub/jupyter/proxy/package-lock.json", ROOT / "tests/helm/tools/package-lock.json")
IN_ORDER, NOT_IN_ORDER, NOT_LOOKED = 0, 1, 10


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("audit-dependencies")(audit)


def audit(
    advisories: Annotated[
        Path | None,
        typer.Option(
            "--advisories",
            envvar="SAFEROOM_ADVISORIES",
            help="A copy of OSV's export of PyPI and npm: all.zip of each, or a folder of them. Nothing is fetched.",
        ),
    ] = None,
    constraints: Annotated[
        Path | None, typer.Option(help="The file of what is pinned; the checkout's own when left out.")
    ] = None,
    lock: Annotated[
        list[Path] | None, typer.Option("--lock", help="A lock file of npm; the checkout's own when left out.")
    ] = None,
    licences: Annotated[bool, typer.Option("--licences", help="List every package with its licence.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Look at what this environment is made of; nothing is sent or fetched.

    Exit status: 0 when everything was looked at and is in order, 1 when something is not, 10 when what was looked at
    is in order and something was not looked at, such as advisories that nobody gave.
    """
    from importlib.metadata import distributions

    from saferoom.hub.dependencies.advisories import look
    from saferoom.hub.dependencies.packages import NPM, PYPI, Package, installed, locked, loose, pinned

    pins = pinned(constraints or CONSTRAINTS)
    here = installed(distributions())
    wrong = loose(here, pins)
    packages = {one for one in here if one.name != "saferoom"}
    named = {one.name for one in packages}
    packages |= {Package(PYPI, name, version) for name, version in pins.items() if name not in named}
    for file in lock if lock is not None else [one for one in LOCKS if one.is_file()]:
        more, sentences = locked(file)
        packages |= set(more)
        wrong += sentences
    looked = look(advisories, packages) if advisories is not None else None
    unseen = _unseen(looked, sorted({one.ecosystem for one in packages} | {NPM, PYPI}))
    document = _document(packages, wrong, looked, unseen)
    if as_json:
        json.dump(document, sys.stdout, ensure_ascii=False)
        print()
    else:
        _say(document, licences)
    raise typer.Exit(document["exit"])


def _unseen(looked: Looked | None, ecosystems: list[str]) -> list[str]:
    if looked is None:
        return ["no advisories were given (--advisories, or SAFEROOM_ADVISORIES)"]
    return [f"there are no advisories of {name}" for name in ecosystems if not looked.advisories.get(name)]


def _document(packages: set[Package], wrong: list[str], looked: Looked | None, unseen: list[str]) -> dict[str, Any]:
    weaknesses = [
        {
            "package": one.name,
            "version": one.version,
            "ecosystem": one.ecosystem,
            "advisory": one.advisory,
            "aliases": list(one.aliases),
            "fixed_in": list(one.fixed_in),
            "compared": one.known,
        }
        for one in (looked.weaknesses if looked else [])
    ]
    bad = bool(wrong or weaknesses)
    return {
        "exit": NOT_IN_ORDER if bad else NOT_LOOKED if unseen else IN_ORDER,
        "packages": [
            {"ecosystem": one.ecosystem, "name": one.name, "version": one.version, "licence": one.licence}
            for one in sorted(packages)
        ],
        "not_pinned_or_locked": wrong,
        "advisories": {"of": looked.advisories, "newest": looked.newest} if looked else None,
        "weaknesses": weaknesses,
        "not_looked": unseen,
    }


def _say(document: dict[str, Any], licences: bool) -> None:
    from saferoom.hub.cli.text import table

    if licences:
        rows = [[one["name"], one["version"], one["ecosystem"], one["licence"]] for one in document["packages"]]
        print(table(["package", "version", "from", "licence"], rows))
        print()
    wrong, found = document["not_pinned_or_locked"], document["advisories"]
    print(f"packages: {len(document['packages'])}")
    print("pinned and locked: " + ("all that are installed" if not wrong else "NOT all"))
    for sentence in wrong:
        print(f"  {sentence}")
    if found:
        counts = ", ".join(f"{number:,} of {name}" for name, number in sorted(found["of"].items()))
        print(f"advisories: {counts}, the newest of {found['newest'][:10]}")
        for one in document["weaknesses"]:
            remedy = f"; mended in {', '.join(one['fixed_in'])}" if one["fixed_in"] else ""
            doubt = "" if one["compared"] else " (its versions cannot be compared with ours)"
            aliases = f" ({', '.join(one['aliases'])})" if one["aliases"] else ""
            print(f"  {one['package']} {one['version']}: {one['advisory']}{aliases}{doubt}{remedy}")
        if not document["weaknesses"]:
            print("  none is about a package of ours")
    for sentence in document["not_looked"]:
        print(f"NOT LOOKED: {sentence}")
