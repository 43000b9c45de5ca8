"""Hostile, corrupt and gigantic files: a sentence that names the file, the right verdict, bounded time and memory."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.attack.files.hostile import MARKER, Hostile, corpus

from saferoom.disclosure.files.model import Opened
from saferoom.disclosure.files.openers import open_file
from saferoom.disclosure.verdict import Verdict
from saferoom.hub.filecheck import FileJob, screen_files

_CORPUS = corpus()
_SECONDS = 8.0
_MEMORY_BYTES = 450 << 20


@pytest.fixture(autouse=True)
def _nothing_runs() -> Iterator[None]:
    mark = Path("/tmp") / MARKER
    mark.unlink(missing_ok=True)
    yield
    assert not mark.exists(), "a pickle was loaded"


def worst(opened: Opened) -> Verdict:
    """Return the verdict of what the opener alone found."""
    return Verdict.worst(
        [
            Verdict.REVIEW,
            *(finding.severity for finding in opened.findings),
            *(thing.severity for thing in opened.concealed),
            *(worst(inner) for _, _, inner in opened.inner),
        ]
    )


def _sentences(opened: Opened) -> list[str]:
    return [f.message for f in opened.findings] + [text for *_, inner in opened.inner for text in _sentences(inner)]


def test_corpus_is_large_and_its_names_are_distinct() -> None:
    assert len(_CORPUS) >= 100
    assert len({file.name for file in _CORPUS}) == len(_CORPUS)


@pytest.mark.parametrize("file", _CORPUS, ids=lambda file: file.name)
def test_hostile_file_is_opened_gets_its_verdict_and_is_named(file: Hostile) -> None:
    data = file.make()
    began = time.process_time()
    _, opened = open_file(file.name, data)
    assert time.process_time() - began < _SECONDS
    assert worst(opened).value == file.worst
    sentences = _sentences(opened)
    assert all(sentence.startswith(file.name) and sentence.endswith(".") for sentence in sentences)
    if file.worst == "fail":
        assert sentences or opened.concealed or opened.inner


@pytest.mark.parametrize(
    "name",
    ["zeros.zip", "bomb.csv.gz", "bomb.png", "laughs.svg", "claims.xlsx", "repeated.ods", "lists.json", "spans.html"],
)
def test_file_that_swells_is_opened_needs_little_memory(name: str) -> None:
    file = next(file for file in _CORPUS if file.name == name)
    data = file.make()
    tracemalloc.start()
    try:
        open_file(file.name, data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < _MEMORY_BYTES


def test_hostile_files_checked_in_the_sandbox_each_get_a_report() -> None:
    files = [(file.name, file.make()) for file in _CORPUS]
    small = [(name, data) for name, data in files if len(data) < 20 << 20]
    reports = screen_files(FileJob(small))
    assert [report.file for report in reports] == [name for name, _ in small]
    expected = {file.name: file.worst for file in _CORPUS}
    wrong = {r.file: r.verdict.value for r in reports if expected[r.file] == "fail" and r.verdict is not Verdict.FAIL}
    assert not wrong
    assert all(report.verdict is not Verdict.PASS for report in reports)
    assert all(report.findings for report in reports if report.verdict is Verdict.FAIL)
