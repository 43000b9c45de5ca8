"""A key that is gone from an instance that used it: nothing is made in its place, and the file put back heals."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.airlock_world import MOBILITY, World, world

from saferoom.errors import UnavailableError
from saferoom.hub import keys
from saferoom.hub.home import Home
from saferoom.hub.key_evidence import check_present
from saferoom.hub.wiring import Instance
from saferoom.projects.airlock.states import State

LOST: dict[str, tuple[Callable[[Home], bytes], Callable[[World], object]]] = {
    "memory": (keys.memory_key, lambda there: there.request()),
    "pseudonym": (keys.pseudonym_key, lambda there: there.instance.extracts("admin:root").provision(MOBILITY)),
    "extracts": (keys.extract_key, lambda there: there.instance.opened_extracts.lease(MOBILITY).close()),
}
"""How each is read, and what cannot be done without it."""


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("lost")) as made:
        made.approve(made.request())
        yield made


def everything(root: Path) -> dict[str, bytes]:
    folders = ("keys", "vault", "extracts", "crosswalks", "sealed")
    files = (path for folder in folders for path in (root / folder).rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files if not path.name.startswith(".")}


@pytest.mark.parametrize("name", LOST)
def test_lost_key_is_refused_nothing_is_overwritten_and_the_file_put_back_heals(used: World, name: str) -> None:
    read, needs = LOST[name]
    path = used.home.keys / f"{name}.key"
    elsewhere = path.rename(used.home.root / "elsewhere")
    before = everything(used.home.root)
    there = World(Instance.open(used.home, used.clock))
    said = f"{name}.key is gone, and it was in use.*Restore it from the backup of keys"
    deeds: list[Callable[[], object]] = [
        lambda: read(used.home),
        lambda: needs(there),
        lambda: check_present(used.home),
    ]
    for deed in deeds:
        with pytest.raises(UnavailableError, match=said):
            deed()
    assert everything(used.home.root) == before, "something was made, or written over"
    elsewhere.rename(path)
    check_present(used.home)
    healed = World(Instance.open(used.home, used.clock))
    needs(healed)
    released = healed.approve(healed.request())
    assert released.state is State.RELEASED
    for one in (there, healed):
        one.instance.close()


def test_request_that_waits_is_not_released_without_the_memory(used: World) -> None:
    waiting = used.request()
    path = used.home.memory_key
    elsewhere = path.rename(used.home.root / "elsewhere")
    there = World(Instance.open(used.home, used.clock))
    with pytest.raises(UnavailableError, match="differences could leave"):
        there.approve(waiting)
    with there.instance.database.reading() as session:
        from saferoom.hub.store.airlock import AirlockReading

        found = AirlockReading(session).request(waiting.id)
    assert found is not None
    assert found.state is State.SUBMITTED
    elsewhere.rename(path)
    there.instance.close()


@pytest.mark.sqlite
@pytest.mark.parametrize("name", LOST)
def test_airlock_service_does_not_start_and_says_why(used: World, name: str) -> None:
    path = used.home.keys / f"{name}.key"
    elsewhere = path.rename(used.home.root / "elsewhere")
    environment = {
        **{one: value for one, value in os.environ.items() if not one.startswith("SAFEROOM_")},
        "SAFEROOM_HOME": str(used.home.root),
        "JUPYTERHUB_API_TOKEN": "x" * 8,
        "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:9",
    }
    command = [sys.executable, "-P", "-m", "saferoom.hub.web"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, path.exists()) == (1, False)
    assert f"{name}.key is gone" in done.stdout + done.stderr
    elsewhere.rename(path)


def test_fresh_instance_makes_its_keys(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    Instance.open(home).close()
    check_present(home)
    for read, _ in LOST.values():
        assert len(read(home)) == 32
    assert keys.zone_key(home, "linker").is_file()


@pytest.mark.parametrize("zone", ["linker", "provisioner"])
def test_key_of_a_zone_that_keeps_something_is_not_made_anew(tmp_path: Path, zone: str) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    kept = home.root / zone / "deliveries" / "one"
    kept.mkdir(parents=True)
    keys.zone_key(home, zone).unlink()
    (kept / "attributes.json").write_text("{}")
    with pytest.raises(UnavailableError, match=f"{zone}.key is gone"):
        keys.zone_key(home, zone)
    assert not (home.keys / f"{zone}.key").exists()


def test_folder_that_cannot_be_looked_into_is_not_taken_for_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")
    home.prepare()

    def denied(_self: Path) -> Iterator[Path]:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", denied)
        with pytest.raises(UnavailableError, match=r"extracts\.key is gone"):
            keys.extract_key(home)
    assert not home.extract_key.exists()
