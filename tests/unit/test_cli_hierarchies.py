"""``saferoom query`` with hierarchies beside the data file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.attack.disclosure.test_hierarchies import REGIONS, residents
from tests.support.statistics_lab import Lab

from saferoom.hub.cli.main import main

QUERY: dict[str, Any] = {
    "statistic": "frequency",
    "by": ["area"],
    "margins": True,
    "protect": {"method": "suppress"},
}


def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    data = Lab(folder).csv(residents(), "people.csv")
    query = folder / "q.json"
    query.write_text(json.dumps(QUERY))
    with pytest.raises(SystemExit) as caught:
        main(["query", str(query), "--data", str(data), "--unit", "person_id", "--json"])
    out, err = capsys.readouterr()
    return int(caught.value.code or 0), out, err


def test_margins_have_subtotals_of_the_hierarchy_beside_the_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "people.hierarchy.yaml").write_text(json.dumps({"AREA": REGIONS}))
    code, out, _ = run(tmp_path, capsys)
    document = json.loads(out)
    labels = [row[0] for row in document["protected"]["rows"]]
    assert code == 0
    assert set(REGIONS) <= set(labels)
    assert labels.index("North") > labels.index("n3")
    assert labels[-1] == "All"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("area: {North: [n1, North]}", "people.hierarchy.yaml: the hierarchy of 'area' has a cycle"),
        ("aera: {North: [n1]}", "there is no column aera; did you mean area?"),
        ("area: [n1, n2]", "must be a mapping of parents to lists of children"),
        ("area: {North: n1}", "must be a mapping of parents to lists of children"),
        ("[1, 2]", "expected `key: value` lines"),
        ("area: {North: [n1], North: [n2]}", "people.hierarchy.yaml"),
        ("area: {North: [1, 2]}", "'North' must be a whole number"),
        ("area: {North: [n1, 2]}", "must be of one type"),
    ],
)
def test_bad_hierarchy_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str) -> None:
    (tmp_path / "people.hierarchy.yaml").write_text(text)
    code, out, _ = run(tmp_path, capsys)
    assert code == 2
    assert said in json.loads(out)["error"]["message"]


def test_two_hierarchies_are_one_too_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for ending in ("yaml", "json"):
        (tmp_path / f"people.hierarchy.{ending}").write_text(json.dumps({"area": REGIONS}))
    code, out, _ = run(tmp_path, capsys)
    assert code == 2
    assert "keep one" in json.loads(out)["error"]["message"]
