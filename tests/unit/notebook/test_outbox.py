"""What became of files in the outbox, as a notebook tells it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.outbox import outbox


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAFEROOM_OUTBOX", str(tmp_path))
    return tmp_path


def test_outcomes_are_listed_with_their_reasons(folder: Path) -> None:
    lines = [
        {"file": "Wages/a.csv", "became": "drafted", "message": "", "request": "request-a"},
        {"file": "<b>.csv", "became": "refused", "message": "the file is empty", "request": ""},
    ]
    (folder / ".outcomes.json").write_text(json.dumps(lines))
    found = outbox()
    assert [(one.file, one.became) for one in found] == [("Wages/a.csv", "drafted"), ("<b>.csv", "refused")]
    assert "in your draft" in repr(found)
    assert "The file is empty." in repr(found)
    assert "<b>.csv" not in found._repr_html_()


def test_empty_outbox_says_how_to_use_it(folder: Path) -> None:
    assert "Put a file into the folder outbox/" in repr(outbox())
    assert len(outbox()) == 0
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"file": "a"}]', "7"])
def test_note_that_somebody_spoiled_is_met_with_a_sentence(folder: Path, text: str) -> None:
    (folder / ".outcomes.json").write_text(text)
    with pytest.raises(RoomError, match="cannot be read"):
        outbox()


def test_outside_a_room_there_is_no_outbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAFEROOM_OUTBOX", raising=False)
    with pytest.raises(RoomError, match="inside a room"):
        outbox()
