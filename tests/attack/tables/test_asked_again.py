"""An attacker who asks for the same rounded table in other words: it must be the same table.

A count shown as 0 in one layout and as the base in another is told to be between them: somebody, and fewer than the
threshold.
"""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.statistics_lab import Lab, Row

from saferoom.disclosure.tables import perturbed_counts
from saferoom.disclosure.tables.additive import AdditiveTable
from saferoom.disclosure.tables.canonical import canonical

ROUNDED = {"statistic": "frequency", "protect": {"method": "controlled_rounding"}}
CODED = {"r": "case region when 'N' then 'z' else region end", "g": "case grp when 'a' then 'z' else grp end"}
WORDS: list[dict[str, Any]] = [
    *({"by": list(by), "margins": True} for by in permutations(("region", "grp", "sex"))),
    {"by": ["region", "grp", "sex"]},
    {"by": ["grp", "region", "sex"], "where": "1 = 1"},
    {"by": ["r", "g", "sex"], "derive": CODED},
    {"by": ["region", "grp", "sex", "same"], "derive": {"same": "'x'"}},
]
BACK = {"r": ("N", "z"), "g": ("a", "z")}


def half_way() -> list[Row]:
    """Return people in cells whose counts are mostly half-way between multiples: many tables are equally near."""
    rng = np.random.default_rng(8)
    rows: list[Row] = []
    for region, grp, sex in product("NSEW", "abcd", "FM"):
        for _ in range(int(rng.choice([3, 5, 7, 12, 25, 35, 45, 15]))):
            rows.append({"person_id": len(rows), "region": region, "grp": grp, "sex": sex})
    return rows


def shown(lab: Lab, words: dict[str, Any], rows: Any, units: tuple[str, ...]) -> dict[frozenset[Any], Any]:
    """Return the inner cells of the rounded table by their own labels."""
    table = lab.check({**ROUNDED, **words}, rows, units=units).protected
    assert table is not None
    back = [BACK.get(name, ("", "")) for name in words["by"]]
    cells = {}
    for *labels, value in table.rows:
        own = [old if label == new else label for label, (old, new) in zip(labels, back, strict=True)]
        if None not in own and "All" not in own:
            cells[frozenset(enumerate_by(words["by"], own))] = value
    return cells


def enumerate_by(names: list[str], labels: list[Any]) -> list[tuple[str, Any]]:
    """Return labels with what they are of, without what is the same for all."""
    return [
        ({"r": "region", "g": "grp"}.get(name, name), label)
        for name, label in zip(names, labels, strict=True)
        if label != "x"
    ]


def told(lab: Lab, units: tuple[str, ...], words: list[dict[str, Any]]) -> int:
    """Return how many cells are shown in two ways."""
    rows = lab.parquet(half_way())
    tables = [shown(lab, asked, rows, units) for asked in words]
    assert all(len(table) == 32 for table in tables)
    return sum(len({table[cell] for table in tables}) > 1 for cell in tables[0])


def test_same_table_in_other_words_is_rounded_in_the_same_way(tmp_path: Path) -> None:
    assert told(Lab(tmp_path), ("person_id",), WORDS) == 0


def test_same_table_without_ids_is_rounded_in_the_same_way_in_whatever_order(tmp_path: Path) -> None:
    assert told(Lab(tmp_path), (), WORDS[:8]) == 0


def test_attack_by_other_words_succeeds_without_the_one_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def as_it_is(table: AdditiveTable, keys: Any, *, joined: bool) -> tuple[AdditiveTable, Any]:
        assert len(keys) == len(table)
        assert joined
        return table, np.arange(len(table))

    monkeypatch.setattr(perturbed_counts, "canonical", as_it_is)
    assert told(Lab(tmp_path), ("person_id",), WORDS[:3]) > 0


def test_cells_of_the_same_people_are_one_and_empty_ones_none() -> None:
    from scipy.sparse import csr_array

    # One area of two categories, of which one is empty: the total is the other one.
    table = AdditiveTable(
        (("a",), ("b",), ("T",)),
        np.array([7.0, 0.0, 7.0]),
        csr_array(np.array([[1.0, 1.0, -1.0]])),
        np.zeros(3),
        np.array([np.inf, np.inf, 9.0]),
    )
    keys = np.array([5, 0, 5], dtype=np.uint64)
    smaller, place = canonical(table, keys, joined=True)
    assert place.tolist() == [0, -1, 0]
    assert smaller.values.tolist() == [7.0]
    assert smaller.highest.tolist() == [9.0]
    assert smaller.relations.shape == (0, 1)
    apart, place = canonical(table, keys, joined=False)
    assert sorted(place.tolist()) == [-1, 0, 1]
    assert (apart.relations @ apart.values).tolist() == [0.0]
