"""What allowed packages need besides themselves, and what of that a project cannot have yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from saferoom.projects.packages.model import Shelf, Wheel, newest_first


class Lack(StrEnum):
    """Why a dependency cannot be installed."""

    NOT_ALLOWED = "not-allowed"
    """A wheel of it is here; the project may not use it."""
    NOT_HERE = "not-here"
    """No wheel that would do was brought."""


@dataclass(frozen=True)
class Missing:
    """A dependency that cannot be installed.

    Attributes
    ----------
    needs : str
        The dependency as the package declares it, without its marker.
    """

    of: NormalizedName
    version: str
    needs: str
    name: NormalizedName
    lack: Lack


def missing(
    allowed: Shelf, wheels: Sequence[Wheel], room: Mapping[NormalizedName, str], marks: Mapping[str, str]
) -> tuple[Missing, ...]:
    """Return the dependencies that installing the newest of each allowed package would fail for.

    What is here and not allowed is followed further, so that the whole list can be allowed at once.

    Parameters
    ----------
    room : mapping of NormalizedName to str
        What rooms have anyway: versions by normalised name.
    marks : mapping of str to str
        The environment that markers are judged in, such as ``python_version``.
    """
    here: dict[NormalizedName, list[Wheel]] = {}
    for wheel in wheels:
        here.setdefault(wheel.name, []).append(wheel)
    found: dict[tuple[NormalizedName, str], Missing] = {}
    ahead = [(newest_first(offered)[0], frozenset[str]()) for offered in allowed.values()]
    seen = {(wheel.sha256, extras) for wheel, extras in ahead}
    while ahead:
        wheel, extras = ahead.pop(0)
        for need in _needs(wheel, extras, marks):
            name = canonicalize_name(need.name)
            if name in room and need.specifier.contains(room[name], prereleases=True):
                continue
            offered = _matching(allowed.get(name, ()), need)
            if not offered:
                offered = _matching(here.get(name, ()), need)
                lack = Lack.NOT_ALLOWED if offered else Lack.NOT_HERE
                words = f"{name}{need.specifier}"
                found.setdefault((wheel.name, words), Missing(wheel.name, wheel.version, words, name, lack))
            then = [(one, frozenset(need.extras)) for one in offered[:1]]
            ahead += [one for one in then if (one[0].sha256, one[1]) not in seen]
            seen |= {(one.sha256, asked) for one, asked in then}
    return tuple(found.values())


def _needs(wheel: Wheel, extras: frozenset[str], marks: Mapping[str, str]) -> Iterator[Requirement]:
    for text in wheel.requires:
        need = Requirement(text)
        if need.marker is None or any(need.marker.evaluate({**marks, "extra": one}) for one in ("", *extras)):
            yield need


def _matching(wheels: Sequence[Wheel], need: Requirement) -> tuple[Wheel, ...]:
    return newest_first([one for one in wheels if need.specifier.contains(one.version, prereleases=True)])
