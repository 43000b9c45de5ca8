"""The client's transport: who asks comes from the token, and every failure is one clear sentence."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from saferoom.hub.notebook.connection import Connection
from saferoom.hub.notebook.errors import RoomError


def test_connection_outside_a_room_says_where_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JUPYTERHUB_API_TOKEN", raising=False)
    with pytest.raises(RoomError, match="open your project's room"):
        Connection.from_environment()


def test_connection_sends_only_the_servers_token(airlock: Any) -> None:
    airlock.answer("GET", "/api/room/datasets", [])
    assert Connection.from_environment().get("/api/room/datasets") == []
    _, _, headers, body = airlock.asked[0]
    assert headers["Authorization"] == "token t0ken"
    assert body is None


def test_connection_shows_no_token_in_its_repr() -> None:
    assert "secret" not in repr(Connection("/run/airlock.sock", "secret"))


@pytest.mark.parametrize(
    ("status", "part"),
    [
        (401, "stop the room"),
        (403, "may not"),
        (404, "no such thing"),
        (409, "present state"),
        (413, "too large"),
        (422, "does not understand"),
        (429, "wait a little"),
        (500, "tell the administrator"),
        (503, "try again"),
    ],
)
@pytest.mark.parametrize("document", [{}, {"error": {}}, {"error": "x"}, b"<html>", b"", [1]])
def test_connection_error_without_a_message_gets_a_sentence(
    airlock: Any, status: int, part: str, document: Any
) -> None:
    airlock.answer("GET", "/x", document, status)
    with pytest.raises(RoomError, match=part) as caught:
        Connection.from_environment().get("/x")
    assert caught.value.status == status


def test_connection_error_with_a_message_shows_it(airlock: Any) -> None:
    airlock.answer("POST", "/x", {"error": {"code": "forbidden", "message": "you left the project"}}, 403)
    with pytest.raises(RoomError, match="you left the project") as caught:
        Connection.from_environment().post("/x", {})
    assert (caught.value.status, caught.value.code) == (403, "forbidden")
    assert caught.value._render_traceback_() == ["Saferoom: you left the project"]


def test_connection_expired_token_always_says_to_reopen_the_room(airlock: Any) -> None:
    airlock.answer("GET", "/x", {"error": {"code": "unauthenticated", "message": "token unknown"}}, 401)
    with pytest.raises(RoomError, match="open it again"):
        Connection.from_environment().get("/x")


@pytest.mark.parametrize("document", [b"", b"not json", b"null"])
def test_connection_answer_that_is_not_json_is_an_error(airlock: Any, document: bytes) -> None:
    airlock.answer("GET", "/x", document)
    with pytest.raises(RoomError):
        Connection.from_environment().get("/x")


def test_connection_without_a_server_says_so(tmp_path: Path) -> None:
    with pytest.raises(RoomError, match="does not answer"):
        Connection(str(tmp_path / "none.sock"), "t").get("/x")
    path = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with pytest.raises(RoomError, match="does not answer"):
        Connection(str(path), "t").get("/x")


def test_connection_that_never_answers_times_out(tmp_path: Path) -> None:
    path = tmp_path / "slow.sock"
    with socket.socket(socket.AF_UNIX) as slow:
        slow.bind(str(path))
        slow.listen()
        with pytest.raises(RoomError, match="no answer within"):
            Connection(str(path), "t", timeout_seconds=0.05).get("/x")


def test_connection_cut_in_the_middle_says_to_look_first(tmp_path: Path) -> None:
    path = tmp_path / "cut.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def cut() -> None:
            channel, _ = server.accept()
            channel.recv(65536)
            channel.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            channel.close()

        thread = threading.Thread(target=cut)
        thread.start()
        with pytest.raises(RoomError, match="broke off"):
            Connection(str(path), "t").get("/x")
        thread.join()


def test_connection_numpy_numbers_are_sent_as_numbers(airlock: Any) -> None:
    import numpy as np

    airlock.answer("POST", "/x", {})
    Connection.from_environment().post("/x", {"a": np.int64(3), "b": np.float32(0.5)})
    assert airlock.asked[0][3] == {"a": 3, "b": 0.5}


@pytest.mark.parametrize("value", [object(), float("nan"), {1, 2}])
def test_connection_other_values_are_refused_before_sending(airlock: Any, value: object) -> None:
    with pytest.raises(RoomError, match="texts, numbers"):
        Connection.from_environment().post("/x", {"a": value})
    assert airlock.asked == []


def test_connection_column_of_values_is_refused_before_sending(airlock: Any) -> None:
    import pandas as pd

    with pytest.raises(RoomError, match="texts, numbers"):
        Connection.from_environment().post("/x", {"a": pd.Series([1, 2])})
    assert airlock.asked == []


def test_connection_in_a_pod_goes_to_the_airlocks_address(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers['Authorization']}")
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        monkeypatch.setenv("SAFEROOM_AIRLOCK", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "t0ken")
        assert Connection.from_environment().get("/api/room/datasets") == []
        thread.join()
    assert asked == ["/api/room/datasets token t0ken"]


@pytest.mark.parametrize(
    "airlock", ["https://10.0.0.1:8001", "http://10.0.0.1", "http://:80", "ftp://x:1", "http://x:no"]
)
def test_connection_to_what_is_no_airlock_says_what_it_has_to_be(airlock: str) -> None:
    with pytest.raises(RoomError, match="SAFEROOM_AIRLOCK"):
        Connection(airlock, "t").get("/x")
