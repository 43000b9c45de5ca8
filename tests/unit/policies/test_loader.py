"""Policies from text: what is wrong is named with its line and what is allowed; packaged policies load."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from saferoom.errors import BadInputError
from saferoom.policies.conform import conform, describe
from saferoom.policies.document import read_document
from saferoom.policies.loader import (
    load_policy,
    load_release_route,
    load_risk_appetite,
    packaged,
    packaged_names,
    packaged_route,
    packaged_route_names,
)
from saferoom.policies.models import DominanceRule, PolicyModel, ReleaseRoute, RiskAppetite


def test_risk_appetite_takes_what_is_written_and_defaults_for_the_rest() -> None:
    appetite = load_risk_appetite("threshold_units: 12\ndominance: [{n: 1, share_fraction: 0.4}]\np_percent: 15", "f")
    assert appetite == RiskAppetite(
        threshold_units=12, dominance=(DominanceRule(n=1, share_fraction=0.4),), p_percent=15.0
    )


def test_release_route_reads() -> None:
    route = load_release_route("kind: release-route\nautomatic: true\nliterals: 0", "f")
    assert route == ReleaseRoute(automatic=True, literals=0)


WHOLE = "must be a whole number, at least 3"
SHARE = "must be a number, above 0 and at most 1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("treshold_units: 12", "line 1: unknown key 'treshold_units' (did you mean 'threshold_units'?); allowed are "),
        ("zzz: 1", "f, line 1: unknown key 'zzz'; allowed are kind, name, threshold_units, "),
        ("name: x\nthreshold_units: many", f"f, line 2: 'threshold_units' {WHOLE}"),
        ("threshold_units: 2", f"f, line 1: 'threshold_units' {WHOLE}"),
        ("threshold_units: 10.5", f"f, line 1: 'threshold_units' {WHOLE}"),
        ("threshold_units: '10'", f"f, line 1: 'threshold_units' {WHOLE}"),
        ("threshold_units: true", f"f, line 1: 'threshold_units' {WHOLE}"),
        ("threshold_units:", f"f, line 1: 'threshold_units' {WHOLE}"),
        ("p_percent: 101", "f, line 1: 'p_percent' must be a number, at least 0 and at most 100"),
        ("near_class_fraction: 0.5", "f, line 1: 'near_class_fraction' must be a number, above 0.5 and at most 1"),
        ("threshold_per_unit:\n  a: 12\n  b: 1", f"f, line 3: 'threshold_per_unit.b' {WHOLE}"),
        ("threshold_per_unit: 3", "'threshold_per_unit' must be `name: value` lines (each a whole number, at least 3)"),
        ("dominance:\n- n: 1\n  share_fraction: 2", f"f, line 3: 'dominance[1].share_fraction' {SHARE}"),
        ("dominance:\n- n: 1", f"f, line 2: 'dominance[1].share_fraction' is missing; it {SHARE}"),
        ("dominance:\n- n: 1\n  k: 2", "f, line 3: unknown key 'k'; allowed are n, share_fraction"),
        ("dominance: [1]", "f, line 1: 'dominance[1]' must be `key: value` lines with the keys n, share_fraction"),
        ("structural: sex", "f, line 1: 'structural' must be a list (each a text)"),
        ("name: 5", "f, line 1: 'name' must be a text of at most 200 characters"),
        ("kind: release-route", "f, line 1: this is a release route, but a risk appetite is needed here"),
        ("structural: ['*', sex]", "'structural' names columns beside `*`"),
        ("kind: recipe", "f, line 1: 'kind' must be 'risk-appetite'"),
        ("near_class_fraction: 0.95\nclass_disclosure_fraction: 0.93", "'near_class_fraction' may not be larger than"),
        ("dominance: [{n: 1, share_fraction: 0.5}, {n: 1, share_fraction: 0.4}]", "two rules for the same n"),
    ],
)
def test_risk_appetite_with_a_mistake_is_refused_with_line_and_allowed_values(text: str, message: str) -> None:
    with pytest.raises(BadInputError) as caught:
        load_risk_appetite(text, "f")
    assert message in caught.value.message
    assert caught.value.exit_code == 2


def test_risk_appetite_with_several_mistakes_names_all_of_them() -> None:
    with pytest.raises(BadInputError) as caught:
        load_risk_appetite("a: 1\nthreshold_units: 1\np_percent: x", "f")
    assert [line.split(":")[0] for line in caught.value.message.splitlines()] == ["f, line 1", "f, line 2", "f, line 3"]


def test_risk_appetite_with_very_many_mistakes_names_the_first_ones_and_counts_the_rest() -> None:
    with pytest.raises(BadInputError) as caught:
        load_risk_appetite("\n".join(f"k{n}: 1" for n in range(12)), "f")
    assert caught.value.message.splitlines()[-1] == "f: and 4 more problems"


def test_messages_never_repeat_the_value_that_was_refused() -> None:
    with pytest.raises(BadInputError) as caught:
        load_risk_appetite("threshold_units: secret-value\nstructural: [1.25]", "f")
    assert "secret-value" not in caught.value.message
    assert "1.25" not in caught.value.message


def test_policy_is_told_by_its_kind() -> None:
    assert isinstance(load_policy(read_document("kind: risk-appetite", "f")), RiskAppetite)
    assert isinstance(load_policy(read_document("kind: release-route", "f")), ReleaseRoute)


@pytest.mark.parametrize("text", ["name: x", "kind: [a]", "kind: recipe"])
def test_policy_without_a_known_kind_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="one of risk-appetite, release-route"):
        load_policy(read_document(text, "f"))


def test_packaged_default_equals_the_models_defaults() -> None:
    assert packaged("default") == RiskAppetite()
    assert packaged_route("default") == ReleaseRoute()


def test_packaged_policies_all_load_under_their_own_names() -> None:
    assert [packaged(name).name for name in packaged_names()] == list(packaged_names())
    assert [packaged_route(name).name for name in packaged_route_names()] == list(packaged_route_names())
    assert {"default", "strict", "abs-datalab"} <= set(packaged_names())


@pytest.mark.parametrize("name", ["nowhere", "../models", "routes/default", ""])
def test_packaged_policy_of_an_unknown_name_lists_those_there_are(name: str) -> None:
    with pytest.raises(BadInputError, match="abs-datalab, bundesbank, default"):
        packaged(name)
    with pytest.raises(BadInputError, match="automatic, default, two-checkers"):
        packaged_route(name)


def test_policies_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(RiskAppetite(), "threshold_units", 3)  # noqa: B010 - the type checker forbids it as well


def test_conform_refuses_a_document_that_is_no_mapping() -> None:
    class Anything(PolicyModel):
        """No fields."""

    document = read_document("a: 1", "f")
    with pytest.raises(BadInputError, match="expected"):
        conform(document, Anything, value=[1])


def test_describe_has_words_for_every_kind_of_schema() -> None:
    class Inner(BaseModel):
        flag: bool | None
        things: dict[str, object]
        anything: object

    schema = Inner.model_json_schema()
    parts = schema["properties"]
    assert describe(parts["flag"], schema) == "true or false or nothing"
    assert describe(parts["things"], schema) == "`name: value` lines"
    assert describe(parts["anything"], schema) == "a value of another kind"
