"""The signed manifest of a project's extracts: which files, from which version, with which columns.

The evaluator takes its knowledge of an extract from here, so that nothing it computes rests on an unsigned word.
"""

from __future__ import annotations

import json
from datetime import date

from pydantic import ValidationError

from saferoom.digests import canonical
from saferoom.disclosure.queries.classification import Classification, classified
from saferoom.errors import IntegrityError
from saferoom.ids import ProjectSlug
from saferoom.policies.models import PolicyModel
from saferoom.projects.catalogue.model import VariableRole, VariableType
from saferoom.projects.extracts.pseudonyms import FIRST_EPOCH
from saferoom.projects.fields import ColumnField, DatasetNameField, ProjectSlugField, TitleField, UsernameField
from saferoom.signing import SigningKey, VerifyingKey

MANIFEST_TYPE = "application/vnd.saferoom.extract-manifest+json"
MANIFEST_FILE = "manifest.json"


class BoundariesFile(PolicyModel):
    """The public boundaries of a column's areas, copied beside the extract."""

    file: str
    sha256: str
    bytes: int


class ExtractColumn(PolicyModel):
    """One column of an extract."""

    name: ColumnField
    type: VariableType
    role: VariableRole
    storage: str
    """The column's type in the file, as DuckDB names it."""
    label: TitleField | None = None
    codelist: tuple[int | str | bool, ...] | None = None
    boundaries: BoundariesFile | None = None
    hierarchy: dict[str, tuple[int | str, ...]] | None = None

    @property
    def classification(self) -> Classification | None:
        """The hierarchy with labels of the column's own type."""
        if self.hierarchy is None:
            return None
        return classified(self.name, self.hierarchy, whole=self.type is VariableType.INTEGER, codelist=self.codelist)


class Given(PolicyModel):
    """The approval that an extract was made under."""

    granted_by: UsernameField
    until: date


class WrappedKey(PolicyModel):
    """A file's own key, as it is kept."""

    under: str
    """The id of the instance's key that it is wrapped under."""
    wrapped: str
    """In hexadecimal."""


class ExtractFile(PolicyModel):
    """One version of one dataset's extract."""

    dataset: DatasetNameField
    title: TitleField
    owner: UsernameField
    version: str
    file: str
    """Where it is below the project's folder, sealed, and below the folder where it is opened, plain."""
    sha256: str
    """Of the sealed file."""
    bytes: int
    key: WrappedKey | None = None
    """What it is sealed with."""
    salt: str = ""
    """What its key is derived with, for extracts from before keys were wrapped."""
    epoch: int = 1
    """The epoch of its ids."""
    made_at: str = ""
    """RFC 3339, UTC."""
    approval: Given | None = None
    linkage: str | None = None
    """For a linked dataset: which version of which index its ids come from."""
    linked_with: tuple[DatasetNameField, ...] = ()
    """The other sources of these indexes of which its columns about linkage tell."""
    rows: int
    units: tuple[ColumnField, ...]
    columns: tuple[ExtractColumn, ...]
    where: str | None = None
    """The condition that its rows meet; None where every row was approved."""
    one_each: tuple[ColumnField, ...] = ()
    """Those of the units that have one row each."""

    @property
    def sealed(self) -> bool:
        """Tell whether it is encrypted; extracts from before they were are made again."""
        return self.key is not None or bool(self.salt)

    @property
    def boundaries(self) -> dict[str, BoundariesFile]:
        """The boundaries of the columns that have some."""
        return {column.name: column.boundaries for column in self.columns if column.boundaries is not None}

    @property
    def contents(self) -> tuple[tuple[str, str, int], ...]:
        """Every file of the extract: its name, digest and size in bytes."""
        others = ((other.file, other.sha256, other.bytes) for other in self.boundaries.values())
        return ((self.file, self.sha256, self.bytes), *others)


class IdChanges(PolicyModel):
    """The old and new ids of a kind of unit, after the project's ids were changed: a sealed table of its own."""

    unit: ColumnField
    file: str
    sha256: str
    bytes: int
    key: WrappedKey | None = None
    salt: str = ""
    rows: int
    epoch: int
    """The epoch of the new ids."""

    @property
    def sealed(self) -> bool:
        """Tell whether it is encrypted, as every one is."""
        return True

    @property
    def contents(self) -> tuple[tuple[str, str, int], ...]:
        """The file: its name, digest and size in bytes."""
        return ((self.file, self.sha256, self.bytes),)


class Manifest(PolicyModel):
    """What a project's folder of extracts holds."""

    project: ProjectSlugField
    made_at: str
    """RFC 3339, UTC."""
    files: tuple[ExtractFile, ...]
    """Of each dataset the newest version first."""
    changes: tuple[IdChanges, ...] = ()
    changes_until: date | None = None
    """The last day (UTC) on which the tables of old and new ids stay; None for no such day."""

    def file(self, dataset: str, version: str | None = None) -> ExtractFile | None:
        """Return an extract of `dataset`, the newest where no version is named; None when there is none."""
        wanted = (file for file in self.files if file.dataset == dataset and version in (None, file.version))
        return next(wanted, None)

    @property
    def newest(self) -> tuple[ExtractFile, ...]:
        """The newest extract of each dataset."""
        return tuple(file for file in self.files if self.file(file.dataset) is file)

    @property
    def contents(self) -> tuple[tuple[str, str, int], ...]:
        """Every file: its name, digest and size in bytes."""
        parts: tuple[ExtractFile | IdChanges, ...] = (*self.files, *self.changes)
        return tuple(one for part in parts for one in part.contents)

    @property
    def told(self) -> dict[str, dict[str, object]]:
        """What the audit trail is told of each dataset."""
        found: dict[str, dict[str, object]] = {}
        for file in self.newest:
            older = [one.version for one in self.files if one.dataset == file.dataset and one is not file]
            found[file.dataset] = {
                "version": file.version,
                "sha256": file.sha256,
                **({"older": older} if older else {}),
                **({"epoch": file.epoch} if file.epoch > FIRST_EPOCH else {}),
                **({"linkage": file.linkage} if file.linkage else {}),
            }
        return found


def seal_manifest(manifest: Manifest, key: SigningKey) -> bytes:
    """Return the manifest's file: a DSSE envelope in canonical JSON."""
    return canonical(key.seal_json(manifest.model_dump(mode="json"), MANIFEST_TYPE))


def open_manifest(data: bytes, key: VerifyingKey, project: ProjectSlug) -> Manifest:
    """Return the manifest in `data` if `key` signed it for `project`.

    Raises
    ------
    IntegrityError
        It is malformed, not signed by this key, or another project's.
    """
    try:
        envelope = json.loads(data)
        if not isinstance(envelope, dict):
            raise IntegrityError("the manifest of extracts is not a DSSE envelope")
        manifest = Manifest.model_validate_json(key.open(envelope, MANIFEST_TYPE))
    except (ValueError, RecursionError, ValidationError) as error:
        raise IntegrityError("the manifest of extracts is malformed") from error
    if manifest.project != project:
        raise IntegrityError("the manifest of extracts belongs to another project")
    return manifest
