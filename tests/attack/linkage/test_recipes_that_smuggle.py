"""Recipes of derived datasets that would carry ids into extracts under a harmless name."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from saferoom.errors import BadInputError
from saferoom.hub.linkage import deriving_inside, sealed
from saferoom.hub.linkage.provisioner import LinkedSource
from saferoom.projects.catalogue.model import Dataset

_SOURCE: dict[str, Any] = {
    "name": "pupils",
    "title": "Pupils",
    "owner": "olga",
    "source": "pupils.csv",
    "units": ["person_id", "pupil_id", "seat"],
    "key": ["pupil_id"],
    "variables": [
        {"name": "surname", "type": "text", "role": "direct", "identifies": "surname"},
        {"name": "person_id", "type": "text", "role": "id", "linked_through": "person"},
        {"name": "pupil_id", "type": "text", "role": "id"},
        {"name": "seat", "type": "integer", "role": "id"},
        {"name": "points", "type": "integer"},
        {"name": "school", "type": "text"},
    ],
}
_ROWS = 1_500


def _derived(sql: str, kind: str, made: list[dict[str, Any]] | None) -> dict[str, Any]:
    return {
        "name": "scores",
        "title": "Scores",
        "owner": "nora",
        "source": "derived/scores.parquet",
        "units": ["person_id"],
        "linked_from": ["pupils"],
        "variables": [
            {"name": "person_id", "type": "text", "role": "id", "linked_through": "person"},
            {"name": "score", "type": kind, "role": "quasi"},
        ],
        "derived": {"uses": {"pupils": "pupils"}, "make": made or [{"table": "made", "sql": sql}]},
    }


def _make(monkeypatch: pytest.MonkeyPatch, sql: str, kind: str, made: list[dict[str, Any]] | None = None) -> int:
    """Derive a dataset as the provisioner's process does, with made-up rows and without files; return its rows."""

    def load(_zone: Any, connection: duckdb.DuckDBPyConnection, alias: str, _source: LinkedSource) -> None:
        connection.execute(
            f"CREATE TABLE {alias} AS SELECT md5(i::VARCHAR) AS person_id, printf('P%06d', i) AS pupil_id, "
            f"i AS seat, i % 90 AS points, 'school ' || i % 7 AS school FROM range({_ROWS}) t(i)"
        )

    def write(_path: Path, data: Any, *_: Any) -> Any:
        rows = sum(batch.num_rows for batch in data)
        return SimpleNamespace(to_json=lambda: {"rows": rows})

    monkeypatch.setattr(deriving_inside, "_load", load)
    monkeypatch.setattr(sealed, "write", write)
    source = LinkedSource(Dataset.model_validate_json(json.dumps(_SOURCE)), {}, (), {})
    document = {
        "dataset": _derived(sql, kind, made),
        "before": None,
        "twin": False,
        "delivery": {"id": "a" * 24, "dataset": "scores", "version": "1"},
        "sources": {"pupils": source.to_json()},
    }
    zone: Any = SimpleNamespace(publics={"provisioner": None}, progress=lambda *_: None)
    return int(deriving_inside.derive(zone, document)["stamp"]["rows"])


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("select person_id, person_id as score from pupils", "text"),
        ("select person_id, pupil_id as score from pupils", "text"),
        ("select person_id, case when points < 5 then pupil_id else school end as score from pupils", "text"),
        ("select person_id, seat as score from pupils", "integer"),
        ("select person_id, seat as score from pupils", "number"),
        # What is made of an id puts two projects' people together as the id does.
        ("select person_id, left(person_id, 12) as score from pupils", "text"),
        ("select person_id, upper(person_id) as score from pupils", "text"),
        ("select person_id, rank() over (order by person_id) as score from pupils", "integer"),
        ("select person_id, count(*) over (order by person_id) as score from pupils", "integer"),
        ("select person_id, seat * 2 as score from pupils", "integer"),
        ("select person_id, make_date(seat + 1000, 1, 1) as score from pupils", "date"),
        ("select person_id, case when pupil_id = 'P000123' then 1 else 0 end as score from pupils", "integer"),
        ("select person_id, sum(points) filter (where seat < 40) as score from pupils group by person_id", "integer"),
        ("with a as (select person_id, lower(pupil_id) u from pupils) select person_id, u as score from a", "text"),
    ],
)
def test_id_under_another_name_does_not_leave(monkeypatch: pytest.MonkeyPatch, sql: str, kind: str) -> None:
    with pytest.raises(BadInputError, match="score holds ids of what the dataset is made of"):
        _make(monkeypatch, sql, kind)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("select person_id, school as score from pupils", "text"),
        ("select person_id, points as score from pupils", "integer"),
        ("select person_id, points / 7 as score from pupils", "number"),
        ("select person_id, count(distinct pupil_id) as score from pupils group by person_id", "integer"),
        ("select p.person_id, q.points as score from pupils p join pupils q on q.seat = p.seat", "integer"),
        ("select person_id, rank() over (partition by seat order by points) as score from pupils", "integer"),
        ("select person_id, case when seat is null then 1 else 0 end as score from pupils", "integer"),
    ],
)
def test_variable_that_happens_to_have_small_numbers_leaves(
    monkeypatch: pytest.MonkeyPatch, sql: str, kind: str
) -> None:
    assert _make(monkeypatch, sql, kind) == _ROWS


def test_step_cannot_read_an_id_as_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranks of ids are their order."""
    incomes = {"table": "incomes", "sql": "select person_id as person, 1 as cohort, seat as income from pupils"}
    ranks = {"name": "income-ranks", "version": 1, "inputs": {"incomes": "incomes"}}
    last = {"table": "made", "sql": "select person as person_id, rank as score from ranked"}
    made: list[dict[str, Any]] = [incomes, {"table": "ranked", "step": ranks}, last]
    with pytest.raises(BadInputError, match="ranked: income holds ids"):
        _make(monkeypatch, "", "number", made)
