"""JupyterHub's configuration, and what ``saferoom hub`` refuses before it starts anything."""

from __future__ import annotations

import os
import socket
from copy import deepcopy
from pathlib import Path

import pytest
from traitlets.config import Config

from saferoom.errors import BadInputError, UnavailableError, WrongStateError
from saferoom.hub.cli.hub import check_port, only_one, start
from saferoom.hub.home import Home
from saferoom.hub.jupyter.config import configure
from saferoom.hub.jupyter.entitled import WAIT_SECONDS
from saferoom.hub.jupyter.settings import Settings
from saferoom.hub.jupyter.spawner import START_SECONDS


@pytest.fixture
def c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    for name in ("SAFEROOM_PROXY_MODULES", "SAFEROOM_PROXY_SECRET", "SAFEROOM_PROXY_NAMES", "SAFEROOM_RECORDER"):
        # Set by `configure` for the proxy; restored after the test.
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(name, "")
    monkeypatch.delenv("SAFEROOM_PROXY_MODULES")
    made = Config()
    configure(made, Home(tmp_path / "home"), Settings(port=9123))
    return made


def test_only_the_proxy_has_a_port(c: Config) -> None:
    assert c.JupyterHub.bind_url == "http://127.0.0.1:9123"
    assert c.JupyterHub.hub_bind_url.startswith("http+unix://")
    assert c.ConfigurableHTTPProxy.api_url.startswith("http+unix://")
    assert "url" not in c.JupyterHub.services[0]


def test_proxy_is_told_of_a_recorder_that_no_room_reaches(c: Config, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    recorder = Path(os.environ["SAFEROOM_RECORDER"])
    assert recorder.parent == home.run
    assert not recorder.is_relative_to(home.doors)


def test_nobody_administers_the_hub_and_nobody_makes_tokens(c: Config) -> None:
    (role,) = c.JupyterHub.load_roles
    assert role["name"] == "user"
    assert not [scope for scope in role["scopes"] if scope.startswith(("admin", "tokens", "self", "inherit", "shares"))]
    allowed = ("!user", "!service=airlock", "!service=linkage")
    assert all(any(part in scope for part in allowed) for scope in role["scopes"])
    assert "admin_users" not in c.LocalAuthenticator
    assert "admin_access" not in c.JupyterHub


def test_token_of_a_room_is_for_its_activity_itself_and_the_airlock(c: Config) -> None:
    assert c.RoomSpawner.server_token_scopes == [
        "users:activity!user",
        "access:servers!server",
        "access:services!service=airlock",
    ]


def test_sessions_end_and_standing_is_looked_at_again(c: Config) -> None:
    assert 0 < c.JupyterHub.cookie_max_age_days < 1
    assert 0 < c.LocalAuthenticator.auth_refresh_age <= 60
    assert c.LocalAuthenticator.auth_refresh_strict
    assert 0 < c.RoomSpawner.poll_interval <= 30


def test_rooms_wait_in_one_list_that_outlasts_every_wait(c: Config) -> None:
    assert deepcopy(c.RoomSpawner.waiting) is c.RoomSpawner.waiting
    assert c.RoomSpawner.waiting.limits.each < c.JupyterHub.named_server_limit_per_user
    assert c.RoomSpawner.start_timeout > WAIT_SECONDS + START_SECONDS
    assert (c.JupyterHub.concurrent_spawn_limit, c.JupyterHub.active_server_limit) == (0, 0)


def test_proxys_secret_is_new_at_every_start(c: Config, tmp_path: Path) -> None:
    again = Config()
    configure(again, Home(tmp_path / "home"))
    assert c.LocalAuthenticator.proxy_secret != again.LocalAuthenticator.proxy_secret
    assert len(c.LocalAuthenticator.proxy_secret) == 64


def test_home_that_rooms_could_read_is_refused() -> None:
    with pytest.raises(UnavailableError, match="every room can read"):
        configure(Config(), Home(Path("/usr/share/saferoom-test")))


def test_listening_beyond_this_machine_needs_tls_said() -> None:
    with pytest.raises(BadInputError, match="--secure-cookies"):
        start(address="0.0.0.0")  # noqa: S104 refused, that is the point


def test_taken_port_is_refused_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BadInputError, match="choose another --port"):
            check_port("127.0.0.1", taken.getsockname()[1])


def test_second_hub_on_one_home_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    with only_one(home), pytest.raises(WrongStateError, match="another hub is running"), only_one(home):
        pass
    with only_one(home):
        pass
