"""Whatever the records and the seed: a file has its plan's columns alone, and enough units behind each key."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from saferoom.disclosure.microdata.plans.leaving import leaving
from saferoom.disclosure.microdata.plans.plan import read_plan
from saferoom.disclosure.microdata.plans.seeds import Seed
from saferoom.disclosure.microdata.risk.units import records_of_few_units
from saferoom.errors import BadInputError

PLAN = read_plan(
    "keys: [region, age]\ncolumns: [person_id, region, age]\n"
    "steps: [{method: local_suppression, k: 3}]\nlimits: {k: 3, max_risk: 0.4}\n",
    "p",
)
_value = st.one_of(st.none(), st.sampled_from(["a", "b", "c"]))
_row = st.tuples(st.integers(0, 8), _value, _value)


def _few(rows: list[tuple[Any, Any, Any]], least: int) -> int:
    """Count as the definition says, pair by pair."""

    def match(one: Any, other: Any) -> bool:
        return all(a is None or b is None or a == b for a, b in zip(one[1:], other[1:], strict=True))

    behind = ({other[0] for other in rows if match(one, other)} for one in rows)
    return sum(len(units) < least for units in behind)


@settings(deadline=None)
@given(rows=st.lists(_row, min_size=1, max_size=25), least=st.integers(2, 5))
def test_units_are_counted_as_the_definition_says(rows: list[tuple[Any, Any, Any]], least: int) -> None:
    ids, one, other = zip(*rows, strict=True)
    frame = pa.table({"one": pa.array(one, pa.string()), "other": pa.array(other, pa.string())})
    assert records_of_few_units(frame, ["one", "other"], pa.chunked_array([ids]), least) == _few(rows, least)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from("nsew"), st.integers(20, 24)), min_size=12, max_size=60),
    secret=st.binary(min_size=32, max_size=32),
)
def test_a_file_has_its_columns_alone_and_nothing_ties_it_to_the_extract(
    rows: list[tuple[str, int]], secret: bytes
) -> None:
    region, age = zip(*rows, strict=True)
    ids = [7_000_000_000 + n for n in range(len(rows))]
    table = pa.table({"person_id": ids, "region": region, "age": age, "added": ids})
    try:
        found = leaving(table, PLAN, Seed(secret, secret), ["person_id"], 3)
    except BadInputError:
        return  # its limits cannot be reached, so that there is no file
    assert found.file.column_names == ["person_id", "region", "age"]
    assert sorted(found.file.column("person_id").to_pylist()) == list(range(1, len(rows) + 1))
    assert found.known.column("person_id").to_pylist() == ids
    keys = found.file.select(["region", "age"])
    assert records_of_few_units(keys, ["region", "age"], found.file.column("person_id"), 3) == 0
    told = np.array([v is not None for v in found.file.column("region").to_pylist()])
    shown = {v for v in found.file.column("region").to_pylist() if v is not None}
    assert shown <= set(region)
    assert told.sum() <= len(rows)
