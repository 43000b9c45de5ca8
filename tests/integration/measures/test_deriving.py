"""Derived datasets are made in the provisioner's zone, made anew where something changed, and else left as they are."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select
from tests.support.zones_world import ACTOR, INDEX, ZonesWorld, people, pupils, taxpayers, zones_world

from saferoom.errors import BadInputError, WrongStateError
from saferoom.hub import keys
from saferoom.hub.cli.main import main
from saferoom.hub.linkage.definition import read_index
from saferoom.hub.linkage.deliveries import linked_sources
from saferoom.hub.linkage.deriving import derive, derive_stale
from saferoom.hub.linkage.ingesting import store_of
from saferoom.hub.linkage.linking import Wish, link_index
from saferoom.hub.linkage.opened import OpenZone
from saferoom.hub.linkage.provisioner import materialise
from saferoom.hub.linkage.zone_keys import ZoneSecret
from saferoom.hub.linkage.zones import Zone, publics
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.web.catalogue import present
from saferoom.ids import DatasetName
from saferoom.projects.people.model import Person, Role

PEOPLE = 120
OWNER = Person.model_construct(username="olga", roles=frozenset({Role.DATA_OWNER}))
BANDS, RANKS = DatasetName("bands"), DatasetName("ranks")
_RANKS = """\
kind: dataset
name: ranks
title: Ranks of pay
owner: olga
source: derived/ranks.parquet
units: [person_id]
linked_from: [taxpayers, pupils]
variables:
  - {name: person_id, type: text, role: id, linked_through: person}
  - {name: region, type: text, role: quasi, codelist: [north, south]}
  - {name: rank, type: number, role: sensitive}
derived:
  uses: {payers: taxpayers, pupils: pupils}
  make:
    - table: incomes
      sql: select person_id as person, 2021 as cohort, max(pay) as income from payers group by person_id
    - table: ranked
      step: {name: income-ranks, version: 1, inputs: {incomes: incomes}}
    - table: known
      sql: >-
        select r.person as person_id, p.region, r.rank from ranked r join pupils p on p.person_id = r.person
"""
_BANDS = """\
kind: dataset
name: bands
title: Bands of rank
owner: olga
source: derived/bands.parquet
units: [person_id]
linked_from: [ranks]
variables:
  - {name: person_id, type: text, role: id, linked_through: person}
  - {name: band, type: text, role: sensitive, complete: true, codelist: [low, high]}
derived:
  uses: {ranks: ranks}
  make:
    - {table: banded, sql: "select person_id, case when rank < 0.5 then 'low' else 'high' end as band from ranks"}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZonesWorld]:
    """Return an instance whose two registers are linked and whose derived datasets were made once."""
    with zones_world(tmp_path_factory.mktemp("derived")) as made:
        made.apply(_RANKS)
        made.apply(_BANDS)
        assert derive_stale(made.instance, ACTOR) == ()
        with pytest.raises(
            WrongStateError, match="of which no version is in force yet: saferoom admin ingest taxpayers"
        ):
            derive(made.instance, RANKS, ACTOR)
        known = people(PEOPLE)
        made.deliver("pupils", pupils(known))
        made.deliver("taxpayers", taxpayers(known))
        with pytest.raises(WrongStateError, match="not linked through person yet: saferoom admin link person"):
            derive(made.instance, RANKS, ACTOR)
        link_index(made.instance, Wish("person", read_index(INDEX, "person.yaml")), ACTOR)
        assert [(one.dataset, one.problem) for one in derive_stale(made.instance, ACTOR)] == [(RANKS, ""), (BANDS, "")]
        yield made


def _rows(world: ZonesWorld, dataset: DatasetName) -> list[dict[str, object]]:
    """Return a dataset's rows, as the provisioner's processes alone can read them."""
    with store_of(world.instance).reading() as now:
        version = now.registry.dataset(dataset).version
    (source,) = linked_sources(world.instance, [(dataset, version)])
    name = Zone.PROVISIONER.value
    secret = ZoneSecret(keys.zone_key(world.home, name).read_bytes(), name)
    zone = OpenZone(name, world.home.provisioner, publics(world.home), secret)
    file = world.inbox / "plain.parquet"
    materialise(zone, source, file)
    found: list[dict[str, object]] = pq.read_table(file).to_pylist()
    return found


