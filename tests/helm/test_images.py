"""The images' recipes, read as text: pinned, without a compiler, not root. None is built here: no base can be had."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest
from tests.support.chart import ROOT

from saferoom.hub import keys
from saferoom.hub.home import Home
from saferoom.signing import SigningKey

IMAGES = ROOT / "images"
NAMES = ["airlock", "evaluator", "hub", "room"]


def instructions(name: str) -> list[tuple[str, str]]:
    """Return the instructions of a recipe, with continued lines put together."""
    text = re.sub(r"^\s*#.*\n", "", (IMAGES / name / "Dockerfile").read_text(), flags=re.M).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def test_there_is_a_recipe_for_each_image_of_the_chart() -> None:
    assert sorted(path.parent.name for path in IMAGES.glob("*/Dockerfile")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_base_is_named_by_digest_alone(name: str) -> None:
    found = instructions(name)
    bases = [rest.split()[0] for word, rest in found if word == "FROM"]
    assert set(bases) == {"${BASE}"}
    assert ("ARG", "BASE") in found  # without a default
    checked = next(rest for word, rest in found if word == "RUN")
    pattern = re.search(r"in (\S+)\)", checked)
    assert pattern is not None
    for base, good in {
        "python@sha256:" + "a" * 64: True,
        "python:3.13": False,
        "python@sha256:abc": False,
        "": False,
    }.items():
        script = f'case "$BASE" in {pattern[1]}) exit 0;; *) exit 1;; esac'
        assert (subprocess.run(["sh", "-c", script], env={"BASE": base}, check=False).returncode == 0) is good, base


@pytest.mark.parametrize("name", NAMES)
def test_it_ends_as_nobody_in_particular_and_without_tools(name: str) -> None:
    found = instructions(name)
    users = [rest for word, rest in found if word == "USER"]
    assert re.fullmatch(r"[1-9]\d{3}:[1-9]\d{3}", users[-1])
    ending = " ".join(rest for word, rest in found[found.index(("FROM", "${BASE}")) :])
    assert "for tool in gcc cc g++ clang make as ld sudo" in ending
    assert "chmod a-s" in ending
    assert "sbom/debian.txt" in ending


@pytest.mark.parametrize("name", NAMES)
def test_packages_are_pinned_wheels_and_nothing_comes_from_elsewhere(name: str) -> None:
    for word, rest in instructions(name):
        assert word != "ADD"
        assert not re.search(r"https?://|curl |wget |git clone", rest), rest
        if "pip install" in rest:
            assert rest.count("pip install") == rest.count("--only-binary=:all: --constraint constraints.txt")
        if "apt-get install" in rest:
            assert "--no-install-recommends" in rest
        assert "npm install" not in rest
    assert any("cyclonedx-py environment" in rest for word, rest in instructions(name))


def test_copied_paths_exist() -> None:
    for name in NAMES:
        for word, rest in instructions(name):
            if word == "COPY" and not rest.startswith("--from"):
                assert all((ROOT / path).exists() for path in rest.split()[:-1]), rest


def mount(folder: Path) -> None:
    """Write keys as a mounted Secret has them: readable for a group."""
    secret = {
        "signing.pem": SigningKey.generate().to_pem(),
        "pseudonym.key": b"p" * 32,
        "memory.key": b"m" * 32,
        "extracts.key": b"e" * 32,
    }
    (folder / "mounted").mkdir()
    for name, content in secret.items():
        (folder / "mounted" / name).write_bytes(content)
        (folder / "mounted" / name).chmod(0o440)


def start(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run the images' start with a mounted Secret in `folder`."""
    environment = {
        **os.environ,
        "SAFEROOM_KEYS_FROM": str(folder / "mounted"),
        "SAFEROOM_KEYS": str(folder / "memory" / "keys"),
        "SAFEROOM_HOME": str(folder / "home"),
    }
    command = (str(IMAGES / "start"), *command)
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_keys_of_a_secret_become_keys_that_the_service_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mounted Secret's files can be read by a group, which the service refuses."""
    mount(tmp_path)
    done = start(tmp_path, "sh", "-c", "echo started")
    assert (done.returncode, done.stdout) == (0, "started\n")
    monkeypatch.setenv("SAFEROOM_KEYS", str(tmp_path / "memory" / "keys"))
    home = Home(tmp_path / "home")
    assert keys.memory_key(home) == b"m" * 32
    assert keys.extract_key(home) == b"e" * 32
    assert keys.pseudonym_key(home) == b"p" * 32
    assert keys.signing_key(home).to_pem() == (tmp_path / "mounted" / "signing.pem").read_bytes()
    assert stat.S_IMODE(home.memory_key.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.keys.stat().st_mode) == 0o700


@pytest.mark.parametrize("missing", ["signing.pem", "pseudonym.key", "memory.key", "extracts.key"])
def test_without_every_key_nothing_starts(tmp_path: Path, missing: str) -> None:
    """Otherwise the service would make a new one, and lose it with the pod."""
    mount(tmp_path)
    (tmp_path / "mounted" / missing).unlink()
    done = start(tmp_path, "sh", "-c", "echo started")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{missing} is missing in" in done.stderr
    assert list((tmp_path / "memory" / "keys").iterdir()) == []


def test_keys_and_vault_are_where_the_settings_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    assert (home.keys, home.vault) == (tmp_path / "home" / "keys", tmp_path / "home" / "vault")
    monkeypatch.setenv("SAFEROOM_KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv("SAFEROOM_VAULT", str(tmp_path / "vault"))
    home.prepare()
    assert (tmp_path / "keys").is_dir()
    assert (tmp_path / "vault").is_dir()
    assert not (tmp_path / "home" / "keys").exists()
