"""Whatever the file: a twin has its columns and types, and no value of fewer units than the threshold."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.twin_world import THRESHOLD, farthest, rare, told

from saferoom.disclosure.microdata.synthetic import (
    Described,
    Limits,
    Role,
    SyntheticTwin,
    Terms,
    low_fidelity,
    medium_fidelity,
)

_OPEN = Terms(keys=("sex",), limits=Limits(1.0, 1.0, 1_000))
"""Only what holds by construction: values."""
MAKERS = {"low": low_fidelity, "medium": medium_fidelity}


@st.composite
def files(draw: st.DrawFn) -> tuple[Any, bool]:
    """Return small files of every kind of column, with gaps, and whether people have several records."""
    rows = draw(st.integers(25, 120))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    skew = draw(st.sampled_from([0.2, 0.5, 0.9]))
    codes = random.geometric(skew, rows)
    several = draw(st.booleans())
    person = random.permutation(rows) // (3 if several else 1)
    start = dt.date(1900, 1, 1)
    columns = {
        "person": pa.array(person),
        "sex": pa.array(random.choice(["f", "m"], rows)),
        "place": pa.array([f"place {code}" for code in codes]),
        "kind": pa.array([f"kind {code}" for code in random.geometric(skew, rows)]).dictionary_encode(),
        "income": pa.array(random.lognormal(9, 2, rows)),
        "price": pa.array(np.round(random.lognormal(9, 2, rows), 2)),
        "children": pa.array(codes.astype(np.int16)),
        "flag": pa.array(random.random(rows) < skew / 10),
        "born": pa.array([start + dt.timedelta(days=int(day)) for day in random.integers(0, 40_000, rows)]),
        "note": pa.array([f"wrote {number}" for number in random.integers(0, 10**6, rows)]),
    }
    gaps = draw(st.sampled_from([0.0, 0.1, 0.9]))
    for name in draw(st.sets(st.sampled_from(["place", "income", "price", "children", "born", "note", "kind"]))):
        kept = pa.array(random.random(rows) >= gaps)
        columns[name] = pa.compute.if_else(kept, columns[name], None)
    return pa.table(columns), several


def made(fidelity: str, table: Any, seed: int = 1) -> SyntheticTwin:
    return MAKERS[fidelity](table, {"person": Described(Role.UNIT)}, np.random.default_rng(seed), _OPEN)


@settings(max_examples=40, deadline=None)
@given(files(), st.sampled_from(["low", "medium"]))
def test_a_twin_has_columns_and_types_and_no_value_of_a_few(given_file: tuple[Any, bool], fidelity: str) -> None:
    table, _ = given_file
    if len(set(table.column("person").to_pylist())) < THRESHOLD:
        return
    twin: Any = made(fidelity, table).frame
    assert twin.schema.names == table.schema.names
    assert twin.schema.types == table.schema.types
    for name in ("sex", "place", "kind", "flag"):
        assert not set(told(twin, name)) & rare(table, name, "person"), name
    for name in ("income", "price"):
        assert not set(told(twin, name)) & rare(table, name, "person"), name
        if told(twin, name):
            assert min(told(table, name)) < min(told(twin, name))
            assert max(told(twin, name)) < max(told(table, name))
    for name in ("children", "born"):  # whole numbers lie so densely that one of the middle may be somebody's by chance
        assert not set(told(twin, name)) & farthest(table, name, "person"), name
    assert not set(told(twin, "note")) & set(told(table, "note"))
    labels = twin.column("kind").unify_dictionaries().chunk(0).dictionary.to_pylist()
    assert not set(labels) & rare(table, "kind", "person"), "labels that no record has are told by the file, too"


@settings(max_examples=10, deadline=None)
@given(files(), st.sampled_from(["low", "medium"]))
def test_one_seed_makes_one_twin(given_file: tuple[Any, bool], fidelity: str) -> None:
    table, _ = given_file
    if len(set(table.column("person").to_pylist())) < THRESHOLD:
        return
    frames: list[Any] = [made(fidelity, table, seed).frame for seed in (1, 1, 2)]
    assert frames[0].equals(frames[1])
    assert not frames[0].equals(frames[2])
