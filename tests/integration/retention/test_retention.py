"""Retention as housekeeping and administrators do it: settings, sealed workspaces, holds, commands, certificates."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from tests.support.airlock_server import Service
from tests.support.airlock_world import World, world
from tests.support.project_pages import running

from saferoom.clock import FrozenClock
from saferoom.errors import BadInputError, WrongStateError
from saferoom.hub.housekeeping import Housekeeping
from saferoom.hub.memory_folder import VARIABLE
from saferoom.hub.retention import Retention, settings_of
from saferoom.hub.retention_holds import hold
from saferoom.hub.store import tables
from saferoom.ids import ProjectSlug
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.sealing import check_certificate
from saferoom.projects.retention.settings import RetentionSettings

CONSOLE = Actor.console("admin:root")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def sealed(place: World) -> ProjectSlug:
    """Return a closed project whose sealed workspace is kept until today."""
    with place.instance.database.transaction() as session:
        session.merge(tables.PlatformRow(id=1, risk_appetite={}, release_route={}, retention_days=0))
    slug, lives = running(cast("Service", SimpleNamespace(world=place)), "ends"), place.instance.lives
    lives.close(CONSOLE, slug, "The work is done.")
    place.clock.advance(timedelta(minutes=2))
    lives.seal(CONSOLE, slug)
    return slug


def test_sealed_workspace_goes_when_its_time_is_over_and_not_while_it_is_held(place: World) -> None:
    slug, lives = sealed(place), place.instance.lives
    name = f"workspaces/{slug}"
    looking = Retention(place.instance, RetentionSettings(kind="retention", workspaces=True), CONSOLE, "administrator")
    assert [one.name for one in looking.due()] == [name]
    assert looking.apply() == ([], {})
    place.clock.advance(timedelta(days=1))
    hold(place.instance, CONSOLE, name, "case 12", end=False)
    assert looking.apply() == ([], {})
    with pytest.raises(WrongStateError, match="is held"):
        lives.delete(CONSOLE, slug)
    assert (place.home.sealed / slug / "key").is_file()
    hold(place.instance, CONSOLE, name, "over", end=True)
    assert looking.apply() == ([name], {})
    seal = lives.life(CONSOLE, slug).seal
    assert seal is not None
    assert seal.certificate is not None
    assert check_certificate(seal.certificate, place.instance.signing_key.verifying_key).key_destroyed
    assert not (place.home.sealed / slug).exists()
    assert looking.due() == []


def test_housekeeping_deletes_by_itself_only_where_the_settings_say_so(place: World) -> None:
    slug = sealed(place)
    place.clock.advance(timedelta(days=1))
    for text, stays in (("", True), ("workspaces: true\n", True), ("workspaces: true\nby_itself: true\n", False)):
        if text:
            place.home.retention_settings.write_text(f"kind: retention\n{text}")
        Housekeeping(place.instance).once()
        assert (place.home.sealed / slug).exists() == stays, text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: retention\nsources_days: -1\n", "sources_days"),
        ("kind: retention\nbackups: 3\n", "backups"),
        ("kind: platform\n", "kind"),
        ("\x00", "retention.yaml"),
    ],
)
def test_settings_with_a_mistake_are_refused_and_delete_nothing(place: World, text: str, said: str) -> None:
    place.home.retention_settings.write_text(text)
    with pytest.raises(BadInputError, match=said):
        settings_of(place.home)
    (place.home.sources / "old.csv").write_bytes(b"x")
    Housekeeping(place.instance).once()
    assert (place.home.sources / "old.csv").exists()


@pytest.mark.sqlite
def test_commands_tell_delete_hold_and_certify(tmp_path: Path) -> None:
    with world(tmp_path, FrozenClock(datetime.now(UTC))) as place:
        root = str(place.home.root)

        def run(*words: object, home: str = root) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-P", "-m", "saferoom.hub.cli.main", *map(str, words)]
            environment = {"SAFEROOM_HOME": home, "COLUMNS": "200", VARIABLE: os.environ[VARIABLE]}
            return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

        old = place.home.sources / "old.csv"
        old.write_bytes(b"x")
        without = run("admin", "retention", "--apply")
        assert (without.returncode, "retention.yaml" in without.stderr) == (2, True)
        place.home.retention_settings.write_text("kind: retention\nsources_days: 0\n")
        looked = json.loads(run("admin", "retention", "--json").stdout)
        assert ([one["name"] for one in looked["unneeded"]], looked["deleted"]) == (["sources/old.csv"], [])
        assert run("admin", "hold", "sources/old.csv", "--reason", "case 12").returncode == 0
        assert json.loads(run("admin", "retention", "--apply", "--json").stdout)["deleted"] == []
        assert "held: case 12" in run("admin", "retention").stdout
        assert run("admin", "hold", "sources/old.csv", "--reason", "over", "--end").returncode == 0
        done = run("admin", "retention", "--apply")
        assert "Deleted: sources/old.csv" in done.stdout, done.stderr
        assert not old.exists()
        folder = tmp_path / "certificates"
        assert "1 certificates" in run("admin", "retention", "--certificates", folder).stdout
        (certificate,) = folder.iterdir()
        verified = run("verify", certificate, "--key", place.home.verifying_key, home="/nowhere")
        assert (verified.returncode, "was deleted" in verified.stdout) == (0, True), verified.stderr
        said = json.loads(certificate.read_text())
        certificate.write_text(json.dumps(said | {"payload": said["payload"][:-8] + "AAAAfQ=="}))
        assert run("verify", certificate).returncode == 1
        assert run("audit", "verify").returncode == 0
