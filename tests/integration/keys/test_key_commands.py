"""``saferoom admin rotate-key`` and ``key-list``, and ``saferoom verify`` with what they made, as at a terminal."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.airlock_world import world

from saferoom.hub.cli.hub import only_one
from saferoom.hub.home import Home
from saferoom.hub.memory_folder import VARIABLE
from saferoom.signing import SigningKey

pytestmark = pytest.mark.sqlite


@dataclass
class Desk:
    home: Home
    folder: Path

    def run(self, *words: object, home: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "saferoom.hub.cli.main", *map(str, words)]
        at = str(self.home.root) if home else "/nowhere"
        environment = {"SAFEROOM_HOME": at, "COLUMNS": "200", VARIABLE: os.environ[VARIABLE], **more}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("keys")
    with world(folder) as made:
        released = made.approve(made.request())
        assert released.release is not None
        (folder / "bundle.zip").write_bytes(made.instance.vault.get(released.release.bundle))
        (folder / "old.pem").write_bytes(made.home.verifying_key.read_bytes())
        yield Desk(made.home, folder)


def test_running_hub_and_a_missing_reason_are_refused_and_nothing_changes(desk: Desk) -> None:
    with only_one(desk.home):
        running = desk.run("admin", "rotate-key", "signing", "--reason", "yearly")
    assert running.returncode != 0
    assert "another hub is running" in running.stderr
    assert desk.run("admin", "rotate-key", "signing", "--reason", " ").returncode == 2
    assert desk.home.verifying_key.read_bytes() == (desk.folder / "old.pem").read_bytes()
    assert not desk.home.next_signing_key.exists()


def test_keys_that_are_handed_in_from_elsewhere_are_not_rotated_there(desk: Desk, tmp_path: Path) -> None:
    handed = tmp_path / "keys"
    shutil.copytree(desk.home.keys, handed)
    before = {path.name: path.read_bytes() for path in handed.iterdir()}
    refused = desk.run("admin", "rotate-key", "signing", "--reason", "yearly", SAFEROOM_KEYS=str(handed))
    assert (refused.returncode != 0, "SAFEROOM_KEYS" in refused.stderr) == (True, True)
    assert {path.name: path.read_bytes() for path in handed.iterdir()} == before
    assert json.loads(desk.run("audit", "verify", "--json").stdout)["key_changes"] == 0


def test_key_of_extracts_is_changed_beside_a_running_hub_and_everything_verifies(desk: Desk) -> None:
    old = desk.home.extract_key.read_bytes()
    with only_one(desk.home):
        done = desk.run("admin", "rotate-key", "extracts", "--reason", "yearly", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["projects"], said["files"], said["ended"] != said["new"]) == (2, 4, True)
    assert desk.home.extract_key.read_bytes() != old
    assert desk.run("audit", "verify").returncode == 0
    told = desk.run("admin", "rotate-key", "extracts", "--reason", "again")
    assert "is destroyed" in told.stdout
    assert "Back up the keys" in told.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("extracts", "--compromised"),
        ("linker", "--since", "2026-01-01"),
        ("signing", "--since", "2026-01-01"),
        ("signing", "--compromised", "--since", "2999-01-01"),
        ("signing", "--compromised", "--since", "yesterday"),
        ("memory",),
    ],
)
def test_words_that_do_not_fit_are_refused_and_no_key_changes(desk: Desk, words: tuple[str, ...]) -> None:
    before = {path.name: path.read_bytes() for path in desk.home.keys.iterdir()}
    refused = desk.run("admin", "rotate-key", *words, "--reason", "x")
    assert refused.returncode == 2, refused.stdout
    assert {path.name: path.read_bytes() for path in desk.home.keys.iterdir()} == before


def test_zone_is_not_changed_beside_a_running_hub(desk: Desk) -> None:
    with only_one(desk.home):
        refused = desk.run("admin", "rotate-key", "linker", "--reason", "yearly")
    assert refused.returncode != 0
    assert "another hub is running" in refused.stderr


def test_command_that_needs_a_lost_key_says_so_and_makes_none(desk: Desk) -> None:
    path = desk.home.pseudonym_key
    elsewhere = path.rename(desk.folder / "elsewhere")
    refused = desk.run("admin", "extract", "mobility")
    assert refused.returncode != 0
    assert "pseudonym.key is gone" in refused.stderr
    assert not path.exists()
    elsewhere.rename(path)
    assert desk.run("admin", "extract", "mobility").returncode == 0


def test_rotation_is_told_and_everything_verifies_with_the_list(desk: Desk) -> None:
    done = desk.run("admin", "rotate-key", "signing", "--reason", "a laptop was lost", "--compromised")
    assert done.returncode == 0, done.stderr
    assert "1 releases" in done.stdout
    assert "Not to be trusted any more" in done.stdout
    trail = desk.run("audit", "verify", "--json")
    assert json.loads(trail.stdout)["key_changes"] == 1
    bundle, listed, old = desk.folder / "bundle.zip", desk.folder / "keys.json", desk.folder / "old.pem"
    assert desk.run("admin", "key-list", listed).returncode == 0
    assert desk.run("verify", bundle).returncode == 0
    verified = desk.run("verify", bundle, "--key", listed, "--known", old, "--json", home=False)
    assert verified.returncode == 0, verified.stderr
    assert json.loads(verified.stdout)["key_id"] != json.loads(trail.stdout)["head"]
    stranger = desk.folder / "stranger.pem"
    stranger.write_bytes(SigningKey.generate().verifying_key.to_pem())
    refused = desk.run("verify", bundle, "--key", listed, "--known", stranger, home=False)
    assert (refused.returncode, "none of the keys" in refused.stderr) == (1, True)
    new = desk.run("verify", bundle, "--key", desk.home.verifying_key, home=False)
    assert new.returncode == 1, "the new public key alone knows nothing of what the old one had signed"
    listed.write_text('{"version": 1}')
    assert "fetch it again" in desk.run("verify", bundle, "--key", listed, home=False).stderr
    assert "--known goes with a list" in desk.run("verify", bundle, "--key", old, "--known", old, home=False).stderr
