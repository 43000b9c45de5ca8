"""Files put in another's place, changed, or made by somebody else: none of them is read."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from tests.support.zones_world import DOCUMENTS

from saferoom.digests import sha256
from saferoom.errors import IntegrityError
from saferoom.hub.linkage import sealed
from saferoom.hub.linkage.opened import OpenZone, about_zone
from saferoom.hub.linkage.places import MAP, about_linkage, delivery_place, map_place
from saferoom.hub.linkage.provisioner import LinkedSource, MapRef, joined
from saferoom.hub.linkage.sealed import Stamp
from saferoom.hub.linkage.splitting import ATTRIBUTES, CROSSWALK, IDENTIFIERS, about_delivery
from saferoom.hub.linkage.zone_keys import ZoneSecret
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.catalogue.model import Dataset
from saferoom.signing import SigningKey

ID, OTHER = "a" * 24, "b" * 24
R1 = [f"{number:016x}" for number in range(20, 32)]
R2 = [f"{number:016x}" for number in range(70, 82)]
ENTITIES = [f"{number:032x}" for number in range(12)]
PASSES = ("model", "key 1: given_name + surname")


@dataclass
class Bench:
    """Both zones in folders of their own, with one delivery and one map."""

    linker: OpenZone
    provisioner: OpenZone
    source: LinkedSource

    def read(self) -> list[dict[str, Any]]:
        with duckdb.connect() as connection:
            name = joined(self.provisioner, connection, self.source)
            rows: list[dict[str, Any]] = connection.sql(f"FROM {name}").to_arrow_table().to_pylist()
            return rows

    def hand_over(self, table: pa.Table, signer: SigningKey | None = None, number: int = 1) -> None:
        """Put a map in its place, and on record."""
        place = self.provisioner.folder / map_place("person", number)
        for name in sealed.names(place.name):
            place.with_name(name).unlink(missing_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        about = about_zone("provisioner", about_linkage(MAP, "person", number))
        signer = signer or self.linker.secret.signing_key
        stamp = sealed.write(place, table, about, self.provisioner.secret.public, signer)
        ref = MapRef("person", number, stamp, PASSES)
        self.source = replace(self.source, maps=(ref,))


def a_map(**changed: Any) -> pa.Table:
    columns: dict[str, Any] = {
        "delivery": [ID] * 12,
        "r1": R1,
        "entity_id": ENTITIES,
        "match_probability": [0.991] * 12,
        "match_weight_band": ["20 and over"] * 11 + ["not linked"],
        "match_pass": ["model"] * 11 + [None],
    }
    return pa.table(columns | changed)


def dataset() -> Dataset:
    (found,) = (e.record for e in read_entries([(DOCUMENTS, "d")]) if e.key == "pupils")
    assert isinstance(found, Dataset)
    return found


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    keys = {name: ZoneSecret(secrets.token_bytes(32), name) for name in ("linker", "provisioner")}
    publics = {name: key.public for name, key in keys.items()}
    zones = {name: OpenZone(name, tmp_path / name, publics, key) for name, key in keys.items()}
    stamps = {}
    attributes = pa.table({"r2": R2, "pupil_id": [f"P{n}" for n in range(12)], "region": ["north", "south"] * 6})
    for id_, version in ((ID, "1"), (OTHER, "2")):
        named = {"id": id_, "dataset": "pupils", "version": version}
        for kind, table in ((ATTRIBUTES, attributes), (CROSSWALK, pa.table({"r1": R1, "r2": R2}))):
            place = delivery_place(id_, kind)
            stamps[id_, kind] = zones["provisioner"].write(place, table, about_delivery(kind, named))
    delivery = {
        "id": ID,
        "dataset": "pupils",
        "version": "1",
        "stamps": {kind: stamps[ID, kind].to_json() for kind in (ATTRIBUTES, CROSSWALK)},
    }
    made = Bench(zones["linker"], zones["provisioner"], LinkedSource(dataset(), delivery, (), {}))
    made.hand_over(a_map())
    return made


def test_honest_files_are_joined(bench: Bench) -> None:
    rows = bench.read()
    assert [row["person_id"] for row in rows] == ENTITIES
    assert [row["pupil_id"] for row in rows] == [f"P{n}" for n in range(12)]
    assert set(rows[0]) == {"pupil_id", "region", "person_id", "match_weight_band", "match_pass", "linkage_weight"}
    assert rows[-1]["linkage_weight"] is None


def _swap(bench: Bench, kind: str, *, on_record: bool) -> None:
    """Put another version's file in the place of this one's; `on_record` lies about its digest, too."""
    folder = bench.provisioner.folder / "deliveries"
    for name in sealed.names(kind):
        shutil.copyfile(folder / OTHER / name, folder / ID / name)
    if on_record:
        envelope = (folder / ID / sealed.names(kind)[1]).read_bytes()
        stamps = dict(bench.source.delivery["stamps"]) | {kind: {"sha256": sha256(envelope), "rows": 12}}
        bench.source = replace(bench.source, delivery={**bench.source.delivery, "stamps": stamps})


@pytest.mark.parametrize("on_record", [False, True])
@pytest.mark.parametrize("kind", [ATTRIBUTES, CROSSWALK])
def test_file_of_another_version_in_its_place_is_not_read(bench: Bench, kind: str, on_record: bool) -> None:
    _swap(bench, kind, on_record=on_record)
    with pytest.raises(IntegrityError, match=r"on record|about something else"):
        bench.read()


@pytest.mark.parametrize(
    "wrong",
    [
        {"dataset": "taxpayers"},
        {"version": "2"},
        {"id": OTHER},
        {"kind": CROSSWALK},
        {"zone": "linker"},
        {"purpose": "saferoom/extract/1"},
    ],
)
def test_file_about_something_else_does_not_open(bench: Bench, wrong: dict[str, str]) -> None:
    named = {"id": ID, "dataset": "pupils", "version": "1"}
    about = about_zone("provisioner", about_delivery(ATTRIBUTES, named))
    place = bench.provisioner.folder / delivery_place(ID, ATTRIBUTES)
    assert sealed.read(place, about, bench.provisioner.secret).read_all().num_rows == 12
    with pytest.raises(IntegrityError, match="about something else"):
        sealed.read(place, about | wrong, bench.provisioner.secret)


def test_other_zone_cannot_open_it(bench: Bench) -> None:
    named = {"id": ID, "dataset": "pupils", "version": "1"}
    place = bench.provisioner.folder / delivery_place(ID, ATTRIBUTES)
    for about in (about_zone(zone, about_delivery(ATTRIBUTES, named)) for zone in ("linker", "provisioner")):
        with pytest.raises(IntegrityError):
            sealed.read(place, about, bench.linker.secret)


@pytest.mark.parametrize("name", sealed.names(ATTRIBUTES))
@pytest.mark.parametrize("position", [0, 0.3, 0.6, 0.999])
def test_changed_byte_is_noticed(bench: Bench, name: str, position: float) -> None:
    file = bench.provisioner.folder / "deliveries" / ID / name
    data = bytearray(file.read_bytes())
    data[int(len(data) * position)] ^= 1
    file.write_bytes(data)
    with pytest.raises(IntegrityError, match="nothing was read"):
        bench.read()


@pytest.mark.parametrize("name", sealed.names(CROSSWALK))
def test_file_that_is_gone_or_cut_off_is_noticed(bench: Bench, name: str) -> None:
    file = bench.provisioner.folder / "deliveries" / ID / name
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(IntegrityError, match="nothing was read"):
        bench.read()
    file.unlink()
    with pytest.raises(IntegrityError, match="missing"):
        bench.read()


def test_nothing_of_a_sealed_table_is_plain(bench: Bench) -> None:
    """Neither columns nor their smallest and largest values can be read without the key."""
    file = bench.provisioner.folder / delivery_place(ID, ATTRIBUTES)
    data = file.with_suffix(".parquet").read_bytes() + file.with_suffix(".json").read_bytes()
    for text in (b"pupil_id", b"region", b"north", b"P11", R2[0].encode()):
        assert text not in data
    with pytest.raises(OSError, match="no decryption found"):
        pa.parquet.read_table(file.with_suffix(".parquet"))


@pytest.mark.parametrize("signer", ["provisioner", "somebody", "nobody"])
def test_map_that_the_linker_did_not_sign_is_refused(bench: Bench, signer: str) -> None:
    keys = {"provisioner": bench.provisioner.secret.signing_key, "somebody": SigningKey.generate()}
    if signer == "nobody":
        about = about_zone("provisioner", about_linkage(MAP, "person", 2))
        (bench.provisioner.folder / "maps/person/2").mkdir(parents=True)
        place = bench.provisioner.folder / map_place("person", 2)
        stamp = sealed.write(place, a_map(), about, bench.provisioner.secret.public)
        bench.source = replace(bench.source, maps=(MapRef("person", 2, stamp, PASSES),))
    else:
        bench.hand_over(a_map(), keys[signer], 2)
    with pytest.raises(IntegrityError):
        bench.read()


def test_older_map_of_the_linker_in_the_place_of_the_newest_is_refused(bench: Bench) -> None:
    bench.hand_over(a_map(entity_id=ENTITIES[::-1]), number=2)
    newest = bench.provisioner.folder / "maps/person/2"
    for file in (bench.provisioner.folder / "maps/person/1").iterdir():
        shutil.copyfile(file, newest / file.name)
    with pytest.raises(IntegrityError):
        bench.read()


LIES: dict[str, Callable[[], pa.Table]] = {
    "a name as the pass": lambda: a_map(match_pass=["Ada Abbot"] * 12),
    "a pass of another plan": lambda: a_map(match_pass=["key 2: surname"] * 12),
    "a name as the band": lambda: a_map(match_weight_band=["Abbot"] * 12),
    "no band": lambda: a_map(match_weight_band=[None] * 12),
    "a name in an entity": lambda: a_map(entity_id=["Ada Abbot 1980-01-01 QX1 1AB ....", *ENTITIES[1:]]),
    "no entity": lambda: a_map(entity_id=[None, *ENTITIES[1:]]),
    "a record twice": lambda: a_map(r1=[R1[1], *R1[1:]]),
    "a record number that is none": lambda: a_map(r1=["Abbot".ljust(16, "-"), *R1[1:]]),
    "a probability with something in its digits": lambda: a_map(match_probability=[0.9910000074] * 12),
    "a probability above one": lambda: a_map(match_probability=[1.001] * 12),
    "no probability": lambda: a_map(match_probability=[None] * 12),
    "a column more": lambda: a_map().append_column("note", [["Ada"] * 12]),
    "a column less": lambda: a_map().drop(["match_pass"]),
    "columns in another order": lambda: a_map().select(a_map().schema.names[::-1]),
    "another type": lambda: a_map(match_probability=pa.array(["0.5"] * 12)),
    "a delivery that is none": lambda: a_map(delivery=["Abbot"] * 12),
}


@pytest.mark.parametrize("lie", list(LIES))
def test_map_with_anything_beside_what_a_map_holds_is_refused(bench: Bench, lie: str) -> None:
    """Even the linker itself, taken over, can tell the provisioner no name in a map."""
    bench.hand_over(LIES[lie]())
    with pytest.raises(IntegrityError, match="linker must be looked at"):
        bench.read()


def test_map_that_leaves_out_a_record_is_refused(bench: Bench) -> None:
    """An entity made up here would be another in every version, so that versions could be subtracted."""
    bench.hand_over(a_map().slice(1))
    with pytest.raises(IntegrityError, match=r"names not every record of .*; link it anew"):
        bench.read()


def test_stamp_of_something_else_is_not_understood() -> None:
    wrongs: tuple[object, ...] = (None, {}, {"sha256": "x"}, {"sha256": 1, "rows": 1}, {"rows": True}, [], "x")
    for wrong in wrongs:
        with pytest.raises(IntegrityError):
            Stamp.from_json(wrong)


def test_identifiers_are_not_among_what_a_provisioner_is_told_of(bench: Bench) -> None:
    assert IDENTIFIERS not in bench.source.to_json()["delivery"]["stamps"]
