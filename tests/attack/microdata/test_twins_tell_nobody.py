"""Ways in which a synthetic twin would tell of one person; none may work."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.support.twin_world import people, told

from saferoom.disclosure.microdata.synthetic import (
    Described,
    Limits,
    Role,
    SyntheticTwin,
    Terms,
    low_fidelity,
    making,
    medium_fidelity,
)
from saferoom.errors import BadInputError

BOTH = pytest.mark.parametrize("make", [low_fidelity, medium_fidelity], ids=["low", "medium"])
SECRET = "Rumpelstiltskin"


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def with_person(table: Any, **values: Any) -> Any:
    """Return the file with the first record's values replaced."""
    for name, value in values.items():
        made = table.column(name).to_pylist()
        made[0] = value
        table = table.set_column(table.column_names.index(name), name, pa.array(made, table.schema.field(name).type))
    return table


def all_of(twin: SyntheticTwin) -> str:
    table: Any = twin.frame
    return json.dumps(twin.document()) + str(table.to_pydict())


@BOTH
def test_the_richest_is_not_seen_in_the_numbers(make: Any) -> None:
    """Whoever compares twins of the file with and without one extreme income learns nothing of how large it is."""
    tops = []
    for pay in (1e5, 1e7, 1e12):
        twin: Any = make(with_person(people(), pay=pay), {}, random()).frame
        tops.append(max(told(twin, "pay")))
    assert tops[0] == tops[1] == tops[2] or make is medium_fidelity
    assert max(tops) < 1e5


@BOTH
def test_the_only_one_of_a_category_is_not_there(make: Any) -> None:
    found = all_of(make(with_person(people(), region=SECRET), {}, random()))
    assert SECRET not in found


