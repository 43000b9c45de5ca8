"""A query is refused before Spark sees it: functions, files and settings of Spark's are nobody's to use."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.plan import make_plan
from saferoom.disclosure.queries.relations import Column, Relation
from saferoom.disclosure.queries.spark.compiling import compile_statement
from saferoom.errors import BadInputError

PEOPLE = Relation.of("people", "people", [Column(name, name) for name in ("age", "name")])

REACHING = (
    "reflect('java.lang.Runtime', 'getRuntime')",
    "java_method('java.lang.System', 'getProperty', 'user.home')",
    "try_reflect('java.lang.System', 'getenv')",
    "input_file_name()",
    "current_user()",
    "spark_partition_id()",
    "raise_error('x')",
    "monotonically_increasing_id()",
    "from_json(name, 'a INT')",
    "aes_decrypt(name, name)",
    "saferoom_0123456789abcdef01234567(age)",
    "age + rand()",
    "transform(array(age), x -> x)",
    "name rlike '(a+)+$'",
    "`age`",
    "${spark.driver.host}",
)


@pytest.mark.parametrize("expression", REACHING)
def test_expression_with_a_function_of_sparks_is_refused_by_the_allow_list(expression: str) -> None:
    for query in (
        {"statistic": "mean", "measure": expression},
        {"statistic": "frequency", "where": f"{expression} is not null"},
        {"statistic": "frequency", "derive": {"x": expression}, "by": ["x"]},
    ):
        with pytest.raises(BadInputError):
            make_plan(parse_query(query), [PEOPLE])


@pytest.mark.parametrize(
    "view",
    [
        "select * from parquet.`/etc`",
        "select * from csv.`/etc/passwd`",
        "select * from read_files('/etc/passwd')",
        "select age from people lateral view explode(array(1)) t as x",
        "select transform(age) using 'cat' from people",
        "select age from people tablesample (10 rows)",
        "set spark.sql.ansi.enabled=false",
        "select age from people; add jar 'file:///tmp/x.jar'",
        "create temporary function f as 'x'",
        "select /*+ broadcast(people) */ input_file_name() from people",
        "select * from global_temp.people",
        "select * from _source0",
        "select `age` from people",
    ],
)
def test_view_that_reaches_beyond_the_datasets_is_refused_by_the_allow_list(view: str) -> None:
    with pytest.raises(BadInputError):
        make_plan(parse_query({"statistic": "frequency", "from": "v", "views": {"v": view}}), [PEOPLE])


@pytest.mark.parametrize("key", ["engine", "spark", "master", "settings"])
@pytest.mark.parametrize("place", [None, "options", "protect"])
def test_query_that_chooses_the_engine_or_its_settings_is_refused(key: str, place: str | None) -> None:
    chosen: dict[str, Any] = {key: "spark"}
    query = {"statistic": "frequency", **(chosen if place is None else {place: chosen})}
    with pytest.raises(BadInputError, match="no such key"):
        parse_query(query)


def described(sql: str) -> list[str]:
    """Return what types DuckDB says that the columns of `sql` have."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE people (age BIGINT, name VARCHAR)")
        try:
            return [str(row[1]) for row in connection.execute(f"DESCRIBE {sql}").fetchall()]
        except duckdb.Error:
            raise BadInputError("does not fit together") from None


@pytest.mark.parametrize(
    "sql",
    [
        "SET spark.sql.ansi.enabled = false",
        "INSERT INTO people VALUES (1)",
        "COPY people TO '/tmp/x'",
        "SELECT * FROM read_parquet('/etc/passwd')",
        "SELECT * FROM other.people",
        "SELECT age FROM people TABLESAMPLE 10 ROWS",
        "SELECT list_transform([age], lambda x: x) FROM people",
        "SELECT age FROM people WINDOW w AS (ORDER BY age)",
        "PIVOT people ON age",
        "SELECT unnest([age]) FROM people",
        "not SQL (",
    ],
)
def test_compiler_passes_nothing_on_that_it_does_not_know(sql: str) -> None:
    with pytest.raises(BadInputError):
        compile_statement(sql, described, {"people": "_source0"})


def test_text_in_a_query_stays_a_text_for_spark() -> None:
    sql = "SELECT age FROM people WHERE name = 'x'' OR 1=1 --' OR name = '\\' OR name = '`; DROP TABLE a'"
    compiled = compile_statement(sql, described, {"people": "_source0"}).sql
    assert compiled.endswith("WHERE name = 'x\\' OR 1=1 --' OR name = '\\\\' OR name = '`; DROP TABLE a'")
