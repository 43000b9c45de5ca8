"""Sockets, the lock on a home, and keys at first start."""

from __future__ import annotations

import json
import logging
import os
import socket
import stat
from pathlib import Path

import pytest
import structlog
from tests.support.airlock_world import MOBILITY, world
from tests.support.opened import frame

from saferoom.errors import IntegrityError, UnavailableError
from saferoom.hub import keys
from saferoom.hub.home import Home, unix_url
from saferoom.hub.identifiers import ExtractIdentifiers
from saferoom.hub.web.shell import logs, serve
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName


def test_second_service_on_one_home_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "_LOCK_SECONDS", 0.3)
    lock = tmp_path / "airlock.lock"
    second = serve.only_one(lock)
    with serve.only_one(lock), pytest.raises(UnavailableError, match="another airlock service"):
        second.__enter__()
    with serve.only_one(lock):
        pass


def test_socket_that_a_killed_service_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    serve.unix_socket(path, 0o600).close()
    assert path.exists()
    with serve.unix_socket(path, 0o666) as listener, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        assert listener.getsockname() == str(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o666


def test_pages_listen_where_the_hub_says(tmp_path: Path) -> None:
    with serve.page_socket(unix_url(tmp_path / "p.sock")):
        assert stat.S_IMODE((tmp_path / "p.sock").stat().st_mode) == 0o600
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with serve.page_socket(f"http://127.0.0.1:{port}") as listener:
        assert listener.getsockname() == ("127.0.0.1", port)


@pytest.mark.parametrize("url", ["", "http://0.0.0.0:80", "http://example.invalid:80", "https://127.0.0.1:1", "x"])
def test_pages_listen_nowhere_else(url: str) -> None:
    with pytest.raises(UnavailableError, match="JUPYTERHUB_SERVICE_URL"):
        serve.page_socket(url)


def test_keys_are_made_once_for_the_service_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    first, second = Instance.open(home), Instance.open(home)
    assert first.signing_key.verifying_key.key_id == second.signing_key.verifying_key.key_id
    assert keys.pseudonym_key(home) == keys.pseudonym_key(home)
    for path in (home.signing_key, home.pseudonym_key):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.stat().st_uid == os.getuid()
    assert home.verifying_key.read_bytes() == first.signing_key.verifying_key.to_pem()
    assert sorted(path.name for path in home.keys.iterdir()) == ["pseudonym.key", "signing.pem", "signing.pub.pem"]
    first.close()
    second.close()


def test_public_key_that_was_replaced_is_written_anew(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    key = keys.signing_key(home)
    home.verifying_key.write_text("forged")
    keys.signing_key(home)
    assert home.verifying_key.read_bytes() == key.verifying_key.to_pem()


def test_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    keys.signing_key(home)
    home.signing_key.chmod(0o644)
    with pytest.raises(IntegrityError, match="may be read by others"):
        keys.signing_key(home)


def test_key_that_is_a_link_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"x" * 32)
    elsewhere.chmod(0o600)
    home.pseudonym_key.symlink_to(elsewhere)
    with pytest.raises(IntegrityError):
        keys.pseudonym_key(home)


def test_pseudonym_key_of_another_length_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    home.pseudonym_key.write_bytes(b"short")
    home.pseudonym_key.chmod(0o600)
    with pytest.raises(IntegrityError, match="32 bytes"):
        keys.pseudonym_key(home)


def test_identifiers_of_a_project_are_found_in_its_own_extracts(tmp_path: Path) -> None:
    with world(tmp_path) as place:
        index = ExtractIdentifiers(place.instance.opened_extracts)
        survey = DatasetName("survey")
        known = [int(value) for value in frame(place.home, MOBILITY, "survey")["person_id"][:3]]
        assert index.count(MOBILITY, [survey], [*known, 17, 10**40]) == 3
        assert index.count(MOBILITY, [], known) == 0
        assert index.count(MOBILITY, [survey], []) == 0


def test_log_lines_are_json_without_the_words_of_exceptions(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers[:], logging.getLogger().level, structlog.get_config()
    try:
        logs.configure()
        structlog.get_logger().info("request", status=200)
        try:
            raise ValueError("a-secret-value")
        except ValueError:
            logging.getLogger("some.library").exception("it broke")
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    finally:
        logging.getLogger().handlers[:] = before[0]
        logging.getLogger().setLevel(before[1])
        structlog.configure(**before[2])
    assert lines[0]["event"] == "request"
    assert lines[1]["error"] == "ValueError"
    assert "a-secret-value" not in json.dumps(lines)


def test_signing_key_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    """Its public half tells that there was one: a new key would sign what nobody trusts."""
    home = Home(tmp_path / "home")
    home.prepare()
    key = keys.signing_key(home)
    home.signing_key.rename(tmp_path / "kept.pem")
    with pytest.raises(UnavailableError, match="is gone; restore it"):
        keys.signing_key(home)
    assert not home.signing_key.exists()
    (tmp_path / "kept.pem").rename(home.signing_key)
    assert keys.signing_key(home).verifying_key.key_id == key.verifying_key.key_id
