"""The policies in force for a project's work on some of its datasets: strictest wins."""

from __future__ import annotations

from collections.abc import Collection

from saferoom.errors import BadInputError
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.policies.merge import Layer, Merged, strictest
from saferoom.policies.models import ReleaseRoute, RiskAppetite
from saferoom.projects.approvals.model import Approval
from saferoom.projects.registry import Registry

Layers = tuple[list[Layer[RiskAppetite]], list[Layer[ReleaseRoute]]]


def effective(
    registry: Registry, project: ProjectSlug, datasets: Collection[DatasetName]
) -> tuple[Merged[RiskAppetite], Merged[ReleaseRoute]]:
    """Return the risk appetite and the release route for outputs made from `datasets` in `project`.

    Every dataset concerned adds its owner's layer. Outputs leave by themselves only where the platform, each of
    these owners (for the dataset, and for this project in its approval) and the project say so.

    Raises
    ------
    BadInputError
        No dataset is named: without its owner there is no policy.
    NotFoundError
        No such project or dataset.
    """
    appetites, routes = layers(registry, project, datasets)
    return strictest(appetites), strictest(routes)


def layers(registry: Registry, project: ProjectSlug, datasets: Collection[DatasetName]) -> Layers:
    """Return who states what, the platform first and the project last; see `effective`."""
    if not datasets:
        raise BadInputError("no dataset is named, so no data owner's policy applies")
    platform, stated = registry.platform(), registry.project(project)
    approvals = {approval.dataset: approval for approval in registry.approvals(project)}
    appetites = [Layer("platform", platform.risk_appetite)]
    routes = [Layer("platform", platform.release_route)]
    for dataset in map(registry.dataset, sorted(set(datasets))):
        owner = f"data owner of {dataset.name}"
        appetites.append(Layer(owner, dataset.risk_appetite))
        routes.append(Layer(owner, dataset.release_route))
        approval, by = approvals.get(dataset.name), f"approval of {dataset.name}"
        routes.append(Layer(by, _route(dataset.release_route, approval)))
        if approval is not None and approval.risk_appetite is not None:
            appetites.append(Layer(by, approval.risk_appetite))
    if stated.risk_appetite is not None:
        appetites.append(Layer("project", stated.risk_appetite))
    if stated.release_route is not None:
        routes.append(Layer("project", stated.release_route))
    return appetites, routes


def _route(route: ReleaseRoute, approval: Approval | None) -> ReleaseRoute:
    """Return a dataset's route as an approval narrows it; without an approval nothing leaves by itself."""
    changes: dict[str, object] = {}
    if approval is None or not approval.automatic:
        changes["automatic"] = False
    if approval is not None and approval.sign_off:
        changes["owner_signs"] = True
    if approval is not None and approval.checkers is not None:
        # A file never needs fewer than two.
        changes["checkers_declared"] = max(route.checkers_declared, approval.checkers)
        changes["checkers_file"] = max(route.checkers_file, approval.checkers)
    return route.model_copy(update=changes)
