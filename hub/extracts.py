"""Per-project extracts: made from the owners' files outside every room, sealed, listed in a signed manifest.

A project's folder holds, per dataset and version, one sealed file, and the manifest. Files are made in a private folder
beside it and moved in while nobody reads, the manifest last. Running rooms see new files at once, because the folder
in which they are opened stays the same.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date
from pathlib import Path

from saferoom.audit import Event
from saferoom.clock import Clock, isoformat
from saferoom.digests import sha256
from saferoom.errors import BadInputError, IntegrityError, NotFoundError, WrongStateError
from saferoom.hub.crosswalks import Crosswalks
from saferoom.hub.extract_files import (
    move_in,
    moving,
    read_manifest,
    remove_others,
    staging_prefix,
    verify_extracts,
    verify_parts,
    write_in,
)
from saferoom.hub.extract_making import Approved, Making, columns_of
from saferoom.hub.extract_sources import OwnersFiles, Sources
from saferoom.hub.extract_units import Units
from saferoom.hub.id_changes import Changing
from saferoom.hub.opened_extracts import OpenedExtracts
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.approvals.model import Approval
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.extracts.coverage import covers, in_force, told_of
from saferoom.projects.extracts.epochs import TABLE_ENDED, Epochs, EpochsInMemory
from saferoom.projects.extracts.manifest import MANIFEST_FILE, ExtractFile, Manifest, seal_manifest
from saferoom.projects.extracts.pseudonyms import chain
from saferoom.projects.extracts.versions import retention_of, staying
from saferoom.projects.registry import Registry
from saferoom.signing import SigningKey

__all__ = ["Extracts", "read_manifest", "verify_extracts"]


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
    opened : OpenedExtracts
        Where rooms and evaluations have extracts open; has the key of extracts at rest.
    record : callable
        Takes the audit event of a change, just before files are replaced.
    finding : Sources, optional
        Says where a dataset's source is, and does the work there; the owners' files when left out.
    """

    sources: Path
    extracts: Path
    registry: Registry
    signing_key: SigningKey = field(repr=False)
    pseudonym_key: bytes = field(repr=False)
    clock: Clock
    crosswalks: Crosswalks
    opened: OpenedExtracts
    record: Callable[[Event], None] = _no_record
    actor: str = "system"
    epochs: Epochs = field(default_factory=EpochsInMemory)
    finding: Sources | None = None

    def provision(self, project: ProjectSlug, only: Sequence[DatasetName] | None = None) -> Manifest:
        """Make every extract that `project` has a holding approval for, and replace those of the same version.

        Extracts of earlier versions stay, as long as their owner's policy and an approval let them.

        Parameters
        ----------
        only : sequence of DatasetName, optional
            Make these datasets' extracts; the others stay as they are.

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
            approved = [(dataset, approval) for dataset, approval in everything if approval.held is None]
            if not approved:
                names = ", ".join(dataset.name for dataset, _ in everything)
                raise WrongStateError(f"{names} has changed; its data owner has to confirm that for {project} first")
            if only is not None:
                approved = [(dataset, approval) for dataset, approval in approved if dataset.name in only]
            return self._renew(project, everything, approved, "extracts.provisioned")

    def rotate(self, project: ProjectSlug, reason: str) -> Manifest | None:
        """Give every unit of `project` a new id, in all versions; return the manifest, None without extracts.

        The project is left a table of old and new ids. Lineages, and with them the memory of releases, stay. Nothing is
        read from the owners' files.

        Raises
        ------
        IntegrityError
            An extract is not what was provisioned; no id was changed.
        """
        with self._alone(project):
            self.registry.project(project)
            if not self._has(project):
                self.epochs.begin(project, self.actor, reason)
                return None
            self.verify(project)
            self.epochs.begin(project, self.actor, reason)
            return self._renew(project, self._approved(project), [], "extracts.rekeyed")

    def end_read_through(self, project: ProjectSlug, reason: str, last: date | None = None) -> Manifest:
        """Take the tables of old and new ids from `project`, at once or after a day.

        Parameters
        ----------
        last : date, optional
            The last day (UTC) on which they stay; in place of an earlier word.

        Raises
        ------
        WrongStateError
            There is no table, or a change of ids is not finished, so that there would be one again.
        BadInputError
            The day is over.
        """
        with self._alone(project):
            manifest = read_manifest(self.extracts / project, self.signing_key.verifying_key)
            if any(file.epoch != self.epochs.current(project) for file in manifest.files):
                raise WrongStateError(f"the change of ids is not finished yet: saferoom admin extract {project}")
            if not manifest.changes:
                raise WrongStateError(f"project {project} has no table of old and new ids")
            if last is not None and last < self._today:
                raise BadInputError("the last day of the table of old and new ids is over already")
            return self._without_table(manifest, last, reason)

    def _without_table(self, manifest: Manifest, last: date | None, reason: str) -> Manifest:
        """Install `manifest` without its tables of ids, or with their last day."""
        action = TABLE_ENDED if last is None else "ids.read_through_ends"
        changed = manifest.model_copy(
            update={"changes": () if last is None else manifest.changes, "changes_until": last}
        )
        said = {"reason": reason, **({} if last is None else {"last_day": last.isoformat()})}
        return self._install(changed, None, action, said)

    def prune(self, project: ProjectSlug) -> tuple[DatasetName, ...]:
        """Withdraw extracts that hold more than is approved now, in a column or in rows; return their datasets.

        Versions that their owner's policy does not keep any longer go as well, and tables of ids after their last day.
        Cheap when there is nothing to withdraw, so it can be called often.
        """
        with self._alone(project):
            if not self._has(project):
                return ()
            manifest = read_manifest(self.extracts / project, self.signing_key.verifying_key)
            if manifest.changes_until is not None and manifest.changes_until < self._today:
                manifest = self._without_table(manifest, None, f"their last day was {manifest.changes_until}")
            elif self._standing(project, manifest).changes != manifest.changes:
                manifest = self._without_table(manifest, None, "an older copy of the extracts brought it back")
            kept = self._staying(manifest.files, self._approved(project))
            gone = tuple(dict.fromkeys(file.dataset for file in manifest.files if file not in kept))
            if gone:
                left = {"files": kept} if kept else {"files": (), "changes": (), "changes_until": None}
                self._install(manifest.model_copy(update=left), None, "extracts.withdrawn")
                self._units(project, kept).settle(kept)
            return tuple(name for name in gone if all(file.dataset != name for file in kept))

    def rewrap(self, project: ProjectSlug) -> None:
        """Wrap the keys of `project`'s files under the newest key of extracts; no file is written anew."""
        with self._alone(project):
            if self._has(project):
                manifest = read_manifest(self.extracts / project, self.signing_key.verifying_key)
                if (fresh := self.opened.rewrapped(manifest)) != manifest:
                    self._install(fresh, None, "extracts.rewrapped")

    def lacking(self, project: ProjectSlug) -> tuple[DatasetName, ...]:
        """Return the approved datasets whose extract is missing, of another version or linkage, other columns or rows.

        So is one whose links tell of other datasets than the project has now, one whose ids are of an epoch that is
        over, one that is not sealed, and one whose units have no crosswalk: nothing made from it can be judged. One
        whose approval waits for its owner to confirm a change cannot be made now, so it is not named.
        """
        present: dict[str, ExtractFile] = {}
        if self._has(project):
            manifest = read_manifest(self.extracts / project, self.signing_key.verifying_key)
            present = {file.dataset: file for file in manifest.newest if file.sealed}
        epoch = self.epochs.current(project)
        everything = self._approved(project)
        approved = [(dataset, approval) for dataset, approval in everything if approval.held is None]
        beside = told_of(self.registry, [one for _, one in everything])
        return tuple(
            dataset.name
            for dataset, approval in approved
            if not self._is_made(present.get(dataset.name), dataset, approval, epoch)
            or not self._tells(present.get(dataset.name), dataset, beside)
            or not self._linked(project, dataset)
        )

    def _is_made(self, file: ExtractFile | None, dataset: Dataset, approval: Approval, epoch: int) -> bool:
        """Tell whether an extract is the one that would be made now."""
        if file is None or (file.version, file.where, file.epoch) != (dataset.version, approval.rows, epoch):
            return False
        if {column.name for column in file.columns} != set(columns_of(dataset, approval)):
            return False
        try:
            return file.linkage == self._finding.linkage(dataset)
        except (NotFoundError, WrongStateError):  # nothing better can be made now
            return True

    def _tells(self, file: ExtractFile | None, dataset: Dataset, beside: Collection[str]) -> bool:
        """Tell whether an extract's links tell of those datasets that the project has now."""
        return file is None or set(file.linked_with) == set(self._finding.linked_with(dataset, beside))

    def verify(self, project: ProjectSlug) -> Manifest:
        """Check `project`'s extracts; see `verify_extracts`."""
        return verify_extracts(self.extracts / project, self.signing_key.verifying_key)

    def _renew(self, project: ProjectSlug, everything: list[Approved], making: list[Approved], action: str) -> Manifest:
        """Make extracts, carry over what stays into the present epoch, and put both in place."""
        staging = Path(tempfile.mkdtemp(prefix=staging_prefix(project), dir=self.extracts))
        try:
            before = self._sound(project, making)
            made, walks = self._making(everything).make(project, making, self.epochs.current(project), staging)
            changing = self._changing(project, staging, (*made, *before.files))
            units = Units(project, self.crosswalks, changing)
            kept = self._kept(everything, made, before.files)
            kept = units.without_strangers(kept, walks, {file.dataset for file in made})
            stale = [file for file in before.files if file.epoch != changing.epoch]
            files = self._staying((*made, *(changing.carried(file) for file in kept)), everything)
            changes = changing.changes(before, stale)
            # Both sides of the change find their units, wherever it is interrupted.
            for walk in (*walks, *units.rekeyed([file for file in kept if file in stale])):
                self.crosswalks.widen(project, walk)
            after = before.model_copy(update={"files": tuple(files), "changes": changes})
            manifest = self._install(after, staging, action)
            units.settle(files, walks if not kept else ())
            return manifest
        finally:
            shutil.rmtree(staging)

    def _kept(
        self, everything: list[Approved], made: Sequence[ExtractFile], before: Sequence[ExtractFile]
    ) -> list[ExtractFile]:
        """Return which of the extracts that there are stay beside those that were made."""
        renewed = {file.file for file in made}
        stay = [file for file in before if file.file not in renewed]
        return [file for file in self._staying((*made, *stay), everything) if file.file not in renewed]

    def _sound(self, project: ProjectSlug, making: list[Approved]) -> Manifest:
        """Return what the project has, without what is damaged and made again, and without what is not sealed.

        Raises
        ------
        IntegrityError
            Something is damaged that is not made again.
        """
        folder = self.extracts / project
        if not (folder / MANIFEST_FILE).exists():
            return Manifest(project=project, made_at="", files=())
        try:
            manifest = read_manifest(folder, self.signing_key.verifying_key)
        except IntegrityError:
            if not making:
                raise
            return Manifest(project=project, made_at="", files=())
        again = {dataset.name for dataset, _ in making}
        sound = []
        for file in manifest.files:
            try:
                verify_parts(folder, [file])
                sound += [file] if file.sealed else []
            except IntegrityError:
                if file.dataset not in again:
                    raise
        manifest = self._standing(project, manifest)
        verify_parts(folder, manifest.changes)
        return manifest.model_copy(update={"files": tuple(sound)})

    def _standing(self, project: ProjectSlug, manifest: Manifest) -> Manifest:
        """Return a manifest without tables of ids that were ended: an older copy of it is signed as well."""
        if not manifest.changes:
            return manifest
        ended = self.epochs.ended(project)
        return manifest.model_copy(update={"changes": tuple(c for c in manifest.changes if c.epoch > ended)})

    def _staying(self, files: Sequence[ExtractFile], approved: list[Approved]) -> tuple[ExtractFile, ...]:
        """Return, of `files` with each dataset's newest first, those that an approval covers and its policy keeps.

        One whose links tell of a dataset that the project has no more is not covered.
        """
        told = told_of(self.registry, [approval for _, approval in approved])
        telling = [file for file in files if told.issuperset(file.linked_with)]
        kept: list[ExtractFile] = []
        for dataset, approval in approved:
            covered = [f for f in telling if f.dataset == dataset.name and covers(self.registry, approval, f)]
            # What is in force comes first, also where a later version had been made before a change was held.
            covered = [
                *(file for file in covered if file.version == dataset.version),
                *(file for file in covered if file.version != dataset.version),
            ]
            kept += staying(covered, retention_of(dataset), self.clock.now())
        return tuple(kept)

    def _changing(self, project: ProjectSlug, staging: Path, files: Sequence[ExtractFile]) -> Changing:
        epoch = self.epochs.current(project)
        units = {unit for file in files for unit in file.units}
        keys = {unit: chain(self.pseudonym_key, project, unit, epoch) for unit in units}
        return Changing(project, self.opened, self.extracts / project, staging, keys, epoch)

    def _units(self, project: ProjectSlug, files: Sequence[ExtractFile]) -> Units:
        return Units(project, self.crosswalks, self._changing(project, self.extracts, files))

    @property
    def _today(self) -> date:
        return self.clock.now().astimezone(UTC).date()

    @property
    def _finding(self) -> Sources:
        return self.finding or OwnersFiles(self.sources)

    def _making(self, everything: list[Approved]) -> Making:
        made_at, beside = isoformat(self.clock.now()), told_of(self.registry, [one for _, one in everything])
        return Making(self.sources, self._finding, self.opened, self.pseudonym_key, made_at, beside)

    def _install(
        self, found: Manifest, staging: Path | None, action: str, said: Mapping[str, str] | None = None
    ) -> Manifest:
        """Put a manifest and its files in place, with an event of which `said` is a part."""
        project = ProjectSlug(found.project)
        manifest = found.model_copy(update={"made_at": isoformat(self.clock.now())})
        sealed = seal_manifest(manifest, self.signing_key)
        told = {"manifest": sha256(sealed), "datasets": manifest.told, **(said or {})}
        self.record(Event(self.actor, action, f"project:{project}", told))
        folder = self.extracts / project
        folder.mkdir(exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        names = {name for name, _, _ in manifest.contents}
        with moving(folder):
            for name in names:
                if staging is not None and (staging / name).exists():  # what stays as it is, is there already
                    move_in(staging / name, folder / name)
            remove_others(folder, names | {MANIFEST_FILE})
            write_in(sealed, folder / MANIFEST_FILE)
        self.opened.renew(project)
        return manifest

    def _linked(self, project: ProjectSlug, dataset: Dataset) -> bool:
        return all(self.crosswalks.has(project, unit) for unit in dataset.units)

    def _approved(self, project: ProjectSlug) -> list[Approved]:
        """Return what is approved now, as it is in force; nothing for a project that was closed."""
        if not self.registry.project(project).active:
            return []
        at = self.clock.now()
        live = [approval for approval in self.registry.approvals(project) if approval.live(at)]
        return [(in_force(self.registry, approval), approval) for approval in live]

    def _has(self, project: ProjectSlug) -> bool:
        return (self.extracts / project / MANIFEST_FILE).exists()

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
