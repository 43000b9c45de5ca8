"""Frames made in a room: sent as Parquet with the query, ids unharmed, and nothing that is no table."""

from __future__ import annotations

import io
import json
from typing import Any

import pandas as pd
import pytest

import saferoom
from saferoom.hub.notebook import RoomError, snapshots
from saferoom.hub.notebook.snapshots import as_parquet

FRAME = pd.DataFrame({"person_id": [1.0, 2.0, None], "pay": [1.5, 2.0, 3.0], "name": ["a", "b", None]}, index=[7, 8, 9])


def back(data: bytes) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(data))


def test_whole_numbers_that_a_join_made_decimals_are_whole_again() -> None:
    found = back(as_parquet(FRAME))
    assert str(found.person_id.dtype) == "Int64"
    assert found.person_id.dropna().tolist() == [1, 2]
    assert found.pay.tolist() == [1.5, 2.0, 3.0]
    assert list(found.columns) == ["person_id", "pay", "name"]


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (pd.DataFrame({0: [1]}), "need names"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "need names"),
        (pd.DataFrame({"a": [object()]}), "cannot be written|may hold"),
        (pd.DataFrame({"a": [1, "secret"]}), "cannot be written|may hold"),
    ],
)
def test_what_is_no_plain_table_is_refused_without_its_values(frame: pd.DataFrame, says: str) -> None:
    with pytest.raises(RoomError, match=says) as caught:
        as_parquet(frame)
    assert "secret" not in str(caught.value)


def test_too_large_a_frame_is_refused_before_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "MOST_BYTES", 100)
    with pytest.raises(RoomError, match="larger than"):
        as_parquet(FRAME)


def test_frame_as_the_source_goes_with_the_query(airlock: Any, evaluation: dict[str, Any]) -> None:
    airlock.answer("POST", "/api/room/snapshots", evaluation)
    result = saferoom.mean("pay", by="name", source=FRAME)
    method, path, headers, body = airlock.asked[-1]
    head, _, table = body.partition(b"\n")
    assert (method, path, headers["Content-Type"]) == ("POST", "/api/room/snapshots", "application/octet-stream")
    assert json.loads(head) == {"query": {"statistic": "mean", "measure": "pay", "by": ["name"], "from": "snapshot"}}
    assert len(back(table)) == 3
    result.protect("suppress")
    assert json.loads(airlock.asked[-1][3].partition(b"\n")[0])["query"]["protect"] == {"method": "suppress"}


def test_query_document_takes_a_snapshot(airlock: Any, evaluation: dict[str, Any]) -> None:
    airlock.answer("POST", "/api/room/snapshots", evaluation)
    saferoom.query({"from": "snapshot", "statistic": "frequency", "by": ["name"]}, snapshot=FRAME)
    assert airlock.asked[-1][1] == "/api/room/snapshots"
