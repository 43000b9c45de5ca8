"""Equivalent forms of SQL mean the same before and after they are rewritten, and keep following the units' ids."""

from __future__ import annotations

import duckdb
import pytest

from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.relations import Column, Relation
from saferoom.disclosure.queries.views import ViewReader

TABLES = """
create table people as select i as person_id, i % 7 as region, i % 3 as sex, (i * 37) % 60 as age from range(40) t(i);
create table jobs as select (i * 5) % 50 as person_id, i % 4 as sector, i as wage from range(30) t(i);
"""

SAME = [
    "select sex, sum(age) filter (where age > 20) as s, count(*) filter (where age > 20) as n from people group by sex",
    "select sex, avg(age) filter (where region = 1 or region = 2) as m from people group by 1",
    "select sex, region, count(*) as n from people group by 1, 2",
    "select age + 1 as older, count(*) as n from people group by 1",
    "select p.person_id, p.age from people p semi join jobs j on p.person_id = j.person_id",
    "select p.person_id, p.age from people p anti join jobs j on p.person_id = j.person_id",
    "select person_id, age from people semi join jobs using (person_id) where age > 10",
    "select person_id, age from people anti join jobs using (person_id) where age > 10 or age < 3",
    "select p.person_id from people p anti join jobs j on (j.person_id = p.person_id and j.sector = p.sex)",
    "select * exclude (age) from people",
    "select p.* exclude (age, sex), wage from people p join jobs using (person_id)",
    "select person_id, median(wage) as m, stddev_samp(wage) as s, bool_or(wage > 20) as b from jobs group by person_id",
]


def relation(name: str, columns: tuple[str, ...]) -> Relation:
    found = [
        Column(column, column, "person_id" if column == "person_id" else None, frozenset({f"{name}.{column}"}))
        for column in columns
    ]
    return Relation.of(name, name, found, (), frozenset({name}))


def read(view: str) -> tuple[str, Relation]:
    known = {
        "people": relation("people", ("person_id", "region", "sex", "age")),
        "jobs": relation("jobs", ("person_id", "sector", "wage")),
    }
    tree, found = ViewReader(known, "views.v").read(language.parse_select(view, "views.v"), "v", "_v1")
    return language.write(tree), found


@pytest.mark.parametrize("view", SAME)
def test_rewritten_view_yields_the_same_rows(view: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        expected = connection.sql(view).order("all").fetchall()
        assert connection.sql(read(view)[0]).order("all").fetchall() == expected
    assert expected


@pytest.mark.parametrize("kind", ["semi", "anti"])
def test_semi_and_anti_joins_along_ids_carry_them(kind: str) -> None:
    found = read(f"select p.person_id, p.age from people p {kind} join jobs j on p.person_id = j.person_id")[1]
    assert [column.unit for column in found.units] == ["person_id"]
    assert found.doubts == ()


@pytest.mark.parametrize("kind", ["semi", "anti"])
def test_joining_other_peoples_rows_by_a_category_raises_no_pass_without_their_ids(kind: str) -> None:
    found = read(f"select p.person_id, p.age from people p {kind} join jobs j on p.sex = j.sector")[1]
    assert found.doubts


def test_filter_of_an_aggregate_counts_as_a_condition() -> None:
    found = read("select person_id, sum(wage) filter (where wage > 20) as s from jobs group by person_id")[1]
    column = found.find("s")
    assert column is not None
    assert column.conditional
