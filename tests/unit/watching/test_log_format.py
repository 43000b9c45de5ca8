"""Logs have the form that was asked for."""

from __future__ import annotations

import json
import logging
import sys

import pytest
import structlog

from saferoom.errors import BadInputError
from saferoom.hub.jupyter import hub_log
from saferoom.hub.log_format import VARIABLE
from saferoom.hub.web.shell import logs


def written(capsys: pytest.CaptureFixture[str]) -> str:
    before = logging.getLogger().handlers[:]
    try:
        logs.configure()
        structlog.get_logger().info("request", status=200, route="/api/room/datasets")
        return capsys.readouterr().err.strip()
    finally:
        logging.getLogger().handlers[:] = before


def test_services_write_json_unless_text_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert json.loads(written(capsys))["status"] == 200
    monkeypatch.setenv(VARIABLE, "text")
    line = written(capsys)
    assert line.startswith("timestamp=")
    assert "event='request'" in line
    assert "status=200" in line


@pytest.mark.parametrize("said", ["JSON", "yaml", "json "])
def test_any_other_word_is_refused_with_the_settings_name(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, said)
    for make in (logs.configure, hub_log.settings):
        with pytest.raises(BadInputError, match=VARIABLE):
            make()


def test_the_hub_writes_text_unless_json_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert "formatters" not in hub_log.settings()
    monkeypatch.setenv(VARIABLE, "json")
    assert hub_log.settings()["formatters"] == {"console": {"class": "saferoom.hub.jupyter.hub_log.JsonLines"}}


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("200 GET /hub/login?next=%2Fuser%2Fana%2Fsecret.csv (@127.0.0.1) 3.10ms", "200 GET /hub/login?… (@127.0.0.1)"),
        ("302 GET /hub/ -> /hub/login?next=secret.csv (@::1)", "302 GET /hub/ -> /hub/login?… (@::1)"),
        ("Is it there? No.", "Is it there? No."),
        ("404 GET /a?x=secret.csv&y=(secret.csv", "404 GET /a?…"),
    ],
)
def test_the_hub_leaves_queries_out(line: str, kept: str) -> None:
    record = logging.LogRecord("JupyterHub", logging.INFO, "", 0, "%s", (line,), None)
    assert hub_log.WithoutQueries().filter(record)
    said = record.getMessage()
    assert said.startswith(kept)


def test_an_error_of_the_hub_is_told_by_its_places_and_not_by_its_words() -> None:
    try:
        raise ValueError("canary-in-an-error")
    except ValueError:
        record = logging.LogRecord("JupyterHub", logging.ERROR, "", 0, "failed", (), sys.exc_info())
    line = json.loads(hub_log.JsonLines().format(record))
    assert (line["event"], line["level"], line["error"], line["service"]) == ("failed", "error", "ValueError", "hub")
    assert "canary" not in json.dumps(line)
