"""Strictest wins, with the origin of every value."""

from __future__ import annotations

from typing import Annotated

import pytest

from saferoom.errors import BadInputError
from saferoom.policies.explain import explain
from saferoom.policies.merge import Layer, Merged, strictest, strictness
from saferoom.policies.models import DominanceRule, PolicyModel, ReleaseRoute, RiskAppetite, Strictness


def _merged(*policies: RiskAppetite) -> Merged[RiskAppetite]:
    return strictest([Layer(origin, policy) for origin, policy in zip("abcd", policies, strict=False)])


def test_strictest_takes_the_larger_threshold_and_says_whose_it_is() -> None:
    merged = _merged(
        RiskAppetite(threshold_units=10), RiskAppetite(threshold_units=20), RiskAppetite(threshold_units=5)
    )
    assert merged.policy.threshold_units == 20
    assert merged.origins["threshold_units"] == "b"


def test_strictest_names_the_first_layer_where_several_state_the_value() -> None:
    assert _merged(RiskAppetite(), RiskAppetite()).origins["p_percent"] == "a"


def test_strictest_takes_the_smaller_fraction() -> None:
    merged = _merged(RiskAppetite(), RiskAppetite(near_class_fraction=0.8, class_disclosure_fraction=0.95))
    assert (merged.policy.near_class_fraction, merged.policy.class_disclosure_fraction) == (0.8, 0.95)


def test_strictest_joins_dominance_rules_and_names_who_gave_each_part() -> None:
    one, two = DominanceRule(n=1, share_fraction=0.5), DominanceRule(n=2, share_fraction=0.7)
    merged = _merged(RiskAppetite(dominance=(one,)), RiskAppetite(dominance=(two,)), RiskAppetite(dominance=(one,)))
    assert merged.policy.dominance == (one, two)
    assert merged.origins["dominance"] == "a, b"


def test_strictest_does_not_let_a_unit_threshold_undercut_another_layers_general_one() -> None:
    merged = _merged(
        RiskAppetite(threshold_units=10, threshold_per_unit={"household_id": 5}), RiskAppetite(threshold_units=20)
    )
    assert merged.policy.threshold_per_unit == {"household_id": 20}
    assert merged.origins["threshold_per_unit"] == "b"


def test_strictest_keeps_only_columns_that_everybody_calls_structural() -> None:
    merged = _merged(
        RiskAppetite(structural=frozenset({"*"})),
        RiskAppetite(structural=frozenset({"sex", "region"})),
        RiskAppetite(structural=frozenset({"sex", "age"})),
    )
    assert merged.policy.structural == {"sex"}
    assert merged.origins["structural"] == "b, c"


def test_strictest_permits_only_what_everybody_permits() -> None:
    yes, no = ReleaseRoute(automatic=True), ReleaseRoute(automatic=False)
    assert strictest([Layer("a", yes), Layer("b", yes)]).policy.automatic is True
    merged = strictest([Layer("a", yes), Layer("b", no)])
    assert merged.policy.automatic is False
    assert merged.origins["automatic"] == "b"


def test_strictest_of_nothing_is_refused() -> None:
    with pytest.raises(BadInputError, match="no policy"):
        strictest([])


def test_strictest_of_two_kinds_is_a_programming_error() -> None:
    with pytest.raises(TypeError, match="one kind"):
        strictest([Layer[PolicyModel]("a", RiskAppetite()), Layer[PolicyModel]("b", ReleaseRoute())])


def test_strictness_of_a_field_without_a_rule_is_a_programming_error() -> None:
    class Unmarked(PolicyModel):
        """One field forgot its strictness."""

        marked: Annotated[int, Strictness.LARGER] = 1
        forgotten: int = 1

    with pytest.raises(TypeError, match="forgotten"):
        strictness(Unmarked)


def test_strictest_joins_unions() -> None:
    class Union(PolicyModel):
        """One field of the kind that no packaged policy has yet."""

        name: str = "x"
        refused: Annotated[frozenset[str], Strictness.UNION] = frozenset()

    merged = strictest([Layer("a", Union(refused=frozenset({"x"}))), Layer("b", Union(refused=frozenset({"y"})))])
    assert merged.policy.refused == {"x", "y"}
    assert merged.origins["refused"] == "a, b"


def test_explain_gives_every_rule_its_value_origin_and_meaning() -> None:
    layers = [Layer("platform", RiskAppetite()), Layer("owner", RiskAppetite(threshold_units=15))]
    rows = {row.rule: row for row in explain(layers, strictest(layers)).rows}
    assert set(rows) == set(RiskAppetite.model_fields) - {"kind", "name"}
    assert (rows["threshold_units"].value, rows["threshold_units"].origin) == ("15", "owner")
    assert rows["dominance"].value == "(1, 0.5), (2, 0.9)"
    assert all(row.meaning for row in rows.values())


def test_explain_says_which_stated_value_is_not_taken() -> None:
    layers = [
        Layer("platform", RiskAppetite()),
        Layer("owner", RiskAppetite(threshold_units=15)),
        Layer("project", RiskAppetite(threshold_units=5, structural=frozenset({"*"}))),
    ]
    explanation = explain(layers, strictest(layers))
    assert explanation.not_taken == (
        "project states threshold_units 5, which is looser than 15 (owner) and is not taken",
    )


def test_explain_as_json_is_plain_and_stable() -> None:
    layers = [Layer("owner", RiskAppetite(structural=frozenset({"b", "a"}), threshold_per_unit={"hh": 12}))]
    document = explain(layers, strictest(layers)).document()
    assert document["kind"] == "risk-appetite"
    assert document["policy"]["structural"] == ["a", "b"]
    assert {"rule": "threshold_per_unit", "value": "hh: 12", "origin": "owner"}.items() <= document["rules"][1].items()
    route = explain([Layer("p", ReleaseRoute())], strictest([Layer("p", ReleaseRoute())])).document()
    assert route["rules"][0]["value"] == "no"


def test_impossible_combinations_hold_where_everybody_says_so() -> None:
    zero: dict[str, str | int | bool] = {"sex": "M", "pregnant": "yes"}
    other: dict[str, str | int | bool] = {"sex": "M", "pregnant": True}
    both = RiskAppetite(structural_zeros=(zero, other))
    one = RiskAppetite(structural_zeros=(zero,))
    leaves = RiskAppetite(structural=frozenset({"*"}))
    assert strictest([Layer("a", both), Layer("b", one)]).policy.structural_zeros == (zero,)
    assert strictest([Layer("p", leaves), Layer("a", both)]).policy.structural_zeros == (zero, other)
    assert strictest([Layer("p", leaves), Layer("a", both), Layer("b", RiskAppetite())]).policy.structural_zeros == ()
    assert strictest([Layer("p", leaves)]).policy.structural_zeros == ()
