"""``saferoom admin packages``: wheels of the instance, and which of them each project may install."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from saferoom.hub.cli.admin_deeds import JSON, SLUG

if TYPE_CHECKING:
    from saferoom.hub.packages.bringing import Bringing
    from saferoom.hub.wiring import Instance
    from saferoom.projects.packages.dependencies import Missing
    from saferoom.projects.packages.model import Wanted, Wheel

_WANTED = typer.Argument(..., metavar="NAME[==VERSIONS]...", help="Packages, e.g. lifelines or 'lifelines>=0.29,<1'.")


def register(group: typer.Typer) -> None:
    """Add ``saferoom admin packages`` to ``saferoom admin``."""
    packages = typer.Typer(name="packages", help="Python packages that rooms can install.", no_args_is_help=True)
    packages.command("add")(add)
    packages.command("list")(show)
    packages.command("remove")(remove)
    packages.command("allow")(allow)
    packages.command("disallow")(disallow)
    group.add_typer(packages)


def add(
    paths: list[Path] = typer.Argument(..., metavar="FILE...", help="Wheels (.whl), or folders of wheels."),
    requirements: Path | None = typer.Option(
        None, "--requirements", metavar="FILE", help="Take only what this list of NAME==VERSION --hash=... names."
    ),
    as_json: bool = JSON,
) -> None:
    """Bring wheels into the instance: each is checked first, and all enter or none.

    Nobody can install them before they are allowed for a project.
    """
    from saferoom.hub.cli.commands import plain, print_json
    from saferoom.hub.packages.pins import read_pins

    pins = None if requirements is None else read_pins(requirements)
    with _bringing() as (_, bringing):
        brought = bringing.add(paths, pins)
    elsewhere = _for_elsewhere(brought.new)
    if as_json:
        print_json(plain(brought) | {"for_elsewhere": elsewhere})
        return
    for wheel in brought.new:
        print(f"Added: {wheel.file} ({wheel.size:,} bytes).")
    for file in elsewhere:
        print(f"! {file} is made for another Python or another machine than this one; pip passes it over here.")
    if brought.known:
        print(f"Here before: {', '.join(one.file for one in brought.known)}.")
    if brought.left_out:
        print(f"Left out, as {requirements} does not name and hash them: {', '.join(brought.left_out)}.")
    if brought.new:
        print("Let a project install them with: saferoom admin packages allow PROJECT NAME...")


def show(
    project: str | None = typer.Option(None, "--project", help="What this project may install, and what that lacks."),
    as_json: bool = JSON,
) -> None:
    """List the wheels of the instance, and for which projects they are allowed."""
    from saferoom.hub.cli.admin_deeds import slug_of
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.cli.text import table
    from saferoom.projects.packages.model import shelf

    with _bringing() as (instance, _):
        slug = None if project is None else slug_of(project)
        allowed = instance.packages.allowances(slug)
        wheels = instance.packages.wheels()
        lacks = () if slug is None else _missing(instance, slug)
    if slug is not None:
        wheels = tuple(wheel for offered in shelf(wheels, allowed).values() for wheel in offered)
    if as_json:
        print_json({"wheels": wheels, "allowed": allowed, "missing": lacks})
        return
    for_ = {wheel: ", ".join(one.project + one.versions for one in allowed if one.covers(wheel)) for wheel in wheels}
    rows = [(one.name, one.version, one.file, f"{one.size:,}", for_[one] or "-") for one in wheels]
    print(table(("package", "version", "wheel", "bytes", "allowed for"), rows) if rows else "No packages.")
    _say_missing(lacks, slug)


def remove(wanted: list[str] = _WANTED, as_json: bool = JSON) -> None:
    """Take wheels out of the instance; what rooms have installed stays where it is."""
    from saferoom.hub.cli.commands import print_json

    meant = _read(wanted)
    with _bringing() as (_, bringing):
        gone = bringing.remove(meant)
    if as_json:
        print_json({"removed": gone})
        return
    for wheel in gone:
        print(f"Removed: {wheel.file}.")


def allow(slug: str = SLUG, wanted: list[str] = _WANTED, as_json: bool = JSON) -> None:
    """Let a project's rooms install packages, and say which of their dependencies they cannot have yet.

    A package that was allowed before gets the versions that are named now.
    """
    from saferoom.hub.cli.admin_deeds import slug_of
    from saferoom.hub.cli.commands import print_json

    meant, project = _read(wanted), slug_of(slug)
    with _bringing() as (instance, bringing):
        made = instance.packages.allow(bringing.actor, project, meant)
        lacks = _missing(instance, project)
    if as_json:
        print_json({"allowed": made, "missing": lacks})
        return
    print(f"Rooms of {project} can install {', '.join(str(one) for one in meant)} now.")
    _say_missing(lacks, project)


def disallow(
    slug: str = SLUG,
    names: list[str] = typer.Argument(..., metavar="NAME...", help="Packages."),
    as_json: bool = JSON,
) -> None:
    """Let a project's rooms install packages no more; what they have installed stays where it is."""
    from packaging.utils import canonicalize_name

    from saferoom.hub.cli.admin_deeds import slug_of
    from saferoom.hub.cli.commands import print_json

    project = slug_of(slug)
    with _bringing() as (instance, bringing):
        ended = instance.packages.disallow(bringing.actor, project, [canonicalize_name(name) for name in names])
    if as_json:
        print_json({"disallowed": ended})
        return
    print(f"Rooms of {project} can no longer install {', '.join(one.name for one in ended)}.")


