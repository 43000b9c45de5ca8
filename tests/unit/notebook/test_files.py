"""Files from a room: what is sent, and what their author sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import saferoom
from saferoom.disclosure.verdict import Verdict
from saferoom.hub.notebook import File, RoomError
from saferoom.hub.notebook import files as module

ANSWER = {
    "id": "file-abc",
    "file": "pay <b>.csv",
    "type": "csv",
    "verdict": "review",
    "findings": [
        {
            "rule": "unrounded-counts",
            "risk": "differencing",
            "severity": "review",
            "cells": [["the whole file", 3, 2]],
            "message": "row 3: counts are not <i>rounded</i>",
            "remedy": "Round them.",
        }
    ],
    "route": {"automatic": False, "reasons": ["the output is a file"], "checkers": 2},
    "evaluation": None,
}
REQUEST = {"id": "req-abc", "state": "submitted", "title": "Pay"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "pay 2024 & more.csv"
    path.write_bytes(b"region,count\nnorth,310\n")
    return path


def test_upload_sends_the_bytes_and_the_bare_name(
    airlock: Any, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    airlock.answer("POST", "/api/room/files?name=pay+2024+%26+more.csv", ANSWER, 201)
    found = saferoom.upload(table)
    method, _, headers, body = airlock.asked[-1]
    assert (method, body) == ("POST", table.read_bytes())
    assert headers["Authorization"] == "token t0ken"
    assert str(table.parent) not in str(airlock.asked)
    assert (found.id, found.verdict) == ("file-abc", Verdict.REVIEW)
    assert capsys.readouterr().out == "pay 2024 & more.csv (1 KiB) goes to the airlock and is checked there ...\n"


def test_file_shows_where_what_was_found_and_escapes_it(airlock: Any, table: Path) -> None:
    airlock.answer("POST", "/api/room/files?name=a.csv", ANSWER, 201)
    found = saferoom.upload(table, name="a.csv")
    assert "row 3: counts are not <i>rounded</i>\n  → Round them." in repr(found)
    assert "waits for 2 output checkers, because:\n  - The output is a file." in repr(found)
    html = found._repr_html_()
    assert "<i>" not in html
    assert "<b>.csv" not in html


def test_failed_file_says_that_its_release_is_refused(airlock: Any, table: Path) -> None:
    airlock.answer("POST", "/api/room/files?name=a.csv", {**ANSWER, "verdict": "fail"}, 201)
    assert "On release: refused" in repr(saferoom.upload(table, name="a.csv"))


def test_upload_with_a_result_names_its_evaluation(airlock: Any, table: Path, evaluation: dict[str, Any]) -> None:
    airlock.answer("POST", "/api/room/evaluations", evaluation)
    airlock.answer("POST", "/api/room/files?name=a.csv&evaluation=eval-abc", {**ANSWER, "evaluation": "eval-abc"}, 201)
    assert saferoom.upload(table, name="a.csv", result=saferoom.crosstab("region", "education")).holds_statistic


class Figure:
    def savefig(self, target: Any, format: str) -> None:
        assert format == "png"
        target.write(b"\x89PNG")


class Frame:
    def to_csv(self) -> str:
        return "region,count\n"


@pytest.mark.parametrize(
    ("source", "name", "data"),
    [(Figure(), "figure.png", b"\x89PNG"), (Frame(), "table.csv", b"region,count\n")],
    ids=["figure", "frame"],
)
def test_figure_and_frame_are_sent_as_files(airlock: Any, source: Any, name: str, data: bytes) -> None:
    airlock.answer("POST", f"/api/room/files?name={name}", ANSWER, 201)
    saferoom.upload(source)
    assert airlock.asked[-1][3] == data


def test_release_sends_what_is_not_at_the_airlock_yet(airlock: Any, table: Path) -> None:
    airlock.answer("POST", "/api/room/files?name=pay+2024+%26+more.csv", ANSWER, 201)
    airlock.answer("POST", "/api/room/requests", REQUEST, 201)
    sent = saferoom.upload(table)
    saferoom.release(files=[sent], supporting=table, context="c", controls="d")
    assert airlock.asked[-1][3] == {
        "title": "pay <b>.csv",
        "context": "c",
        "controls": "d",
        "outputs": [],
        "files": ["file-abc"],
        "supporting": ["file-abc"],
    }
    assert sent.release(context="c", controls="d").id == "req-abc"


def test_uploads_are_listed(airlock: Any) -> None:
    airlock.answer("GET", "/api/room/files", [ANSWER])
    (found,) = saferoom.uploads()
    assert isinstance(found, File)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("nowhere.csv", "nowhere.csv does not exist or cannot be read"),
        (".", "is a folder"),
        ("a\0b", "does not exist or cannot be read"),
        (b"bytes without a name", "give the file a name"),
        (7, "upload takes a file's path"),
    ],
)
@pytest.mark.usefixtures("airlock")
def test_upload_of_something_else_is_one_sentence(source: Any, sentence: str) -> None:
    with pytest.raises(RoomError, match=sentence):
        saferoom.upload(source)


@pytest.mark.usefixtures("airlock")
def test_file_that_is_too_large_is_not_sent(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    for source in (table, table.read_bytes()):
        with pytest.raises(RoomError, match="larger than"):
            saferoom.upload(source, name="a.csv")


@pytest.mark.parametrize("answer", [[], {}, {**ANSWER, "verdict": "safe"}, {**ANSWER, "findings": [{}]}])
def test_answer_that_is_not_understood_is_one_sentence(airlock: Any, table: Path, answer: Any) -> None:
    airlock.answer("POST", "/api/room/files?name=a.csv", answer, 201)
    with pytest.raises(RoomError, match="not understood"):
        saferoom.upload(table, name="a.csv")


def test_refusal_says_what_the_airlock_says(airlock: Any, table: Path) -> None:
    error = {"error": {"code": "too-many", "message": "more than 120 files in one hour"}}
    airlock.answer("POST", "/api/room/files?name=a.csv", error, 429)
    with pytest.raises(RoomError, match="more than 120 files") as caught:
        saferoom.upload(table, name="a.csv")
    assert caught.value.status == 429
