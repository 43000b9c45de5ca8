"""Strictest wins, whatever the layers and their order: never looser than any of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from saferoom.policies.merge import Layer, strictest, strictness
from saferoom.policies.models import DominanceRule, ReleaseRoute, RiskAppetite, Strictness

_UNITS = ("person_id", "household_id", "school_id")
_shares = st.integers(1, 100).map(lambda percent: percent / 100)
_fractions = st.integers(51, 100).map(lambda percent: percent / 100)
_dominance = st.dictionaries(st.integers(1, 4), _shares, max_size=3).map(
    lambda shares: tuple(DominanceRule(n=n, share_fraction=share) for n, share in sorted(shares.items()))
)


@st.composite
def _appetites(draw: st.DrawFn) -> RiskAppetite:
    near, full = sorted((draw(_fractions), draw(_fractions)))
    return RiskAppetite(
        name=draw(st.sampled_from(["x", "y"])),
        threshold_units=draw(st.integers(3, 30)),
        threshold_per_unit=draw(st.dictionaries(st.sampled_from(_UNITS), st.integers(3, 30))),
        residual_degrees_of_freedom=draw(st.integers(1, 30)),
        dominance=draw(_dominance),
        p_percent=float(draw(st.integers(0, 100))),
        class_disclosure_fraction=full,
        near_class_fraction=near,
        difference_units=draw(st.integers(2, 30)),
        rounding_base=draw(st.integers(2, 30)),
        structural=draw(st.frozensets(st.sampled_from(["sex", "age", "region"])) | st.just(frozenset({"*"}))),
        privacy_units=draw(st.frozensets(st.sampled_from(["person_id", "household_id"]))),
        privacy_rows=draw(st.integers(1, 50)),
        privacy_cells=draw(st.integers(1, 50)),
    )


_routes = st.builds(
    ReleaseRoute,
    name=st.sampled_from(["x", "y"]),
    automatic=st.booleans(),
    automatic_per_day=st.integers(0, 50),
    checkers_declared=st.integers(0, 2),
    checkers_file=st.integers(2, 3),
    literal_digits=st.integers(1, 15),
    literals=st.integers(0, 100),
    owner_signs=st.booleans(),
    audit_one_in=st.integers(1, 100),
)
_policies = st.one_of(st.lists(_appetites(), min_size=1, max_size=4), st.lists(_routes, min_size=1, max_size=4))


def _merge(policies: Sequence[Any]) -> Any:
    return strictest([Layer(f"layer {number}", policy) for number, policy in enumerate(policies)]).policy


def _threshold(policy: RiskAppetite, unit: str) -> int:
    return policy.threshold_per_unit.get(unit, policy.threshold_units)


def _at_least_as_strict(merged: Any, layer: Any) -> bool:
    holds: dict[Strictness, Callable[[Any, Any], bool]] = {
        Strictness.LARGER: lambda a, b: a >= b,
        Strictness.SMALLER: lambda a, b: a <= b,
        Strictness.ALL: lambda a, b: b or not a,
        Strictness.ANY: lambda a, b: a or not b,
        Strictness.UNION: lambda a, b: a >= b,
        Strictness.INTERSECTION: lambda a, b: "*" in b or a <= b,
        Strictness.PER_N_SMALLER_SHARE: lambda a, b: all(
            any(mine.n == rule.n and mine.share_fraction <= rule.share_fraction for mine in a) for rule in b
        ),
        Strictness.PER_KEY_LARGER: lambda _a, _b: all(
            _threshold(merged, unit) >= _threshold(layer, unit) for unit in _UNITS
        ),
    }
    return all(holds[how](getattr(merged, name), getattr(layer, name)) for name, how in strictness(type(layer)).items())


@settings(deadline=None)  # machines are shared
@given(_policies)
def test_merged_policy_is_never_looser_than_any_layer(policies: list[Any]) -> None:
    merged = _merge(policies)
    assert all(_at_least_as_strict(merged, policy) for policy in policies)


@settings(deadline=None)  # machines are shared
@given(_policies, st.randoms())
def test_merged_policy_does_not_depend_on_the_order_of_layers(policies: list[Any], random: Any) -> None:
    shuffled = list(policies)
    random.shuffle(shuffled)
    assert _merge(shuffled) == _merge(policies)


@settings(deadline=None)  # machines are shared
@given(_policies)
def test_merging_again_changes_nothing(policies: list[Any]) -> None:
    merged = _merge(policies)
    assert _merge([merged, *policies]) == merged
    assert _merge([policies[0], policies[0]]) == policies[0]


@settings(deadline=None)  # machines are shared
@given(_policies, _policies)
def test_merging_in_steps_is_merging_at_once(first: list[Any], second: list[Any]) -> None:
    if type(first[0]) is type(second[0]):
        assert _merge([_merge(first), _merge(second)]) == _merge([*first, *second])


@settings(deadline=None)  # machines are shared
@given(_policies)
def test_every_origin_is_a_layer(policies: list[Any]) -> None:
    layers = [Layer(f"layer {number}", policy) for number, policy in enumerate(policies)]
    merged = strictest(layers)
    names = {layer.origin for layer in layers}
    assert set(merged.origins) == set(strictness(type(policies[0])))
    assert all(set(origin.split(", ")) <= names for origin in merged.origins.values())
