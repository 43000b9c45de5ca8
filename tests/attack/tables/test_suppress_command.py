"""``saferoom suppress`` from the command line: what it publishes tells no primary cell, not even to insiders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.attack.tables.aggregated import Aggregated, Labels, tables
from tests.attack.tables.weakened import Idle, careless, content, only_primary

from saferoom.hub.cli.main import main

TABLES = list(tables())


def _suppressed(table: Aggregated, folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[Labels, dict[str, Any]]:
    with pytest.raises(SystemExit) as caught:
        main(table.write(folder))
    document = json.loads(capsys.readouterr().out)
    assert caught.value.code == 0
    assert document["audit"]["holds"]
    return {tuple(cell["cell"]): cell for cell in document["cells"]}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_primary_cell_is_told_by_blanking_it_alone_and_not_by_what_is_published(
    table: Aggregated, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = _suppressed(table, tmp_path, capsys)
    primary = [labels for labels, cell in cells.items() if cell["status"] == "u"]
    naive = {labels: float(table.inside(labels) @ table.values) for labels in cells if labels not in primary}
    assert any(table.found_out(primary, naive)), "the table is not dangerous"
    published = {labels: float(cell["value"]) for labels, cell in cells.items() if cell["value"] is not None}
    assert list(table.found_out(primary, published)) == []
    near = max(1e-3, 1e-6 * float(abs(table.values).sum()))  # what small ends of large numbers are exact to
    for labels in primary[:6]:
        seen = table.interval(labels, published)
        low, high = cells[labels]["interval"]
        assert seen.low == pytest.approx(low, rel=1e-4, abs=near)
        assert (high is None) == (seen.high == float("inf"))
        assert high is None or seen.high == pytest.approx(high, rel=1e-4, abs=near)


def test_there_are_enough_tables() -> None:
    assert len(TABLES) >= 20


CHOICE = "saferoom.disclosure.tables.secondary.choose."
MUTATIONS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "no secondary cells": ("counts-a-b-5", {"saferoom.disclosure.tables.publication.suppress": only_primary}, True),
    "no insiders": ("contributors-5", {"saferoom.disclosure.tables.primary.insiders": lambda *_: ()}, True),
    # The audit alone hides what the choice left out; without both the attack succeeds.
    "no choice": ("counts-a-b-5", {CHOICE + "hide": careless, CHOICE + "Cleaner": Idle}, False),
    "no choice and no audit": (
        "counts-a-b-5",
        {
            CHOICE + "hide": careless,
            CHOICE + "Cleaner": Idle,
            "saferoom.disclosure.tables.secondary.repair.audit": content,
        },
        True,
    ),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_attack_succeeds_when_its_defences_are_switched_off(
    mutation: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, weakened, succeeds = MUTATIONS[mutation]
    for target, instead in weakened.items():
        monkeypatch.setattr(target, instead)
    table = next(table for table in TABLES if table.name == name)
    cells = _suppressed(table, tmp_path, capsys)
    primary = [labels for labels, cell in cells.items() if cell["status"] == "u"]
    published = {labels: float(cell["value"]) for labels, cell in cells.items() if cell["value"] is not None}
    assert any(table.found_out(primary, published)) == succeeds
