"""Where the sources of extracts are, and where the work on them is done."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from saferoom.errors import BadInputError
from saferoom.hub.extract_work import work
from saferoom.ids import DatasetName
from saferoom.projects.catalogue.model import Dataset


class Sources(Protocol):
    """Finds sources, and does jobs where they can be read."""

    def find(self, dataset: Dataset, beside: Collection[str]) -> Mapping[str, Any]:
        """Return where the dataset's source is, as jobs say it; of a linked one, by what it is `weigh_by`, too.

        Parameters
        ----------
        beside : collection of str
            The datasets that the project has: of their records alone links may tell.

        Raises
        ------
        BadInputError
            There is none.
        """
        ...

    def linkage(self, dataset: Dataset) -> str | None:
        """Return which versions of which indexes the dataset's ids come from; None where it is not linked."""
        ...

    def linked_with(self, dataset: Dataset, beside: Collection[str]) -> tuple[DatasetName, ...]:
        """Return the other sources of its indexes of which its links may tell."""
        ...

    def do(self, document: Mapping[str, Any], out: Path) -> Mapping[str, Any]:
        """Do a job whose files go below `out`; see `extract_work.work`."""
        ...


@dataclass(frozen=True)
class OwnersFiles:
    """The owners' plain files below one folder; jobs are done in this process."""

    folder: Path

    def find(self, dataset: Dataset, beside: Collection[str]) -> Mapping[str, Any]:  # noqa: ARG002 - no links
        """Return the path of the dataset's file."""
        return {"path": str(below(self.folder, dataset, dataset.source))}

    def linkage(self, dataset: Dataset) -> str | None:  # noqa: ARG002 - whichever it is
        """Return None: the owner's file has the ids."""
        return None

    def linked_with(self, dataset: Dataset, beside: Collection[str]) -> tuple[DatasetName, ...]:  # noqa: ARG002 - no links
        """Return nothing: the owner's file is not linked here."""
        return ()

    def do(self, document: Mapping[str, Any], out: Path) -> Mapping[str, Any]:
        """Do a job."""
        return work(document, out, lambda source: Path(source["path"]))


def below(folder: Path, dataset: Dataset, name: str) -> Path:
    """Return a file of the owner's.

    Raises
    ------
    BadInputError
        There is none, or it leads out of the folder.
    """
    path = folder / name
    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        raise BadInputError(f"{dataset.name}: its source {name} is not in the folder {folder}")
    return path
