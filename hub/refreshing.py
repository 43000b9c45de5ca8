"""Gives projects the new versions of their datasets, and tells them what changed.

What breaks an approval is held by then (see `saferoom.projects.life.refresh`), so that it is not made here. Each
project is by itself: what fails for one is told, and the others go on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import structlog
from sqlalchemy import func, select

from saferoom.errors import SaferoomError
from saferoom.hub.extracts import Extracts, read_manifest
from saferoom.hub.store.life_tables import DatasetVersionRow
from saferoom.hub.store.zones_tables import IndexRow, LinkageRow
from saferoom.hub.watching.counts import refreshed
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.extracts.manifest import MANIFEST_FILE, ExtractFile, Manifest
from saferoom.projects.extracts.refreshes import Refreshed, changes_told

_log = structlog.get_logger()
MADE = "made"
SECONDS_BETWEEN_TRIES = 3600.0
"""From a first failure to the next try; every further failure doubles it."""
MOST_SECONDS_BETWEEN_TRIES = 24 * 3600.0
_Standing = dict[str, int]
"""The number of a dataset's version, as of the index "", and of the newest linkage of every index that it is in."""


def provision_entitled(
    instance: Instance, datasets: Collection[DatasetName], actor: str = "system"
) -> Mapping[ProjectSlug, str]:
    """Make for every running project what it lacks of `datasets`; return, per project, what came of it.

    A dataset whose owner wants to say so first (`refresh: {same_day: false}`) is left to ``saferoom admin extract``,
    where the project has an extract of it already.

    Returns
    -------
    mapping of ProjectSlug to str
        ``made``, or why not; projects that lack nothing are not named.
    """
    extracts = instance.extracts(actor)
    outcome: dict[ProjectSlug, str] = {}
    for project in instance.registry.projects():
        if not project.active:
            continue
        slug = ProjectSlug(project.slug)
        try:
            wanted = [name for name in due(instance, extracts, slug) if name in datasets]
            if wanted:
                refresh(instance, extracts, slug, wanted)
                outcome[slug] = MADE
        except SaferoomError as error:
            outcome[slug] = error.message
        except Exception as error:
            # Whatever it is: the other projects must not wait for it.
            outcome[slug] = f"the extracts could not be made ({type(error).__name__})"
    return outcome


def refresh(
    instance: Instance, extracts: Extracts, project: ProjectSlug, only: Collection[DatasetName] | None = None
) -> Manifest:
    """Make a project's extracts; tell its members which are of a new version or linkage, and what changed."""
    before = _present(extracts, project)
    manifest = extracts.provision(project, None if only is None else tuple(only))
    for old, new in _renewed(before, manifest):
        name = DatasetName(new.dataset)
        told = _told(instance, project, old, new)
        found = Refreshed(name, old.version, new.version, told, instance.clock.now())
        instance.extract_records.refreshed(project, found, extracts.actor)
    return manifest


class Watch:
    """Notices new versions and linkages of datasets; what could not be made is tried again, later every time."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._seen: Mapping[DatasetName, _Standing] = {}
        self._failed: set[DatasetName] = set()
        self._wait = self._again = 0.0

    def look(self, now: float) -> None:
        """Give every project what is new since the last look, and what failed long enough ago.

        Parameters
        ----------
        now : float
            Seconds, of a clock that only rises.
        """
        present = self._present()
        changed = {name for name, standing in present.items() if self._seen.get(name) != standing}
        again = set(self._failed) if now >= self._again else set()
        if changed or again:
            self._try(changed, again, now)
        self._seen = present

    def _try(self, changed: set[DatasetName], again: set[DatasetName], now: float) -> None:
        outcome = provision_entitled(self._instance, changed | again)
        if failed := any(said != MADE for said in outcome.values()):
            self._wait = SECONDS_BETWEEN_TRIES if changed else min(2 * self._wait, MOST_SECONDS_BETWEEN_TRIES)
            self._again = now + self._wait
        for project, said in outcome.items():
            refreshed(said == MADE)
            if said == MADE:
                _log.info("extracts made", project=project)
            else:
                _log.error("extracts not made", project=project, reason=said, again_in_seconds=int(self._wait))
        self._failed = (self._failed | changed) if failed else (self._failed - changed - again)

    def _present(self) -> Mapping[DatasetName, _Standing]:
        versions = select(DatasetVersionRow.dataset, func.max(DatasetVersionRow.number)).group_by(
            DatasetVersionRow.dataset
        )
        linkages = (
            select(IndexRow.name, IndexRow.document, func.max(LinkageRow.number))
            .join(LinkageRow, LinkageRow.index == IndexRow.name)
            .group_by(IndexRow.name)
        )
        with self._instance.database.reading() as session:
            found: dict[DatasetName, _Standing] = {
                DatasetName(name): {"": int(number)} for name, number in session.execute(versions)
            }
            for index, document, number in session.execute(linkages):
                for name in document["sources"]:
                    found.setdefault(DatasetName(name), {})[index] = int(number)
        return found


def due(instance: Instance, extracts: Extracts, project: ProjectSlug) -> tuple[DatasetName, ...]:
    """Return the datasets whose extract a project lacks and is to have without anybody's word."""
    has = {file.dataset for file in _present(extracts, project).files}
    found = []
    for name in extracts.lacking(project):
        said = instance.registry.dataset(DatasetName(name)).refresh
        if said is None or said.same_day or name not in has:
            found.append(DatasetName(name))
    return tuple(found)


def _present(extracts: Extracts, project: ProjectSlug) -> Manifest:
    folder = extracts.extracts / project
    if not (folder / MANIFEST_FILE).exists():
        return Manifest(project=project, made_at="", files=())
    return read_manifest(folder, extracts.signing_key.verifying_key)


def _renewed(before: Manifest, after: Manifest) -> Iterator[tuple[ExtractFile, ExtractFile]]:
    for new in after.newest:
        old = before.file(new.dataset)
        if old is not None and (old.version, old.linkage) != (new.version, new.linkage):
            yield old, new


def _told(instance: Instance, project: ProjectSlug, old: ExtractFile, new: ExtractFile) -> tuple[str, ...]:
    name = DatasetName(new.dataset)
    approval = next(one for one in instance.registry.approvals(project) if one.dataset == name)
    before, after = _described(instance, name, old.version), _described(instance, name, new.version)
    if before is None or after is None:
        return ("its description of that version is not on record",)
    return changes_told(before, after, approval, (old, new))


def _described(instance: Instance, name: DatasetName, version: str) -> Dataset | None:
    with instance.lives.store.reading() as tx:
        known = [one.dataset for one in tx.versions(name) if one.dataset.version == version]
    return known[-1] if known else None
