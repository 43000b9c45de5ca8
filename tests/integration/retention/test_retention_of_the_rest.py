"""Deliveries in the zones, logs and backups: gone when their time is over, held, certified, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select
from tests.support.airlock_world import MOBILITY, World, judged, world
from tests.support.zones_world import INDEX, ZonesWorld, copied, people, pupils, taxpayers, zone_of, zones_world

from saferoom.audit import Event
from saferoom.clock import FrozenClock
from saferoom.errors import NotFoundError, WrongStateError
from saferoom.hub import retention_deliveries
from saferoom.hub import retention_state as state
from saferoom.hub.cli.main import main
from saferoom.hub.linkage.deliveries import linked_sources
from saferoom.hub.linkage.ingesting import store_of
from saferoom.hub.linkage.provisioner import materialise
from saferoom.hub.linkage.zones import Zone
from saferoom.hub.memory_folder import VARIABLE
from saferoom.hub.retention import Retention
from saferoom.hub.retention_holds import gone, hold
from saferoom.hub.store.airlock import AirlockReading
from saferoom.hub.store.airlock_tables import EvaluationRow, RequestRow
from saferoom.hub.store.audit_log import AuditLog, verify_audit_log
from saferoom.hub.store.watched import BACKUP_MADE
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, Username
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.screening import Words
from saferoom.projects.airlock.states import State
from saferoom.projects.life.parts import Actor
from saferoom.projects.retention.certificates import FileDeleted, check
from saferoom.projects.retention.settings import RetentionSettings

CONSOLE = Actor.console("admin:root")
OLD = "deliveries/pupils/1"
KILLED = 137


def looking(instance: Instance, **settings: Any) -> Retention:
    return Retention(instance, RetentionSettings(kind="retention", **settings), CONSOLE, "administrator")


def certificates(instance: Instance) -> list[FileDeleted]:
    with instance.database.reading() as session:
        verify_audit_log(session, instance.signing_key.verifying_key)
        return [check(one, instance.signing_key.verifying_key) for _, one in state.certificates(session)]


def backed_up(instance: Instance, part: str) -> str:
    """Record a backup as the command does; return what it is called."""
    with instance.database.transaction() as session:
        event = Event("admin:root", BACKUP_MADE, "instance", {"part": part, "recipients": 1})
        link = AuditLog(session, instance.clock, instance.signing_key).record(event)
    return f"backups/{link.seq}"


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZonesWorld]:
    """Yield an instance with two deliveries of pupils, of which the second is in force."""
    with zones_world(tmp_path_factory.mktemp("twice")) as place:
        known = people(120)
        place.deliver("pupils", pupils(known[:110]))
        place.deliver("taxpayers", taxpayers(known))
        place.link(INDEX)
        place.deliver("pupils", pupils(known), "2")
        place.link()
        yield place


@pytest.fixture
def place(twice: ZonesWorld, tmp_path: Path) -> Iterator[ZonesWorld]:
    with copied(twice, tmp_path) as made:
        yield made


def later(instance: Instance, days: int) -> None:
    assert isinstance(instance.clock, FrozenClock)
    instance.clock.advance(timedelta(days=days))


def kept(place: ZonesWorld) -> dict[str, list[Path]]:
    """Return the files of each version of pupils, by version."""
    zones = (place.home.linker, place.home.provisioner)
    with store_of(place.instance).reading() as now:
        known = {one.version: one.id for one in now.deliveries(DatasetName("pupils"))}
    return {v: [p for zone in zones for p in (zone / "deliveries" / one).iterdir()] for v, one in known.items()}


def linked(place: ZonesWorld, version: str) -> dict[str, str]:
    """Return the ids of pupils as the provisioner gives them out."""
    (source,) = linked_sources(place.instance, [(DatasetName("pupils"), version)])
    file = place.home.root / "plain.parquet"
    materialise(zone_of(place.home, Zone.PROVISIONER), source, file)
    rows = pq.read_table(file).to_pylist()
    file.unlink()
    return {row["pupil_id"]: row["person_id"] for row in rows}


def test_superseded_delivery_goes_from_both_zones_and_linking_goes_on_with_the_same_ids(place: ZonesWorld) -> None:
    instance, files, before = place.instance, kept(place), linked(place, "2")
    retention = looking(instance, deliveries_days=30)
    assert [(one.name, one.due) for one in retention.due()] == [(OLD, None)], "the newest, and what is in force, stays"
    assert retention.apply() == ([], {}), "nothing goes before its days are over"
    later(instance, 29)
    assert retention.apply() == ([], {})
    backed_up(instance, "data")
    later(instance, 1)
    assert retention.apply() == ([OLD], {})
    assert len(files["1"]) == 6
    assert not [path for path in files["1"] if path.exists() or path.parent.exists()]
    assert all(path.exists() for path in files["2"])
    (certificate,) = certificates(instance)
    assert (certificate.what, certificate.backups) == ("delivery", 1)
    assert "Backups made before hold them" in certificate.remains
    assert "pupils" not in certificate.model_dump_json()
    assert linked(place, "2") == before
    place.deliver("pupils", pupils(people(125)), "3")
    place.link()
    after = linked(place, "3")
    assert {one: after[one] for one in before} == before
    assert "1" in {one.version for one in instance.registry.versions(DatasetName("pupils"))}, (
        "that it was delivered stays on record"
    )


def test_held_delivery_stays_and_one_that_is_needed_again_is_left(
    place: ZonesWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance, files = place.instance, kept(place)
    retention = looking(instance, deliveries_days=0)
    hold(instance, CONSOLE, OLD, "case 12", end=False)
    with pytest.raises(NotFoundError):
        hold(instance, CONSOLE, "deliveries/pupils/9", "case 12", end=False)
    assert retention.apply() == ([], {})
    assert all(path.exists() for path in files["1"])
    hold(instance, CONSOLE, OLD, "over", end=True)
    real, looks = retention_deliveries._over, []

    def held_meanwhile(session: Any, name: str) -> Any:
        looks.append(name)
        if len(looks) == 2:
            raise WrongStateError(f"{name} is needed again, or gone; it was left")
        return real(session, name)

    with monkeypatch.context() as patch:
        patch.setattr(retention_deliveries, "_over", held_meanwhile)
        assert list(retention.apply()[1]) == [OLD]
    assert all(path.exists() for path in files["1"])
    assert certificates(instance) == []
    retention.apply()
    assert retention.apply()[1] == {}
    assert not any(path.exists() for path in files["1"])


PROGRAM = """
import os, sys
from pathlib import Path
from saferoom.clock import FrozenClock
from saferoom.hub import retention_deliveries, keys
from saferoom.hub.home import Home
from saferoom.hub.retention import Retention
from saferoom.hub.wiring import Instance
from saferoom.projects.life.parts import Actor
from saferoom.projects.retention.settings import RetentionSettings
from datetime import datetime

