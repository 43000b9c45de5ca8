"""``saferoom query --charts``: pictures beside their data sheet, and nothing where nothing may leave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.statistics_lab import Lab, people

from saferoom.hub.cli.main import main

BARS = {"statistic": "mean", "measure": "pay", "by": ["region"], "chart": {"kind": "bar"}}


def run(folder: Path, query: dict[str, Any], *words: str) -> int:
    (folder / "pay.json").write_text(json.dumps(query), encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        main(["query", str(folder / "pay.json"), *words, "--charts", str(folder / "out")])
    return int(caught.value.code or 0)


def square(place: int, **properties: Any) -> dict[str, Any]:
    ring = [[place, 50], [place + 1, 50], [place + 1, 51], [place, 51], [place, 50]]
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}


@pytest.fixture
def data(tmp_path: Path) -> tuple[str, ...]:
    return ("--data", str(Lab(tmp_path).parquet(people())), "--unit", "person_id")


def test_chart_is_written_beside_its_data_sheet(tmp_path: Path, data: tuple[str, ...]) -> None:
    assert run(tmp_path, BARS, *data, "--json") == 0
    written = {file.name for file in (tmp_path / "out").iterdir()}
    assert written == {"pay.svg", "pay.png", "pay.csv", "pay.xlsx"}
    assert (tmp_path / "out" / "pay.csv").read_text().startswith("region,mean")


def test_nothing_is_written_where_nothing_may_leave(
    tmp_path: Path, data: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, {**BARS, "by": ["region", "sex"], "where": "age = 30"}, *data, "--json") == 20
    assert not (tmp_path / "out").exists()
    told = capsys.readouterr()
    assert "no chart was written" in told.err
    assert json.loads(told.out)["verdict"] == "fail"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"statistic": "mean", "measure": "pay"}, "the query asks for no chart"),
        ({**BARS, "chart": {"kind": "box"}}, "chart.kind: box needs the statistic box"),
        ({**BARS, "chart": {"kind": "map"}}, "a map needs the boundaries of its areas"),
    ],
)
def test_chart_that_cannot_be_drawn_is_bad_input(
    tmp_path: Path, data: tuple[str, ...], capsys: pytest.CaptureFixture[str], query: dict[str, Any], message: str
) -> None:
    assert run(tmp_path, query, *data) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_map_is_drawn_from_the_boundaries_beside_the_data(tmp_path: Path, data: tuple[str, ...]) -> None:
    areas = [square(place, code=name) for place, name in enumerate("NSEW")]
    boundaries = tmp_path / "region.geojson"
    boundaries.write_text(json.dumps({"type": "FeatureCollection", "features": areas}))
    query = {**BARS, "chart": {"kind": "map"}}
    assert run(tmp_path, query, *data) == 0
    assert (tmp_path / "out" / "pay.svg").read_bytes().startswith(b"<?xml")
    boundaries.write_text("{}")
    assert run(tmp_path, query, *data) == 2
