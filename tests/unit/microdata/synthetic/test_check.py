"""The disclosure measures, against small tables worked out by hand and twins that copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.support.twin_world import people

from saferoom.disclosure.microdata.synthetic import Described, Limits, Terms, low_fidelity
from saferoom.disclosure.microdata.synthetic.check.attribution import Intruder
from saferoom.disclosure.microdata.synthetic.check.closeness import Coordinates, closeness
from saferoom.disclosure.microdata.synthetic.check.judged import Check, Disclosure
from saferoom.disclosure.microdata.synthetic.check.pair import Coding
from saferoom.disclosure.microdata.synthetic.check.uniques import Singles, replicated
from saferoom.disclosure.microdata.synthetic.kinds import role_of
from saferoom.disclosure.microdata.synthetic.units import Units
from saferoom.errors import BadInputError

BEFORE = pa.table({"k": ["a", "a", "b", "c", "d", "d"], "t": ["x", "x", "y", "x", "x", "y"]})
AFTER = pa.table({"k": ["a", "a", "b", "c", "d", "e"], "t": ["x", "y", "y", "y", "x", "x"]})


def random() -> np.random.Generator:
    return np.random.default_rng(1)


def test_replicated_uniques_by_hand() -> None:
    """Unique before: b and c; after: b, c, d, e; in both: b and c."""
    found = replicated(Coding(BEFORE, ["k"], banded=True).pair(AFTER), ["k"], Units.of(BEFORE, []))
    assert found.original == pytest.approx(2 / 6)
    assert found.synthetic == pytest.approx(4 / 6)
    assert found.found == pytest.approx(2 / 6)
    assert found.replicated == pytest.approx(2 / 6)
    assert found.records.tolist() == [False, False, True, True, False, False]


def test_one_person_with_two_records_is_unique() -> None:
    units = Units.of(pa.table({"u": [1, 1, 2, 3, 4, 5]}), ["u"])
    after = pa.table({"k": ["a", "b"]})
    assert replicated(Coding(BEFORE, ["k"], banded=True).pair(after), ["k"], units).records.tolist() == [True, True]


def test_attribution_by_hand() -> None:
    """The twin gives away y for b (right), y for c (wrong), x for d (right for one of two); e is nobody's."""
    pair = Coding(BEFORE, ["k", "t"], banded=True).pair(AFTER)
    found = Intruder(pair, ["k"], Units.of(BEFORE, []), 10).attribution("t", random())
    assert found.in_original == pytest.approx(4 / 6)
    assert found.in_synthetic == pytest.approx(1.0)
    assert found.given_away == pytest.approx(4 / 6)
    assert found.disco == pytest.approx(2 / 6)
    assert found.tcap == pytest.approx(0.5)
    assert found.baseline == pytest.approx((4 / 6) ** 2 + (2 / 6) ** 2)
    assert (found.at_risk, found.correct) == (4, 2.0)


def test_a_copy_gives_away_more_than_others_know_and_a_shuffled_one_does_not() -> None:
    rows = 4_000
    own = random()
    table = pa.table({"k": own.integers(0, rows * 2, rows), "t": own.integers(0, 10, rows)})
    coding = Coding(table.set_column(0, "k", table.column("k").cast(pa.string())), ["k", "t"], banded=True)
    copy = table.set_column(0, "k", table.column("k").cast(pa.string()))
    shuffled = copy.set_column(1, "t", table.column("t").take(pa.array(own.permutation(rows))))
    units = Units.of(table, [])
    assert Intruder(coding.pair(copy), ["k"], units, 10).attribution("t", random()).gain > 0.8
    assert Intruder(coding.pair(shuffled), ["k"], units, 10).attribution("t", random()).gain == 0.0


def test_singles_are_found_and_shared_records_are_not() -> None:
    codes = np.array([[0, 1], [0, 1], [2, 1]], dtype=np.int32)
    singles = Singles(codes, Units.of(pa.table({"x": [1, 2, 3]}), []))
    assert singles.copied(np.array([[0, 1], [2, 1], [1, 2]], dtype=np.int32)).tolist() == [False, True, False]


def points(rows: int, seed: int) -> Coordinates:
    own = np.random.default_rng(seed)
    return Coordinates(
        [own.random(rows).astype(np.float32) for _ in range(3)], [own.integers(0, 3, rows).astype(np.int32)]
    )


def test_nearness_tells_copies_with_a_little_noise_from_other_people() -> None:
    before, units = points(4_000, 1), Units.of(pa.table({"x": np.arange(4_000)}), [])
    noisy = Coordinates([one + np.float32(1e-4) for one in before.numbers], before.categories)
    near, other = closeness(before, noisy, units, random()), closeness(before, points(4_000, 2), units, random())
    assert near is not None
    assert other is not None
    assert near.closer > 0.95
    assert near.excess > 0.25
    assert other.excess == 0.0
    assert other.baseline == pytest.approx(other.closer, abs=0.06)


def checked(table: Any, twin: Any, described: dict[str, Described] | None = None, threshold: int = 10) -> Disclosure:
    said, units = described or {}, Units.of(table, [])
    roles = {name: role_of(table, name, said.get(name, Described()), units, threshold) for name in table.column_names}
    check = Check(table, roles, said, units, threshold)
    check.asks(("region", "age"), (), ())
    return check.measured(twin, 0, random())


def test_the_file_itself_is_no_twin() -> None:
    table = people(2_000)
    broken = " ".join(checked(table, table).broken(Limits()))
    for said in ("copies", "replicate", "nearer", "too few units are left"):
        assert said in broken


def with_value(table: Any, name: str, value: Any) -> Any:
    made = table.column(name).to_pylist()
    made[0] = value
    return table.set_column(table.column_names.index(name), name, pa.array(made, table.schema.field(name).type))


@pytest.mark.parametrize(("name", "value"), [("region", "isle"), ("pay", 9e9), ("sex", "x")])
def test_one_value_of_one_person_is_found_in_a_twin(name: str, value: Any) -> None:
    table = with_value(people(1_000), name, value)
    twin = low_fidelity(table, {}, random()).frame
    assert checked(table, twin).rare == ()
    assert checked(table, with_value(twin, name, value)).rare == (name,)


def test_a_public_code_of_one_person_may_be_there() -> None:
    said = {"region": Described(codelist=("north", "south", "east", "isle"))}
    table = with_value(people(1_000), "region", "isle")
    assert checked(table, with_value(people(1_000, 2), "region", "isle"), said).rare != ("region",)


def test_text_of_the_file_is_found_in_a_twin() -> None:
    table = people(300).append_column("note", pa.array([f"letter of {i % 290}" for i in range(300)]))
    twin = low_fidelity(table, {}, random()).frame
    bad = with_value(twin, "note", "letter of 7")
    assert "note" in checked(table, bad).rare


def test_limits_can_be_set_and_are_named() -> None:
    with pytest.raises(BadInputError, match="threshold"):
        Terms(threshold=2)
    table = people(2_000)
    found = checked(table, table)
    assert not any("nearer" in said for said in found.broken(Limits(closeness_excess=1.0)))
    assert found.document(Limits())["holds"] is False
