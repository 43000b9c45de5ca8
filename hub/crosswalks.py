"""Who a project's pseudonyms are across projects: one encrypted file per project and kind of unit.

Pseudonyms differ between projects so that nobody can link what two projects see. What leaves has to be compared across
projects all the same; the crosswalks are how, and so they are what would undo the pseudonyms. They are readable for the
service's own user alone, encrypted, and each evaluation is handed only its own project's.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saferoom.digests import sha256
from saferoom.disclosure.history.crosswalk import Crosswalk
from saferoom.disclosure.history.frames import array_of, guarded, read_frame, write_frame
from saferoom.errors import IntegrityError
from saferoom.ids import ProjectSlug
from saferoom.projects.airlock.store import Cipher


@dataclass(frozen=True)
class Crosswalks:
    """The crosswalks of one instance."""

    folder: Path
    cipher: Cipher

    def read(self, project: ProjectSlug, unit: str) -> Crosswalk:
        """Return who the units of kind `unit` in `project` are.

        Raises
        ------
        IntegrityError
            There is none, or it is not the one that was written: nothing can be compared, so nothing is judged.
        """
        try:
            sealed = self._path(project, unit).read_bytes()
        except OSError:
            raise IntegrityError(
                f"project {project} has no crosswalk for {unit}, so that its statistics cannot be compared with "
                f"earlier releases; the administrator makes it: saferoom admin extract {project}"
            ) from None
        data = self.cipher.open(sealed, _about(project, unit))
        return guarded(lambda: _read(unit, data), f"the crosswalk of project {project} for {unit} is damaged")

    def has(self, project: ProjectSlug, unit: str) -> bool:
        """Say whether there is a crosswalk for `unit` in `project`."""
        return self._path(project, unit).is_file()

    def widen(self, project: ProjectSlug, crosswalk: Crosswalk) -> None:
        """Add entries, keeping those that the extracts still in place may need until `write` replaces them all."""
        with suppress(IntegrityError):  # what cannot be read is replaced
            before = self.read(project, crosswalk.unit)
            known = np.concatenate([crosswalk.known, before.known])
            kept, first = np.unique(known, return_index=True)
            lineage = np.concatenate([crosswalk.lineage, before.lineage])[first]
            crosswalk = Crosswalk(crosswalk.unit, kept, lineage)
        self.write(project, crosswalk)

    def write(self, project: ProjectSlug, crosswalk: Crosswalk) -> None:
        """Put `crosswalk` in the place of the project's earlier one, durably."""
        path = self._path(project, crosswalk.unit)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        data = write_frame({}, [crosswalk.known.astype("<u8"), crosswalk.lineage.astype("<u8")])
        handle, name = tempfile.mkstemp(dir=path.parent)  # readable for its owner alone
        with os.fdopen(handle, "wb") as file:
            file.write(self.cipher.seal(data, _about(project, crosswalk.unit)))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)

    def keep(self, project: ProjectSlug, units: Collection[str]) -> None:
        """Remove what `project` has beside the crosswalks of `units`."""
        folder = self.folder / project
        if not units:
            shutil.rmtree(folder, ignore_errors=True)
        elif folder.is_dir():
            kept = {self._path(project, unit) for unit in units}
            for path in folder.iterdir():
                if path not in kept:
                    path.unlink()

    def _path(self, project: ProjectSlug, unit: str) -> Path:
        # A unit is called as its owner likes.
        return self.folder / project / f"{sha256(unit.encode())[:32]}.crosswalk"


def _about(project: ProjectSlug, unit: str) -> dict[str, str]:
    return {"purpose": "saferoom/crosswalk/1", "project": project, "unit": unit}


def _read(unit: str, data: bytes) -> Crosswalk:
    _, segments = read_frame(data)
    known, lineage = (array_of(segment, "<u8") for segment in segments)
    return Crosswalk(unit, known, lineage)