def test_derived_datasets_are_on_record_with_what_they_were_made_of(world: ZonesWorld) -> None:
    with store_of(world.instance).reading() as now:
        made, dataset = now.latest(RANKS), now.registry.dataset(RANKS)
        (version,) = now.registry.versions(RANKS)
    assert made is not None
    assert (version.version, version.sha256, version.rows, version.breaking) == ("1", made.sha256, made.rows, False)
    assert (made.version, dataset.version, set(made.stamps)) == ("1", "1", {"attributes"})
    assert made.rows > 0.8 * PEOPLE
    assert made.report is not None
    told = made.report["derived"]
    assert [(one["dataset"], one["linkages"]) for one in told["sources"]] == [
        ("taxpayers", ["person@1"]),
        ("pupils", ["person@1"]),
    ]
    assert [(one["step"], one["version"]) for one in told["steps"]] == [("income-ranks", 1)]


def test_derived_datasets_have_a_report_of_their_records_and_a_twin(world: ZonesWorld) -> None:
    item = world.instance.registry.dataset(RANKS)
    report, _at = present.report(world.instance, OWNER, item, "1")
    assert report.risk is not None
    assert (report.risk["measured"], report.risk["unit"], report.risk["keys"]) == (True, "person_id", ["region"])
    assert report.risk["records"] == report.rows == len(_rows(world, RANKS))
    twin = pq.read_table(io.BytesIO(present.twin_file(world.instance, OWNER, item)))
    assert twin.column_names == ["person_id", "region", "rank"]
    entities = {row["person_id"] for row in _rows(world, RANKS)}
    assert not entities & set(twin["person_id"].cast("string").to_pylist())
    with world.instance.database.reading() as session:
        made = session.scalars(select(AuditLinkRow.subject).where(AuditLinkRow.action == "dataset.twin")).all()
    assert {"dataset:ranks", "dataset:bands"} <= set(made)


def test_nothing_is_made_where_nothing_changed(world: ZonesWorld) -> None:
    assert [one.made for one in derive_stale(world.instance, ACTOR)] == [None, None]
    with pytest.raises(WrongStateError, match="nothing that it is made of changed since its version 1"):
        derive(world.instance, RANKS, ACTOR)


def test_dataset_that_is_delivered_is_not_derived(world: ZonesWorld) -> None:
    with pytest.raises(BadInputError, match="pupils is not derived; ingest a delivery"):
        derive(world.instance, DatasetName("pupils"), ACTOR)


def test_recipe_that_makes_something_else_is_refused_and_the_version_before_stays(world: ZonesWorld) -> None:
    world.apply(_BANDS.replace("'high' end", "'highest' end"))
    try:
        (outcome,) = (one for one in derive_stale(world.instance, ACTOR) if one.dataset == BANDS)
        assert outcome.made is None
        assert re.fullmatch(r"bands: \d+ rows have a value of band that is not in its codelist; .*", outcome.problem)
        with store_of(world.instance).reading() as now:
            latest = now.latest(BANDS)
            assert latest is not None
            assert latest.version == now.registry.dataset(BANDS).version
    finally:
        world.apply(_BANDS)


def test_new_delivery_makes_everything_above_it_anew(world: ZonesWorld) -> None:
    before = {row["person_id"]: row["band"] for row in _rows(world, BANDS)}
    richer = [row | {"pay": 9_999.0 - row["pay"]} for row in taxpayers(people(PEOPLE))]
    world.deliver("taxpayers", richer, "2")
    # Not in force before it is linked.
    assert [one.made for one in derive_stale(world.instance, ACTOR)] == [None, None]
    link_index(world.instance, Wish("person"), ACTOR)
    found = derive_stale(world.instance, ACTOR)
    assert [(one.made and one.made.version, one.problem) for one in found] == [("2", ""), ("2", "")]
    after = {row["person_id"]: row["band"] for row in _rows(world, BANDS)}
    with store_of(world.instance).reading() as now:
        assert {one.version for one in now.registry.versions(RANKS)} == {"1", "2"}
    same = before.keys() & after.keys()
    assert len(same) > 0.95 * len(before)
    assert sum(before[one] != after[one] for one in same) > 0.9 * len(same)


def _status(*words: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(["admin", "derive", *words])
    return ended.value.code


def test_changed_recipe_is_made_anew_by_the_command(
    world: ZonesWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SAFEROOM_HOME", str(world.home.root))
    world.apply(_BANDS.replace("rank < 0.5", "rank < 0.25"))
    try:
        assert _status("bands", "--json") == 0
        (made,) = json.loads(capsys.readouterr().out)["derived"]
        assert made["dataset"] == "bands"
        assert made["problem"] is None
        assert sum(row["band"] == "low" for row in _rows(world, BANDS)) < made["made"]["rows"] / 3
        assert _status() == 0
        assert "Nothing that derived datasets are made of changed." in capsys.readouterr().out
        assert _status("pupils") == 2
        assert "pupils is not derived" in capsys.readouterr().err
    finally:
        world.apply(_BANDS)
