"""A project's extracts as the disclosure engine reads them, after they were found to be what was provisioned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from saferoom.disclosure.queries.source import Source
from saferoom.errors import WrongStateError
from saferoom.hub import extracts
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.extracts.coverage import covers, in_force
from saferoom.projects.extracts.manifest import ExtractFile


def present_extracts(instance: Instance, project: ProjectSlug, names: Sequence[DatasetName]) -> list[ExtractFile]:
    """Return the project's extracts of the datasets `names`.

    Raises
    ------
    IntegrityError
        A file is not the one that was provisioned.
    WrongStateError
        An extract is missing, not of the version in force, or holds more than is approved now.
    """
    manifest = extracts.verify_extracts(instance.home.extracts / project, instance.signing_key.verifying_key, names)
    registry = instance.registry
    approvals = {approval.dataset: approval for approval in registry.approvals(project)}
    found = []
    for name in names:
        file, approval = manifest.file(name), approvals.get(name)
        if file is None or approval is None or file.version != in_force(registry, approval).version:
            raise WrongStateError(
                f"the project's extract of {name} is not of the dataset's present version; "
                "ask the administrator to make it again"
            )
        if not covers(registry, approval, file):
            raise WrongStateError(
                f"the project's extract of {name} holds more than its data owner approves now; "
                "ask the administrator to make it again"
            )
        found.append(file)
    return found


def source_of(file: ExtractFile, folder: Path) -> Source:
    """Return the extract `file` as a source, as it is read in `folder`."""
    return Source(
        name=file.dataset,
        path=folder / file.file,
        units=file.units,
        codelists={column.name: column.codelist for column in file.columns if column.codelist is not None},
        columns_known=True,
        boundaries={column: folder / other.file for column, other in file.boundaries.items()},
        classifications={c.name: found for c in file.columns if (found := c.classification) is not None},
        one_each=file.one_each,
    )