instance = Instance.open(Home(Path(sys.argv[1])), FrozenClock(datetime.fromisoformat(sys.argv[3])))
setattr(retention_deliveries, sys.argv[2], lambda *given, **named: os._exit(137))
settings = RetentionSettings(kind="retention", deliveries_days=0)
Retention(instance, settings, Actor.console("admin:root"), "administrator").apply()
"""


@pytest.mark.sqlite
@pytest.mark.parametrize("point", ["_go_on", "_remove", "certify"])
def test_deletion_that_is_killed_goes_on_and_is_certified_once(place: ZonesWorld, point: str) -> None:
    files, instance = kept(place), place.instance
    words = [sys.executable, "-P", "-c", PROGRAM, str(place.home.root), point, instance.clock.now().isoformat()]
    environment = {one: os.environ[one] for one in ("PATH", VARIABLE) if one in os.environ}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == KILLED, done.stderr
    assert certificates(instance) == []
    retention = looking(instance, deliveries_days=0)
    assert retention.apply() == ([OLD], {})
    assert not any(path.exists() for path in files["1"])
    assert [one.what for one in certificates(instance)] == ["delivery"]
    assert retention.apply() == ([], {})


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, FrozenClock(datetime.now(UTC) + timedelta(minutes=1))) as made:
        yield made


def draft(here: World) -> Request:
    """Return a draft of Ana's that was never submitted."""
    record = here.instance.airlock.record_evaluation(Username("ana"), MOBILITY, judged())
    words = Words("A marked title", "A marked context", "x")
    return here.instance.airlock.draft(Username("ana"), MOBILITY, [record.id], words)


def test_draft_goes_some_days_after_its_last_change_and_what_was_submitted_stays(here: World) -> None:
    left, submitted = draft(here), here.request()
    evaluations = here.instance.database
    retention = looking(here.instance, drafts_days=30)
    later(here.instance, 31)
    hold(here.instance, CONSOLE, f"drafts/{left.id}", "case 12", end=False)
    assert retention.apply() == ([], {})
    hold(here.instance, CONSOLE, f"drafts/{left.id}", "over", end=True)
    fresh = draft(here)
    assert retention.apply() == ([f"drafts/{left.id}"], {})
    with evaluations.reading() as session:
        found = AirlockReading(session)
        states = [found.request(one.id) for one in (left, fresh, submitted)]
        kept = session.scalar(select(func.count()).select_from(EvaluationRow))
        row = str(session.execute(select(RequestRow.__table__).where(RequestRow.id == left.id)).one())
    assert [one.state for one in states if one] == [State.WITHDRAWN, State.DRAFT, State.SUBMITTED]
    assert "marked" not in row
    assert kept == 3
    (certificate,) = certificates(here.instance)
    assert certificate.what == "draft"
    assert "marked" not in certificate.model_dump_json()
    assert retention.apply() == ([], {})
    assert here.approve(submitted).state is State.RELEASED


