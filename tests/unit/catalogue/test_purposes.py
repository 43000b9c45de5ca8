"""Legal gateways permit some purposes and not others; every combination is tried."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from pydantic import ValidationError
from tests.support.registry_world import dataset

from saferoom.ids import DatasetName
from saferoom.projects.catalogue import limits
from saferoom.projects.catalogue.model import Dataset, Gateway
from saferoom.projects.catalogue.purposes import MEANINGS, Purpose

HEALTH, EDUCATION, INCOME = Purpose.HEALTH, Purpose.EDUCATION, Purpose.INCOME
THREE = (HEALTH, EDUCATION, INCOME)
GATEWAYS = {
    "open": Gateway(law="Open Act"),
    "no health": Gateway(law="No Health Act", section="section 64", excluded=(HEALTH,)),
    "schools only": Gateway(law="Schools Act", permitted=(EDUCATION,)),
    "health only": Gateway(law="Health Act", permitted=(HEALTH,)),
    "income, no health": Gateway(law="Tax Act", permitted=(INCOME, EDUCATION), excluded=(HEALTH,)),
}
ALLOWS = {
    "open": {*THREE},
    "no health": {EDUCATION, INCOME},
    "schools only": {EDUCATION},
    "health only": {HEALTH},
    "income, no health": {EDUCATION, INCOME},
}
PURPOSES = [chosen for size in range(4) for chosen in combinations(THREE, size)]
OWN = [(), *((name,) for name in GATEWAYS), *combinations(GATEWAYS, 2)]


def described(names: tuple[str, ...], **changes: object) -> Dataset:
    return dataset(gateways=tuple(GATEWAYS[name] for name in names), **changes)


def allowed(names: tuple[str, ...], purposes: tuple[Purpose, ...]) -> bool:
    """Say by hand what the rule is: one gateway that has all purposes; none described sets no limit."""
    if not names or "open" in names:
        return True
    return bool(purposes) and any(set(purposes) <= ALLOWS[name] for name in names)


@pytest.mark.parametrize("names", OWN)
def test_dataset_may_be_used_where_one_gateway_permits_every_purpose(names: tuple[str, ...]) -> None:
    for purposes in PURPOSES:
        said = list(limits.refusals(described(names), purposes, lambda _: None))
        assert (not said) is allowed(names, purposes), purposes
        assert all("htv" in one for one in said)


@pytest.mark.parametrize("names", [(), ("open",), ("no health",)])
def test_linked_dataset_has_the_limits_of_everything_it_was_linked_from(names: tuple[str, ...]) -> None:
    for sources, purposes in product(OWN, PURPOSES):
        far = described(sources, name=DatasetName("far"))
        near = dataset(name=DatasetName("near"), linked_from=(DatasetName("far"),))
        known = {"far": far, "near": near}
        linked = described(names, linked_from=(DatasetName("near"),))
        said = list(limits.refusals(linked, purposes, known.get))
        assert (not said) is (allowed(names, purposes) and allowed(sources, purposes)), (sources, purposes)
        assert ("far" in " ".join(said)) is (not allowed(sources, purposes))


def test_refusal_names_the_law_and_the_purpose() -> None:
    (said,) = limits.refusals(described(("no health",)), (HEALTH, INCOME), lambda _: None)
    assert said == (
        "htv may not be used for health and health care: its legal gateway (No Health Act, section 64) excludes it"
    )
    (unknown,) = limits.refusals(described(("no health",)), (), lambda _: None)
    assert unknown == "htv may be used for some purposes only; say which purposes the project has"
    (none,) = limits.refusals(described(("schools only", "health only")), (HEALTH, EDUCATION), lambda _: None)
    assert "none of its 2 legal gateways permits all of it" in none


def test_permitted_purposes_are_those_that_a_project_could_have() -> None:
    find = {"far": described(("no health",), name=DatasetName("far"))}.get
    linked = described(("open",), linked_from=(DatasetName("far"),))
    assert set(limits.permitted(linked, find)) == set(Purpose) - {HEALTH}
    assert limits.permitted(described(("schools only",)), find) == (EDUCATION,)
    assert limits.permitted(dataset(), find) == tuple(Purpose)


def test_links_in_a_ring_end() -> None:
    ring = {name: dataset(name=name, linked_from=(other,)) for name, other in (("a", "b"), ("b", "a"))}
    assert [one.name for one in limits.sources(ring["a"], ring.get)] == ["a", "b"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"law": "X", "permitted": ["health"], "excluded": ["health"]}, "permits and excludes 'health'"),
        ({"law": "X", "excluded": ["health", "health"]}, "'excluded' names a purpose twice"),
        ({"law": "X", "permitted": ["work", "work"]}, "'permitted' names a purpose twice"),
        ({"law": "X", "permitted": []}, "at least 1 item"),
        ({"law": "X", "excluded": ["astrology"]}, "Input should be"),
        ({"law": "X", "url": "javascript:alert(1)"}, "String should match"),
        ({"law": "X", "url": 'https://x.example/"><script>'}, "String should match"),
    ],
)
def test_gateway_that_makes_no_sense_is_refused(values: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Gateway.model_validate(values, strict=False)


def test_every_purpose_has_words() -> None:
    assert set(MEANINGS) == set(Purpose)
    assert limits.in_words([INCOME, HEALTH]) == "health and health care; and income, poverty and benefits"
    assert limits.in_words([]) == "nothing"
