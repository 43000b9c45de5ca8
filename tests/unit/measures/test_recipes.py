"""Recipes are checked before anything runs, and make one table out of statements, steps and weights, in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from saferoom.errors import BadInputError
from saferoom.policies.conform import conform
from saferoom.policies.document import read_document
from saferoom.projects.measures.making import make
from saferoom.projects.measures.recipe import Recipe

_RECIPE = """
uses: {people: census, pay: earnings}
make:
  - table: incomes
    sql:
      - select person, 2021 as cohort, pay as income from pay where pay > 0
      - select person, 2020 as cohort, 10 * pay as income from pay where pay < 0
  - table: ranks
    step: {name: income-ranks, version: 1, inputs: {incomes: incomes}}
  - table: known
    sql: >-
      select p.person, p.area, r.rank, r.rank is not null as found from people p
      left join ranks r on r.person = p.person
  - table: weighted
    weights: {of: known, linked: found, by: [area]}
"""


def _read(text: str) -> Recipe:
    return conform(read_document(text, "recipe.yaml"), Recipe)


@pytest.fixture
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create table people as select 'p' || i as person, i % 2 as area from range(100) t(i)")
        connection.execute("create table pay as select 'p' || i as person, i::double as pay from range(1, 81) t(i)")
        yield connection


def test_recipe_makes_its_last_table_with_weights(engine: duckdb.DuckDBPyConnection) -> None:
    made = make(engine, _read(_RECIPE))
    assert (made.table, made.rows) == ("weighted", 100)
    step, weights = made.told
    assert (step["step"], step["version"], step["rows"]) == ("income-ranks", 1, 80)
    assert weights["weights"]["linked"] == 80
    ((ranks, total),) = engine.execute("select count(rank), sum(linkage_weight) from weighted").fetchall()
    assert ranks == 80
    assert total == pytest.approx(100, abs=1)


def test_recipe_names_its_datasets_and_steps() -> None:
    recipe = _read(_RECIPE)
    assert recipe.datasets == ("census", "earnings")
    assert [use.name for use in recipe.steps] == ["income-ranks"]
    assert recipe.digest() == _read(_RECIPE).digest() != _read(_RECIPE.replace("10 * pay", "9 * pay")).digest()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version: 1", "version: 2", "income-ranks is version 1 now, and the recipe was written for 2"),
        ("name: income-ranks", "name: ranks", "there is no such step"),
        ("{incomes: incomes}", "{income: incomes}", "income-ranks reads incomes"),
        ("{incomes: incomes}}", "{incomes: incomes}, settings: {day: '2021-13-01'}}", "must be a date, as 2021-03-21"),
        ("{incomes: incomes}}", "{incomes: incomes}, settings: {years: 3}}", "has no setting 'years'"),
        ("from pay where pay > 0", "from wages", "reads 'wages', which is no dataset it uses and not made yet"),
        ("from pay where pay > 0", "from ranks", "reads 'ranks', which is no dataset it uses and not made yet"),
        ("from pay where pay > 0", "from read_csv('/etc/passwd')", "not allowed"),
        ("pay as income from pay where pay > 0", "getenv('HOME') as income from pay", "getenv"),
        ("select person, 2021", "copy pay to 'x'; select person, 2021", "exactly one piece of SQL"),
        ("select person, 2021 as cohort, pay as income from pay where pay > 0", "drop table pay", "single SELECT"),
        ("table: known", "table: people", "there are two tables 'people'"),
        ("of: known", "of: incomes", "nothing reads 'known'"),
        (
            "    weights: {of: known",
            "    sql: select 1\n    weights: {of: known",
            "made by one of sql, step, weights and association",
        ),
        ("uses: {people: census, pay: earnings}", "uses: {people: census, pay: earnings, x: y}", "nothing reads 'x'"),
    ],
)
def test_recipe_that_cannot_be_is_refused_with_a_sentence(old: str, new: str, said: str) -> None:
    assert old in _RECIPE
    with pytest.raises(BadInputError) as refused:
        _read(_RECIPE.replace(old, new, 1))
    assert said in refused.value.message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("alter table pay rename pay to wage", "incomes: a column is not there"),
        ("insert into pay values ('p1', 5)", "ranks: income-ranks: the input 'incomes' has several rows of one person"),
        ("delete from pay", "weighted: no record was linked"),
        ("insert into pay values ('x', 1e308), ('y', -1e308)", "incomes"),
    ],
)
def test_data_that_do_not_fit_are_refused_without_a_value(
    engine: duckdb.DuckDBPyConnection, change: str, said: str
) -> None:
    engine.execute(change)
    if "1e308" in change:  # an infinite number is refused by the step, in words
        said = "ranks: income-ranks: the input 'incomes' has 'income' that is no finite number"
    with pytest.raises(BadInputError) as refused:
        make(engine, _read(_RECIPE))
    assert refused.value.message.startswith(said)
    assert "p1" not in refused.value.message


def test_stacked_statements_are_matched_by_name(engine: duckdb.DuckDBPyConnection) -> None:
    text = """
