"""Ids made anew: fresh, of the same types, with sizes of a safe margin."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from saferoom.disclosure.microdata.synthetic.structure import Structure
from saferoom.errors import BadInputError


def test_households_keep_their_sizes_and_people_are_in_one() -> None:
    household = np.repeat(np.arange(400), np.arange(400) % 4 + 1)
    table = pa.table({"person": [f"p{i}" for i in range(len(household))], "household": household})
    made = Structure.of(table, ["person", "household"], 10).columns(10_000, np.random.default_rng(1))
    assert len(set(made["person"].to_pylist())) == 10_000
    sizes = Counter(Counter(made["household"].to_pylist()).values())
    total = sum(sizes.values())
    assert [sizes[size] / total for size in (1, 2, 3, 4)] == pytest.approx([0.25] * 4, abs=0.03)


def test_a_size_of_few_households_is_not_made() -> None:
    household = np.concatenate([np.arange(300) // 2, np.full(17, 999)])
    made = Structure.of(pa.table({"h": household}), ["h"], 10).columns(1_000, np.random.default_rng(1))
    assert set(Counter(made["h"].to_pylist()).values()) == {2}


def test_people_with_several_records_in_households() -> None:
    person = np.repeat(np.arange(300), 3)
    table = pa.table({"p": person, "h": person // 2})
    made = Structure.of(table, ["p", "h"], 10).columns(900, np.random.default_rng(1))
    pairs = set(zip(made["p"].to_pylist(), made["h"].to_pylist(), strict=True))
    assert len(pairs) == 300
    assert max(Counter(house for _, house in pairs).values()) == 2


def test_new_ids_are_no_old_ids() -> None:
    table = pa.table({"id": [f"NINO{i}" for i in range(50)]})
    made = Structure.of(table, ["id"], 10).columns(50, np.random.default_rng(1))["id"].to_pylist()
    assert not set(made) & set(table.column("id").to_pylist())


def test_ids_that_do_not_fit_their_type_are_refused() -> None:
    table = pa.table({"id": pa.array(range(100), pa.int8())})
    with pytest.raises(BadInputError, match="store it wider"):
        Structure.of(table, ["id"], 10).columns(1_000, np.random.default_rng(1))
