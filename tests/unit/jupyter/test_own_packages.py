"""The environment that a person's packages go into, and the port at which pip finds the index."""

from __future__ import annotations

import http.client
import importlib.metadata
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.airlock_server import Service
from tests.support.packages_server import packages as packages
from tests.support.packages_server import shared as shared
from tests.support.wheels import wheel

from saferoom.hub.jupyter import forwarder, own_packages
from saferoom.hub.notebook.connection import Connection


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_packages.made(tmp_path_factory.mktemp("own") / "python")


def run(folder: Path, *words: str) -> str:
    # No other index than the one that is named, whatever this machine's pip is set to.
    environment = os.environ | {"PIP_CONFIG_FILE": os.devnull}
    command = [str(folder / "bin" / words[0]), *words[1:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_environment_has_what_every_room_has_and_its_own_before_that(own: Path, tmp_path: Path) -> None:
    wheel(tmp_path, "tidal")
    wheel(tmp_path, "packaging", "99.0", code="HEIGHT = 99\n")
    said = run(own, "pip", "install", "--no-index", "--find-links", str(tmp_path), "tidal", "packaging==99.0")
    assert "Successfully installed packaging-99.0 tidal-1.0" in said
    code = "import tidal, packaging, numpy, saferoom, sys; print(tidal.HEIGHT, packaging.HEIGHT, numpy.__file__)"
    height, newer, numpy = run(own, "python", "-c", code).split()
    assert (height, newer) == ("42", "99")
    assert not Path(numpy).is_relative_to(own)
    # What the room itself has is as it was.
    ours = importlib.metadata.version("packaging")
    run(own, "pip", "uninstall", "-y", "packaging", "tidal")
    assert run(own, "python", "-c", "import packaging; print(packaging.__version__)").strip() == ours != "99.0"


def test_environment_that_is_there_is_kept_and_brought_up_to_date(tmp_path: Path) -> None:
    folder = own_packages.made(tmp_path / "python")
    (inside,) = (folder / "lib").glob("python3*/site-packages")
    (inside / "mine.py").write_text("x = 1\n")
    (inside / "room-software.pth").write_text("/somewhere/else\n")
    own_packages.made(folder)
    assert (inside / "mine.py").exists()
    assert "addsitedir" in (inside / "room-software.pth").read_text()


def test_python_that_was_moved_is_found_again(tmp_path: Path) -> None:
    folder = own_packages.made(tmp_path / "python")
    (folder / "bin" / "python").unlink()
    (folder / "bin" / "python").symlink_to("/nowhere/python")
    own_packages.made(folder)
    assert run(folder, "python", "-c", "import numpy, sys; print(sys.prefix)").strip() == str(folder)


def test_link_in_the_place_of_a_file_of_ours_is_not_followed(tmp_path: Path) -> None:
    folder = own_packages.made(tmp_path / "python")
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    (folder / "bin" / "pip").unlink()
    (folder / "bin" / "pip").symlink_to(victim)
    own_packages.made(folder)
    assert victim.read_text() == "as it was"


def test_room_starts_where_no_environment_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / f"python-{sys.version_info.major}.{sys.version_info.minor}").write_text("in the way")
    monkeypatch.setenv("SAFEROOM_OUTBOX", str(tmp_path / "outbox"))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.delenv("JUPYTER_PATH", raising=False)
    own_packages.start()
    assert "PIP_INDEX_URL" not in os.environ
    assert "JUPYTER_PATH" not in os.environ


def test_notebooks_run_in_the_environment_and_another_kernel_does_not(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", "")
    own_packages.kernels(own, tmp_path)
    specs = {path.parent.name: json.loads(path.read_text()) for path in tmp_path.glob("kernels/*/kernel.json")}
    assert specs["python3"]["argv"][0] == str(own / "bin" / "python")
    assert specs[own_packages.PLAIN]["argv"][0] == sys.executable
    assert os.environ["JUPYTER_PATH"] == str(tmp_path)


def test_pip_is_told_where_to_look_and_takes_no_sources(own: Path) -> None:
    environment = {"PATH": "/usr/bin"}
    own_packages.announce(own, environment)
    assert environment["PATH"] == f"{own}/bin:/usr/bin"
    assert environment["PIP_INDEX_URL"].startswith("http://127.0.0.1:3141/only-what-an-administrator-allowed")
    assert environment["PIP_ONLY_BINARY"] == ":all:"
    assert "token" not in str(environment).lower()


@pytest.fixture
def port(packages: Service) -> Iterator[int]:
    """A forwarder to an airlock where mobility may install tidal 1.*."""
    connection = Connection(str(packages.rooms), packages.hub.room_token("ana", "mobility"))
    server = forwarder.start(lambda: connection, port=0)
    assert server is not None
    yield int(server.server_address[1])
    server.shutdown()
    server.server_close()


def ask(port: int, path: str, method: str = "GET") -> tuple[int, bytes]:
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        wire.request(method, path)
        answer = wire.getresponse()
        return answer.status, answer.read()
    finally:
        wire.close()


def test_port_leads_to_the_projects_index(port: int, own: Path) -> None:
    status, body = ask(port, f"{forwarder.PREFIX}/simple/")
    assert (status, b"tidal" in body, b"deep" in body) == (200, True, False)
    index = f"http://127.0.0.1:{port}{forwarder.PREFIX}/simple/"
    said = run(own, "pip", "install", "--index-url", index, "--no-cache-dir", "--no-deps", "tidal")
    assert "tidal-1.0" in said
    run(own, "pip", "uninstall", "-y", "tidal")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/simple/",
        "/api/room/datasets",
        f"{forwarder.PREFIX}/../datasets",
        f"{forwarder.PREFIX}/simple/../../datasets",
        f"{forwarder.PREFIX}/simple/tidal/?x=1",
        f"{forwarder.PREFIX}/files/../../evaluations/x",
        f"{forwarder.PREFIX}/simple/%2e%2e/",
        f"{forwarder.PREFIX}datasets",
    ],
)
def test_port_leads_nowhere_else(port: int, path: str) -> None:
    assert ask(port, path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "CONNECT"])
def test_port_takes_questions_alone(port: int, method: str) -> None:
    assert ask(port, f"{forwarder.PREFIX}/simple/", method)[0] == 501


def test_airlock_that_does_not_answer_is_said(tmp_path: Path) -> None:
    server = forwarder.start(lambda: Connection(str(tmp_path / "none.sock"), "t" * 32), port=0)
    assert server is not None
    try:
        assert ask(int(server.server_address[1]), f"{forwarder.PREFIX}/simple/")[0] == 503
        assert forwarder.start(lambda: Connection("", ""), port=int(server.server_address[1])) is None
    finally:
        server.shutdown()
        server.server_close()


def test_answer_that_breaks_off_is_no_whole_answer(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as airlock:
        airlock.bind(str(tmp_path / "a.sock"))
        airlock.listen()

        def answer() -> None:
            wire, _ = airlock.accept()
            with wire:
                wire.recv(4096)
                wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.")

        thread = threading.Thread(target=answer)
        thread.start()
        server = forwarder.start(lambda: Connection(str(tmp_path / "a.sock"), "t" * 32), port=0)
        assert server is not None
        try:
            with pytest.raises(http.client.IncompleteRead):
                ask(int(server.server_address[1]), f"{forwarder.PREFIX}/simple/")
        finally:
            thread.join()
            server.shutdown()
            server.server_close()
