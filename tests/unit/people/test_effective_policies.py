"""The policies in force for a project's outputs: every owner concerned, and nobody overruled."""

from __future__ import annotations

import pytest
from tests.support.registry_world import HTV, MOB, MemoryRegistry, approval, dataset, owner, project, researcher

from saferoom.errors import BadInputError, NotFoundError
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.policies.models import ReleaseRoute, RiskAppetite
from saferoom.projects.policies import effective
from saferoom.projects.registry import Platform

OTHER = DatasetName("other")
AUTOMATIC = ReleaseRoute(name="auto", automatic=True)


def _registry(*, htv_auto: bool = True, approved_auto: bool = True, **of_project: object) -> MemoryRegistry:
    return MemoryRegistry.of(
        researcher(),
        owner(),
        project(**of_project),
        dataset(
            release_route=AUTOMATIC if htv_auto else ReleaseRoute(), risk_appetite=RiskAppetite(threshold_units=12)
        ),
        dataset(name=OTHER, risk_appetite=RiskAppetite(threshold_units=30)),
        approval(automatic=approved_auto),
    )


def test_outputs_leave_by_themselves_only_where_dataset_and_approval_say_so() -> None:
    assert effective(_registry(), MOB, [HTV])[1].policy.automatic is True
    route = effective(_registry(htv_auto=False), MOB, [HTV])[1]
    assert (route.policy.automatic, route.origins["automatic"]) == (False, "data owner of htv")
    route = effective(_registry(approved_auto=False), MOB, [HTV])[1]
    assert (route.policy.automatic, route.origins["automatic"]) == (False, "approval of htv")


def test_output_from_two_datasets_needs_both_owners_to_say_so() -> None:
    appetite, route = effective(_registry(), MOB, [HTV, OTHER])
    assert route.policy.automatic is False
    assert (appetite.policy.threshold_units, appetite.origins["threshold_units"]) == (30, "data owner of other")


def test_dataset_without_any_approval_never_leaves_by_itself() -> None:
    registry = _registry()
    registry.granted.clear()
    assert effective(registry, MOB, [HTV])[1].policy.automatic is False


def test_project_may_be_stricter_but_never_looser_than_a_data_owner() -> None:
    looser = _registry(risk_appetite=RiskAppetite(threshold_units=5), release_route=AUTOMATIC)
    assert effective(looser, MOB, [HTV])[0].policy.threshold_units == 12
    stricter = _registry(risk_appetite=RiskAppetite(threshold_units=40), release_route=ReleaseRoute())
    appetite, route = effective(stricter, MOB, [HTV])
    assert (appetite.policy.threshold_units, appetite.origins["threshold_units"]) == (40, "project")
    assert (route.policy.automatic, route.origins["automatic"]) == (False, "project")


def test_platform_can_forbid_what_owners_allow() -> None:
    registry = _registry()
    registry.base = Platform(risk_appetite=RiskAppetite(p_percent=50.0), release_route=ReleaseRoute())
    appetite, route = effective(registry, MOB, [HTV])
    assert (appetite.policy.p_percent, appetite.origins["p_percent"]) == (50.0, "platform")
    assert (route.policy.automatic, route.origins["automatic"]) == (False, "platform")


def test_structural_columns_are_the_data_owners_alone() -> None:
    registry = _registry()
    registry.sets[HTV] = dataset(risk_appetite=RiskAppetite(structural=frozenset({"sex"})))
    assert effective(registry, MOB, [HTV])[0].policy.structural == {"sex"}
    assert effective(registry, MOB, [HTV, OTHER])[0].policy.structural == frozenset()


def test_policies_for_no_dataset_are_refused() -> None:
    with pytest.raises(BadInputError, match="no data owner's policy"):
        effective(_registry(), MOB, [])


def test_policies_for_what_does_not_exist_are_refused() -> None:
    with pytest.raises(NotFoundError):
        effective(_registry(), ProjectSlug("zzz"), [HTV])
    with pytest.raises(NotFoundError):
        effective(_registry(), MOB, [DatasetName("zzz")])
