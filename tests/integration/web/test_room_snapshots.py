"""A table made in a room: judged in the sandbox, kept, and seen by a person before its statistic leaves."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from tests.support.airlock_server import Service
from tests.support.airlock_world import MOBILITY
from tests.support.opened import frame

QUERY = {"from": "snapshot", "statistic": "frequency", "by": ["half"]}
WORDS = {"title": "Halves", "context": "For the mobility paper.", "controls": "Counts of 10 or more."}


@pytest.fixture
def table(airlock: Service) -> bytes:
    extract = frame(airlock.world.home, MOBILITY, "survey")
    data = io.BytesIO()
    extract[["person_id"]].assign(half=[n % 2 for n in range(len(extract))]).to_parquet(data)
    return data.getvalue()


def head(query: Any) -> bytes:
    return json.dumps({"query": query}).encode()


def test_statistic_of_a_snapshot_leaves_after_a_person_approved_it(airlock: Service, table: bytes) -> None:
    answer = airlock.room().snapshot(head(QUERY), table)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["verdict"] == "review"
    assert [finding["rule"] for finding in found["findings"]] == ["snapshot"]
    assert not found["route"]["automatic"]
    request = airlock.room().post("requests", {**WORDS, "outputs": [found["id"]]}).json()
    assert request["state"] == "submitted"
    checkers = iter(("ben", "cleo"))
    while airlock.room().get(f"requests/{request['id']}").json()["state"] != "released":
        checker = next(checkers)
        path = f"requests/{request['id']}"
        assert "made in a room" in airlock.browser(checker).get(path).text
        output = airlock.world.instance.airlock.request(airlock.world.person(checker), request["id"]).outputs[0]
        airlock.browser(checker).post(f"{path}/outputs/{output.id}/vote", {"choice": "approved", "comment": ""})


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (None, b"no end of a line", "one line of JSON"),
        (b"{", b"PAR1", "not valid JSON"),
        (b'{"query": {}, "project": "income"}', b"PAR1", "exactly these keys"),
        (b'{"query": {}, "verdict": "pass"}', b"PAR1", "exactly these keys"),
        (head(QUERY), b"", "not a Parquet file"),
        (head(QUERY), b"\x80\x04K\x01.", "not a Parquet file"),
        (head(QUERY), b"PAR1" + b"\0" * 100, "damaged or not a Parquet file"),
        (head({**QUERY, "from": "register"}), b"PAR1", "damaged or not a Parquet file"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(
    airlock: Service, first: bytes | None, second: bytes, says: str
) -> None:
    room = airlock.room()
    body = second if first is None else first + b"\n" + second
    sent = {"Authorization": f"token {room.token}"}
    answer = room.http.post("/api/room/snapshots", content=body, headers=sent)
    assert answer.status_code == 422
    assert says in answer.json()["error"]["message"]


def test_snapshot_without_a_token_is_refused(airlock: Service, table: bytes) -> None:
    answer = airlock.room().http.post("/api/room/snapshots", content=head(QUERY) + b"\n" + table)
    assert answer.status_code == 401


def test_other_projects_ids_are_strangers(airlock: Service) -> None:
    extract = frame(airlock.world.home, "income", "survey")
    data = io.BytesIO()
    extract[["person_id"]].assign(half=1).to_parquet(data)
    answer = airlock.room().snapshot(head(QUERY), data.getvalue())
    assert answer.status_code == 422
    assert "ids that the project's extract does not have" in answer.json()["error"]["message"]
