"""The provisioning benchmark runs, compares what both contestants made, and says what holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.bench import provisioning
from saferoom.hub.bench.measure import Run


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(provisioning, "FOLDER", tmp_path)
    monkeypatch.setattr(provisioning, "REPEATS", 1)
    monkeypatch.setattr(provisioning, "EACH", {"three rows each": 3})


def test_both_contestants_make_the_same_and_are_reported() -> None:
    said: list[str] = []
    found = provisioning.run(10_000, said.append)
    provisioning.report(found, said.append)
    world = found["worlds"]["three rows each"]
    assert set(world["contestants"]) == {"saferoom", "duckdb"}
    assert world["contestants"]["saferoom"]["seconds"]["open"] > 0
    assert found["holds"] == all(goal["holds"] for goal in found["goals"])
    assert any("ratio:" in line for line in said)


def test_contestants_that_differ_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = iter(Run({"provision": 1.0}, 1.0, 1.0, {"table": {"rows": float(n)}}) for n in range(9))
    monkeypatch.setattr(provisioning, "run_fresh", lambda _command: next(runs))
    with pytest.raises(UnavailableError, match="did not copy the same"):
        provisioning.run(10_000, lambda _text: None)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(BadInputError, match="at least 10,000"):
        provisioning.run(10, lambda _text: None)
