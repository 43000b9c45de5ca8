"""What a room asks about the linkage of its project's datasets."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from saferoom.errors import NotFoundError
from saferoom.hub.linkage.quality_of import quality_of
from saferoom.hub.web.room import rooms_extracts
from saferoom.hub.web.room.api import Living
from saferoom.hub.web.shell.hub_auth import Resident
from saferoom.hub.web.shell.padded import PaddedJson
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rates import Rate
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.linkage.quality_view import VersionQuality

router = APIRouter(prefix="/api/room/datasets/{name}", default_response_class=PaddedJson)


@router.get("/linkage")
async def newest(request: Request, name: str, who: Living) -> VersionQuality:
    """Show how well the project's newest version of a dataset is linked, and whom linking loses."""
    return await _told(request, who, name, None)


@router.get("/versions/{version}/linkage")
async def one(request: Request, name: str, version: str, who: Living) -> VersionQuality:
    """Show the same of any version."""
    return await _told(request, who, name, version)


async def _told(request: Request, who: Resident, name: str, version: str | None) -> VersionQuality:
    parts = parts_of(request)
    parts.rates.spend(Rate.CALLS, who.username)
    return await run_in_threadpool(linkage, parts.instance, who.project, DatasetName(name[:100]), version)


def linkage(instance: Instance, project: ProjectSlug, name: DatasetName, version: str | None) -> VersionQuality:
    """Return how well a dataset of the project is linked, or one that such a dataset was linked from.

    Parameters
    ----------
    version : str or None
        None for the newest that the project has; of a dataset of which it only has what was derived, for that in use.

    Raises
    ------
    NotFoundError
        The project has nothing of a dataset of that name today, or the version is not linked.
    """
    now, registry = instance.clock.now(), instance.registry
    own = {approval.dataset for approval in registry.approvals(project) if approval.live(now)}
    origins = {origin for mine in own for origin in registry.dataset(mine).linked_from}
    if name not in own | origins:
        raise NotFoundError("the project has no approval for a dataset of that name that holds today")
    dataset = registry.dataset(name)
    if version is None:
        had = rooms_extracts.versions(instance, project).get(name, ())
        version = had[0] if had else dataset.version
    return quality_of(instance, dataset, version[:40])
