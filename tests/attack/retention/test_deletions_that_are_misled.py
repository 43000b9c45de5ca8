"""Deletion is misled: links, exchanged files, held and needed things, certificates for what is still there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.airlock_world import MOBILITY, World, world

from saferoom.clock import FrozenClock
from saferoom.digests import sha256
from saferoom.errors import IntegrityError, NotFoundError, WrongStateError
from saferoom.hub import keys, retention_deleting, retention_files
from saferoom.hub import retention_state as state
from saferoom.hub.key_rotation import published, rotate
from saferoom.hub.retention import Retention
from saferoom.hub.retention_holds import hold
from saferoom.hub.store.audit_log import verify_audit_log
from saferoom.hub.store.tables import DatasetRow
from saferoom.hub.wiring import Instance
from saferoom.projects.keys.rotations import key_list, read_key_list
from saferoom.projects.life.parts import Actor
from saferoom.projects.retention.certificates import CERTIFICATE_TYPE, check
from saferoom.projects.retention.settings import RetentionSettings
from saferoom.signing import SigningKey

CONSOLE = Actor.console("admin:root")
OLD = "sources/survey-2020.csv"
DATA = b"person_id,wage\n1,12.5\n"
SETTINGS = RetentionSettings(kind="retention", sources_days=30)


@dataclass
class Shelf:
    world: World

    @property
    def root(self) -> Path:
        return self.world.home.sources

    @property
    def old(self) -> Path:
        return self.root / "survey-2020.csv"

    def retention(self, **settings: Any) -> Retention:
        return Retention(self.world.instance, SETTINGS.model_copy(update=settings), CONSOLE, "administrator")

    def later(self, days: int = 31) -> None:
        self.world.clock.advance(timedelta(days=days))

    def told(self, name: str = OLD) -> state.Told:
        with self.world.instance.database.reading() as session:
            return state.told(session).get(name, state.Told())

    def certificates(self) -> list[Any]:
        with self.world.instance.database.reading() as session:
            return [dict(envelope) for _, envelope in state.certificates(session)]

    def over(self) -> None:
        """Let the time of the old file be over."""
        assert self.retention().apply() == ([], {})
        self.later()


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    # Files have the real time of when they came.
    with world(tmp_path, FrozenClock(datetime.now(UTC) + timedelta(minutes=1))) as made:
        here = Shelf(made)
        here.old.write_bytes(DATA)
        yield here
        with made.instance.database.reading() as session:
            verify_audit_log(session, made.instance.signing_key.verifying_key)


def test_unneeded_file_goes_after_its_days_with_a_certificate(shelf: Shelf) -> None:
    assert [(one.name, one.since) for one in shelf.retention().due()] == [(OLD, None)]
    assert shelf.retention(sources_days=None).due() == []
    shelf.over()
    (due,) = shelf.retention().due()
    assert due.over(shelf.world.clock.now())
    assert shelf.old.exists(), "looking deletes nothing"
    assert shelf.retention().apply() == ([OLD], {})
    assert not shelf.old.exists()
    assert sorted(path.name for path in shelf.root.iterdir()) == ["register.parquet", "survey.parquet"]
    (envelope,) = shelf.certificates()
    found = check(envelope, shelf.world.instance.signing_key.verifying_key)
    assert (found.sha256, found.bytes, found.by) == (sha256(DATA), len(DATA), "administrator")
    assert "survey" not in json.dumps(found.model_dump())
    assert shelf.retention().apply() == ([], {})


def test_day_too_early_nothing_goes(shelf: Shelf) -> None:
    shelf.retention().apply()
    shelf.later(29)
    assert shelf.retention().apply() == ([], {})
    assert shelf.old.exists()


def test_file_that_came_lately_with_an_old_date_counts_from_when_it_came(shelf: Shelf) -> None:
    os.utime(shelf.old, (0, 0))
    assert shelf.retention().apply() == ([], {})
    assert shelf.old.exists()


@pytest.mark.parametrize("way", ["name", "link", "hard link"])
def test_file_that_a_dataset_names_in_any_way_never_goes(shelf: Shelf, way: str) -> None:
    shelf.over()
    name = "survey-2020.csv"
    if way != "name":
        name = "current.csv"
        (shelf.root / name).symlink_to("survey-2020.csv") if way == "link" else os.link(shelf.old, shelf.root / name)
    shelf.world.change(DatasetRow, "survey", source=name)
    done, _ = shelf.retention().apply()
    assert OLD not in done
    assert shelf.old.read_bytes() == DATA
    shelf.world.change(DatasetRow, "survey", source="survey.parquet")
    done, _ = shelf.retention().apply()
    assert done == [], "its days begin anew when nothing names it again"


def test_links_are_neither_followed_nor_deleted(shelf: Shelf, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.csv").write_bytes(b"precious")
    (shelf.root / "file-link.csv").symlink_to(outside / "precious.csv")
    (shelf.root / "folder-link").symlink_to(outside)
    shelf.over()
    assert shelf.retention().apply() == ([OLD], {})
    assert (outside / "precious.csv").read_bytes() == b"precious"
    assert (shelf.root / "file-link.csv").is_symlink()
    with pytest.raises(WrongStateError, match="link"):
        retention_files.digest_of(shelf.root, "folder-link/precious.csv")
    with pytest.raises(WrongStateError):
        retention_files.digest_of(shelf.root, "../outside/precious.csv")


@pytest.mark.parametrize("exchanged", ["another file", "a link", "gone"])
def test_file_exchanged_while_it_is_being_deleted_stays(
    shelf: Shelf, tmp_path: Path, exchanged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "precious.csv").write_bytes(DATA)
    real = retention_files.move_aside

    def exchange(root: Path, name: str, digest: str) -> None:
        shelf.old.unlink()
        if exchanged == "another file":
            shelf.old.write_bytes(b"the delivery of 2027")
        elif exchanged == "a link":
            shelf.old.symlink_to(tmp_path / "precious.csv")
        real(root, name, digest)

    shelf.over()
    monkeypatch.setattr(retention_files, "move_aside", exchange)
    done, failed = shelf.retention().apply()
    assert (done, list(failed)) == ([], [OLD])
    assert shelf.certificates() == [], "no certificate for what this instance did not delete"
    assert (tmp_path / "precious.csv").read_bytes() == DATA
    if exchanged == "another file":
        assert shelf.old.read_bytes() == b"the delivery of 2027"
    assert shelf.told().newest == state.GIVEN_UP


def test_held_file_stays_until_the_hold_is_ended(shelf: Shelf) -> None:
    shelf.over()
    hold(shelf.world.instance, CONSOLE, OLD, "case 12", end=False)
    assert shelf.retention().apply() == ([], {})
    (due,) = shelf.retention().due()
    assert (due.held, due.over(shelf.world.clock.now())) == ("case 12", False)
    hold(shelf.world.instance, CONSOLE, OLD, "over", end=True)
    assert shelf.retention().apply() == ([OLD], {})
    with pytest.raises(WrongStateError, match="not held"):
        hold(shelf.world.instance, CONSOLE, OLD, "over", end=True)
    for name in (OLD, "sources/../keys/signing.pem", "keys/signing.pem", "workspaces/", "workspaces/nothing"):
        with pytest.raises(NotFoundError):
            hold(shelf.world.instance, CONSOLE, name, "x", end=False)


def test_hold_that_comes_while_it_is_being_deleted_still_counts(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    real = retention_files.move_aside

    def held_first(root: Path, name: str, digest: str) -> None:
        real(root, name, digest)
        hold_unseen(shelf)

    shelf.over()
    monkeypatch.setattr(retention_files, "move_aside", held_first)
    done, failed = shelf.retention().apply()
    assert (done, "is held" in failed[OLD]) == ([], True)
    assert shelf.old.read_bytes() == DATA


def hold_unseen(shelf: Shelf) -> None:
    """Hold the file though it lies aside."""
    (shelf.root / "survey-2020.csv").write_bytes(b"x")
    hold(shelf.world.instance, CONSOLE, OLD, "case 12", end=False)
    (shelf.root / "survey-2020.csv").unlink()


@pytest.mark.parametrize("step", ["move_aside", "remove", "seal"])
@pytest.mark.parametrize("before", [True, False])
def test_interrupted_deletion_goes_on_the_next_time(
    shelf: Shelf, step: str, before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = retention_deleting if step == "seal" else retention_files
    real = getattr(place, step)

    def killed(*given: Any) -> Any:
        if not before:
            real(*given)
        raise KeyboardInterrupt

    shelf.over()
    with monkeypatch.context() as patched:
        patched.setattr(place, step, killed)
        with pytest.raises(KeyboardInterrupt):
            shelf.retention().apply()
    assert shelf.certificates() == []
    assert shelf.retention().apply() == ([OLD], {})
    assert not shelf.old.exists()
    assert len(shelf.certificates()) == 1
    assert not [path for path in shelf.root.iterdir() if path.name.startswith(".")]


def test_certificates_cannot_be_changed_and_outlive_a_change_of_the_key(shelf: Shelf) -> None:
    shelf.over()
    shelf.retention().apply()
    (envelope,) = shelf.certificates()
    instance = shelf.world.instance
    stolen = instance.signing_key
    rotate(instance, "admin:root", "yearly", compromised=False)
    after = Instance.open(shelf.world.home, shelf.world.clock)
    ring = keys.verifying_key(shelf.world.home)
    listed = read_key_list(json.dumps(key_list(ring, published(after))).encode())
    said = ring.open_json(envelope, CERTIFICATE_TYPE)
    for trusted in (ring, listed):
        assert check(envelope, trusted).sha256 == sha256(DATA)
        for thief in (stolen, SigningKey.generate()):
            with pytest.raises(IntegrityError):
                check(thief.seal_json(said | {"sha256": "0" * 64}, CERTIFICATE_TYPE), trusted)
    early = said | {"unneeded_since": "2999-01-01T00:00:00.000000Z"}
    with pytest.raises(IntegrityError, match="while it was needed"):
        check(after.signing_key.seal_json(early, CERTIFICATE_TYPE), ring)
    after.close()
    object.__setattr__(shelf.world, "instance", Instance.open(shelf.world.home, shelf.world.clock))


def test_extracts_of_a_project_are_not_touched(shelf: Shelf) -> None:
    folder = shelf.world.home.extracts / MOBILITY
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    shelf.over()
    shelf.retention().apply()
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
