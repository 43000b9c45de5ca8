"""Packages of others: what is installed here, what is pinned, and what npm's lock files name.

Terms
-----
pinned
    One line of the constraints file names exactly one version.
locked
    An entry of npm's lock file has a version and a SHA-512 of what is installed, or lies in a package that has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from saferoom.errors import BadInputError

PYPI, NPM = "PyPI", "npm"
"""Ecosystems, as OSV calls them."""
NOT_DECLARED = "not declared"
OF_THE_ENVIRONMENT = frozenset({"pip", "saferoom", "setuptools", "wheel"})
"""What comes with a virtual environment, and Saferoom itself: nobody pins these."""
_LONGEST_LICENCE = 60


@dataclass(frozen=True, order=True)
class Package:
    """One version of one package."""

    ecosystem: str
    name: str
    version: str
    licence: str = NOT_DECLARED


def pinned(file: Path) -> dict[str, str]:
    """Return the version of each distribution that a constraints file pins.

    Raises
    ------
    BadInputError
        The file cannot be read, or a line is no pin of one version, or pins what another line pins.
    """
    pins: dict[str, str] = {}
    for number, line in enumerate(_text(file).splitlines(), 1):
        words = line.split("#", 1)[0].strip()
        if not words:
            continue
        try:
            wanted = Requirement(words)
        except InvalidRequirement:
            raise BadInputError(f"{file}, line {number}: this is no requirement; write NAME==VERSION") from None
        operators = [(one.operator, one.version) for one in wanted.specifier]
        if len(operators) != 1 or operators[0][0] not in ("==", "===") or operators[0][1].endswith(".*"):
            raise BadInputError(f"{file}, line {number}: {wanted.name} has not just one version; write NAME==VERSION")
        name = canonicalize_name(wanted.name)
        if name in pins:
            raise BadInputError(f"{file}, line {number}: {wanted.name} is pinned already; take one of the lines out")
        pins[name] = operators[0][1]
    return pins


def installed(distributions: Iterable[Distribution]) -> list[Package]:
    """Return the distributions of an environment, in order."""
    found = {Package(PYPI, canonicalize_name(one.name), one.version, _licence(one)) for one in distributions}
    return sorted(found)


def loose(packages: Iterable[Package], pins: Mapping[str, str]) -> list[str]:
    """Return a sentence for each installed distribution that is not pinned, or pinned at another version."""
    sentences = []
    for one in packages:
        if one.name in OF_THE_ENVIRONMENT:
            continue
        if one.name not in pins:
            sentences.append(f"{one.name} {one.version} is installed and not pinned")
        elif pins[one.name] != one.version:
            sentences.append(f"{one.name} {one.version} is installed, and {pins[one.name]} is pinned")
    return sentences


def locked(file: Path) -> tuple[list[Package], list[str]]:
    """Return the packages of one of npm's lock files, and a sentence for each that is not locked.

    Raises
    ------
    BadInputError
        The file is no lock file of npm 7 or newer.
    """
    try:
        entries = json.loads(_text(file))["packages"]
        members = [(path, entry) for path, entry in entries.items() if path and not entry.get("link")]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadInputError(f"{file} is no lock file of npm 7 or newer (package-lock.json)") from None
    packages, sentences = set(), []
    for path, entry in members:
        name = str(entry.get("name") or path.rpartition("node_modules/")[2])
        version = str(entry.get("version") or "")
        packages.add(Package(NPM, name, version, _npm_licence(entry)))
        if not version:
            sentences.append(f"{name} has no version in {file}")
        elif not entry.get("inBundle") and "sha512-" not in str(entry.get("integrity", "")):
            sentences.append(f"{name} {version} has no SHA-512 in {file}")
    return sorted(packages), sentences


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadInputError(f"there is no readable file {file}") from None


def _licence(one: Distribution) -> str:
    about = one.metadata
    if "License-Expression" in about:
        return str(about["License-Expression"])
    classifiers = [str(words) for words in about.get_all("Classifier") or () if words.startswith("License ::")]
    names = [words.rpartition(" :: ")[2] for words in classifiers if words.count(" :: ") > 1]
    if names:
        return " or ".join(sorted(names))
    said = str(about["License"]).strip() if "License" in about else ""
    # Some put the licence's whole text there.
    return said if said and len(said) <= _LONGEST_LICENCE and "\n" not in said else NOT_DECLARED


def _npm_licence(entry: Mapping[str, Any]) -> str:
    said = entry.get("license")
    return said if isinstance(said, str) and said else NOT_DECLARED
