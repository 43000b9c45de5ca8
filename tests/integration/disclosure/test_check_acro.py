"""``saferoom check`` of a finalised ACRO session: commands are computed again, statuses are not believed."""

from __future__ import annotations

import csv
import io
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from saferoom.digests import sha256


def people() -> list[list[Any]]:
    dice = random.Random(4)
    return [[i, dice.choice("NSE"), dice.choice("FM"), round(dice.lognormvariate(3, 0.4), 2)] for i in range(900)]


def as_csv(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def crosstab(rows: list[list[Any]]) -> list[list[Any]]:
    return [
        ["region", "F", "M"],
        *([r, *(sum(row[1] == r and row[2] == s for row in rows) for s in "FM")] for r in "ENS"),
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = people()
    (tmp_path / "people.csv").write_bytes(as_csv([["person_id", "region", "sex", "pay"], *rows]))
    wrong = crosstab(rows)
    wrong[1][1] += 10
    outputs = {
        "output_0": ("acro.crosstab(df.region, df.sex)", as_csv(crosstab(rows))),
        "output_1": ("acro.crosstab(df.region, df.sex)", as_csv(wrong)),
        "output_2": ("custom", as_csv([["person_id", "pay"], *([row[0], row[3]] for row in rows[:300])])),
        "output_3": ("acro.crosstab(df.region, df.nowhere)", as_csv([["region", "share"], ["N", 0.5]])),
    }
    files = {f"{name}_0.csv": data for name, (_, data) in outputs.items()}
    results = {
        name: {"uid": name, "status": "pass", "type": "table", "files": [{"name": f"{name}_0.csv"}], "command": command}
        for name, (command, _) in outputs.items()
    }
    files["results.json"] = json.dumps({"version": "1.0.2", "results": results}).encode()
    sums = {f"checksums/{name}.txt": sha256(data).encode() for name, data in files.items()}
    for name, data in {**files, **sums, "stranger.txt": b"hello\n", "config.json": b"{}"}.items():
        path = tmp_path / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path


def check(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-P", "-m", "saferoom.hub.cli.main", "check", "out", *arguments, "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


def test_session_is_judged_output_by_output(folder: Path) -> None:
    (folder / "out/output_3_0.csv").write_bytes(b"region,share\nN,0.51\n")
    code, found = check(folder, "--data", "people.csv", "--unit", "person_id")
    assert (code, found["verdict"]) == (20, "fail")
    by_name = {Path(file["file"]).name: file for file in found["files"]}
    rules = {name: {finding["rule"] for finding in file["findings"]} for name, file in by_name.items()}
    assert set(by_name) == {*(f"output_{n}_0.csv" for n in range(4)), "stranger.txt"}
    assert by_name["output_0_0.csv"]["verdict"] == "pass"
    assert by_name["output_1_0.csv"]["verdict"] == "review"
    assert "acro-differs" in rules["output_1_0.csv"]
    assert by_name["output_2_0.csv"]["verdict"] == "fail"
    assert {"acro-not-redone", "acro-altered"} <= rules["output_3_0.csv"]
    assert "acro-unlisted" in rules["stranger.txt"]


def test_session_without_its_data_needs_people(folder: Path) -> None:
    (folder / "out/output_2_0.csv").unlink()
    results = json.loads((folder / "out/results.json").read_bytes())
    del results["results"]["output_2"]
    (folder / "out/results.json").write_text(json.dumps(results))
    code, found = check(folder)
    assert (code, found["verdict"]) == (10, "review")
    assert all(file["verdict"] == "review" for file in found["files"])


def test_broken_session_is_bad_input(folder: Path) -> None:
    (folder / "out/results.json").write_text("{")
    assert check(folder)[0] == 2
    (folder / "out/results.json").write_text('{"version": "1", "results": {}}')
    for path in (folder / "out").glob("*.csv"):
        path.unlink()
    (folder / "out/stranger.txt").unlink()
    assert check(folder)[0] == 2
