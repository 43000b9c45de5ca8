"""What is known of wheels, and which of them a project may install.

Vocabulary
----------
wheel
    A built distribution of a Python package (the binary distribution format of PyPA). A source distribution runs code
    of its own while it is built, so there are none here.
allowance
    A project may install a package, in the versions that a specifier names.
shelf
    What one project may install: the wheels that its allowances name, package by package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from saferoom.errors import BadInputError
from saferoom.ids import Digest, ProjectSlug

LONGEST_REQUIREMENT = 500


@dataclass(frozen=True)
class Wheel:
    """A wheel of the instance's store.

    Attributes
    ----------
    file : str
        Its file name, which tells name, version and what it runs on.
    size : int
        Bytes.
    requires : tuple of str
        The dependencies that its metadata declares (``Requires-Dist``).
    requires_python : str
        The versions of Python that it runs on; empty for all.
    removed_at : datetime or None
        Since when no project can install it any more; the bytes are gone then.
    """

    sha256: Digest
    file: str
    name: NormalizedName
    version: str
    size: int
    requires: tuple[str, ...]
    requires_python: str
    added_at: datetime
    added_by: str
    removed_at: datetime | None = None


@dataclass(frozen=True)
class Allowance:
    """That a project may install a package; `versions` is a specifier, empty for every version."""

    project: ProjectSlug
    name: NormalizedName
    versions: str
    allowed_at: datetime
    allowed_by: str
    ended_at: datetime | None = None

    def covers(self, wheel: Wheel) -> bool:
        """Tell whether it names the wheel; a pre-release that was brought was brought on purpose."""
        named = SpecifierSet(self.versions).contains(Version(wheel.version), prereleases=True)
        return self.name == wheel.name and self.ended_at is None and named


@dataclass(frozen=True)
class Wanted:
    """A package, and which versions of it."""

    name: NormalizedName
    versions: str = ""

    def covers(self, wheel: Wheel) -> bool:
        """Tell whether a wheel is meant."""
        named = SpecifierSet(self.versions).contains(Version(wheel.version), prereleases=True)
        return self.name == wheel.name and named

    def __str__(self) -> str:
        return f"{self.name}{self.versions}"


def wanted(text: str) -> Wanted:
    """Return what ``NAME`` or ``NAME==VERSIONS`` means, any version specifier of Python packages being one.

    Raises
    ------
    BadInputError
        It is not of that form.
    """
    try:
        read = Requirement(text[: LONGEST_REQUIREMENT + 1])
    except InvalidRequirement:
        read = None
    if read is None or len(text) > LONGEST_REQUIREMENT or read.extras or read.marker or read.url:
        raise BadInputError("write a package as NAME, NAME==VERSION or with another specifier, as in 'NAME>=2,<3'")
    return Wanted(canonicalize_name(read.name), str(read.specifier))


Shelf = Mapping[NormalizedName, tuple[Wheel, ...]]


def shelf(wheels: Sequence[Wheel], allowances: Sequence[Allowance]) -> Shelf:
    """Return the wheels that the allowances of one project name, the newest version first."""
    found: dict[NormalizedName, tuple[Wheel, ...]] = {}
    for allowance in allowances:
        covered = [one for one in wheels if one.removed_at is None and allowance.covers(one)]
        if covered:
            found[allowance.name] = newest_first(covered)
    return found


def newest_first(wheels: Sequence[Wheel]) -> tuple[Wheel, ...]:
    """Return wheels by version, the newest first, and by file name within one."""
    return tuple(sorted(sorted(wheels, key=lambda one: one.file), key=lambda one: Version(one.version), reverse=True))
