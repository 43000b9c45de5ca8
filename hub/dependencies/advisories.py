"""Published advisories, read from a copy of OSV's export: which packages have a known weakness.

References
----------
Open Source Vulnerability format, version 1.7, "affected" and "Evaluation": ossf.github.io/osv-schema.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import semver
from packaging.utils import canonicalize_name
from packaging.version import Version

from saferoom.errors import BadInputError
from saferoom.hub.dependencies.packages import NPM, PYPI, Package

_ORDER: dict[str, Callable[[str], Any]] = {PYPI: Version, NPM: semver.Version.parse}
"""How versions of an ecosystem are put in order."""


@dataclass(frozen=True, order=True)
class Weakness:
    """One package of ours that an advisory is about.

    Attributes
    ----------
    known : bool
        Whether the advisory's versions could be compared with ours; where not, ours counts as affected.
    """

    name: str
    version: str
    ecosystem: str
    advisory: str
    aliases: tuple[str, ...]
    fixed_in: tuple[str, ...]
    known: bool


@dataclass
class Looked:
    """What was looked at and what was found.

    Attributes
    ----------
    advisories : dict
        How many advisories there were for each ecosystem, about whatever package.
    newest : str
        When the youngest of them was changed, RFC 3339; empty without any.
    """

    advisories: dict[str, int] = field(default_factory=dict)
    newest: str = ""
    weaknesses: list[Weakness] = field(default_factory=list)


def look(place: Path, packages: Iterable[Package]) -> Looked:
    """Hold `packages` against the advisories at `place`: a file, an archive, or a folder of both.

    Raises
    ------
    BadInputError
        There is nothing, or something that is no advisory: what cannot be read might have been about us.
    """
    ours: dict[tuple[str, str], set[str]] = {}
    for one in packages:
        ours.setdefault((one.ecosystem, one.name), set()).add(one.version)
    looked = Looked()
    for where, text in _documents(place):
        try:
            _hold(json.loads(text), ours, looked)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadInputError(f"{where} is no advisory in the OSV format; copy the export again") from None
    if not looked.advisories:
        raise BadInputError(f"there are no advisories of PyPI or npm at {place}")
    looked.weaknesses = sorted(set(looked.weaknesses))
    return looked


def _documents(place: Path) -> Iterator[tuple[str, bytes]]:
    if not place.exists():
        raise BadInputError(f"there are no advisories at {place}")
    files = sorted(place.rglob("*")) if place.is_dir() else [place]
    for file in files:
        if file.suffix == ".json":
            yield str(file), file.read_bytes()
        elif file.suffix == ".zip":
            try:
                with zipfile.ZipFile(file) as archive:
                    for name in archive.namelist():
                        if name.endswith(".json"):
                            yield f"{name} in {file}", archive.read(name)
            except (zipfile.BadZipFile, OSError):
                raise BadInputError(f"{file} is no readable archive; copy the export again") from None


def _hold(advisory: Mapping[str, Any], ours: Mapping[tuple[str, str], set[str]], looked: Looked) -> None:
    """Count one advisory, and note which of our packages it is about."""
    name, changed = str(advisory["id"]), str(advisory["modified"])
    looked.newest = max(looked.newest, changed)
    about = advisory.get("affected") or []
    for ecosystem in {str(one["package"]["ecosystem"]) for one in about if "package" in one} & set(_ORDER):
        looked.advisories[ecosystem] = looked.advisories.get(ecosystem, 0) + 1
    if advisory.get("withdrawn"):
        return
    aliases = tuple(sorted(str(alias) for alias in advisory.get("aliases") or ()))
    for one in about:
        package = one.get("package") or {}
        ecosystem, written = str(package.get("ecosystem", "")), str(package.get("name", ""))
        named = canonicalize_name(written) if ecosystem == PYPI else written
        for version in ours.get((ecosystem, named), ()):
            known = affects(one, version, ecosystem)
            if known is not False:
                fixed = tuple(sorted({str(event["fixed"]) for event in _events(one) if "fixed" in event}))
                found = Weakness(named, version, ecosystem, name, aliases, fixed, known is True)
                looked.weaknesses.append(found)


def affects(affected: Mapping[str, Any], version: str, ecosystem: str) -> bool | None:
    """Tell whether one entry of ``affected`` is about `version`; None where versions cannot be compared.

    Notes
    -----
    A version is affected when it is listed, or lies in a range: at or after an ``introduced``, before the next
    ``fixed``, and not after the next ``last_affected``. Ranges of commits tell nothing about versions.
    """
    listed = [str(one) for one in affected.get("versions") or ()]
    if version in listed:
        return True
    ranges = [one for one in affected.get("ranges") or () if one.get("type") in ("SEMVER", "ECOSYSTEM")]
    if not ranges and not listed:
        return None
    order = _ORDER[ecosystem]
    try:
        mine = order(version)
        # The same version may be written differently.
        same = ecosystem == PYPI and any(_same(order, one, mine) for one in listed)
        return same or any(_inside(one["events"], mine, order) for one in ranges)
    except (ValueError, TypeError):
        return None


def _same(order: Callable[[str], Any], written: str, mine: Any) -> bool:
    try:
        return bool(order(written) == mine)
    except ValueError:
        return False


def _inside(events: Iterable[Mapping[str, str]], mine: Any, order: Callable[[str], Any]) -> bool:
    """Tell whether `mine` lies in the ranges that `events` describe, which may come in any order."""
    marks = [(what, version) for event in events for what, version in event.items() if what != "limit"]
    # From the very first version, which "0" stands for.
    inside = ("introduced", "0") in marks
    rest = [(order(version), what) for what, version in marks if (what, version) != ("introduced", "0")]
    for version, what in sorted(rest, key=lambda mark: mark[0]):
        if what == "introduced" and mine >= version:
            inside = True
        elif (what == "fixed" and mine >= version) or (what == "last_affected" and mine > version):
            inside = False
    return inside


def _events(affected: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    for one in affected.get("ranges") or ():
        if one.get("type") != "GIT":
            yield from one.get("events") or ()
