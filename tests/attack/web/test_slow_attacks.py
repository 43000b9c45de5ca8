"""Attacks by patience: requests that never begin, bodies that never end, and very many connections."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.airlock_server import Room, Service
from tests.support.airlock_world import INCOME

from saferoom.hub.web.shell import patience
from saferoom.hub.web.shell.guards import LimitBody
from saferoom.hub.web.shell.patience import PatientProtocol

SHORT, LONG = 0.4, 20.0
TABLE = b"region,count\nnorth,310\nsouth,290\n"


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientProtocol, "head_seconds", SHORT)
    monkeypatch.setattr(LimitBody, "seconds", SHORT)
    monkeypatch.setattr(LimitBody, "long", SHORT)


Connect = Callable[..., socket.socket]


@pytest.fixture
def connected() -> Iterator[Connect]:
    """Connect to a socket and begin to speak."""
    opened: list[socket.socket] = []

    def connect(path: Path, said: bytes = b"") -> socket.socket:
        one = socket.socket(socket.AF_UNIX)
        opened.append(one)
        one.settimeout(LONG)
        one.connect(str(path))
        one.sendall(said)
        return one

    yield connect
    for one in opened:
        one.close()


def answer(one: socket.socket) -> bytes:
    """Return everything that the service says before it closes the connection; time-out is a failure."""
    heard = b""
    while True:
        try:
            part = one.recv(65536)
        except ConnectionResetError:
            return heard
        if not part:
            return heard
        heard += part


def is_cut_off(one: socket.socket) -> bool:
    """Tell whether the service closes a connection on which there comes a letter now and then."""
    end = time.monotonic() + LONG
    try:
        while time.monotonic() < end:
            one.sendall(b"a")
            time.sleep(SHORT / 8)
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


def head(room: Room, path: str, length: int, token: str = "") -> bytes:
    lines = (
        f"POST /api/room/{path} HTTP/1.1",
        "Host: airlock",
        f"Authorization: token {token or room.token}",
        "Content-Type: application/json",
        f"Content-Length: {length}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


@pytest.mark.parametrize("said", [b"", b"GET /api/room/datasets HTTP/1.1\r\nX-A: "], ids=["nothing", "half a head"])
@pytest.mark.parametrize("face", ["rooms", "pages"])
def test_connections_on_which_no_request_begins_are_closed_and_keep_nobody_out(
    airlock: Service, connected: Connect, said: bytes, face: str
) -> None:
    room = airlock.room()
    held = [connected(getattr(airlock, face), said) for _ in range(60)]
    assert room.get("datasets").status_code == 200
    assert {answer(one) for one in held} == {b""}


def test_head_that_comes_letter_by_letter_is_not_waited_for(airlock: Service, connected: Connect) -> None:
    one = connected(airlock.rooms, b"GET /api/room/datasets HTTP/1.1\r\nX-A: ")
    assert is_cut_off(one)


def test_second_request_of_a_connection_has_to_begin_too(airlock: Service, connected: Connect) -> None:
    room = airlock.room()
    first = f"GET /api/room/datasets HTTP/1.1\r\nHost: airlock\r\nAuthorization: token {room.token}\r\n\r\n".encode()
    one = connected(airlock.rooms, first)
    assert one.recv(65536).startswith(b"HTTP/1.1 200")
    one.sendall(b"GET /api/room/datasets HTTP/1.1\r\nX-A: ")
    answer(one)


@pytest.mark.parametrize("path", ["evaluations", "files?name=a.csv", "outbox?name=a.csv"])
def test_body_that_does_not_come_is_not_waited_for(airlock: Service, connected: Connect, path: str) -> None:
    one = connected(airlock.rooms, head(airlock.room(), path, 1000) + b'{"query": ')
    heard = answer(one)
    assert heard.startswith(b"HTTP/1.1 408")
    assert b"too-slow" in heard
    assert airlock.parts.intake._reading.total() == 0


def test_body_that_goes_on_after_its_answer_is_not_listened_to(airlock: Service, connected: Connect) -> None:
    one = connected(airlock.rooms, head(airlock.room(), "evaluations", 1000, "x" * 20))
    assert is_cut_off(one)


def test_slow_form_of_a_page_is_not_waited_for(airlock: Service, connected: Connect) -> None:
    ben, request = airlock.browser("ben"), airlock.world.request()
    lines = (
        f"POST /services/airlock/requests/{request.id}/return HTTP/1.1",
        "Host: hub.example",
        "Origin: http://hub.example",
        f"Cookie: saferoom-airlock={ben.http.cookies['saferoom-airlock']}",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Length: 500",
    )
    heard = answer(connected(airlock.pages, "\r\n".join(lines).encode() + b"\r\n\r\ncsrf="))
    assert heard.startswith(b"HTTP/1.1 408")
    assert b"Too slow" in heard


def test_slow_uploads_of_one_person_keep_the_others_from_nothing(
    airlock: Service, connected: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LimitBody, "long", LONG)
    ana = airlock.room()
    held = [connected(airlock.rooms, head(ana, f"files?name={n}.csv", 1000) + b"region") for n in range(3)]
    deadline = time.monotonic() + LONG
    while airlock.parts.intake._reading.total() < len(held):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    refused = ana.upload("fourth.csv", TABLE)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too-many")
    assert airlock.room("rita", INCOME).upload("regions.csv", TABLE).status_code == 201


def test_user_of_the_machine_holds_a_limited_number_of_connections(
    airlock: Service, connected: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatientProtocol, "head_seconds", LONG)
    monkeypatch.setattr(PatientProtocol, "most_of_one_user", 5)
    users = iter([4001] * 9 + [4002])
    monkeypatch.setattr(patience, "user_behind", lambda _transport: next(users))
    held = [connected(airlock.rooms) for _ in range(9)]
    assert [answer(one) for one in held[5:]] == [b""] * 4
    for one in held[:5]:
        one.setblocking(False)
        with pytest.raises(BlockingIOError):
            one.recv(1)
    # Those of another project's user id come in.
    assert airlock.room("rita", INCOME).get("datasets").status_code == 200


def test_mutation_without_an_end_to_waiting_a_silent_connection_stays(
    airlock: Service, connected: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatientProtocol, "_watch", lambda _self: None)
    one = connected(airlock.rooms, b"GET /api/room/datasets HTTP/1.1\r\nX-A: ")
    one.settimeout(3 * SHORT)
    with pytest.raises(TimeoutError):
        one.recv(1)
