"""Where an instance lives, and that nobody else may read it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.home import Home, unix_url

FOLDERS = ("root", "keys", "vault", "sources", "extracts", "workspaces", "hub", "run")


@pytest.mark.sqlite
def test_home_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SAFEROOM_HOME", str(tmp_path))
    monkeypatch.delenv("SAFEROOM_DATABASE_URL", raising=False)
    home = Home.from_environment()
    assert home.root == tmp_path
    assert home.database_url == f"sqlite:///{tmp_path}/saferoom.sqlite"
    assert home.signing_key.parent == home.verifying_key.parent == home.pseudonym_key.parent == home.keys


def test_home_without_environment_is_below_the_current_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SAFEROOM_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert Home.from_environment().root == tmp_path / ".saferoom" / "home"


def test_home_that_is_named_by_nothing_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A script whose variable is unset would make an instance in the folder it stands in."""
    monkeypatch.setenv("SAFEROOM_HOME", "")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInputError, match="SAFEROOM_HOME is empty"):
        Home.from_environment()
    assert list(tmp_path.iterdir()) == []


def test_home_database_is_what_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SAFEROOM_DATABASE_URL", "postgresql:///saferoom")
    assert Home(tmp_path).database_url == "postgresql:///saferoom"


def test_home_prepared_is_closed_to_others(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    home.prepare()
    for name in FOLDERS:
        assert getattr(home, name).stat().st_mode & 0o777 == 0o700, name


def test_home_that_was_open_is_closed(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.keys.mkdir(parents=True, mode=0o755)
    home.prepare()
    assert home.keys.stat().st_mode & 0o777 == 0o700


def test_home_with_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    (tmp_path / "elsewhere").mkdir()
    home.keys.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnavailableError, match="keys is a link; put a folder in its place"):
        home.prepare()


def test_home_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
    owner = os.geteuid()
    said = rf"belongs to the user id {owner}, and Saferoom runs as {owner + 1} now; .* chown -R {owner + 1} .*home$"
    with pytest.raises(UnavailableError, match=said):
        Home(tmp_path / "home").prepare()


@pytest.mark.parametrize("name", ["x" * 120, "Capital"])
def test_home_whose_path_suits_no_socket_has_them_below_the_temporary_folder(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path / name)
    assert home.run.parent == Path(tempfile.gettempdir())
    assert home.run != Home(tmp_path / (name + "2")).run
    assert len(str(home.socket("airlock"))) < 100


def test_home_with_a_short_path_has_its_sockets_inside() -> None:
    home = Home(Path("/srv/saferoom"))
    assert home.socket("proxy") == Path("/srv/saferoom/run/proxy.sock")
    assert all(home.run in home.socket(name).parents for name in ("hub", "airlock", "proxy"))


def test_unix_url_is_quoted_as_jupyterhub_writes_it() -> None:
    assert unix_url(Path("/srv/a b/hub.sock")) == "http+unix://%2Fsrv%2Fa%20b%2Fhub.sock"
