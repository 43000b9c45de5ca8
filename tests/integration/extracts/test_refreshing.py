"""A new version of a dataset reaches every entitled project, and its people are told what changed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from tests.support import live_world
from tests.support.opened import frame

from saferoom.clock import SystemClock
from saferoom.hub import refreshing
from saferoom.hub.administration import Administration
from saferoom.hub.housekeeping import Housekeeping
from saferoom.hub.minimisation import report
from saferoom.hub.refreshing import MADE, Watch, provision_entitled
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.zones_tables import IndexRow, LinkageRow
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.paging import Cut

ALPHA, BETA, BIRTHS = ProjectSlug("alpha"), ProjectSlug("beta"), DatasetName("births")
ANA, BEN = Username("ana"), Username("ben")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    made = live_world.build(live_world.home_at(tmp_path))
    yield made
    made.close()


def _apply(instance: Instance, text: str) -> None:
    admin = Administration(instance.database, SystemClock(), instance.signing_key, actor="admin:ada")
    admin.apply(read_entries([(text, "change")]))


def _births(version: str, *, codes: str = "north, south", more: str = "", rest: str = "") -> str:
    return (
        f"kind: dataset\nname: births\ntitle: Births\nowner: olga\nsource: births.parquet\nversion: '{version}'\n"
        "units: [person_id]\nvariables:\n  - {name: person_id, type: integer, role: id}\n"
        f"  - {{name: region, type: text, role: quasi, codelist: [{codes}]}}\n"
        f"  - {{name: pay, type: number, role: sensitive}}\n{more}"
        f"risk_appetite: {{name: births}}\nrelease_route: {{name: births, automatic: true}}\n{rest}"
    )


def _also_for_beta(instance: Instance, rows: str = "") -> None:
    condition = f"rows: {rows}\n" if rows else ""
    _apply(
        instance,
        "kind: approval\nproject: beta\ndataset: births\ngranted_by: olga\nuntil: 2099-01-01\nended: false\n"
        + condition,
    )


def _deliver(instance: Instance, count: int = 400) -> None:
    people = range(count)
    columns = {
        "person_id": [1000 + i for i in people],
        "region": ["north" if i % 3 else "south" for i in people],
        "pay": [10.0 + i % 17 for i in people],
        "age": [20 + i % 50 for i in people],
    }
    pq.write_table(pa.table(columns), instance.home.sources / "births.parquet")


def _told(instance: Instance, name: Username) -> list[str]:
    with instance.notices.store.reading() as tx:
        return [notice.kind for notice in tx.notices(name, False, Cut(1)).items]


def test_new_version_reaches_the_project_with_the_next_chores_and_is_told(instance: Instance) -> None:
    chores = Housekeeping(instance)
    chores.once()
    _deliver(instance)
    more = "  - {name: age, type: integer, role: quasi, label: Age in years}\n"
    _apply(instance, _births("2", more=more, rest="coverage: {first: 2024-01-01, last: 2025-12-31}\n"))
    chores.once()
    assert set(frame(instance.home, ALPHA, "births")) == {"person_id", "region", "pay", "age"}
    assert set(frame(instance.home, ALPHA, "births", "1")) == {"person_id", "region", "pay"}
    (found,) = instance.extract_records.refreshes(ALPHA)
    assert (found.dataset, found.before, found.version) == ("births", "1", "2")
    assert found.changes == ("age: is new", "period: open to open became 2024-01-01 to 2025-12-31")
    assert "project.extract_refreshed" in _told(instance, ANA)
    assert "project.extract_refreshed" not in _told(instance, BEN)
    with instance.database.reading() as session:
        rows = session.scalars(select(AuditLinkRow).where(AuditLinkRow.action == "extract.refreshed")).all()
    assert [row.subject for row in rows] == ["project:alpha"]
    chores.once()
    assert len(instance.extract_records.refreshes(ALPHA)) == 1


def test_breaking_version_waits_for_its_owner_and_the_old_one_stays(instance: Instance) -> None:
    chores = Housekeeping(instance)
    chores.once()
    _apply(instance, _births("2", codes="north, south, west"))
    chores.once()
    with instance.opened_extracts.lease(ALPHA) as lease:
        assert [file.version for file in lease.manifest.files] == ["1"]
    assert instance.extract_records.refreshes(ALPHA) == []
    assert "project.refresh_waits" in _told(instance, Username("olga"))


def test_project_that_fails_does_not_stop_the_others(instance: Instance) -> None:
    _also_for_beta(instance, "pay > 25")
    assert provision_entitled(instance, [BIRTHS]) == {"beta": MADE}
    pq.write_table(
        pa.table({"person_id": [1, 2], "region": ["north", "south"], "pay": [1.0, 2.0]}),
        instance.home.sources / "births.parquet",
    )
    _apply(instance, _births("2"))
    outcome = provision_entitled(instance, [BIRTHS])
    assert outcome[ALPHA] == MADE
    assert "no row meets the condition" in outcome[BETA]
    with instance.opened_extracts.lease(BETA) as lease:  # what it had stays in use
        assert [file.version for file in lease.manifest.files if file.dataset == "births"] == ["1"]


def test_whatever_fails_in_a_project_is_told_without_its_words(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    _also_for_beta(instance)
    _apply(instance, _births("2"))
    made = refreshing.refresh

    def fails(*arguments: object) -> object:
        if arguments[2] == ALPHA:
            raise RuntimeError("a value 12.50")
        return made(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(refreshing, "refresh", fails)
    outcome = provision_entitled(instance, [BIRTHS])
    assert outcome == {ALPHA: "the extracts could not be made (RuntimeError)", BETA: MADE}


def test_what_failed_is_tried_again_after_an_hour(instance: Instance) -> None:
    watch = Watch(instance)
    watch.look(0.0)
    source = instance.home.sources / "births.parquet"
    kept = source.read_bytes()
    source.unlink()
    _apply(instance, _births("2"))
    watch.look(20.0)
    source.write_bytes(kept)
    watch.look(40.0)
    assert instance.extract_records.refreshes(ALPHA) == []
    watch.look(20.0 + 3600.0)
    assert [one.version for one in instance.extract_records.refreshes(ALPHA)] == ["2"]


def test_every_further_failure_waits_longer_up_to_a_day(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[float] = []
    now = 0.0

    def fails(_instance: Instance, datasets: object) -> dict[ProjectSlug, str]:
        assert BIRTHS in datasets  # type: ignore[operator]
        tries.append(now)
        return {ALPHA: "not now"}

    monkeypatch.setattr(refreshing, "provision_entitled", fails)
    watch = Watch(instance)
    for hour in range(100):
        now = 3600.0 * hour
        watch.look(now)
    assert [int(at / 3600) for at in tries] == [0, 1, 3, 7, 15, 31, 55, 79]


def _linked(instance: Instance, number: int) -> None:
    """Record a linkage as `saferoom admin link` does, just before it begins to make extracts."""
    nothing: dict[str, object] = {"deliveries": [], "passes": [], "stamps": {}, "queue": [], "counts": {}}
    with instance.database.transaction() as session:
        if number == 1:
            document = {"name": "person", "sources": ["births"]}
            session.add(IndexRow(name="person", document=document, at=instance.clock.now(), by="admin:ada"))
            session.flush()
        session.add(
            LinkageRow(
                index="person",
                number=number,
                document={},
                afresh=True,
                quality={},
                at=instance.clock.now(),
                by="admin:ada",
                **nothing,
            )
        )


def test_linkage_of_which_extracts_could_not_be_made_is_tried_again(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that linked was killed, or failed for a project: nobody else would make its extracts."""
    _linked(instance, 1)
    watch, outcome, asked = Watch(instance), MADE, []

    def made(_instance: Instance, datasets: Collection[DatasetName]) -> dict[ProjectSlug, str]:
        asked.append(sorted(datasets))
        return {ALPHA: outcome}

    monkeypatch.setattr(refreshing, "provision_entitled", made)
    watch.look(0.0)
    asked.clear()
    outcome = "the provisioner did not answer"
    _linked(instance, 2)
    with capture_logs() as logs:
        watch.look(20.0)
    (said,) = logs
    assert (said["event"], said["reason"], said["again_in_seconds"]) == ("extracts not made", outcome, 3600)
    watch.look(40.0)
    outcome = MADE
    watch.look(3620.0)
    watch.look(7300.0)
    assert asked == [[BIRTHS], [BIRTHS]]


