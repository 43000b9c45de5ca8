"""In a pod the airlock listens at ports, and a room is an address."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from saferoom.errors import UnavailableError
from saferoom.hub.web.shell import serve
from saferoom.hub.web.shell.patience import ROOMS_PORT, user_behind


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def test_rooms_and_pages_have_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rooms, pages = free_port(), free_port()
    monkeypatch.setenv(ROOMS_PORT, str(rooms))
    with serve.room_socket(tmp_path / "airlock.sock") as listener, serve.page_socket(f"http://0.0.0.0:{pages}") as page:
        assert listener.getsockname() == (serve.EVERYWHERE, rooms)
        assert page.getsockname() == (serve.EVERYWHERE, pages)
    assert not (tmp_path / "airlock.sock").exists()


def test_outside_a_pod_rooms_have_a_socket_and_nothing_listens_everywhere(tmp_path: Path) -> None:
    with serve.room_socket(tmp_path / "airlock.sock") as listener:
        assert listener.family == socket.AF_UNIX
    with pytest.raises(UnavailableError, match="JUPYTERHUB_SERVICE_URL"):
        serve.page_socket(f"http://0.0.0.0:{free_port()}")


@pytest.mark.parametrize("named", ["", "0", "65536", "eight", "-1", "80 ", "²"])
def test_a_wrong_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv(ROOMS_PORT, named)
    with pytest.raises(UnavailableError, match=ROOMS_PORT):
        serve.room_socket(tmp_path / "airlock.sock")


def test_a_taken_port_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((serve.EVERYWHERE, 0)) as taken:
        monkeypatch.setenv(ROOMS_PORT, str(taken.getsockname()[1]))
        with pytest.raises(UnavailableError, match="cannot be listened at"):
            serve.room_socket(tmp_path / "airlock.sock")


def test_the_recorder_has_a_port_of_its_own_and_no_port_without_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert serve.recorder_secret() is None
    port = free_port()
    monkeypatch.setenv(serve.RECORDER_PORT, str(port))
    with serve.recorder_socket(tmp_path / "recorder.sock") as listener:
        assert listener.getsockname() == (serve.EVERYWHERE, port)
    for short in ("", "s" * 31):
        monkeypatch.setenv(serve.RECORDER_SECRET, short)
        with pytest.raises(UnavailableError, match=serve.RECORDER_SECRET):
            serve.recorder_secret()
    monkeypatch.setenv(serve.RECORDER_SECRET, "s" * 32)
    assert serve.recorder_secret() == "s" * 32


class _Transport(asyncio.BaseTransport):
    def __init__(self, connection: socket.socket) -> None:
        super().__init__({"socket": connection})


def test_a_room_is_counted_by_its_address_and_the_proxy_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise one room could hold all connections, or everybody who comes through the proxy would share one limit."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        accepted, _ = server.accept()
        with accepted:
            assert user_behind(_Transport(accepted)) is None
            monkeypatch.setenv(ROOMS_PORT, str(server.getsockname()[1]))
            assert user_behind(_Transport(accepted)) == "127.0.0.1"


def test_a_socket_of_this_user_is_nobodys(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with serve.unix_socket(path, 0o600) as server, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        accepted, _ = server.accept()
        with accepted:
            assert user_behind(_Transport(accepted)) is None
