"""Chores: one that fails keeps no other from being done."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
import structlog
from tests.support.airlock_world import MOBILITY, world

from saferoom.errors import IntegrityError
from saferoom.hub import housekeeping
from saferoom.hub.housekeeping import Housekeeping, make_extracts


@pytest.mark.parametrize("failure", [IntegrityError("a part is missing"), RuntimeError("person 30 earns 12.50")])
def test_failing_chore_is_logged_without_its_values_and_the_others_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    done: list[str] = []

    def fail(_self: Housekeeping) -> None:
        raise failure

    with world(tmp_path) as place:
        monkeypatch.setattr(Housekeeping, "_withdraw", fail)
        monkeypatch.setattr(Housekeeping, "_seal", lambda _self: done.append("sealed"))
        with structlog.testing.capture_logs() as logs:
            Housekeeping(place.instance).once()
    assert done == ["sealed"]
    assert [entry["event"] for entry in logs] == ["chore failed"]
    assert "12.50" not in str(logs)


def test_extracts_that_a_project_lacks_are_made_and_what_cannot_be_made_is_logged(tmp_path: Path) -> None:
    with world(tmp_path) as place:
        extract = place.home.extracts / MOBILITY
        made = sorted(file.name for file in extract.iterdir())
        shutil.rmtree(extract)
        make_extracts(place.instance, [MOBILITY])
        assert sorted(file.name for file in extract.iterdir()) == made
        for source in place.home.sources.iterdir():
            source.unlink()
        with structlog.testing.capture_logs() as logs:
            make_extracts(place.instance, [MOBILITY])
            assert logs == [], "nothing is lacking"
            shutil.rmtree(extract)
            make_extracts(place.instance, [MOBILITY])
        assert [(entry["event"], entry["project"]) for entry in logs] == [("extracts not made", MOBILITY)]


def test_chores_go_on_until_they_are_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[int] = []
    monkeypatch.setattr(housekeeping, "EVERY_SECONDS", 0.001)
    monkeypatch.setattr(Housekeeping, "once", lambda _self: rounds.append(1))

    async def a_while() -> None:
        with world(tmp_path) as place:
            chores = asyncio.create_task(Housekeeping(place.instance).run())
            while len(rounds) < 3:
                await asyncio.sleep(0.001)
            chores.cancel()

    asyncio.run(asyncio.wait_for(a_while(), 30))
    assert len(rounds) >= 3
