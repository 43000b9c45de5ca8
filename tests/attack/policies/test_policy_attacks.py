"""Attempts to loosen a policy, or to hurt whoever reads it."""

from __future__ import annotations

import time

import pytest
from tests.support.registry_world import HTV, MOB, MemoryRegistry, approval, dataset, project, world

from saferoom.errors import BadInputError
from saferoom.ids import DatasetName
from saferoom.policies.loader import load_risk_appetite
from saferoom.policies.merge import Layer, strictest
from saferoom.policies.models import DominanceRule, PolicyModel, ReleaseRoute, RiskAppetite
from saferoom.projects.policies import effective

LOOSEST = RiskAppetite(
    threshold_units=3,
    threshold_per_unit={"person_id": 3},
    residual_degrees_of_freedom=1,
    dominance=(),
    p_percent=0.0,
    near_class_fraction=1.0,
    difference_units=2,
    rounding_base=2,
    structural=frozenset({"wage", "sex"}),
)
LOOSEST_ROUTE = ReleaseRoute(
    automatic=True, automatic_per_day=10_000, checkers_declared=0, literal_digits=15, literals=1000
)


def _said(policy: PolicyModel) -> dict[str, object]:
    """Return what a policy amounts to: thresholds for single units only where they differ from the general one."""
    said = policy.model_dump(exclude={"name"})
    if isinstance(policy, RiskAppetite):
        own = policy.threshold_per_unit.items()
        said["threshold_per_unit"] = {unit: number for unit, number in own if number != policy.threshold_units}
    return said


def _both(registry: MemoryRegistry, datasets: list[DatasetName]) -> list[dict[str, object]]:
    appetite, route = effective(registry, MOB, datasets)
    return [_said(appetite.policy), _said(route.policy)]


def _bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        _bomb(9),
        "threshold_units: &t 10\ndifference_units: *t",
        "<<: {threshold_units: 3}",
        "!!python/object/apply:os.system ['true']",
        "threshold_units: !!python/name:os.system",
        "threshold_units: !!int '3'",
        "? {a: b}\n: c",
        "a: " + "{a: " * 500,
        "- " * 5000,
        "\t- x",
        "%YAML 9.9\n---\na: 1",
        "a: \ud800",
    ],
)
def test_hostile_yaml_is_refused_quickly_and_makes_no_object(text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(BadInputError):
        load_risk_appetite(text, "f.yaml")
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    "text",
    [
        "threshold_units: 3\nthreshold_units: 10",  # which one would count?
        "threshold_unіts: 3",  # a Cyrillic letter
        "Threshold_units: 3",
        "threshold_units : 3\nthreshold_units: 10",
        "threshold_units: 1_0",
        "threshold_units: 0x3",
        "threshold_units: 0o3",
        "threshold_units: -10",
        "threshold_units: 3.0",
        "threshold_units: '3'",
        "p_percent: .NaN",
        "p_percent: -0.1",
        "class_disclosure_fraction: 1.0000001",
        "near_class_fraction: .inf",
        "difference_units: yes",
    ],
)
def test_value_that_a_reader_could_take_for_another_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="line"):
        load_risk_appetite(text, "f.yaml")


def test_loosest_project_changes_nothing_that_a_data_owner_said() -> None:
    plain, attacked = world(), world()
    attacked.works[MOB] = project(risk_appetite=LOOSEST, release_route=LOOSEST_ROUTE)
    assert _both(attacked, [HTV]) == _both(plain, [HTV])


def test_loosest_owner_of_one_dataset_changes_nothing_for_another_owners() -> None:
    registry = world()
    loose = dataset(name="loose", risk_appetite=LOOSEST, release_route=LOOSEST_ROUTE)
    registry.sets["loose"] = loose
    registry.granted[MOB, "loose"] = approval(dataset="loose", automatic=True)
    assert _both(registry, [HTV, loose.name]) == _both(registry, [HTV])


def test_project_cannot_declare_a_column_structural() -> None:
    registry = world()
    registry.works[MOB] = project(risk_appetite=RiskAppetite(structural=frozenset({"wage"})))
    assert effective(registry, MOB, [HTV])[0].policy.structural == frozenset()


def test_low_threshold_for_one_unit_cannot_undercut_a_higher_general_one() -> None:
    sly = RiskAppetite(threshold_units=50, threshold_per_unit={"person_id": 3})
    merged = strictest([Layer("platform", RiskAppetite(threshold_units=10)), Layer("project", sly)]).policy
    assert merged.threshold_per_unit["person_id"] >= 10


def test_dropping_a_dominance_rule_drops_nothing() -> None:
    merged = strictest([Layer("owner", RiskAppetite()), Layer("project", RiskAppetite(dominance=()))]).policy
    assert merged.dominance == RiskAppetite().dominance
    loose = RiskAppetite(dominance=(DominanceRule(n=1, share_fraction=1.0),))
    assert strictest([Layer("owner", RiskAppetite()), Layer("project", loose)]).policy.dominance == merged.dominance
