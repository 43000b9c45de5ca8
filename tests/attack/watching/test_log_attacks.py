"""Attack: whatever people and rooms send, in every place of every request that fails, none of it gets into the log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from tests.support.airlock_process import AirlockProcess
from tests.support.airlock_server import HOST, PREFIX
from tests.support.airlock_world import MOBILITY, world
from tests.support.stand_in_hub import StandInHub, running

from saferoom.clock import SystemClock
from saferoom.hub.web import app as faces
from saferoom.hub.web.api.app import description
from saferoom.hub.web.areas import AREAS

CANARY = "kanarienvogel"
"""Stands for a value of the data; in every place of a request it is followed by where it was."""
ROOM_MODULES = ("api", "files", "linkage", "outbox", "records", "snapshots")


def told(where: str) -> str:
    return f"{CANARY}-{where}"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirlockProcess]:
    folder = tmp_path_factory.mktemp("logs")
    with world(folder, SystemClock()) as place, running(hub := StandInHub(place.home.run / "hub-stand-in.sock")):
        made = AirlockProcess(place.home, hub, folder / "airlock.log")
        try:
            made.start()
            yield made
        finally:
            made.close()


def check_log(process: AirlockProcess, requests: int) -> None:
    """Check that so many requests were logged, each on a line of JSON, and nothing that was sent."""
    lines = process.log.read_text().splitlines()
    documents = [json.loads(line) for line in lines]
    assert sum(one["event"] == "request" for one in documents) >= requests
    found = [line for line in lines if CANARY in line.lower()]
    assert not found, found[:3]


def filled(path: str) -> str:
    return re.sub(r"\{[^}]+\}", quote(told("path")), path)


def test_of_what_rooms_send_to_every_address_nothing_is_logged(process: AirlockProcess) -> None:
    routers = [getattr(faces, f"room_{name}").router for name in ROOM_MODULES]
    routes = sorted({(method, route.path) for router in routers for route in router.routes for method in route.methods})
    assert len(routes) > 15
    room, sent = process.room("ana", MOBILITY), 0
    for token in (room.token, told("token") + "-" * 16):
        headers = {"Authorization": f"token {token}", "X-Header": told("header"), "User-Agent": told("agent")}
        for method, path in [*routes, ("GET", "/{nothing}"), ("POST", "/api/room/{nothing}")]:
            for body in (
                json.dumps({told("key"): told("value"), "query": {told("q"): told("q")}}),
                f"{told('column')},b\n{told('cell')},2\n",
            ):
                answer = room.http.request(
                    method, filled(path), params={"name": told("name.csv"), told("query"): told("query")},
                    content=body, headers=headers,
                )  # fmt: skip
                assert answer.status_code < 600
                sent += 1
    check_log(process, sent)


def test_of_queries_and_files_that_are_refused_nothing_is_logged(process: AirlockProcess) -> None:
    room = process.room("ana", MOBILITY)
    for query in (
        {"from": told("dataset"), "statistic": "frequency"},
        {"from": "survey", "statistic": "mean", "measure": told("measure")},
        {"from": "survey", "statistic": "frequency", "by": [told("column")]},
        {"from": "survey", "statistic": "frequency", "where": f"region = '{told('where')}'"},
        {"from": "survey", "statistic": "frequency", "derive": {told("derived"): f"'{told('derive')}' || 1 / 0"}},
    ):
        room.post("evaluations", {"query": query})
    for name, data in (
        ("a.csv", f"person_id,{told('column')}\n1,{told('cell')}\n"),
        (f"{told('name')}.exe", told("bytes")),
        ("b.json", '{"' + told("json")),
    ):
        room.upload(name, data.encode())
    check_log(process, 8)


@pytest.mark.parametrize("name", ["ana", "ben", "ada"])
def test_of_what_people_send_to_every_page_and_call_nothing_is_logged(process: AirlockProcess, name: str) -> None:
    routes = [route for area in AREAS for router in area.routers for route in router.routes]
    pages = {(method, route.path) for route in routes for method in route.methods}  # type: ignore[attr-defined]
    paths = description()["paths"]
    calls = {(method.upper(), f"api/v1{path}") for path, methods in paths.items() for method in methods}
    browser, sent = process.browser(name), 0
    token = browser.csrf()
    for method, path in sorted(pages | calls):
        headers = {
            "Origin": f"http://{HOST}",
            "Sec-Fetch-Dest": "document",
            "X-Header": told("header"),
            "Referer": f"http://{HOST}/{told('referer')}",
            "Idempotency-Key": told("idempotency"),
        }
        if "api/v1" in path:
            headers |= {"Authorization": f"Bearer srt_{told('token')}"}
        answer = browser.http.request(
            method, PREFIX + filled(path).lstrip("/"), params={told("query"): told("query"), "q": told("q")},
            data={"csrf": token, told("field"): told("field"), "title": told("title"), "choice": told("choice")},
            headers=headers,
        )  # fmt: skip
        assert answer.status_code < 600
        sent += 1
    check_log(process, sent)
