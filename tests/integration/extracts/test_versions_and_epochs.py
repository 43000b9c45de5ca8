"""Versions side by side, and ids that change: what stays, what goes, and who is still the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.integration.extracts.test_crosswalks import expected, lineage_of
from tests.support.extract_world import ROWS, Workshop, csv_of
from tests.support.registry_world import HTV, MOB, NOW, TODAY, dataset

from saferoom.clock import FrozenClock
from saferoom.disclosure.history.crosswalk import keys_of_numbers
from saferoom.errors import BadInputError, IntegrityError, WrongStateError
from saferoom.hub.extract_sources import OwnersFiles
from saferoom.hub.extracts import Extracts
from saferoom.ids import DatasetName
from saferoom.projects.catalogue.describing import Frequency, Refresh
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.extracts.pseudonyms import chain, chained

MASTER = b"m" * 32
NEXT = [*ROWS[1:], {**ROWS[0], "person_id": 999}]


def _refreshed(shop: Workshop, version: str, rows: list[dict[str, Any]], **changes: object) -> None:
    shop.csv(csv_of(rows))
    shop.add(dataset(version=version, **changes))
    shop.provision()


@dataclass(frozen=True)
class _Linked(OwnersFiles):
    """Owners' files of which somebody says how they are linked."""

    said: list[str] = field(default_factory=list)

    def linkage(self, dataset: Dataset) -> str | None:
        if not self.said:
            raise WrongStateError(f"{dataset.name} is not linked yet")
        return self.said[-1]


def _versions(shop: Workshop) -> list[str]:
    return [file.version for file in shop.maker.verify(MOB).files]


def _ids(rows: list[dict[str, Any]]) -> set[int]:
    return {row["person_id"] for row in rows}


def test_versions_lie_side_by_side_with_the_same_ids(shop: Workshop) -> None:
    shop.provision()
    before = shop.read()
    _refreshed(shop, "2", NEXT)
    assert _versions(shop) == ["2", "1"]
    assert shop.read(version="1") == before
    assert len(_ids(shop.read()) & _ids(before)) == 2
    assert shop.read() == shop.read(version="2")
    assert len(lineage_of(shop)) == 4  # whoever is in any version is known


def test_room_has_the_newest_under_the_plain_name_and_an_older_one_when_it_is_asked_for(shop: Workshop) -> None:
    shop.provision()
    with shop.maker.opened.lease(MOB) as room:
        assert pq.read_table(room.folder / "htv.parquet").num_rows == 4
        _refreshed(shop, "2", NEXT[:2])
        assert pq.read_table(room.folder / "htv.parquet").num_rows == 2
        assert (room.folder / "htv" / "1" / "htv.parquet").exists()  # it was open, so it stays
    with shop.maker.opened.lease(MOB) as room:
        assert not (room.folder / "htv" / "1").exists()
        with shop.maker.opened.lease(MOB, [("htv", "1")]):
            pass
        assert pq.read_table(room.folder / "htv" / "1" / "htv.parquet").num_rows == 4


def test_as_many_versions_stay_as_the_owner_says(shop: Workshop) -> None:
    for number in range(1, 6):
        _refreshed(shop, str(number), ROWS)
    assert _versions(shop) == ["5", "4", "3"]
    _refreshed(shop, "6", ROWS, refresh=Refresh(frequency=Frequency.YEARLY, keep_versions=2))
    assert _versions(shop) == ["6", "5"]
    assert not shop.file(version="4").parent.exists()


def test_older_versions_go_after_the_owners_day(shop: Workshop) -> None:
    policy = Refresh(frequency=Frequency.YEARLY, keep_until=TODAY)
    shop.provision()
    _refreshed(shop, "2", NEXT, refresh=policy)
    assert _versions(shop) == ["2", "1"]
    object.__setattr__(shop.maker, "clock", FrozenClock(NOW + timedelta(days=1)))
    assert shop.maker.prune(MOB) == ()  # the dataset still has an extract
    assert _versions(shop) == ["2"]
    assert lineage_of(shop) == expected(NEXT)


def test_version_that_no_approval_covers_any_more_goes(shop: Workshop) -> None:
    shop.provision()
    _refreshed(shop, "2", NEXT)
    shop.add(dataset(version="2"), variables=("wage",))
    shop.provision()
    assert _versions(shop) == ["2"]
    assert set(shop.read()[0]) == {"person_id", "wage"}


def test_variable_that_became_a_direct_identifier_takes_older_versions_with_it(shop: Workshop) -> None:
    shop.provision()
    direct = tuple(
        v.model_copy(update={"role": dataset().variables[1].role}) if v.name == "age" else v
        for v in dataset().variables
    )
    _refreshed(shop, "2", NEXT, variables=direct)
    assert _versions(shop) == ["2"]


