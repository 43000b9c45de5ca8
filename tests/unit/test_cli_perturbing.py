"""Changed numbers on the command line: where the secret comes from, and what ``saferoom suppress`` prints."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from tests.support.statistics_lab import Lab, people

from saferoom.hub.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, dict[str, Any], str]:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    out, err = capsys.readouterr()
    return int(caught.value.code or 0), json.loads(out) if out else {}, err


def test_query_takes_its_noise_from_the_history_folder_or_else_from_the_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = Lab(tmp_path).csv(people(900, 5), "people.csv")
    query = tmp_path / "q.json"
    asked = {"statistic": "frequency", "by": ["region", "sex"], "protect": {"method": "cell_key"}}
    query.write_text(json.dumps(asked))
    words = ("query", query, "--data", data, "--unit", "person_id", "--json")
    shown = {}
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        code, document, _ = run(capsys, *words, "--history", folder)
        assert code == 0
        assert stat.S_IMODE((folder / "noise.key").stat().st_mode) == 0o600
        assert run(capsys, *words, "--history", folder)[1]["protected"] == document["protected"]
        shown[name] = document["protected"]["rows"]
    assert shown["first"] != shown["second"]
    alone = run(capsys, *words)[1]["protected"]["rows"]
    assert run(capsys, *words)[1]["protected"]["rows"] == alone
    assert alone not in shown.values()
    other = Lab(tmp_path).csv([*people(900, 5), {**people(1, 5)[0], "person_id": 1}], "people.csv")
    assert run(capsys, *("query", query, "--data", other, "--unit", "person_id", "--json"))[1]["protected"] != alone


def test_key_of_noise_that_others_can_read_is_not_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = Lab(tmp_path).csv(people(300, 5), "people.csv")
    query = tmp_path / "q.json"
    query.write_text(json.dumps({"statistic": "frequency", "protect": {"method": "cell_key"}}))
    (tmp_path / "h").mkdir()
    (tmp_path / "h" / "noise.key").write_bytes(bytes(32))
    (tmp_path / "h" / "noise.key").chmod(0o644)
    code, document, err = run(
        capsys, "query", query, "--data", data, "--unit", "person_id", "--history", tmp_path / "h"
    )
    assert code == 1
    assert document == {}
    assert "0600" in err


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAFEROOM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


TABLE = "region,sex,count\nN,F,40\nN,M,3\nS,F,25\nS,M,62\nE,F,7\nE,M,31\n"


@pytest.mark.parametrize(
    ("protection", "code"),
    [
        ("{method: controlled_rounding}", 0),
        ("{method: round}", 0),
        ("{method: cell_key}", 0),
        ("{method: controlled_rounding, base: 5}", 20),
        ("{method: round, base: 5}", 20),
        ("{method: cell_key, D: 2, js: 5}", 2),
        ("{method: suppress, base: 5}", 2),
    ],
)
def test_suppress_changes_counts_by_the_named_method(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], protection: str, code: int
) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    (tmp_path / "s.yaml").write_text(
        f"dimensions: [region, sex]\nvalue: count\ncount: count\nprotection: {protection}\n"
    )
    found, document, err = run(capsys, "suppress", tmp_path / "t.csv", "--spec", tmp_path / "s.yaml", "--json")
    assert found == code, err
    if code == 2:
        assert "belongs to" in err or "smaller than D" in err
        return
    true = {("N", "M"): 3, ("E", "F"): 7}
    for cell in document["cells"]:
        low, high = cell["interval"]
        assert low <= true.get(tuple(cell["cell"]), (low + high) / 2) <= high
        if code == 0 and tuple(cell["cell"]) in true:
            assert cell["value"] in (0, *range(10, 18))
            assert low == 0 or high >= 10
    assert document["audit"]["holds"] is (code == 0)


def test_suppress_cuts_values_only_where_the_step_hides_who_dominates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.csv").write_text("region,count,value,top1,top2\nN,20,1000,800,20\nS,30,1500,100,90\n")
    for digits, code in ((4, 20), (1, 20)):
        head = "dimensions: [region]\nvalue: value\ncount: count\ntop: [top1, top2]\n"
        spec = f"{head}protection: {{method: significant, digits: {digits}}}\n"
        (tmp_path / "s.yaml").write_text(spec)
        assert run(capsys, "suppress", tmp_path / "t.csv", "--spec", tmp_path / "s.yaml", "--json")[0] == code
    (tmp_path / "s.yaml").write_text(
        "dimensions: [region]\nvalue: value\ncount: count\ntop: [top1, top2]\n"
        "protection: {method: controlled_rounding, base: 3000}\n"
    )
    code, document, _ = run(capsys, "suppress", tmp_path / "t.csv", "--spec", tmp_path / "s.yaml", "--json")
    assert code == 0
    assert {cell["value"] for cell in document["cells"]} <= {0, 3000}


@pytest.mark.parametrize("method", ["cell_key", "random_rounding"])
def test_suppress_draws_noise_by_the_table_however_its_file_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], home: Path, method: str
) -> None:
    header, *lines = TABLE.splitlines()
    shown = []
    for name, text in {
        "as.csv": TABLE,
        "turned.csv": "\n".join([header, *reversed(lines)]) + "\n",
        "semicolons.csv": "\ufeff" + TABLE.replace(",", ";"),
        "other.csv": TABLE.replace("62", "63"),
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / "s.yaml").write_text(
            f"dimensions: [region, sex]\nvalue: count\ncount: count\nprotection: {{method: {method}}}\n"
        )
        code, document, err = run(capsys, "suppress", tmp_path / name, "--spec", tmp_path / "s.yaml", "--json")
        assert code in (0, 20), err
        shown.append({tuple(cell["cell"]): cell["value"] for cell in document["cells"]})
    assert shown[0] == shown[1] == shown[2]
    assert stat.S_IMODE((home / "keys" / "noise.key").stat().st_mode) == 0o600
    if method == "cell_key":
        assert {cell: shown[3][cell] for cell in shown[0]} != shown[0]


def test_suppress_without_a_place_for_its_key_releases_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    home.write_text("not a folder")
    (tmp_path / "t.csv").write_text(TABLE)
    (tmp_path / "s.yaml").write_text(
        "dimensions: [region, sex]\nvalue: count\ncount: count\nprotection: {method: cell_key}\n"
    )
    code, document, err = run(capsys, "suppress", tmp_path / "t.csv", "--spec", tmp_path / "s.yaml")
    assert (code, document) == (1, {})
    assert "SAFEROOM_HOME" in err
