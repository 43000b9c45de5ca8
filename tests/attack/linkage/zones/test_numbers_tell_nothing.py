"""Whoever holds both zones' files without the crosswalk cannot pair their records by number, order, place or size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.support.on_disk import holding
from tests.support.zones_world import ZonesWorld, people, pupils, zone_of

from saferoom.hub.linkage.ingesting import store_of
from saferoom.hub.linkage.places import delivery_place
from saferoom.hub.linkage.records import Delivery
from saferoom.hub.linkage.splitting import ATTRIBUTES, CROSSWALK, IDENTIFIERS, about_delivery
from saferoom.hub.linkage.zones import Zone

_WHOSE = {IDENTIFIERS: Zone.LINKER, ATTRIBUTES: Zone.PROVISIONER, CROSSWALK: Zone.PROVISIONER}


@pytest.fixture(scope="module")
def delivery(place: ZonesWorld) -> Delivery:
    with store_of(place.instance).reading() as now:
        return next(one for one in now.deliveries() if one.dataset == "pupils")


@pytest.fixture(scope="module")
def parts(place: ZonesWorld, delivery: Delivery) -> dict[str, pa.Table]:
    return {
        kind: zone_of(place.home, zone)
        .read(delivery_place(delivery.id, kind), about_delivery(kind, delivery.name), delivery.stamps[kind])
        .read_all()
        for kind, zone in _WHOSE.items()
    }


def ranks(values: list[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.argsort(np.argsort(values)).astype(np.float64)


def correlation(one: list[Any], other: list[Any]) -> float:
    return float(abs(np.corrcoef(ranks(one), ranks(other))[0, 1]))


@pytest.fixture(scope="module")
def places(parts: dict[str, pa.Table]) -> dict[str, list[int]]:
    """Return where each delivered row is in every file, in the order of the delivery."""
    rows = pupils(people(240)[:200])
    by_name = {
        (row["given_name"], row["surname"], row["date_of_birth"], row["postcode"]): n
        for n, row in enumerate(parts[IDENTIFIERS].to_pylist())
    }
    by_id = {row["pupil_id"]: n for n, row in enumerate(parts[ATTRIBUTES].to_pylist())}
    crossing = {row["r1"]: n for n, row in enumerate(parts[CROSSWALK].to_pylist())}
    r1 = parts[IDENTIFIERS].column("r1").to_pylist()
    named = [by_name[row["given_name"], row["surname"], row["date_of_birth"], row["postcode"]] for row in rows]
    told = [by_id[row["pupil_id"]] for row in rows]
    return {"named": named, "told": told, "crossing": [crossing[r1[n]] for n in named]}


def test_crosswalk_pairs_each_row_with_itself_and_is_the_only_way(
    parts: dict[str, pa.Table], places: dict[str, list[int]]
) -> None:
    r1, r2 = (parts[kind].column(name).to_pylist() for kind, name in ((IDENTIFIERS, "r1"), (ATTRIBUTES, "r2")))
    pairs = dict(zip(*(parts[CROSSWALK].column(name).to_pylist() for name in ("r1", "r2")), strict=True))
    assert [pairs[r1[n]] for n in places["named"]] == [r2[n] for n in places["told"]]
    assert len({*r1, *r2}) == 400


def test_order_of_either_file_says_nothing_of_the_other_or_of_the_delivery(
    parts: dict[str, pa.Table], places: dict[str, list[int]]
) -> None:
    """Of 200 rows in random order a correlation of .4 has a chance of one in 10^8."""
    delivered = list(range(200))
    assert correlation(places["named"], places["told"]) < 0.4
    assert correlation(places["named"], delivered) < 0.4
    assert correlation(places["told"], delivered) < 0.4
    # The crosswalk is in the order of the linker's file, which the provisioner does not have.
    assert correlation(places["crossing"], places["told"]) < 0.4
    for kind, name in ((IDENTIFIERS, "r1"), (ATTRIBUTES, "r2"), (CROSSWALK, "r1")):
        numbers = parts[kind].column(name).to_pylist()
        assert numbers == sorted(numbers)


def test_numbers_themselves_say_nothing_of_each_other(parts: dict[str, pa.Table]) -> None:
    r1, r2 = ([int(value, 16) for value in parts[CROSSWALK].column(name).to_pylist()] for name in ("r1", "r2"))
    assert correlation(r1, r2) < 0.4
    shared = [bin(one ^ other).count("1") for one, other in zip(r1, r2, strict=True)]
    assert 30 < float(np.mean(shared)) < 34  # of 64 bits half differ


def test_linker_knows_a_record_again_by_nothing_that_the_provisioner_has(parts: dict[str, pa.Table]) -> None:
    keys = parts[IDENTIFIERS].column("record_key").to_pylist()
    assert len(set(keys)) == 200
    every = {
        str(value) for name in parts[ATTRIBUTES].schema.names for value in parts[ATTRIBUTES].column(name).to_pylist()
    }
    assert not set(keys) & every
    assert not set(parts[IDENTIFIERS].schema.names) & {"pupil_id", "r2", "region", "meals"}
    assert set(parts[ATTRIBUTES].schema.names) == {"r2", "sex", "pupil_id", "meals", "region"}


def test_columns_that_go_to_both_sides_are_those_that_are_both(parts: dict[str, pa.Table]) -> None:
    both = set(parts[IDENTIFIERS].schema.names) & set(parts[ATTRIBUTES].schema.names)
    assert both == {"sex"}


def test_nothing_of_a_delivery_stays_anywhere_else(place: ZonesWorld) -> None:
    """No file of the home holds a name or an attribute in plain; the splitting process left nothing."""
    assert [path.name for path in place.home.splits.iterdir()] == [".lock"]
    words = [one[name] for one in people(240)[:5] for name in ("postcode", "date_of_birth")]
    words += [row["pupil_id"] for row in pupils(people(240)[:5])]
    assert not holding(place.home.root, *words)


def test_same_rows_delivered_again_have_other_numbers(tmp_path: Path) -> None:
    from tests.support.zones_world import zones_world

    with zones_world(tmp_path) as made:
        rows = pupils(people(40))
        deliveries = [made.deliver("pupils", rows, version) for version in ("1", "2")]
        numbers, keys = [], []
        for one in deliveries:
            linker = zone_of(made.home, Zone.LINKER)
            place, about = delivery_place(one.id, IDENTIFIERS), about_delivery(IDENTIFIERS, one.name)
            found = linker.read(place, about, one.stamps[IDENTIFIERS]).read_all()
            numbers.append(set(found.column("r1").to_pylist()))
            keys.append(set(found.column("record_key").to_pylist()))
        assert not numbers[0] & numbers[1]
        assert keys[0] == keys[1]