def test_damaged_older_version_is_given_up_when_its_dataset_is_made_again(shop: Workshop) -> None:
    shop.provision()
    _refreshed(shop, "2", NEXT)
    shop.file(version="1").chmod(0o600)
    shop.file(version="1").write_bytes(b"damaged")
    shop.csv(csv_of(ROWS), "more.csv")
    shop.add(shop.renamed("more", "more.csv"))
    with pytest.raises(IntegrityError):
        shop.maker.provision(MOB, [DatasetName("more")])
    shop.provision()
    assert [(file.dataset, file.version) for file in shop.maker.verify(MOB).files] == [("htv", "2"), ("more", "1")]


def test_only_what_is_asked_for_is_made_and_the_rest_stays(shop: Workshop) -> None:
    shop.csv(csv_of(ROWS), "more.csv")
    shop.add(shop.renamed("more", "more.csv"))
    first = shop.provision()
    (shop.folder / "sources" / "more.csv").unlink()
    again = shop.maker.provision(MOB, [HTV])
    assert again.file("more") == first.file("more")
    assert again.file("htv") != first.file("htv")
    assert lineage_of(shop) == expected(ROWS)


def test_rotation_gives_everybody_a_new_id_and_keeps_who_is_who(shop: Workshop) -> None:
    shop.provision()
    _refreshed(shop, "2", NEXT)
    before = {version: shop.read(version=version) for version in ("1", "2")}
    lineage = lineage_of(shop)
    (shop.folder / "sources" / "htv.csv").unlink()  # nothing is read from the owner
    manifest = shop.maker.rotate(MOB, "Somebody saw the ids.")
    assert manifest is not None
    assert {file.epoch for file in manifest.files} == {2}
    keys = chain(MASTER, MOB, "person_id", 2)
    assert _ids(shop.read()) == {chained(keys, str(row["person_id"])) for row in NEXT}
    for version, rows in before.items():
        after = shop.read(version=version)
        assert not _ids(rows) & _ids(after)
        assert sorted(str(row["wage"]) for row in rows) == sorted(str(row["wage"]) for row in after)
        assert [row["person_id"] for row in after] == sorted(row["person_id"] for row in after)
    assert sorted(lineage_of(shop).values()) == sorted(lineage.values())


def test_table_of_old_and_new_ids_carries_old_tables_over(shop: Workshop) -> None:
    shop.provision()
    before = []
    for reason in ("one", "two", "three"):
        before.append(shop.read())
        shop.maker.rotate(MOB, reason)
    with shop.maker.opened.lease(MOB) as room:
        table = pq.read_table(room.folder / "id-changes" / "person_id.parquet").to_pandas()
    for epoch, rows in enumerate(before, start=1):
        now = table[table.epoch == epoch].set_index("old_id")["new_id"]
        assert {now[row["person_id"]] for row in rows} == _ids(shop.read())
        wages = {(now[row["person_id"]], row["age"], row["wage"]) for row in rows}
        assert wages == {(row["person_id"], row["age"], row["wage"]) for row in shop.read()}


def test_next_version_after_a_rotation_has_the_new_ids(shop: Workshop) -> None:
    shop.provision()
    shop.maker.rotate(MOB, "one")
    before = shop.read()
    _refreshed(shop, "2", NEXT)
    assert len(_ids(before) & _ids(shop.read())) == 2
    assert shop.maker.lacking(MOB) == ()
    assert len(lineage_of(shop)) == 4