@BOTH
def test_a_category_of_one_household_is_not_there(make: Any) -> None:
    """Twelve people share a place and one household: with households as units as well, they are one."""
    rows = 1_000
    table = people(rows).append_column("person", pa.array(range(rows)))
    table = table.append_column("household", pa.array(np.r_[np.zeros(12, int), np.arange(12, rows) // 2]))
    places = [SECRET] * 12 + table.column("region").to_pylist()[12:]
    table = table.set_column(0, "region", pa.array(places))
    person, household = {"person": Described(Role.UNIT)}, {"household": Described(Role.UNIT)}
    assert SECRET not in all_of(make(table, person | household, random()))
    assert SECRET in all_of(make(table, person | {"household": Described(Role.ID)}, random()))


@BOTH
def test_free_text_with_a_name_is_not_there(make: Any) -> None:
    notes = [f"{SECRET} came {i % 190}" for i in range(200)]
    assert SECRET not in all_of(make(people(200).append_column("note", pa.array(notes)), {}, random()))


@BOTH
def test_a_name_that_a_category_type_lists_is_not_there(make: Any) -> None:
    """A pandas category remembers labels that no record has any more."""
    frame = people(300).to_pandas()
    frame["region"] = pd.Categorical(frame["region"], categories=["north", "south", "east", SECRET])
    made: Any = make(frame, {}, random()).frame
    assert SECRET not in list(made["region"].cat.categories)


@BOTH
def test_pandas_metadata_and_schema_notes_do_not_travel(make: Any) -> None:
    table = people(300).replace_schema_metadata({"source": SECRET})
    made: Any = make(table, {}, random()).frame
    assert SECRET not in str(made.schema.metadata)


@BOTH
def test_ids_are_not_copied(make: Any) -> None:
    table = people(300).append_column("nino", pa.array([f"{SECRET}-{i}" for i in range(300)]))
    twin = make(table, {}, random())
    assert twin.roles["nino"] is Role.ID
    assert SECRET not in all_of(twin)
    assert len(set(told(twin.frame, "nino"))) == len(told(twin.frame, "nino"))


@BOTH
def test_a_person_with_many_records_does_not_make_a_category_safe(make: Any) -> None:
    rows = 600
    table = people(rows).append_column("person", pa.array(np.r_[np.zeros(50, int), np.arange(50, rows)]))
    table = table.set_column(0, "region", pa.array([SECRET] * 50 + table.column("region").to_pylist()[50:]))
    assert SECRET not in all_of(make(table, {"person": Described(Role.UNIT)}, random()))


def test_records_without_a_person_count_for_nobody() -> None:
    rows = 600
    person = [None] * 50 + list(range(50, rows))
    table = people(rows).append_column("person", pa.array(person))
    table = table.set_column(0, "region", pa.array([SECRET] * 50 + table.column("region").to_pylist()[50:]))
    assert SECRET not in all_of(low_fidelity(table, {"person": Described(Role.UNIT)}, random()))


@BOTH
@pytest.mark.parametrize("rows", [0, 1, 9])
def test_files_of_too_few_are_refused(make: Any, rows: int) -> None:
    with pytest.raises(BadInputError, match="fewer statistical units"):
        make(people(20).slice(0, rows), {}, random())


@BOTH
def test_the_smallest_file_tells_next_to_nothing(make: Any) -> None:
    table = people(12)
    twin = make(table, {}, random(), Terms(keys=("sex",), limits=Limits(1.0, 1.0)))
    for name in ("pay", "tax", "born"):
        assert not set(told(twin.frame, name)) - {0.0}


@BOTH
def test_columns_of_one_value_and_of_none(make: Any) -> None:
    table = people(100).append_column("one", pa.array([7] * 100)).append_column("none", pa.nulls(100, pa.string()))
    made: Any = make(table, {}, random()).frame
    assert set(made.column("one").to_pylist()) == {7}
    assert set(made.column("none").to_pylist()) == {None}


@BOTH
def test_files_of_ids_or_texts_alone(make: Any) -> None:
    table = pa.table({"id": [f"{SECRET}{i}" for i in range(50)]})
    assert SECRET not in all_of(make(table, {}, random()))
    assert SECRET not in all_of(make(pa.table({"x": [f"{SECRET}{i % 40}" for i in range(50)]}), {}, random()))


def test_columns_of_one_name_are_refused() -> None:
    table = people(100)
    twice = pa.table([table.column(0), table.column(1)], names=["x", "x"])
    with pytest.raises(BadInputError, match="two columns 'x'"):
        low_fidelity(twice, {}, random())
    with pytest.raises(BadInputError, match="two columns 'x'"):
        low_fidelity(pd.DataFrame([[1, 2]] * 50, columns=["x", "x"]), {}, random())


def test_what_people_are_unique_on_is_not_replicated() -> None:
    twin = medium_fidelity(people(3_000), {}, random(), Terms(keys=("region", "sex", "age", "education")))
    assert twin.disclosure.removed > 0
    assert twin.disclosure.uniques is not None
    assert twin.disclosure.uniques.original > 0
    assert twin.disclosure.uniques.replicated == 0
    assert twin.disclosure.copied == 0


def test_a_method_that_copies_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check looks at the two files: a maker gone wrong gives no twin."""
    table = people(1_000)
    monkeypatch.setattr(making._Work, "_without_replicas", lambda *_: (table, 0))
    with pytest.raises(BadInputError, match=r"copies of a record.*nothing is written") as caught:
        medium_fidelity(table, {}, random())
    assert "north" not in caught.value.message


def test_a_threshold_that_counts_nobody_is_refused() -> None:
    with pytest.raises(BadInputError, match="at least 3"):
        Terms(threshold=0)


def test_medium_is_never_public_by_itself() -> None:
    twin = medium_fidelity(people(500), {}, random())
    assert not twin.public
    assert "never public" in twin.sentence
    assert low_fidelity(people(500), {}, random()).public


@BOTH
def test_what_is_told_to_whoever_gets_the_twin_holds_nothing_measured(make: Any) -> None:
    document = make(people(500), {}, random()).public_document()
    assert set(document) == {"fidelity", "made_with", "records", "threshold", "columns", "not_kept", "may_be_public"}
    assert document["records"] % 10 == 0 or make is medium_fidelity
