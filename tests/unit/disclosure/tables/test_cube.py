"""Hierarchies and cubes: what adds up to what, and what is wrong with a hierarchy."""

from __future__ import annotations

import numpy as np
import pytest

from saferoom.disclosure.tables.cube import Cube, additivity
from saferoom.disclosure.tables.hierarchies import Hierarchy, dimension, text
from saferoom.errors import BadInputError

COUNTIES: Hierarchy = {"c1": ["A", "B"], "c2": ["K", "L"]}
GROUPS: Hierarchy = {"small": ["A", "K"], "BIG": ["B", "L"]}


def test_dimension_without_a_hierarchy_has_a_total_last() -> None:
    found = dimension("sex", ["m", "f"])
    assert found.labels == ("m", "f", "Total")
    assert found.leaves == 2
    assert found.relations.toarray().tolist() == [[1, 1, -1]]


@pytest.mark.parametrize(
    ("categories", "total"),
    [(["a", "TOTAL", "b"], "TOTAL"), (["total budget", "b"], "Total"), (["a", "b", "All"], "All")],
)
def test_dimension_takes_a_category_called_total_as_the_total(categories: list[str], total: str) -> None:
    assert dimension("d", [*categories]).labels[-1] == total


def test_dimension_whose_total_has_a_label_of_its_own_may_have_a_category_called_total() -> None:
    assert dimension("d", ["a", "total"], total="Sum").labels == ("a", "total", "Sum")


def test_dimension_with_a_root_takes_it_as_the_total() -> None:
    found = dimension("area", [1, 2, 3], {"land": ["x", 3], "x": ["1", 2]})
    assert found.labels == (1, 2, 3, "x", "land")


def test_dimension_of_linked_parents_adds_each_of_them_up() -> None:
    found = dimension("region", list("ABKL"), {**COUNTIES, **GROUPS})
    assert found.labels == ("A", "B", "K", "L", "c1", "c2", "small", "BIG", "Total")
    assert (found.sums.toarray() @ np.array([1, 2, 4, 8])).tolist() == [1, 2, 4, 8, 3, 12, 5, 10, 15]
    assert np.allclose(found.relations @ (found.sums @ np.array([1.0, 2, 4, 8])), 0)


@pytest.mark.parametrize(
    ("hierarchy", "said"),
    [
        ({"c1": ["A", "B"]}, "'K' is in the table but under no parent"),
        ({"c1": ["A", "B"], "c2": ["K", "L", "Z"]}, "'Z', a child of 'c2'"),
        ({"c1": ["A", "B"], "c2": []}, "'c2' has no children"),
        ({"c1": ["A", "B", "A"], "c2": ["K", "L"]}, "names its child 'A' twice"),
        ({"c1": ["A", "c1"], "c2": ["B", "K", "L"]}, "cycle: 'c1' is its own child"),
        ({"c1": ["A", "B", "c2"], "c2": ["K", "L", "c1"]}, "cycle: 'c"),
        ({"c1": ["A", "B"], "top": ["c1", "A", "K", "L"]}, "counts 'A' twice in 'top'"),
    ],
)
def test_dimension_refuses_hierarchies_with_gaps_cycles_and_doubles(hierarchy: Hierarchy, said: str) -> None:
    with pytest.raises(BadInputError, match="the hierarchy of 'region'") as caught:
        dimension("region", list("ABKL"), hierarchy)
    assert said in caught.value.message


def test_dimension_refuses_a_total_that_does_not_hold_all_or_is_a_child() -> None:
    with pytest.raises(BadInputError, match="does not hold every category"):
        dimension("region", list("ABKL"), COUNTIES, total="c1")
    with pytest.raises(BadInputError, match="the total 'A' is a child"):
        dimension("region", list("ABKL"), COUNTIES, total="A")
    with pytest.raises(BadInputError, match="no categories besides totals"):
        dimension("region", ["Total"])


def test_dimension_names_a_total_as_no_category_is_named() -> None:
    assert dimension("d", list("ab"), {"Total": ["a"], "All": ["b"], "_T": ["a"]}).labels[-1] == "Total (total)"


def test_text_of_labels_is_the_same_for_numbers_and_their_texts() -> None:
    assert text(3.0) == text(3) == text("3")
    assert text(True) == "true"
    assert text(1.5) == "1.5"


def test_cube_adds_up_along_every_dimension() -> None:
    cube = Cube((dimension("region", list("ABKL"), {**COUNTIES, **GROUPS}), dimension("sex", ["m", "f"])))
    leaves = np.zeros(len(cube))
    leaves[cube.leaf] = np.arange(8)
    table = cube.table(cube.added_up(leaves))
    assert not additivity(table).any()
    assert table.values[-1] == 28
    at = dict(zip(table.labels, table.values, strict=True))
    assert at["small", "f"] == 1 + 5
    assert at["c2", "Total"] == 4 + 5 + 6 + 7
    broken = cube.table(table.values + (np.arange(len(cube)) == 0))
    assert additivity(broken).any()


def test_cube_of_some_tables_has_their_cells_and_margins_only() -> None:
    cube = Cube((dimension("a", ["x", "y"]), dimension("b", ["p", "q"]), dimension("c", ["m", "n"])))
    kept = [labels for labels, there in zip(cube.labels, cube.in_tables([[0], [1, 2]]), strict=True) if there]
    assert len(kept) == 2 + 9
    assert ("x", "Total", "Total") in kept
    assert ("x", "p", "Total") not in kept


def test_cube_refuses_no_dimensions_and_too_many_cells() -> None:
    with pytest.raises(BadInputError, match="at least one dimension"):
        Cube(())
    wide = dimension("d", [str(number) for number in range(1300)])
    with pytest.raises(BadInputError, match="more than 2,000,000"):
        Cube((wide, wide, wide))
