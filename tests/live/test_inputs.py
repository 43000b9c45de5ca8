"""What a person has a kernel run is recorded on its way into the room, whatever the person does to hide it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.channels import CARLA, V1, channels, legacy, masked, raw, recorded, v1
from tests.support.live import Live
from tests.support.live_world import ALPHA
from tests.support.on_disk import holding
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from saferoom.digests import sha256
from saferoom.hub.drive import Room, _collect, _message
from saferoom.projects.inputs.model import KEPT_BYTES

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def room(live: Live) -> Room:
    """Ana's room with a kernel that runs."""
    room = live.room("ana", ALPHA)
    room.restart()
    assert room.execute("print('up')").text == "up\n"
    return room


def test_code_is_recorded_with_person_kernel_and_digest(live: Live, room: Room) -> None:
    code = "answer = 6 * 7  # région\nprint(answer)"
    assert room.execute(code).text == "42\n"
    found = recorded(live, lambda one: one.heard.text == code)
    assert (found.line.person, found.heard.kernel, found.heard.kind) == ("ana", room._kernel, "execute")
    assert (found.heard.bytes, found.heard.sha256, found.heard.cut) == (
        len(code.encode()),
        sha256(code.encode()),
        False,
    )


@pytest.mark.parametrize("form", ["text", "text in fragments", "older binary", "v1", "v1 in fragments"])
def test_every_form_of_a_message_is_recorded(live: Live, room: Room, form: str) -> None:
    code = f"print('{form}')"
    message = _message(code)
    binary = {"older binary": legacy, "v1": v1, "v1 in fragments": v1}.get(form)
    sent: Any = binary(message) if binary else json.dumps(message)
    subprotocols = [V1] if form.startswith("v1") else None
    with channels(room, subprotocols=subprotocols) as channel:
        if "fragments" in form:
            channel.send([sent[i : i + 7] for i in range(0, len(sent), 7)])
        else:
            channel.send(sent)
        if not form.startswith("v1"):
            assert _collect(channel, message["header"]["msg_id"], time.monotonic() + 60).text == f"{form}\n"
        else:
            while b"execute_reply" not in bytes(channel.recv(60, decode=False)):
                pass
    assert recorded(live, lambda one: one.heard.text == code).heard.kind == "execute"


def test_nothing_is_compressed_so_that_it_can_be_read(live: Live, room: Room) -> None:
    with channels(room, compression="deflate") as channel:
        assert channel.protocol.extensions == []
        message = _message("compressed = 'x' * 1000")
        channel.send(json.dumps(message))
        _collect(channel, message["header"]["msg_id"], time.monotonic() + 60)
    recorded(live, lambda one: one.heard.text == "compressed = 'x' * 1000")


def test_long_code_is_cut_and_says_so(live: Live, room: Room) -> None:
    code = "long_text = '" + "x" * (2 * KEPT_BYTES) + "'"
    assert not room.execute(code).error
    found = recorded(live, lambda one: one.heard.text.startswith("long_text"))
    assert found.heard.cut
    assert (found.heard.bytes, found.heard.sha256) == (len(code), sha256(code.encode()))


def test_what_cannot_be_read_is_recorded_by_its_digest(live: Live, room: Room) -> None:
    sent = json.dumps(_message("hidden = 1")).replace('"silent": false', '"silent": NaN')
    with channels(room) as channel:
        channel.send(sent)
        found = recorded(live, lambda one: one.heard.sha256 == sha256(sent.encode()))
    assert found.heard.kind == "unreadable"
    assert "hidden = 1" in found.heard.text


@pytest.mark.parametrize("path", ["api/kernels/{}%2Fchannels", "api%2Fkernels/{}/channels", "api/events/subscribe"])
def test_no_other_way_to_write_the_address_goes_unheard(live: Live, room: Room, path: str) -> None:
    marker = f"marker_{sha256(path.encode())[:8]} = 1"
    message = _message(marker)
    try:
        channel = channels(room, path.format(room._kernel))
    except InvalidStatus as refusal:
        status = refusal.response.status_code
    else:
        with channel:
            channel.send(json.dumps(message))
            recorded(live, lambda one: one.heard.text == marker)
        return
    # The room's own server knows no such address: nothing was run.
    assert status in (403, 404)


