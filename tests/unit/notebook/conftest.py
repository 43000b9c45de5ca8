"""A small server on a UNIX socket that speaks the rooms' API, so that the client is tested over its real transport."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest


class Airlock(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers with what a test put into `answers`, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self, path: str) -> None:
        super().__init__(path, _Handler)
        self.answers: dict[tuple[str, str], tuple[int, Any]] = {}
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []

    def answer(self, method: str, path: str, document: Any, status: int = 200) -> None:
        self.answers[method, path] = (status, document)


class _Handler(BaseHTTPRequestHandler):
    server: Airlock

    def address_string(self) -> str:
        return "room"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _respond(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        plain = self.headers.get("Content-Type") == "application/octet-stream"
        body = content if plain else json.loads(content) if length else None
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        status, document = self.server.answers.get((self.command, self.path), (404, {}))
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if data:
            self.wfile.write(data)

    do_GET = _respond  # noqa: N815 - the standard library's name
    do_POST = _respond  # noqa: N815


@pytest.fixture
def airlock(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Airlock]:
    """The server, and an environment like a room's."""
    path = tmp_path_factory.mktemp("s") / "a.sock"
    server = Airlock(str(path))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    monkeypatch.setenv("SAFEROOM_AIRLOCK", str(path))
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "t0ken")
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def evaluation() -> dict[str, Any]:
    """An answer with one cell that fails and one that a person must see."""
    return {
        "id": "eval-abc",
        "verdict": "fail",
        "findings": [
            {
                "rule": "threshold",
                "risk": "low count",
                "severity": "fail",
                "cells": [["south", "high"]],
                "message": "Fewer than 10 people stand behind this cell.",
                "remedy": "protect: {method: suppress}",
            },
            {
                "rule": "near-class",
                "risk": "class disclosure",
                "severity": "review",
                "cells": [["north", "low"]],
                "message": "Nearly everybody in the group shares one category.",
                "remedy": "merge categories",
            },
        ],
        "table": {
            "columns": ["region", "education", "count"],
            "rows": [
                ["north", "low", 1200],
                ["north", "high", 35],
                ["south", "low", 57],
                ["south", "high", 4],
            ],
        },
        "protected": None,
        "title": "Frequency by region and education",
        "route": {"automatic": False, "reasons": ["the verdict is fail"], "checkers": 1},
    }


@pytest.fixture
def datasets(tmp_path: Path) -> list[dict[str, Any]]:
    """One extract that exists and one that does not."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "people.parquet"
    pq.write_table(pa.table({"person_id": [1, 2, 3], "region": ["north", "south", "south"]}), path)
    columns = [
        {"name": "person_id", "type": "integer", "role": "id", "label": "Person"},
        {"name": "region", "type": "text", "role": "quasi", "label": "Region <b>"},
    ]
    known = {"version": "2", "versions": ["2", "1"], "approved_until": "2030-01-31"}
    common = {"units": ["person_id"], "owner": "ines", "columns": columns, **known}
    return [
        {"name": "people", "title": "People", "path": str(path), **common},
        {"name": "gone", "title": "Gone", "path": str(tmp_path / "gone.parquet"), **common},
    ]
