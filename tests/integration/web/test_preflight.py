"""The pre-flight of a request, from the notebook's client over the real socket, evaluator and file check."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.support.airlock_server import Service

import saferoom
from saferoom.disclosure.verdict import Verdict
from saferoom.hub.notebook import RoomError
from saferoom.hub.notebook.preflight import Reason

WORDS = {"context": "For the mobility paper.", "controls": "Counts of 10 or more."}
COUNTS = pd.DataFrame({"region": ["north", "south", "east"], "n": [312, 287, 4]})


@pytest.fixture
def room(airlock: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFEROOM_AIRLOCK", str(airlock.rooms))
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", airlock.room().token)


def picture(folder: Path) -> Path:
    from PIL import Image

    file = folder / "figure.png"
    Image.fromarray(np.full((20, 30), 200, dtype=np.uint8)).save(file)
    return file


def test_safe_result_with_its_words_is_ready(room: None) -> None:
    result = saferoom.frequency("education", source="survey")
    flight = saferoom.preflight(result, **WORDS)
    assert flight.ready
    assert len(flight) == 0
    assert "Ready" in repr(flight)


def test_missing_words_and_low_counts_are_caught_and_mended_by_one_call(room: None) -> None:
    result = saferoom.frequency("region", source="survey")
    assert result.verdict is Verdict.FAIL
    flight = saferoom.preflight(result)
    assert not flight.ready
    assert {problem.reason for problem in flight} == {Reason.CONTEXT, Reason.LOW_COUNT}
    number = next(i for i, problem in enumerate(flight, start=1) if problem.fix is not None)
    mended = flight.fix(number)
    assert saferoom.preflight(mended, **WORDS).ready
    assert mended.release(**WORDS).state in {"submitted", "released"}
    words = next(i for i, problem in enumerate(flight, start=1) if problem.reason is Reason.CONTEXT)
    with pytest.raises(RoomError, match="only you can say this"):
        flight.fix(words)


def test_unrounded_low_counts_of_a_frame_are_mended_by_one_call(room: None) -> None:
    flight = saferoom.preflight(files=COUNTS, **WORDS)
    assert not flight.ready
    assert Reason.LOW_COUNT in {problem.reason for problem in flight}
    number = next(i for i, problem in enumerate(flight, start=1) if problem.reason is Reason.LOW_COUNT)
    mended = flight.fix(number)
    assert mended.verdict is Verdict.REVIEW
    reasons = {problem.reason for problem in saferoom.preflight(files=mended, **WORDS)}
    assert not {Reason.LOW_COUNT, Reason.UNROUNDED} & reasons


def test_file_of_rounded_counts_is_mended_from_its_path(room: None, tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    COUNTS.assign(n=[312, 287, 41]).to_csv(file, index=False)
    flight = saferoom.preflight(files=[file], **WORDS)
    assert flight.ready
    number = next(i for i, problem in enumerate(flight, start=1) if problem.reason is Reason.UNROUNDED)
    mended = flight.fix(number)
    assert "unrounded-counts" not in {finding.rule for finding in mended.findings}


def test_picture_without_its_numbers_is_caught(room: None, tmp_path: Path) -> None:
    file = picture(tmp_path)
    alone = saferoom.preflight(files=file, **WORDS)
    assert Reason.UNDERLYING_DATA in {problem.reason for problem in alone}
    beside = saferoom.preflight(saferoom.frequency("education", source="survey"), files=[file], **WORDS)
    assert Reason.UNDERLYING_DATA not in {problem.reason for problem in beside}


def test_record_file_is_caught_by_its_type(room: None, tmp_path: Path) -> None:
    file = tmp_path / "model.csv"
    file.write_bytes(b"\x80\x04K\x01.")
    flight = saferoom.preflight(files=file, **WORDS)
    assert not flight.ready
    assert Reason.FILE_TYPE in {problem.reason for problem in flight}
    assert "model.csv" in repr(flight)
    assert "model.csv" in flight._repr_html_()


def test_rounding_needs_counts() -> None:
    assert saferoom.rounded(COUNTS).n.tolist()[:2] == [310, 285]
    assert saferoom.rounded(COUNTS).n.isna().tolist() == [False, False, True]
    assert saferoom.rounded(pd.DataFrame({"age": [30, 31], "North": [12, 13]})).to_dict("list") == {
        "age": [30, 31],
        "North": [10, 15],
    }
    for wrong in (["nowhere"], list[str]()):
        with pytest.raises(RoomError, match="names of the columns"):
            saferoom.rounded(COUNTS, counts=wrong)
    with pytest.raises(RoomError, match="names of the columns"):
        saferoom.rounded(pd.DataFrame({"a": ["x"]}))