def test_dataset_whose_owner_says_so_first_waits_for_the_command(instance: Instance) -> None:
    _apply(instance, _births("2", rest="refresh: {frequency: yearly, same_day: false}\n"))
    assert provision_entitled(instance, [BIRTHS]) == {}
    with instance.opened_extracts.lease(ALPHA) as lease:
        assert [file.version for file in lease.manifest.files] == ["1"]


def test_rotation_is_on_record_and_members_are_told(instance: Instance) -> None:
    before = set(frame(instance.home, ALPHA, "births")["person_id"])
    instance.extracts("admin:ada").rotate(ALPHA, "A list of ids was seen.")
    assert instance.extract_records.current(ALPHA) == 2
    assert instance.extract_records.current(BETA) == 1
    assert not set(frame(instance.home, ALPHA, "births")["person_id"]) & before
    assert "project.ids_changed" in _told(instance, ANA)
    with instance.database.reading() as session:
        rows = session.scalars(select(AuditLinkRow).where(AuditLinkRow.subject == "project:alpha")).all()
    said = {row.action: row.payload for row in rows}
    assert said["ids.rotated"] == {"epoch": 2, "reason": "A list of ids was seen."}
    assert "extracts.rekeyed" in said
    assert instance.extracts("system").lacking(ALPHA) == ()


def test_minimisation_names_what_no_query_named(instance: Instance) -> None:
    (nothing,) = report(instance, ALPHA)
    assert (nothing.unused, nothing.queries) == (("region", "pay"), 0)
    query = {"title": "Pay", "from": "births", "statistic": "frequency", "by": ["region"]}
    evaluation = instance.evaluator.evaluate(ANA, ALPHA, query)
    instance.airlock.record_evaluation(ANA, ALPHA, evaluation)
    (found,) = report(instance, ALPHA)
    assert (found.used, found.unused, found.queries) == (("region",), ("pay",), 1)
    assert json.loads(json.dumps(found.document()))["unused"] == ["pay"]
    later = (instance.clock.now() + timedelta(days=1)).date()
    assert report(instance, ALPHA, later)[0].queries == 0
    for path in instance.home.vault.rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            path.write_bytes(b"gone")
    (unknown,) = report(instance, ALPHA)
    assert unknown.unused == ()
    assert "not known" in unknown.sentence
