"""Looks for units' identifiers in a project's extracts, so that none leaves inside a sentence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from saferoom.hub.extracts import read_manifest
from saferoom.hub.home import Home
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.signing import VerifyingKey

_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True)
class ExtractIdentifiers:
    """The identifiers in the extracts of one instance."""

    home: Home
    key: VerifyingKey

    def count(self, project: ProjectSlug, datasets: Sequence[DatasetName], numbers: Collection[int]) -> int:
        """Return how many of `numbers` identify a unit in one of `datasets`."""
        wanted = pa.array(sorted(number for number in numbers if number in _INT64), pa.int64())
        folder = self.home.extracts / project
        found: set[int] = set()
        for file in read_manifest(folder, self.key).files:
            if file.dataset not in datasets:
                continue
            for batch in pq.ParquetFile(folder / file.file).iter_batches(columns=list(file.units)):
                for column in batch.columns:
                    hits = column.filter(pc.is_in(column, value_set=wanted))
                    found.update(hits.to_pylist())
        return len(found)