def test_draft_that_is_submitted_while_it_is_looked_at_stays(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    left = draft(here)
    retention = looking(here.instance, drafts_days=1)
    later(here.instance, 2)
    due = retention.due()
    with here.instance.database.transaction() as session:
        session.get_one(RequestRow, left.id).updated_at = here.instance.clock.now()
    with monkeypatch.context() as patch:
        patch.setattr(Retention, "due", lambda _self: due)
        assert list(retention.apply()[1]) == [f"drafts/{left.id}"]
    assert certificates(here.instance) == []


def test_logs_go_some_days_after_the_last_word_in_them_and_nothing_else_of_the_hub(here: World) -> None:
    for name in ("hub.log", "hub.log.1", "jupyterhub.sqlite", "cookie_secret"):
        (here.home.hub / name).write_text("x")
    (here.home.hub / "link.log").symlink_to(here.home.signing_key)
    retention = looking(here.instance, logs_days=14)
    assert retention.apply() == ([], {})
    later(here.instance, 13)
    assert retention.apply() == ([], {})
    later(here.instance, 2)
    hold(here.instance, CONSOLE, "logs/hub.log", "case 12", end=False)
    assert retention.apply() == (["logs/hub.log.1"], {})
    there = {path.name for path in here.home.hub.iterdir()}
    assert {"hub.log", "jupyterhub.sqlite", "cookie_secret", "link.log"} <= there
    assert "hub.log.1" not in there
    assert here.home.signing_key.exists()
    assert [one.what for one in certificates(here.instance)] == ["log"]


def test_what_is_released_and_its_evidence_stay_whatever_is_deleted(here: World) -> None:
    released = here.approve(here.request())
    assert released.release is not None
    bundle = here.instance.vault.get(released.release.bundle)
    vault = {path for path in here.home.vault.rglob("*") if path.is_file()}
    (here.home.sources / "old.csv").write_bytes(b"x")
    (here.home.hub / "hub.log").write_text("x")
    days = {"sources_days": 0, "deliveries_days": 0, "drafts_days": 1, "logs_days": 1, "backups_days": 0}
    retention = looking(here.instance, **days, workspaces=True)
    later(here.instance, 2)
    done, failed = retention.apply()
    assert (sorted(done), failed) == (["logs/hub.log", "sources/old.csv"], {})
    assert {path for path in here.home.vault.rglob("*") if path.is_file()} >= vault
    from saferoom.hub.cli.verify_ledger import with_record
    from saferoom.projects.airlock.verify import verify_bundle

    key = here.instance.signing_key.verifying_key
    with here.instance.database.reading() as session:
        verify_audit_log(session, key)
        report = with_record(verify_bundle(bundle, key), bundle, session, key)
    assert report.ok, report.problem


def test_backups_are_named_when_too_old_and_counted_until_somebody_says_they_are_destroyed(here: World) -> None:
    data, secret = backed_up(here.instance, "data"), backed_up(here.instance, "keys")
    retention = looking(here.instance, backups_days=365)
    later(here.instance, 366)
    young = backed_up(here.instance, "data")
    now = here.instance.clock.now()
    assert [(one.name, one.over(now), one.elsewhere) for one in retention.due()] == [
        (data, True, True),
        (secret, True, True),
        (young, False, True),
    ]
    assert retention.apply() == ([], {}), "Saferoom deletes no backup, and does not say that it did"
    hold(here.instance, CONSOLE, data, "case 12", end=False)
    with pytest.raises(WrongStateError, match="is held"):
        gone(here.instance, CONSOLE, data, "shredded")
    hold(here.instance, CONSOLE, data, "over", end=True)
    gone(here.instance, CONSOLE, data, "shredded")
    assert [one.name for one in retention.due()] == [secret, young]
    with pytest.raises(WrongStateError, match="destroyed before"):
        gone(here.instance, CONSOLE, data, "again")
    with pytest.raises(NotFoundError):
        gone(here.instance, CONSOLE, "backups/999", "no backup")
    (here.home.sources / "old.csv").write_bytes(b"x")
    looking(here.instance, sources_days=0).apply()
    assert certificates(here.instance)[0].backups == 1


def test_command_lists_what_lies_elsewhere_and_takes_the_word_for_it(
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = backed_up(here.instance, "data")
    here.home.retention_settings.write_text("kind: retention\nbackups_days: 0\n")
    monkeypatch.setenv("SAFEROOM_HOME", str(here.home.root))
    later(here.instance, 1)

    def run(*words: str) -> str:
        with pytest.raises(SystemExit) as left:
            main(["admin", *words])
        assert not left.value.code
        return capsys.readouterr().out

    listed = json.loads(run("retention", "--json"))["unneeded"]
    assert [(one["name"], one["elsewhere"]) for one in listed] == [(name, True)]
    assert name in run("retention")
    assert "on record as destroyed" in run("backup-gone", name, "--reason", "shredded on 1 May")
    assert "Nothing is unneeded" in run("retention")
