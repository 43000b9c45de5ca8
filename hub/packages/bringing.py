"""Bringing wheels in: from files or a folder, all of them or none, and only what a list of requirements names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from saferoom.clock import Clock
from saferoom.errors import BadInputError
from saferoom.hub.packages.files import Staged, WheelFiles
from saferoom.hub.packages.wheels import inspect
from saferoom.projects.packages.model import Wanted, Wheel
from saferoom.projects.packages.service import Packages

MOST_AT_ONCE = 2_000
_SUFFIX = ".whl"
_SOURCES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".egg")
Pins = Mapping[tuple[str, str], frozenset[str]]
"""SHA-256 digests by normalised name and version."""


@dataclass(frozen=True)
class Brought:
    """What became of files: new on record, known before, and left out because no pin names them."""

    new: tuple[Wheel, ...]
    known: tuple[Wheel, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Bringing:
    """Adds and removes wheels, bytes and records together, in the name of `actor`."""

    packages: Packages
    files: WheelFiles
    clock: Clock
    actor: str

    def add(self, paths: Sequence[Path], pins: Pins | None = None) -> Brought:
        """Check the wheels at `paths` (folders stand for the files in them) and take them all.

        Parameters
        ----------
        pins : mapping, optional
            When given, only wheels enter whose digest is pinned for their name and version.

        Raises
        ------
        BadInputError
            A file is none that may enter; one line for each. Nothing was taken.
        """
        sources = _sources(paths)
        with self._settled():
            made, problems = [], []
            for source in sources:
                try:
                    made.append(self._checked(source))
                except BadInputError as error:
                    problems.append(error.message)
            if problems:
                raise BadInputError("\n".join(problems))
            entering = [one for one in made if pins is None or _pinned(one[1], pins)]
            if not entering:
                raise BadInputError("none of these files is what the requirements name and hash; nothing was taken")
            for staged, _ in entering:
                self.files.keep(staged)
            wheels = list({wheel.file: wheel for _, wheel in entering}.values())
            new = self.packages.add(self.actor, [wheel for _, wheel in entering])
        left_out = sorted(wheel.file for _, wheel in made if wheel.file not in {one.file for one in wheels})
        return Brought(new, tuple(wheel for wheel in wheels if wheel not in new), tuple(left_out))

    def remove(self, meant: Sequence[Wanted]) -> tuple[Wheel, ...]:
        """Take wheels off the record, and their bytes out of the store."""
        with self._settled():
            return self.packages.remove(self.actor, meant)

    @contextmanager
    def _settled(self) -> Iterator[None]:
        """Leave only bytes behind that are on record, however the block ends."""
        with self.files.alone():
            try:
                yield
            finally:
                self.files.sweep({one.sha256 for one in self.packages.wheels()})

    def _checked(self, source: Path) -> tuple[Staged, Wheel]:
        staged = self.files.stage(source)
        found = inspect(staged.path, source.name)
        now = self.clock.now()
        known = (str(found.version), staged.size, found.requires, found.requires_python, now, self.actor)
        return staged, Wheel(staged.sha256, source.name, found.name, *known)


def _sources(paths: Sequence[Path]) -> list[Path]:
    """Return the files that are meant.

    Raises
    ------
    BadInputError
        One of them is no wheel, or there are none or too many.
    """
    found: list[Path] = []
    for path in paths:
        try:
            found += sorted(one for one in path.iterdir() if not one.name.startswith(".")) if path.is_dir() else [path]
        except OSError as error:
            raise BadInputError(f"{path}: cannot be read ({error.strerror})") from None
    problems = [_refusal(path) for path in found if path.suffix != _SUFFIX]
    if problems:
        raise BadInputError("\n".join(problems))
    if not found:
        raise BadInputError("there is no wheel in what was named; wheels are files that end in .whl")
    if len(found) > MOST_AT_ONCE:
        raise BadInputError(f"these are more than {MOST_AT_ONCE:,} files; bring them in several steps")
    return found


def _refusal(path: Path) -> str:
    if path.name.endswith(_SOURCES):
        return (
            f"{path}: this is a source distribution, which runs code of its own while it is built; "
            "bring a wheel in its place (pip wheel makes one, on a machine without data)"
        )
    return f"{path}: this is not a wheel; only files that end in .whl enter"


def _pinned(wheel: Wheel, pins: Pins) -> bool:
    return wheel.sha256 in pins.get((wheel.name, wheel.version), ())