@pytest.mark.parametrize("step", ["_install", "settle", "widen"])
def test_rotation_that_was_interrupted_is_finished_by_the_next_extract(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    from saferoom.hub.crosswalks import Crosswalks
    from saferoom.hub.extract_units import Units

    shop.provision()
    old = _ids(shop.read())

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr({"_install": Extracts, "settle": Units, "widen": Crosswalks}[step], step, die)
        with pytest.raises(KeyboardInterrupt):
            shop.maker.rotate(MOB, "one")
    known = set(lineage_of(shop))
    numbers = np.array(sorted(_ids(shop.read())), dtype=np.int64)
    assert set(keys_of_numbers(numbers).tolist()) <= known
    if step != "settle":
        assert shop.maker.lacking(MOB) == ("htv",)
    shop.provision()
    assert not _ids(shop.read()) & old
    assert len(lineage_of(shop)) == 3
    with shop.maker.opened.lease(MOB) as room:
        table = pq.read_table(room.folder / "id-changes" / "person_id.parquet").to_pandas()
    assert set(table[table.epoch == 1].old_id) == old
    assert set(table.new_id) == _ids(shop.read())


def test_rotation_of_a_damaged_extract_changes_nothing(shop: Workshop) -> None:
    shop.provision()
    shop.file().chmod(0o600)
    shop.file().write_bytes(b"damaged")
    with pytest.raises(IntegrityError):
        shop.maker.rotate(MOB, "one")
    assert shop.maker.epochs.current(MOB) == 1


def test_rotation_before_the_first_extract_counts_for_it(shop: Workshop) -> None:
    assert shop.maker.rotate(MOB, "one") is None
    shop.provision()
    keys = chain(MASTER, MOB, "person_id", 2)
    assert _ids(shop.read()) == {chained(keys, str(row["person_id"])) for row in ROWS}
    assert shop.maker.verify(MOB).changes == ()


def test_table_of_ids_is_taken_away_at_once_from_running_rooms_too(shop: Workshop) -> None:
    shop.provision()
    shop.maker.rotate(MOB, "one")
    first = shop.read()
    with shop.maker.opened.lease(MOB) as room:
        table = room.folder / "id-changes" / "person_id.parquet"
        assert table.exists()
        manifest = shop.maker.end_read_through(MOB, "Everybody has carried over.")
        assert not table.exists()
        assert (room.folder / "htv.parquet").exists()
    assert manifest.changes == ()
    assert shop.events[-1].action == "ids.read_through_ended"
    assert shop.events[-1].payload["reason"] == "Everybody has carried over."
    assert not (shop.folder / "extracts" / "mob" / "id-changes").exists()
    assert shop.maker.verify(MOB) == manifest
    assert shop.read() == first
    shop.provision()
    assert shop.maker.verify(MOB).changes == ()
    shop.maker.rotate(MOB, "two")
    with shop.maker.opened.lease(MOB) as room:
        after = pq.read_table(room.folder / "id-changes" / "person_id.parquet").to_pandas()
    assert set(after.epoch) == {2}  # what was ended is not known again
    assert set(after.old_id) == _ids(first)


def test_table_of_ids_goes_after_its_last_day(shop: Workshop) -> None:
    shop.provision()
    shop.maker.rotate(MOB, "one")
    shop.maker.end_read_through(MOB, "A month is enough.", TODAY)
    assert shop.events[-1].action == "ids.read_through_ends"
    assert shop.events[-1].payload["last_day"] == TODAY.isoformat()
    shop.provision()  # the word stays
    assert shop.maker.prune(MOB) == ()
    assert len(shop.maker.verify(MOB).changes) == 1
    object.__setattr__(shop.maker, "clock", FrozenClock(NOW + timedelta(days=1)))
    assert shop.maker.prune(MOB) == ()
    manifest = shop.maker.verify(MOB)
    assert (manifest.changes, manifest.changes_until) == ((), None)
    assert shop.events[-1].action == "ids.read_through_ended"
    count = len(shop.events)
    shop.maker.prune(MOB)
    assert len(shop.events) == count


def test_table_of_ids_is_not_ended_where_there_is_none_or_one_would_come_back(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.provision()
    with pytest.raises(WrongStateError, match="has no table"):
        shop.maker.end_read_through(MOB, "why")
    shop.maker.rotate(MOB, "one")
    with pytest.raises(BadInputError, match="is over already"):
        shop.maker.end_read_through(MOB, "why", TODAY - timedelta(days=1))

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Extracts, "_install", die)
        with pytest.raises(KeyboardInterrupt):
            shop.maker.rotate(MOB, "two")
    with pytest.raises(WrongStateError, match="not finished"):
        shop.maker.end_read_through(MOB, "why")
    assert len(shop.maker.verify(MOB).changes) == 1


def test_extract_of_an_earlier_linkage_is_lacking_and_made_again_in_its_place(shop: Workshop) -> None:
    said = ["person 1"]
    object.__setattr__(shop.maker, "finding", _Linked(shop.folder / "sources", said))
    first = shop.provision()
    assert shop.maker.lacking(MOB) == ()
    said.append("person 2")
    assert shop.maker.lacking(MOB) == ("htv",)
    shop.csv(csv_of(NEXT))
    (again,) = shop.provision().files
    assert (again.version, again.file) == (first.files[0].version, first.files[0].file)
    assert (first.files[0].linkage, again.linkage) == ("person 1", "person 2")
    assert shop.events[-1].payload["datasets"] == {
        "htv": {"version": "1", "sha256": again.sha256, "linkage": "person 2"}
    }
    assert lineage_of(shop) == expected(NEXT)  # nobody of the linkage before is left
    assert shop.maker.lacking(MOB) == ()
    said.clear()  # none can be made just now, so what there is stays
    assert shop.maker.lacking(MOB) == ()


def test_older_version_stays_as_it_was_linked(shop: Workshop) -> None:
    said = ["person 1"]
    object.__setattr__(shop.maker, "finding", _Linked(shop.folder / "sources", said))
    shop.provision()
    said.append("person 2")
    _refreshed(shop, "2", NEXT)
    assert [(file.version, file.linkage) for file in shop.maker.verify(MOB).files] == [
        ("2", "person 2"),
        ("1", "person 1"),
    ]
    assert shop.maker.lacking(MOB) == ()
