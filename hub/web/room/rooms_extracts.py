"""What a room asks about its project's extracts: which versions there are, another one, and what became of ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saferoom.errors import NotFoundError, WrongStateError
from saferoom.hub.extract_files import read_manifest
from saferoom.hub.project_sources import opened
from saferoom.hub.web.room import answers
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.extracts.manifest import Manifest


def versions(instance: Instance, project: ProjectSlug) -> Mapping[str, list[str]]:
    """Return the versions of each extract, the newest first; nothing where there are no extracts yet."""
    found: dict[str, list[str]] = {}
    for file in _manifest(instance, project).files:
        found.setdefault(file.dataset, []).append(file.version)
    return found


def open_version(instance: Instance, project: ProjectSlug, name: DatasetName, version: str) -> dict[str, Any]:
    """Open a version in the project's rooms, where it stays as long as one of them runs.

    Raises
    ------
    NotFoundError
        The project may not use a dataset of that name today.
    BadInputError
        There is no extract of that version; the message names those that there are.
    """
    now = instance.clock.now()
    live = {approval.dataset: approval for approval in instance.registry.approvals(project) if approval.live(now)}
    if name not in live:
        raise NotFoundError("the project has no approval for a dataset of that name that holds today")
    with opened(instance, project, [name], {name: version}) as (_, (file,)):
        return answers.extract(file, file.owner, live[name].until.isoformat())


def changes(instance: Instance, project: ProjectSlug) -> list[dict[str, Any]]:
    """Return the tables of old and new ids."""
    return [
        {"unit": one.unit, "path": f"/data/{one.file}", "epoch": one.epoch, "rows": one.rows}
        for one in _manifest(instance, project).changes
    ]


def _manifest(instance: Instance, project: ProjectSlug) -> Manifest:
    try:
        return read_manifest(instance.home.extracts / project, instance.signing_key.verifying_key)
    except WrongStateError:
        return Manifest(project=project, made_at="", files=())