def test_person_and_project_are_those_of_the_route_whatever_a_message_says(live: Live, room: Room) -> None:
    message = _message("forged_person = 1")
    message["header"] |= {"username": "ben", "session": "beta"}
    with channels(room) as channel:
        channel.send(json.dumps(message | {"person": "ben", "project": "beta"}))
        found = recorded(live, lambda one: one.heard.text == "forged_person = 1")
    assert (found.line.person, found.line.project) == ("ana", ALPHA)


@pytest.mark.parametrize("first", [0xC1, 0xA1, 0x83, 0x80])
def test_frames_that_no_client_may_send_end_the_connection_and_reach_no_kernel(
    live: Live, room: Room, first: int
) -> None:
    code = f"open('/room/reached-{first}', 'w')"
    answer = raw(room, masked(first, json.dumps(_message(code)).encode()))
    assert b"\x88" in answer
    assert (b"\x03\xea") in answer  # 1002, protocol error
    assert recorded(live, lambda one: f"reached-{first}" in one.heard.text).heard.kind == "unreadable"
    assert not (live.home.workspaces / ALPHA / f"reached-{first}").exists()


def test_flood_is_recorded_whole_and_in_order(live: Live, room: Room) -> None:
    with channels(room) as channel:
        for n in range(1500):
            channel.send(json.dumps(_message(f"flood = {n}")))
        recorded(live, lambda one: one.heard.text == "flood = 1499")
    found = live.instance.inputs.look(CARLA, ALPHA, search="flood = ")
    assert found.page.total == 1500
    assert found.page.items[0].heard.text == "flood = 1499"
    room.restart()


def test_room_finds_neither_the_recorder_nor_what_it_keeps(live: Live, room: Room) -> None:
    paths = [str(live.home.socket("recorder")), str(live.home.root), str(live.home.run), str(live.home.keys)]
    assert all(Path(path).exists() for path in paths)
    look = f"import os; print([os.path.exists(path) for path in {paths!r}], sorted(os.listdir('/run/doors')))"
    assert room.execute(look).text == "[False, False, False, False] ['airlock.sock', 'hub.sock']\n"
    ask = (
        "import http.client, socket\n"
        "for door in ('/run/hub.sock', '/run/airlock.sock'):\n"
        "    line = http.client.HTTPConnection('x'); line.sock = socket.socket(socket.AF_UNIX)\n"
        "    line.sock.connect(door); line.request('POST', '/inputs', '{}')\n"
        "    print(line.getresponse().status)"
    )
    assert set(room.execute(ask).text.split()) <= {"401", "403", "404", "405"}


def _listen(channel: ClientConnection) -> None:
    """Hear what comes until nothing does."""
    while True:
        channel.recv(20)


@contextmanager
def _without_recorder(live: Live) -> Iterator[None]:
    """Have the recorder's socket lead nowhere for a while."""
    path = live.home.socket("recorder")
    aside = path.with_name("recorder-aside.sock")
    path.rename(aside)
    try:
        yield
    finally:
        aside.rename(path)


def test_without_a_recorder_connections_are_closed_and_none_is_opened_and_nothing_is_lost(
    live: Live, room: Room
) -> None:
    room.execute("1")
    with channels(room) as channel, _without_recorder(live):
        channel.send(json.dumps(_message("while_it_was_gone = 1")))
        with pytest.raises(ConnectionClosed) as closed:
            _listen(channel)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1011
        assert "cannot be recorded" in closed.value.rcvd.reason
        with pytest.raises(InvalidStatus) as refused, channels(room):
            pass
        assert refused.value.response.status_code == 503
        assert b"cannot be recorded" in refused.value.response.body
    recorded(live, lambda one: one.heard.text == "while_it_was_gone = 1")
    assert room.execute("print('again')").text == "again\n"
    assert "while_it_was_gone" not in live.hub.log.read_text()


def test_everything_recorded_holds_against_the_trail(live: Live, room: Room) -> None:
    room.execute("last = 1")
    recorded(live, lambda one: one.heard.text == "last = 1")
    live.instance.inputs.anchor()
    assert live.instance.inputs.verify() > 0


def test_texts_are_nowhere_in_the_clear(live: Live, room: Room) -> None:
    marker = "in_the_clear_4711"
    room.execute(f"{marker} = 1")
    recorded(live, lambda one: marker in one.heard.text)
    found = holding(live.home.root, marker)
    assert not [file for file in found if not file.is_relative_to(live.home.workspaces)]
