"""A sample of the suite through ``saferoom query --history --commit``: the folder remembers as the memory does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.attack.history.model import Dangerous, Left, Step
from tests.attack.history.scenarios.all import scenarios

from saferoom.hub.cli.main import main

SAMPLE = (
    "one-person-finer-11-1",
    "real-htv-1",
    "area-with-insiders-11",
    "version-4-more-11",
    "union-2-11",
    "odd-cycle-3-11",
    "top-code-1-11",
    "giant-left-out-11",
    "two-bases-3-8-11",
    "linked-two-5",
)
BY_NAME = {scenario.name: scenario for scenario in scenarios()}
PASS, REVIEW, FAIL = 0, 10, 20


@pytest.mark.parametrize("name", SAMPLE)
def test_attack_on_what_the_command_line_releases_fails(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = BY_NAME[name]
    left = [_asked(scenario, step, tmp_path, capsys) for step in scenario.steps]
    assert left[0].rows is not None
    assert not scenario.succeeds(left)


def _asked(scenario: Dangerous, step: Step, folder: Path, capsys: pytest.CaptureFixture[str]) -> Left:
    data = scenario.versions[step.version]
    file = folder / "query.json"
    file.write_text(json.dumps(step.document))
    named = ["--data", f"{data.name}={data.parquet(folder)}", "--unit", data.units[0]]
    with pytest.raises(SystemExit) as caught:
        main(["query", str(file), *named, "--history", str(folder / "history"), "--commit", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert caught.value.code in {PASS, REVIEW, FAIL}
    if caught.value.code != PASS:
        return Left(step, None)
    return Left(step, [tuple(row) for row in (document["protected"] or document["table"])["rows"]])
