"""What ``saferoom link`` tells beside the quality pack: nothing that the pack leaves blank."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.linkage import people, plan_of, write_csv

from saferoom.hub.cli.main import main

THRESHOLD = 10


def run(*words: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["link", *words])
    assert ended.value.code == 0


def told(folder: Path, capsys: pytest.CaptureFixture[str], left: int, right: int) -> dict[str, Any]:
    """Link so many records of one file with so many of another; return the summary, the same as is printed."""
    some = people(60, 5, errors=0.05, moved=0.0)
    write_csv(folder / "a.csv", some.left[:left])
    write_csv(folder / "b.csv", some.right[:right])
    (folder / "plan.yaml").write_text(json.dumps(plan_of("a", "b", one_to_one=True, threshold=0.9)), encoding="utf-8")
    run(str(folder / "plan.yaml"), "--out", str(folder / "out"), "--json")
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((folder / "out" / "summary.json").read_text())
    found: dict[str, Any] = printed
    return found


def pack(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "out" / "quality.json").read_text())
    return found


def test_of_a_handful_of_links_nothing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = told(tmp_path, capsys, 9, 9)
    assert pack(tmp_path)["precision"] is None
    assert (summary["estimated_precision"], summary["estimated_recall"]) == (None, None)
    assert summary["counts"] == {
        "records": {"a": None, "b": None},
        "candidate_pairs": None,
        "links": None,
        "entities": None,
    }
    rules = json.loads((tmp_path / "out" / "blocking.json").read_text())
    counts = [rule[name] for rule in rules for name in ("pairs", "left_out")]
    assert all(count is None or count >= THRESHOLD for count in counts)


def test_count_that_would_tell_a_blank_of_the_pack_is_blank(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nearly all of the small file are linked: its pack is blank, and links less linked of the large one told it."""
    summary = told(tmp_path, capsys, 45, 14)
    blank = [source for source in pack(tmp_path)["sources"] if source["linked"] is None]
    assert blank
    assert (summary["counts"]["links"], summary["counts"]["entities"]) == (None, None)
    for source in blank:
        assert summary["counts"]["records"][source["name"]] == source["records"]


def test_estimates_beside_the_pack_are_the_packs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = told(tmp_path, capsys, 45, 45)
    found = pack(tmp_path)
    assert found["precision"] is not None
    for what in ("precision", "recall"):
        assert summary[f"estimated_{what}"] == found[what]["value"] == round(found[what]["value"], 3)


def test_page_of_text_says_that_it_is_not_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(tmp_path, capsys, 9, 9)
    run(str(tmp_path / "plan.yaml"), "--out", str(tmp_path / "again"))
    printed = capsys.readouterr().out
    assert "(not told) pairs compared, (not told) links, (not told) entities" in printed
    assert "estimated precision: (not told)" in printed
