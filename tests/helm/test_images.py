"""The images' recipe, read as text: pinned, without a compiler, not root."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.support.chart import ROOT

from saferoom.hub import keys
from saferoom.hub.home import Home
from saferoom.signing import SigningKey

IMAGES = ROOT / "images"
TARGETS = ["evaluator", "airlock", "hub", "room"]
LISTS = ["requirements.txt", "cluster.txt", "tools.txt"]


def stages() -> dict[str, list[tuple[str, str]]]:
    """Return the instructions of each stage of the recipe, with continued lines put together."""
    text = re.sub(r"^\s*#.*\n", "", (IMAGES / "Dockerfile").read_text(), flags=re.M).replace("\\\n", " ")
    lines = [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]
    found: dict[str, list[tuple[str, str]]] = {"": []}
    for word, rest in lines:
        if word == "FROM":
            found[rest.split(" AS ")[1]] = []
        found[[*found][-1]].append((word, rest))
    return found


def base_of(stage: str) -> str:
    """Return what a stage begins with, down to the image that the builder names."""
    while stage in (known := stages()):
        stage = known[stage][0][1].split()[0]
    return stage


def pins(name: str) -> dict[str, tuple[str, int]]:
    """Return version and number of hashes of each package of a list, or of the tested pins."""
    text = (ROOT / name).read_text() if name == "constraints.txt" else (IMAGES / name).read_text()
    found: dict[str, tuple[str, int]] = {}
    for entry in re.split(r"\n(?! )", re.sub(r"^#.*\n", "", text, flags=re.M).strip()):
        known = re.match(r"([A-Za-z0-9._-]+)==(\S+)", entry)
        assert known is not None, entry[:80]
        found[canonicalize_name(known[1])] = (known[2], len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry)))
    return found


def needed(extra: str) -> set[str]:
    """Return the packages that Saferoom's `extra` brings here."""
    found: set[str] = set()
    left = [("saferoom", extra)]
    seen = set()
    while left:
        name, wanted = left.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:
            continue  # for another machine, or an extra that is not installed
        found.add(canonicalize_name(name))
        for one in map(Requirement, requires):
            if one.marker is None or any(one.marker.evaluate({"extra": known}) for known in (wanted, "")):
                left += [(one.name, more) for more in ("", *one.extras)]
    return found - {"saferoom"}


def test_there_is_a_target_for_each_image_of_the_chart() -> None:
    assert [stage for stage in stages() if stage in TARGETS] == TARGETS


def test_every_base_is_named_by_digest_alone() -> None:
    assert {base_of(stage) for stage in stages() if stage} == {"${BASE}"}
    assert ("ARG", "BASE") in stages()[""]  # without a default
    checked = next(rest for word, rest in stages()["tools"] if word == "RUN")
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


@pytest.mark.parametrize("name", TARGETS)
def test_each_is_made_from_what_was_checked(name: str) -> None:
    """A stage whose base nobody checked is no image's, nor are its files."""
    copied = [rest for word, rest in stages()[name] if word == "COPY" and rest.startswith("--from=")]
    assert len(copied) == 1
    stage = copied[0].removeprefix("--from=").split()[0]
    while stage != "tools":
        stage = stages()[stage][0][1].split()[0]


@pytest.mark.parametrize("name", TARGETS)
def test_it_ends_as_nobody_in_particular_and_without_tools(name: str) -> None:
    found = stages()[name]
    sealed = found.index(("RUN", "saferoom-seal"))
    assert [word for word, _ in found[sealed + 1 :]] in (["USER"], ["USER", "CMD"])
    assert re.fullmatch(r"[1-9]\d{3}:[1-9]\d{3}", found[sealed + 1][1])


def test_a_compiler_ends_the_sealing(tmp_path: Path) -> None:
    (tmp_path / "gcc").write_text("#!/bin/sh\n")
    (tmp_path / "gcc").chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", IMAGES / "seal"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "gcc must not be in this image\n")


def test_nothing_comes_from_elsewhere() -> None:
    for word, rest in (line for stage in stages().values() for line in stage):
        assert word != "ADD"
        assert not re.search(r"https?://|curl |wget |git clone|npm install", rest), rest
        if "pip install" in rest or " install --require" in rest:
            assert "--require-hashes" in rest or "--no-deps --no-index" in rest, rest
        if "apt-get install" in rest:
            assert "--no-install-recommends" in rest
        if word == "COPY" and not rest.startswith("--from"):
            assert all((ROOT / path).exists() for path in rest.split()[:-1]), rest
    assert ("ENV", "PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ONLY_BINARY=:all:") in stages()["tools"]


@pytest.mark.parametrize("name", LISTS)
def test_what_is_installed_has_hashes_and_the_versions_that_are_tested(name: str) -> None:
    tested, found = pins("constraints.txt"), pins(name)
    assert len(found) > 5
    for package, (version, hashes) in found.items():
        assert hashes > 0, package
        # What only other machines need is no part of the tests.
        assert package not in tested or tested[package][0] == version, f"{package}: run images/lock.py again"


def test_lists_hold_everything_that_the_extras_bring() -> None:
    every = set(pins("requirements.txt"))
    assert needed("hub") <= every, "run images/lock.py again"
    assert needed("kubernetes") <= every | set(pins("cluster.txt")), "run images/lock.py again"


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
