"""Who the units of a project's extracts are across projects, while extracts come, go, and get new ids."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.history.crosswalk import Crosswalk, Keys, keys_of_numbers
from saferoom.errors import IntegrityError
from saferoom.hub.crosswalks import Crosswalks
from saferoom.hub.id_changes import Changing
from saferoom.ids import ProjectSlug
from saferoom.projects.extracts.manifest import ExtractFile


@dataclass(frozen=True)
class Units:
    """The crosswalks of one project."""

    project: ProjectSlug
    crosswalks: Crosswalks
    changing: Changing

    def known(self, unit: str, made: Collection[Crosswalk]) -> Keys:
        """Return the keys of everybody whose lineage is known, by the crosswalk as it is or by those made now."""
        found = [walk.known for walk in made if walk.unit == unit]
        with suppress(IntegrityError):  # there is none, or it is replaced
            found.append(self.crosswalks.read(self.project, unit).known)
        return np.unique(np.concatenate([np.zeros(0, dtype=np.uint64), *found]))

    def without_strangers(
        self, files: Sequence[ExtractFile], made: Collection[Crosswalk], again: Collection[str]
    ) -> list[ExtractFile]:
        """Return those extracts all of whose units are known; over the others nothing could be judged.

        Parameters
        ----------
        again : collection of str
            Datasets that are made again, so that an older version of theirs may be given up.

        Raises
        ------
        IntegrityError
            Another dataset's extract has such a unit.
        """
        kept = []
        for file in files:
            sure = all(
                np.isin(keys_of_numbers(self.changing.ids([file], unit)), self.known(unit, made)).all()
                for unit in file.units
            )
            if not sure and file.dataset not in again:
                raise IntegrityError(
                    f"the extract of {file.dataset} has units that are not in the project's crosswalk; the "
                    f"administrator makes every extract again: saferoom admin extract {self.project}"
                )
            kept += [file] if sure else []
        return kept

    def rekeyed(self, stale: Sequence[ExtractFile]) -> list[Crosswalk]:
        """Return who the new ids are of the units in extracts of earlier epochs."""
        found = []
        for unit in sorted({unit for file in stale for unit in file.units}):
            walk = self.crosswalks.read(self.project, unit)
            for since in sorted({file.epoch for file in stale}):
                old = self.changing.ids((file for file in stale if file.epoch == since), unit)
                new = keys_of_numbers(self.changing.advanced(unit, old, since))
                order = np.argsort(new)
                found.append(Crosswalk(unit, new[order], walk.translated(keys_of_numbers(old))[order]))
        return found

    def settle(self, files: Sequence[ExtractFile], exact: Collection[Crosswalk] = ()) -> None:
        """Leave in the crosswalks those units alone that are in an extract.

        Parameters
        ----------
        exact : collection of Crosswalk
            Who is in all extracts, where that is known.
        """
        sure = {walk.unit: walk for walk in exact}
        units = sorted({unit for file in files for unit in file.units})
        for unit in units:
            if unit not in sure:
                known = keys_of_numbers(self.changing.ids(files, unit))
                lineage = self.crosswalks.read(self.project, unit).translated(known)
                sure[unit] = Crosswalk(unit, known, lineage)
            self.crosswalks.write(self.project, sure[unit])
        self.crosswalks.keep(self.project, units)
