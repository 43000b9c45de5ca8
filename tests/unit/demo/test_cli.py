"""`saferoom demo` says clearly what is in its way, and removes only what it made."""

from __future__ import annotations

import socket
from pathlib import Path

import pyotp
import pytest

from saferoom.errors import BadInputError
from saferoom.hub.cli import demo as cli
from saferoom.hub.cli.main import main
from saferoom.hub.demo import process
from saferoom.hub.demo.stage import set_stage
from saferoom.hub.home import Home
from saferoom.hub.memory_folder import memory_folder
from saferoom.ids import Username


def test_port_that_is_taken_is_named_or_passed_over() -> None:
    with socket.socket() as other:
        other.bind((process.ADDRESS, 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(BadInputError, match=f"port {taken} is taken"):
            process.free_port(taken)
    assert process.free_port(taken) == taken
    assert process.any_port(taken) == taken
    assert process.any_port(None) > 1024
    assert process.free_port(None) >= process.FIRST_PORT


def test_ports_that_are_all_taken_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_is_free", lambda _port: False)
    with pytest.raises(BadInputError, match="all taken"):
        process.free_port(None)


def test_fresh_removes_a_demonstration_and_nothing_else(tmp_path: Path) -> None:
    other = tmp_path / "precious"
    other.mkdir()
    with pytest.raises(BadInputError, match="holds no demonstration"):
        cli._forget(Home(other))
    home = Home(tmp_path / "home")
    cli._forget(home)
    set_stage(home)
    cli._forget(home)
    assert not home.root.exists()
    assert other.exists()


def test_headless_home_of_its_own_is_removed(tmp_path: Path) -> None:
    with cli._headless_home(None, fresh=False) as home:
        home.prepare()
        assert home.root.exists()
        opened = memory_folder(home).prepare()
        (opened / ".project.lock").touch()
    assert not home.root.exists()
    assert not opened.exists()
    with cli._headless_home(Home(tmp_path), fresh=False) as kept:
        assert kept.root == tmp_path
    assert tmp_path.exists()


def test_code_of_a_demonstrations_person_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stage = set_stage(Home(tmp_path / "home"))
    arguments = ["demo", "--home", str(tmp_path / "home"), "--code"]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "rosa"])
    assert ended.value.code == 0
    totp = pyotp.TOTP(stage.sign_ins[Username("rosa")].totp_secret)
    assert totp.verify(capsys.readouterr().out.strip(), valid_window=1)
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "nobody"])
    assert ended.value.code == 2
    assert "there are ada" in capsys.readouterr().err


def test_default_home_is_in_the_checkout() -> None:
    assert cli._default_folder().parts[-2:] == (".saferoom", "demo")
