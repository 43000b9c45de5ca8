"""Queries that fail, or come out otherwise, because of one person's row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from saferoom.disclosure.privacy.guards import guarded
from saferoom.disclosure.privacy.locality import check
from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.engine import Engine, Limits
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.plan import make_plan, with_clause
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError

PEOPLE = """
    SELECT * FROM (VALUES (1, 'n', 10::TINYINT, '4'), (2, 's', 20::TINYINT, '5'), (3, 'n', 127::TINYINT, 'x'),
    (4, 's', NULL, NULL), (5, 'n', 0::TINYINT, '0')) t(person_id, region, pay, code)
"""
JOBS = """
    SELECT * FROM (VALUES (1, 'n', 5::BIGINT), (1, 's', 5::BIGINT), (2, 'n', 7::BIGINT),
    (3, 'n', 9223372036854775807), (3, 's', 9223372036854775807)) t(person_id, region, wage)
"""
LOOKUP = "SELECT * FROM (VALUES (4, 'four'), (5, 'five'), (6, 'six')) t(code, word)"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """People, one of whom has values that much cannot be computed with, their jobs, and a table about nobody."""
    folder = tmp_path_factory.mktemp("guards")
    with Engine(
        [
            _source(folder, "people", PEOPLE, ("person_id",)),
            _source(folder, "jobs", JOBS, ("person_id",)),
            _source(folder, "lookup", LOOKUP, ()),
        ],
        Limits(threads=1),
    ) as engine:
        yield engine


def _source(folder: Path, name: str, sql: str, units: tuple[str, ...]) -> Source:
    path = folder / f"{name}.parquet"
    duckdb.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
    return Source(name, path, units)


def _found(engine: Engine, *views: str, guard: bool = True) -> list[tuple[Any, ...]]:
    named = {f"v{number}": text for number, text in enumerate(views, start=1)}
    plan = make_plan(
        parse_query({"statistic": "frequency", "views": named, "from": f"v{len(views)}"}), engine.relations
    )
    local = check(plan, engine.relations, "person_id")
    if guard:
        plan = guarded(plan, engine)
    columns = ", ".join(f'"{column.sql_name}"' for column in plan.relation.columns.values())
    unit = language.write(local.unit)
    return sorted(
        engine.rows(f'{with_clause(plan)}SELECT {columns} FROM "{plan.relation.sql_name}" WHERE {unit} IS NOT NULL'),
        key=str,
    )


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("select person_id, cast(code as int) as x from people", [(1, 4), (2, 5), (3, None), (4, None), (5, 0)]),
        (
            "select person_id, cast(case when pay = 127 then 'x' else '1' end as int) as x from people",
            [(1, 1), (2, 1), (3, None), (4, 1), (5, 1)],
        ),
        ("select person_id, code from people where cast(code as int) > 4", [(2, "5")]),
        ("select person_id, region from people where code = 4", [(1, "n")]),
        ("select person_id, cast(pay * 2 as tinyint) as x from people where pay > 20", [(3, None)]),
        ("select person_id, 10 // pay as x from people where region = 'n'", [(1, 1), (3, 0), (5, None)]),
        ("select person_id, 10 % pay as x from people where region = 'n'", [(1, 0), (3, 10), (5, None)]),
        ("select person_id, make_date(2020, pay, 1) as x from people where pay > 100", [(3, None)]),
        (
            "select person_id, sum(cast(code as int)) as x from people where pay > 15 group by person_id",
            [(2, 5), (3, None)],
        ),
        (
            "select person_id, count(*) as n, cast(max(code) as int) as x from people where pay > 15 "
            "group by person_id",
            [(2, 1, 5), (3, 1, None)],
        ),
        (
            "select person_id, region from people group by person_id, region having cast(max(code) as int) > 4",
            [(2, "s")],
        ),
        (
            "select person_id, cast(code as int) as x from people where pay > 15 group by person_id, cast(code as int)",
            [(2, 5), (3, None)],
        ),
        (
            "select person_id, max(cast(code as int)) over (partition by person_id) as x from people where pay > 15",
            [(2, 5), (3, None)],
        ),
        (
            "select person_id, 10 // sum(pay) over (partition by person_id) as x from people where region = 'n'",
            [(1, 1), (3, 0), (5, None)],
        ),
        (
            "select person_id, region from people "
            "qualify cast(max(code) over (partition by person_id, cast(code as int)) as int) > 4",
            [(2, "s")],
        ),
        ("select p.person_id, l.word from people p join lookup l on p.code = l.code", [(1, "four"), (2, "five")]),
        (
            "select p.person_id, l.word from people p join lookup l on cast(p.code as int) = l.code and l.code > 4",
            [(2, "five")],
        ),
        (
            "select p.person_id, j.wage from people p left join jobs j on p.person_id = j.person_id "
            "and cast(p.code as int) > 4",
            [(1, None), (2, 7), (3, None), (4, None), (5, None)],
        ),
        (
            "with c as (select person_id, cast(code as int) as x from people where pay > 15) "
            "select c.person_id, s.y, c.x + s.y as z from c join (select person_id, cast(code as int) as y "
            "from people) s using (person_id)",
            [(2, 5, 10), (3, None, None)],
        ),
    ],
)
def test_row_that_cannot_be_computed_makes_no_query_fail(engine: Engine, view: str, expected: list[Any]) -> None:
    assert _found(engine, view) == expected


def test_totals_that_run_over_make_no_query_fail(engine: Engine) -> None:
    squares = "select person_id, sum(wage) * sum(wage) as s from jobs group by person_id"
    with pytest.raises(BadInputError):
        _found(engine, squares.replace("sum(wage)", "cast(sum(wage) as bigint)"), guard=False)
    found = _found(engine, squares, "select person_id, sum(s * 1.5) as s from v1 group by person_id")
    assert [row[0] for row in found] == [1, 2, 3]
    assert found[0] == (1, 150.0)


@pytest.mark.parametrize(
    ("views", "expected"),
    [
        (
            [
                "select person_id, count(*) as n, max(wage) - min(wage) as d from jobs where wage < 10 "
                "group by person_id"
            ],
            [(1, 2, 0), (2, 1, 0)],
        ),
        (
            [
                "select person_id, region, sum(wage) as s, "
                "rank() over (partition by person_id order by sum(wage), region "
                "desc) as r from jobs where wage < 10 group by person_id, region having count(*) = 1 "
                "qualify rank() over (partition by person_id order by sum(wage), region desc) = 1"
            ],
            [(1, "s", 5, 1), (2, "n", 7, 1)],
        ),
        (
            ["select distinct person_id, count(distinct region) as n from jobs group by person_id"],
            [(1, 2), (2, 1), (3, 2)],
        ),
        (
            ["select distinct person_id, count(*) over (partition by person_id) as n from jobs"],
            [(1, 2), (2, 1), (3, 2)],
        ),
        (
            ["select person_id, lag(region, 1, null) over (partition by person_id order by region) as b from jobs"],
            [(1, "n"), (1, None), (2, None), (3, "n"), (3, None)],
        ),
        (
            [
                "select person_id, row_number() over (partition by person_id order by 1) as k, region from jobs",
                "select person_id, region from v1 where k = 1",
            ],
            [(1, "n"), (2, "n"), (3, "n")],
        ),
        (
            [
                "select person_id, sum(wage) over (partition by person_id order by region rows between 1 preceding and "
                "current row) as s from jobs where wage < 10"
            ],
            [(1, 10), (1, 5), (2, 7)],
        ),
        (["select person_id, j.region from people p full join jobs j using (person_id) where j.wage = 7"], [(2, "n")]),
    ],
)
def test_ordinary_views_give_what_they_gave(engine: Engine, views: list[str], expected: list[Any]) -> None:
    assert _found(engine, *views) == expected
    assert _found(engine, *views, guard=False) == expected


@pytest.mark.parametrize("function", ["row_number()", "lag(wage)", "first_value(wage)", "ntile(2)", "last_value(wage)"])
def test_rows_that_an_order_leaves_equal_come_in_no_order_of_the_file(tmp_path: Path, function: str) -> None:
    rows = [(1, number % 3, number) for number in range(7)]
    view = f"select person_id, wage, {function} over (partition by person_id order by grade) as k from jobs"
    found = []
    for number, order in enumerate((rows, rows[::-1], [*rows[3:], *rows[:3]])):
        values = ", ".join(map(str, order))
        source = _source(
            tmp_path, f"jobs{number}", f"SELECT * FROM (VALUES {values}) t(person_id, grade, wage)", ("person_id",)
        )
        with Engine([Source("jobs", source.path, source.units)], Limits(threads=1)) as engine:
            found.append(_found(engine, view))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("view", "why"),
    [
        ("select person_id, ntile(pay) over (partition by person_id order by pay) as k from people", "ntile"),
        ("select person_id, ntile(0) over (partition by person_id order by pay) as k from people", "ntile"),
        ("select person_id, lag(pay, pay) over (partition by person_id order by pay) as k from people", "ntile, lag"),
        ("select person_id, lag(pay, 1, code) over (partition by person_id order by pay) as k from people", "lag"),
        (
            "select person_id, sum(pay) over (partition by person_id order by pay range between 100 preceding and "
            "current row) as k from people",
            "ROWS BETWEEN",
        ),
        (
            "select person_id, sum(pay) over (partition by person_id order by pay rows between pay preceding and "
            "current row) as k from people",
            "ROWS BETWEEN",
        ),
        ("select person_id, word from people join lookup using (code)", "USING has another type"),
    ],
)
def test_what_would_be_computed_row_by_row_is_refused_whatever_the_rows(engine: Engine, view: str, why: str) -> None:
    with pytest.raises(BadInputError, match=rf"views\.v1: .*{why}"):
        _found(engine, view)
