"""Where whoever watches is listened for."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest
from tests.support.live import free_port

from saferoom.errors import UnavailableError
from saferoom.hub.web.shell import serve
from saferoom.hub.web.shell.patience import ROOMS_PORT


def test_without_a_setting_it_is_a_socket_of_the_services_user_alone(tmp_path: Path) -> None:
    with serve.watch_socket(tmp_path / "m.sock") as listener:
        assert listener.family == socket.AF_UNIX
        assert stat.S_IMODE((tmp_path / "m.sock").stat().st_mode) == 0o600


def test_a_port_is_of_the_loopback_interface_and_in_a_pod_of_every_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(serve.METRICS_PORT, str(port := free_port()))
    with serve.watch_socket(tmp_path / "m.sock") as listener:
        assert listener.getsockname() == ("127.0.0.1", port)
    assert not (tmp_path / "m.sock").exists()
    monkeypatch.setenv(ROOMS_PORT, "8001")
    with serve.watch_socket(tmp_path / "m.sock") as listener:
        assert listener.getsockname() == (serve.EVERYWHERE, port)


@pytest.mark.parametrize("named", ["", "0", "65536", "nine", "-1"])
def test_a_wrong_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv(serve.METRICS_PORT, named)
    with pytest.raises(UnavailableError, match=serve.METRICS_PORT):
        serve.watch_socket(tmp_path / "m.sock")
