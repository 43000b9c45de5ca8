"""Looks for units' identifiers in a project's extracts, so that none leaves inside a sentence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from saferoom.hub.extract_files import moving, read_manifest
from saferoom.hub.opened_extracts import OpenedExtracts
from saferoom.hub.sealed_parquet import reading
from saferoom.ids import DatasetName, ProjectSlug

_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True)
class ExtractIdentifiers:
    """The identifiers in the extracts of one instance, of every version; read from the sealed files."""

    opened: OpenedExtracts

    def count(self, project: ProjectSlug, datasets: Sequence[DatasetName], numbers: Collection[int]) -> int:
        """Return how many of `numbers` identify a unit in one of `datasets`."""
        wanted = pa.array(sorted(number for number in numbers if number in _INT64), pa.int64())
        folder = self.opened.extracts / project
        found: set[int] = set()
        with moving(folder, reading=True):
            for file in read_manifest(folder, self.opened.key).files:
                if file.dataset not in datasets:
                    continue
                for rows in reading(folder / file.file, self.opened.seal(project, file), list(file.units)):
                    for column in rows.columns:
                        found.update(column.filter(pc.is_in(column, value_set=wanted)).to_pylist())
        return len(found)
