"""Files made to stop a linkage or to make it endless: everybody alike, and keys of which no pair is left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.linkage import plan_of, write_csv

from saferoom.projects.linkage import training
from saferoom.projects.linkage.engine_duckdb import opened
from saferoom.projects.linkage.linked import Linked
from saferoom.projects.linkage.linking import link
from saferoom.projects.linkage.plan import read_plan


def linked(folder: Path, plan: dict[str, Any]) -> Linked:
    read = read_plan(json.dumps(plan), "p")
    with opened(read, folder) as (connection, records):
        return link(connection, records, read)


def same(name: str, count: int) -> list[dict[str, str]]:
    who = {"given": "John", "surname": "Smith", "dob": "1970-01-01", "sex": "M", "postcode": "LS1 1AA"}
    return [{"rid": f"{name}{i}", **who, "address": "1 High Street"} for i in range(count)]


def test_key_that_everybody_shares_is_not_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # 10^5 equal records on either side are 10^10 pairs of each key, which would be counted one by one for hours.
    monkeypatch.setattr(training, "_MOST_SHARING", 10_000)
    for name in "ab":
        write_csv(tmp_path / f"{name}.csv", same(name, 1_000))
    made = linked(tmp_path, plan_of("a", "b"))
    assert made.counts["links"] == 0
    assert "the field 'given' could not be trained on; fixed probabilities were used" in made.warnings


def test_key_without_a_pair_left_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A few of very many pairs are drawn to be trained on: of a key whose pairs are few among them, none.
    monkeypatch.setattr(training, "_MOST_EM_PAIRS", 1)
    who = {"given": "John", "surname": "Smith", "sex": "M"}
    rows = [
        {
            "rid": f"a{i}",
            **who,
            "dob": f"19{50 + (i // 3) % 50}-0{1 + i % 9}-{10 + (i // 7) % 18}",
            "postcode": f"LS{1 + (i // 2) % 28} 1AA",
            "address": f"{i // 2} High Street",
        }
        for i in range(1_200)
    ]
    write_csv(tmp_path / "a.csv", rows)
    made = linked(tmp_path, plan_of("a"))
    assert made.counts["records"] == {"a": 1_200}
    assert any("could not be trained on" in said for said in made.warnings)
