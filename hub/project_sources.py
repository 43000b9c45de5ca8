"""A project's extracts as the disclosure engine reads them, opened and found to be what was provisioned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError, WrongStateError
from saferoom.hub.opened_extracts import Lease
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.extracts.coverage import covers, in_force
from saferoom.projects.extracts.manifest import ExtractFile, Manifest


@contextmanager
def opened(
    instance: Instance,
    project: ProjectSlug,
    names: Sequence[DatasetName],
    versions: Mapping[DatasetName, str] | None = None,
) -> Iterator[tuple[Lease, list[ExtractFile]]]:
    """Have the project's extracts of the datasets `names` open while the block runs.

    Parameters
    ----------
    versions : mapping of dataset to version, optional
        The versions of those that are not to be the one in force.

    Raises
    ------
    IntegrityError
        A file is not the one that was provisioned.
    BadInputError
        There is no extract of a version that is named.
    WrongStateError
        An extract is missing, not of the version in force, or holds more than is approved now.
    UnavailableError
        There is no room in memory.
    """
    chosen = versions or {}
    wanted = [(str(name), chosen.get(name)) for name in names]
    with instance.opened_extracts.lease(project, wanted) as lease:
        yield lease, _present(instance, project, lease.manifest, wanted)


@contextmanager
def every_version(instance: Instance, project: ProjectSlug, names: Sequence[DatasetName]) -> Iterator[list[Source]]:
    """Have every version of the project's extracts of `names` open: a file may hold records of an older one.

    The version in force has the dataset's name; older ones have names of their own, which no query knows.

    Raises as `opened` does.
    """
    with opened(instance, project, names) as (lease, present):
        older = [file for file in lease.manifest.files if file.dataset in names and file not in present]
        with instance.opened_extracts.lease(project, [(file.dataset, file.version) for file in older]):
            known = [source_of(file, lease.folder) for file in present]
            others = [
                replace(source_of(file, lease.folder), name=f"{file.dataset}__{number}")
                for number, file in enumerate(older)
            ]
            yield [*known, *others]


def _present(
    instance: Instance, project: ProjectSlug, manifest: Manifest, wanted: Sequence[tuple[str, str | None]]
) -> list[ExtractFile]:
    registry = instance.registry
    approvals = {str(approval.dataset): approval for approval in registry.approvals(project)}
    found = []
    for name, version in wanted:
        file, approval = manifest.file(name, version), approvals.get(name)
        if version is not None and file is None:
            raise BadInputError(_no_version(manifest, name))
        present = None if approval is None else in_force(registry, approval).version
        if file is None or approval is None or (version is None and file.version != present):
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


def _no_version(manifest: Manifest, name: str) -> str:
    known = ", ".join(file.version for file in manifest.files if file.dataset == name)
    return f"versions: the project has no extract of {name} in that version; it has: {known or 'none'}"


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
