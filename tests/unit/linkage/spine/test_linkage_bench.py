"""The linkage benchmark's own arithmetic: rates, goals, the page, and files that are the same everywhere."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import duckdb
import pytest

from saferoom.errors import BadInputError
from saferoom.hub.bench import linkage
from saferoom.hub.bench.linkage_world import synthetic
from saferoom.hub.bench.measure import Run


def _found(f1: float, least: float) -> dict[str, Any]:
    seconds = {"link": least * 1.1, "processor": least}
    return {"f1": f1, "precision": f1, "recall": f1, "links": 1, "seconds": seconds, "least": {"link": least},
            "peak_mib": 300.0}  # fmt: skip


def _result(ours: float, theirs: float, f1: float, gap: float) -> dict[str, Any]:
    contestants = {name: _found(f1, theirs if name.startswith("splink") else ours) for name in linkage.WHAT}
    rates = {"white": {"pairs": 900, "recall": 0.99}, "black": {"pairs": 100, "recall": 0.99 - gap}}
    way = {"precision": 0.999, "recall": 0.98, "links": 1, "pairs": 1000, "groups": {"ethnic_group": rates},
           "gaps": {"ethnic_group": gap}}  # fmt: skip
    groups = {what: dict.fromkeys(("keys", "model", "relatives"), way) for what in ("parent and child", "household")}
    febrl = {"without the id": contestants, "with the id": contestants}
    scaling = [{"rows": 100_000, "seconds": 9.0, "processor": 8.0, "peak_mib": 700.0, "precision": 1.0, "recall": 0.9}]
    goals = [*linkage._febrl_goals(febrl), *linkage._scaling_goals(scaling), *linkage._group_goals(groups)]
    return {
        "bench": "linkage", "machine": {"processors": 2, "python": "3.11", "system": "x"}, "what": linkage.WHAT,
        "febrl4": febrl, "scaling": scaling, "groups": groups, "goals": goals,
        "holds": all(goal["holds"] for goal in goals),
    }  # fmt: skip


def test_goals_hold_or_not_by_what_was_found() -> None:
    assert _result(1.0, 1.0, 1.0, 0.01)["holds"]
    broken = _result(1.3, 1.0, 0.9, 0.03)
    assert [goal["holds"] for goal in broken["goals"]] == [False] * 4 + [True, True, True, False, True, True, False]


def test_the_page_and_the_report_tell_every_contestant_group_and_promise() -> None:
    result = _result(1.0, 2.0, 0.9996, 0.01)
    page = linkage.page(result)
    lines: list[str] = []
    linkage.report(result, lines.append)
    for name in linkage.WHAT:
        assert f"| {name} |" in page
        assert any(line.startswith(f"  {name} ") for line in lines)
    assert "| white | black |" in page
    assert "0.50 |" in page
    for goal in result["goals"]:
        assert f"- {goal['promise']}: holds" in page
        assert any(goal["promise"] in line for line in lines)


def test_links_are_right_where_the_ids_name_one_person() -> None:
    run = Run({"link": 1.0}, 1.0, 1.0, {"links": [("rec-1-org", "rec-1-dup-0"), ("rec-2-org", "rec-3-dup-0")]})
    found = linkage._quality(run, 4, "-", 1)
    assert found == {"links": 2, "precision": 0.5, "recall": 0.25, "f1": pytest.approx(1 / 3)}


@pytest.mark.parametrize("rows", [1, 9_999, 5_000_001])
def test_sizes_that_say_nothing_or_too_much_are_refused(rows: int) -> None:
    with pytest.raises(BadInputError, match="--rows"):
        linkage.run(rows, lambda _: None)


def test_synthetic_files_are_the_same_every_time_and_nine_in_ten_are_in_both(tmp_path: Path) -> None:
    digests = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        files = synthetic(folder, 5_000, lambda _: None)
        rows = [duckdb.execute(f"SELECT * FROM '{file}' ORDER BY ALL").fetchall() for file in files]
        digests.append(hashlib.sha256(repr(rows).encode()).hexdigest())
        assert [len(one) for one in rows] == [5_000, 5_000]
    assert digests[0] == digests[1]
    people = [{str(row[0]).partition("-")[0] for row in one} for one in rows]
    assert len(people[0] & people[1]) / 5_000 == pytest.approx(0.9, abs=0.02)
    assert files == synthetic(tmp_path / "two", 5_000, lambda _: pytest.fail("made twice"))
