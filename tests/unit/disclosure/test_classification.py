"""Hierarchies of codes: what they hold, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from saferoom.disclosure.queries.classification import Classification, classification_of, classified
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

REGIONS: dict[Label, tuple[Label, ...]] = {"North": ("n1", "n2"), "South": ("s1",), "Isles": ("North", "i1")}


def test_codes_are_held_through_other_parents() -> None:
    found = classification_of("area", REGIONS)
    assert set(found.codes["Isles"]) == {"n1", "n2", "i1"}
    assert found.parents.index("North") < found.parents.index("Isles")
    assert set(found.above["n1"]) == {"North", "Isles"}
    assert found.reading_order == ("s1", "South", "n1", "n2", "North", "i1", "Isles")


def test_code_may_have_several_parents_that_cross() -> None:
    found = classification_of("town", {"county": ("a", "b"), "coast": ("b", "c")})
    assert set(found.above["b"]) == {"county", "coast"}


def test_json_keeps_numbers_numbers() -> None:
    found = classified("code", {"10": [1, 2], "20": [3]}, whole=True, codelist=(1, 2, 3))
    assert found.children == {10: (1, 2), 20: (3,)}
    assert not found.is_text
    assert Classification.from_json("code", found.to_json()) == found


@pytest.mark.parametrize(
    ("children", "codelist", "said"),
    [
        ({}, None, "is empty"),
        ({"a": ("b",), "b": ("a",)}, None, "has a cycle: 'a' > 'b' > 'a'|has a cycle: 'b' > 'a' > 'b'"),
        ({"a": ("a",)}, None, "is its own child"),
        ({"a": ()}, None, "has no children"),
        ({"a": ("b", "b")}, None, "names its child 'b' twice"),
        ({"a": ("b", "c"), "b": ("x",), "c": ("x",)}, None, "counts 'x' twice in 'a'"),
        ({"a": ("b", 1)}, None, "must be of one type"),
        ({"a": ("b", 1.5)}, None, "texts or whole numbers"),
        ({True: (False,)}, None, "texts or whole numbers"),
        ({"a": ("b", "")}, None, "empty or very long label"),
        ({"a": ("b\u202e",)}, None, "invisible characters"),
        ({"a": ("b",)}, ("b", "c"), "has a gap: 'c' of the codelist is under no parent"),
        ({"a": ("b", "c")}, ("b",), "names 'c', which is neither in the codelist"),
        ({"a": ("b",)}, ("a", "b"), "'a' is a code of the codelist and cannot be a parent"),
        ({"a": tuple(f"c{i}" for i in range(20_001))}, None, "more than 20,000"),
    ],
)
def test_what_is_no_hierarchy_is_refused(children: Any, codelist: Any, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        classification_of("area", children, codelist)


def test_parent_of_numbers_is_a_number() -> None:
    with pytest.raises(BadInputError, match="'North' must be a whole number"):
        classified("code", {"North": [1, 2]}, whole=True)
