"""Making the extracts of one project: what is ordered, and what the manifest says of what came back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from saferoom.digests import sha256
from saferoom.disclosure.charts.boundaries import read_boundaries
from saferoom.disclosure.history.crosswalk import Crosswalk
from saferoom.errors import BadInputError
from saferoom.hub.extract_files import file_sha256
from saferoom.hub.extract_sources import Sources, below
from saferoom.hub.extract_work import Order, job, results, walks_of
from saferoom.hub.extraction import Extracted
from saferoom.hub.opened_extracts import OpenedExtracts
from saferoom.ids import ProjectSlug
from saferoom.projects.approvals.model import Approval
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.extracts.manifest import BoundariesFile, ExtractColumn, ExtractFile, Given
from saferoom.projects.extracts.matching import match_variables, weighings, with_match
from saferoom.projects.extracts.pseudonyms import LineageKey, chain

Approved = tuple[Dataset, Approval]
"""A dataset as an approval covers it."""


@dataclass(frozen=True)
class Making:
    """Makes extracts.

    Attributes
    ----------
    folder : Path
        The owners' files, boundaries of areas among them.
    master : bytes
        The instance's master key of ids, 32 bytes.
    made_at : str
        RFC 3339, UTC.
    beside : collection of str
        The datasets that the project has: of their records alone links may tell.
    """

    folder: Path
    finding: Sources
    opened: OpenedExtracts
    master: bytes = field(repr=False)
    made_at: str
    beside: Collection[str] = ()

    def make(
        self, project: ProjectSlug, approved: Sequence[Approved], epoch: int, staging: Path
    ) -> tuple[tuple[ExtractFile, ...], tuple[Crosswalk, ...]]:
        """Make extracts of what is approved, in the folder `staging`.

        Returns
        -------
        tuple
            The extracts, and who their units are across projects.

        Raises
        ------
        BadInputError
            An owner's file is missing or not as described.
        """
        if not approved:
            return (), ()
        units = sorted({unit for dataset, _ in approved for unit in dataset.units})
        orders, begun = [], []
        for dataset, approval in approved:
            file = ExtractFile(
                dataset=dataset.name,
                title=dataset.title,
                owner=dataset.owner,
                version=dataset.version,
                file=f"{dataset.name}/{dataset.version}/{dataset.name}.parquet",
                sha256="",
                bytes=0,
                epoch=epoch,
                made_at=self.made_at,
                approval=Given(granted_by=approval.granted_by, until=approval.until),
                linkage=self.finding.linkage(dataset),
                linked_with=self.finding.linked_with(dataset, self.beside),
                rows=0,
                units=dataset.units,
                columns=(),
                where=approval.rows,
            )
            file = file.model_copy(update={"key": self.opened.keys.draw(project, file)})
            seal, source = self.opened.seal(project, file), self.finding.find(dataset, self.beside)
            described, columns = with_match(dataset), columns_of(dataset, approval)
            weigh = weighings(dataset, columns, source.get("weigh_by", {}))
            orders.append(Order(described, columns, approval.rows, source, file.file, seal, weigh))
            begun.append((described, file))
        document = job(
            orders,
            {unit: chain(self.master, project, unit, epoch) for unit in units},
            {unit: LineageKey.derive(self.master, unit) for unit in units},
        )
        answer = self.finding.do(document, staging)
        done = zip(begun, results(document, answer), strict=True)
        files = tuple(self._finished(dataset, file, found, staging) for (dataset, file), found in done)
        return files, tuple(walks_of(document, staging))

    def _finished(self, dataset: Dataset, file: ExtractFile, found: Extracted, staging: Path) -> ExtractFile:
        target = staging / file.file
        return file.model_copy(
            update={
                "sha256": file_sha256(target),
                "bytes": target.stat().st_size,
                "rows": found.rows,
                "columns": tuple(self._bounded(dataset, column, target.parent) for column in found.columns),
                "one_each": found.one_each,
            }
        )

    def _bounded(self, dataset: Dataset, column: ExtractColumn, folder: Path) -> ExtractColumn:
        """Copy the boundaries of a column's areas, where it has some, and name them with it."""
        variable = dataset.variable(column.name)
        if variable is None or variable.boundaries is None:
            return column
        data = below(self.folder, dataset, variable.boundaries).read_bytes()
        try:
            read_boundaries(data, column.name)
        except BadInputError as error:
            raise BadInputError(f"{dataset.name}: {error.message}") from None
        target = folder / f"{dataset.name}.{dataset.variables.index(variable)}.geojson"
        target.write_bytes(data)
        name = f"{dataset.name}/{dataset.version}/{target.name}"
        return column.model_copy(update={"boundaries": BoundariesFile(file=name, sha256=sha256(data), bytes=len(data))})


def columns_of(dataset: Dataset, approval: Approval) -> tuple[str, ...]:
    """Return the columns of an extract: those approved, and what linking adds."""
    approved = approval.columns(dataset)
    return (*approved, *(v.name for v in match_variables(dataset) if v.name not in approved))