@contextmanager
def _bringing() -> Iterator[tuple[Instance, Bringing]]:
    """Open the instance in the name of the system's user."""
    from saferoom.hub.cli.instance import opened
    from saferoom.hub.packages.bringing import Bringing

    with opened() as (instance, administration):
        yield instance, Bringing(instance.packages, instance.wheel_files, instance.clock, administration.actor)


def _for_elsewhere(wheels: Sequence[Wheel]) -> list[str]:
    """Return those that rooms with this environment's Python do not take."""
    import platform

    from packaging.specifiers import SpecifierSet
    from packaging.tags import sys_tags
    from packaging.utils import parse_wheel_filename

    here, python = frozenset(sys_tags()), platform.python_version()

    def fits(wheel: Wheel) -> bool:
        runs = SpecifierSet(wheel.requires_python).contains(python, prereleases=True)
        return runs and not here.isdisjoint(parse_wheel_filename(wheel.file)[3])

    return [wheel.file for wheel in wheels if not fits(wheel)]


def _read(wanted: Sequence[str]) -> list[Wanted]:
    from saferoom.projects.packages import model

    return [model.wanted(text) for text in wanted]


def _missing(instance: Instance, project: str) -> Sequence[Missing]:
    """Return what a project's packages need besides; rooms have what this environment has."""
    from importlib.metadata import distributions

    from packaging.markers import default_environment
    from packaging.utils import canonicalize_name

    from saferoom.ids import ProjectSlug
    from saferoom.projects.packages.dependencies import missing

    room = {canonicalize_name(one.name): one.version for one in distributions() if one.name}
    marks = {name: str(value) for name, value in default_environment().items()}
    return missing(instance.packages.shelf(ProjectSlug(project)), instance.packages.wheels(), room, marks)


def _say_missing(lacks: Sequence[Missing], project: str | None) -> None:
    from saferoom.projects.packages.dependencies import Lack

    for one in lacks:
        why = "is here, and not allowed" if one.lack is Lack.NOT_ALLOWED else "is not here"
        print(f"! {one.of} {one.version} needs {one.needs}, which {why}.")
    here = list(dict.fromkeys(one.name for one in lacks if one.lack is Lack.NOT_ALLOWED))
    if here:
        print(f"  To allow them: saferoom admin packages allow {project} {' '.join(here)}")