uses: {pay: earnings}
make:
  - table: joint
    sql:
      - select person, pay as a from pay where pay <= 2
      - select pay as a, person from pay where pay > 79
"""
    make(engine, _read(text))
    found: list[tuple[Any, ...]] = engine.execute("select person, a from joint order by a").fetchall()
    assert found == [("p1", 1.0), ("p2", 2.0), ("p80", 80.0)]


_HOMES = """
uses: {census: census, patients: patients}
make:
  - table: forms
    sql: >-
      select person, address, make_date(2021, 3, 21) as first_day, make_date(2021, 3, 21) as last_day from census
  - table: lives_at
    association: {between: [person, address], evidence: [forms, patients], gap: 1}
  - table: stays
    sql: >-
      select person, address, coalesce(first_day, cast('2010-01-01' as date)) as begins, last_day as ends from lives_at
  - table: homes
    step: {name: household-from-address, version: 1, inputs: {stays: stays}, settings: {day: "2021-03-21"}}
"""


def test_association_of_persons_and_addresses_is_what_households_are_counted_from() -> None:
    with duckdb.connect() as engine:
        engine.execute("""
            create table census as from (values ('p', 'new'), ('q', 'new')) t(person, address);
            create table patients as from (values ('p', 'old', null, date '2015-06-01'),
                ('p', 'new', date '2021-03-22', null), ('r', null, null, null)) t(person, address, first_day, last_day)
        """)
        made = make(engine, _read(_HOMES))
        assert made.between is None
        told = {"rows": 5, "pairs": 3, "periods": 3, "left_missing": 0, "right_missing": 1}
        assert made.told[0] == {"table": "lives_at", "association": told}
        assert engine.execute("select person, household from homes order by person").fetchall() == [
            ("p", "new"),
            ("q", "new"),
        ]
        (joined,) = engine.execute("select first_day, records from lives_at where last_day is null").fetchall()
        assert joined == (date(2021, 3, 21), 2)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[person, address], e", "[person, Person], e", "'between' names one column twice; an association has two"),
        ("[person, address], e", "[person, records], e", "'between' names 'records', which an association makes"),
        ("[forms, patients]", "[forms, forms]", "'evidence' names a table twice, whose rows would count twice"),
        ("[forms, patients]", "[forms, homes]", "reads 'homes', which is no dataset it uses and not made yet"),
        ("gap: 1", "gap: -1", "gap"),
    ],
)
def test_association_that_cannot_be_is_refused_with_a_sentence(old: str, new: str, said: str) -> None:
    assert old in _HOMES
    with pytest.raises(BadInputError) as refused:
        _read(_HOMES.replace(old, new))
    assert said in refused.value.message


def test_recipe_without_associations_keeps_its_digest() -> None:
    assert _read(_RECIPE).digest() == "3faa5659b12a1e6aaf41931c82d6c8be8c4b09e252e4b36316c445ec3db3ce96"
