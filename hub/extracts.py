"""Per-project extracts: made from the owners' files outside every room, listed in a signed manifest.

A project's folder holds one Parquet file per dataset and the manifest. Files are made in a private folder beside it
and moved in one by one, the manifest last; a reader who comes in between finds that files and manifest do not agree,
and nothing is evaluated. Running rooms see the new files at once, because the folder stays the same.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from saferoom.audit import Event
from saferoom.clock import Clock, SystemClock, isoformat
from saferoom.digests import sha256
from saferoom.disclosure.charts.boundaries import read_boundaries
from saferoom.disclosure.history.crosswalk import Crosswalk, keys_of_numbers
from saferoom.errors import BadInputError, WrongStateError
from saferoom.hub import keys
from saferoom.hub.crosswalks import Crosswalks
from saferoom.hub.extract_files import (
    file_sha256,
    move_in,
    read_manifest,
    staging_prefix,
    verify_extracts,
    write_in,
)
from saferoom.hub.extraction import Extraction
from saferoom.hub.home import Home
from saferoom.hub.store.cipher import AtRest
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.approvals.model import Approval
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.extracts.coverage import covers, in_force
from saferoom.projects.extracts.manifest import (
    MANIFEST_FILE,
    BoundariesFile,
    ExtractColumn,
    ExtractFile,
    Manifest,
    seal_manifest,
)
from saferoom.projects.extracts.pseudonyms import LineageKey, PseudonymKey
from saferoom.projects.registry import Registry
from saferoom.signing import SigningKey

__all__ = ["Extracts", "extracts_of", "provision", "read_manifest", "verify_extracts"]


def _no_record(_event: Event) -> None:
    """Leave no event: for tests and previews."""


@dataclass(frozen=True)
class Extracts:
    """Makes and withdraws extracts.

    Attributes
    ----------
    sources, extracts : Path
        The owners' files, and the folder of projects' folders.
    pseudonym_key : bytes
        The instance's master key, 32 bytes.
    crosswalks : Crosswalks
        Takes who the pseudonyms are across projects.
    record : callable
        Takes the audit event of a change, just before files are replaced.
    """

    sources: Path
    extracts: Path
    registry: Registry
    signing_key: SigningKey = field(repr=False)
    pseudonym_key: bytes = field(repr=False)
    clock: Clock
    crosswalks: Crosswalks
    record: Callable[[Event], None] = _no_record
    actor: str = "system"

    def provision(self, project: ProjectSlug) -> Manifest:
        """Make every extract that `project` has a holding approval for, and replace the ones it has.

        Raises
        ------
        WrongStateError
            No approval holds.
        BadInputError
            An owner's file is missing or not as described; the extracts stay as they were.
        """
        with self._alone(project):
            everything = self._approved(project)
            if not everything:
                raise WrongStateError(f"no data owner's approval holds for project {project}, so there is no extract")
            waiting = self._waiting(project, everything)
            approved = [(dataset, approval) for dataset, approval in everything if approval.held is None]
            if not approved:
                names = ", ".join(dataset.name for dataset, _ in everything)
                raise WrongStateError(f"{names} has changed; its data owner has to confirm that for {project} first")
            staging = Path(tempfile.mkdtemp(prefix=staging_prefix(project), dir=self.extracts))
            try:
                files, crosswalks = self._make(project, approved, staging)
                # Both sides of the change find their units, wherever it is interrupted.
                for crosswalk in crosswalks:
                    self.crosswalks.widen(project, crosswalk)
                manifest = self._install(project, (*files, *waiting), staging, "extracts.provisioned")
                kept = {unit for file in waiting for unit in file.units}
                for crosswalk in crosswalks:
                    if crosswalk.unit not in kept:  # what stays needs the units it had
                        self.crosswalks.write(project, crosswalk)
                self.crosswalks.keep(project, {crosswalk.unit for crosswalk in crosswalks} | kept)
                return manifest
            finally:
                shutil.rmtree(staging)

    def prune(self, project: ProjectSlug) -> tuple[DatasetName, ...]:
        """Withdraw extracts that hold more than is approved now, in a column or in rows; return their datasets.

        Cheap when there is nothing to withdraw, so it can be called often.
        """
        with self._alone(project):
            if not (self.extracts / project / MANIFEST_FILE).exists():
                return ()
            manifest = read_manifest(self.extracts / project, self.signing_key.verifying_key)
            approved = {approval.dataset: approval for _, approval in self._approved(project)}
            kept = tuple(f for f in manifest.files if f.dataset in approved and self._covers(approved[f.dataset], f))
            gone = tuple(file.dataset for file in manifest.files if file not in kept)
            if gone:
                self._install(project, kept, None, "extracts.withdrawn")
                self.crosswalks.keep(project, {unit for file in kept for unit in file.units})
            return gone

    def lacking(self, project: ProjectSlug) -> tuple[DatasetName, ...]:
        """Return the approved datasets whose extract is missing, of another version, other columns or other rows.

        An extract whose units have no crosswalk counts as missing: nothing made from it can be judged. One whose
        approval waits for its owner to confirm a change cannot be made now, so it is not named.
        """
        folder = self.extracts / project
        present: dict[str, tuple[str, set[str], str | None]] = {}
        if (folder / MANIFEST_FILE).exists():
            manifest = read_manifest(folder, self.signing_key.verifying_key)
            present = {f.dataset: (f.version, {c.name for c in f.columns}, f.where) for f in manifest.files}
        approved = [(dataset, approval) for dataset, approval in self._approved(project) if approval.held is None]
        wanted = {dataset.name: (dataset.version, set(a.columns(dataset)), a.rows) for dataset, a in approved}
        linked = {
            dataset.name for dataset, _ in approved if all(self.crosswalks.has(project, unit) for unit in dataset.units)
        }
        return tuple(name for name, form in wanted.items() if present.get(name) != form or name not in linked)

    def verify(self, project: ProjectSlug) -> Manifest:
        """Check `project`'s extracts; see `verify_extracts`."""
        return verify_extracts(self.extracts / project, self.signing_key.verifying_key)

    def _approved(self, project: ProjectSlug) -> list[tuple[Dataset, Approval]]:
        """Return what is approved now, as it is in force; nothing for a project that was closed."""
        if not self.registry.project(project).active:
            return []
        at = self.clock.now()
        live = [approval for approval in self.registry.approvals(project) if approval.live(at)]
        return [(in_force(self.registry, approval), approval) for approval in live]

    def _covers(self, approval: Approval, file: ExtractFile) -> bool:
        return covers(self.registry, approval, file)

    def _waiting(self, project: ProjectSlug, approved: list[tuple[Dataset, Approval]]) -> tuple[ExtractFile, ...]:
        """Return the extracts that stay as they are, because a change of their dataset waits for its owner."""
        held = {approval.dataset: approval for _, approval in approved if approval.held is not None}
        if not held or not (self.extracts / project / MANIFEST_FILE).exists():
            return ()
        manifest = verify_extracts(self.extracts / project, self.signing_key.verifying_key, tuple(held))
        return tuple(f for f in manifest.files if f.dataset in held and self._covers(held[f.dataset], f))

    def _make(
        self, project: ProjectSlug, approved: list[tuple[Dataset, Approval]], staging: Path
    ) -> tuple[tuple[ExtractFile, ...], tuple[Crosswalk, ...]]:
        units = {unit for dataset, _ in approved for unit in dataset.units}
        unit_keys = {unit: PseudonymKey.derive(self.pseudonym_key, project, unit) for unit in units}
        lineages = {unit: LineageKey.derive(self.pseudonym_key, unit) for unit in units}
        extraction = Extraction(unit_keys, lineages, staging / "scratch")
        try:
            files = []
            for dataset, approval in approved:
                target = staging / f"{dataset.name}.parquet"
                columns, source = approval.columns(dataset), self._source(dataset)
                made = extraction.extract(dataset, columns, source, target, approval.rows)
                files.append(
                    ExtractFile(
                        dataset=dataset.name,
                        title=dataset.title,
                        owner=dataset.owner,
                        version=dataset.version,
                        file=target.name,
                        sha256=file_sha256(target),
                        bytes=target.stat().st_size,
                        rows=made.rows,
                        units=dataset.units,
                        columns=tuple(self._bounded(dataset, column, staging) for column in made.columns),
                        where=approval.rows,
                        one_each=made.one_each,
                    )
                )
            extraction.check_collisions()
            found = ((unit, *extraction.crosswalk(unit)) for unit in sorted(units))
            return tuple(files), tuple(Crosswalk(unit, keys_of_numbers(ids), keys) for unit, ids, keys in found)
        finally:
            extraction.close()

    def _bounded(self, dataset: Dataset, column: ExtractColumn, staging: Path) -> ExtractColumn:
        """Copy the boundaries of a column's areas, where it has some, and name them with it."""
        variable = dataset.variable(column.name)
        if variable is None or variable.boundaries is None:
            return column
        data = self._below_sources(dataset, variable.boundaries).read_bytes()
        try:
            read_boundaries(data, column.name)
        except BadInputError as error:
            raise BadInputError(f"{dataset.name}: {error.message}") from None
        target = staging / f"{dataset.name}.{dataset.variables.index(variable)}.geojson"
        target.write_bytes(data)
        kept = BoundariesFile(file=target.name, sha256=sha256(data), bytes=len(data))
        return column.model_copy(update={"boundaries": kept})

    def _source(self, dataset: Dataset) -> Path:
        return self._below_sources(dataset, dataset.source)

    def _below_sources(self, dataset: Dataset, name: str) -> Path:
        path = self.sources / name
        if not path.is_file() or not path.resolve().is_relative_to(self.sources.resolve()):
            raise BadInputError(f"{dataset.name}: its source {name} is not in the folder {self.sources}")
        return path

    def _install(
        self, project: ProjectSlug, files: tuple[ExtractFile, ...], staging: Path | None, action: str
    ) -> Manifest:
        manifest = Manifest(project=project, made_at=isoformat(self.clock.now()), files=files)
        sealed = seal_manifest(manifest, self.signing_key)
        listed = {file.dataset: {"version": file.version, "sha256": file.sha256} for file in files}
        self.record(Event(self.actor, action, f"project:{project}", {"manifest": sha256(sealed), "datasets": listed}))
        folder = self.extracts / project
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        if staging is not None:
            for name in (name for file in files for name, _, _ in file.contents):
                if (staging / name).exists():  # what stays as it is, is there already
                    move_in(staging / name, folder / name)
        names = {name for file in files for name, _, _ in file.contents} | {MANIFEST_FILE}
        for leftover in folder.iterdir():
            if leftover.name not in names:
                leftover.unlink()
        write_in(sealed, folder / MANIFEST_FILE)
        return manifest

    @contextmanager
    def _alone(self, project: ProjectSlug) -> Iterator[None]:
        """Let one process at a time change a project's folder; clear away what a killed one left behind."""
        with (self.extracts / f".{project}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for leftover in self.extracts.glob(f"{staging_prefix(project)}*"):
                if leftover.is_dir():
                    shutil.rmtree(leftover)
                else:
                    leftover.unlink()
            yield


def provision(
    home: Home,
    registry: Registry,
    project: ProjectSlug,
    *,
    clock: Clock | None = None,
    record: Callable[[Event], None] = _no_record,
    actor: str = "system",
) -> Manifest:
    """Make `project`'s extracts in `home`; see `Extracts.provision`."""
    return extracts_of(home, registry, clock=clock, record=record, actor=actor).provision(project)


def extracts_of(
    home: Home,
    registry: Registry,
    *,
    clock: Clock | None = None,
    record: Callable[[Event], None] = _no_record,
    actor: str = "system",
) -> Extracts:
    """Return the maker of `home`'s extracts."""
    return Extracts(
        sources=home.sources,
        extracts=home.extracts,
        registry=registry,
        signing_key=keys.signing_key(home),
        pseudonym_key=keys.pseudonym_key(home),
        clock=clock or SystemClock(),
        crosswalks=Crosswalks(home.crosswalks, AtRest(keys.memory_key(home))),
        record=record,
        actor=actor,
    )
