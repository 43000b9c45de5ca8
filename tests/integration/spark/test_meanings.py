"""Expressions that engines understand differently mean with Spark what they mean with DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.spark import SMALL, differences

from saferoom.disclosure.queries.engine import Engine, Limits
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.queries.spark.engine import SparkEngine
from saferoom.errors import BadInputError, UnavailableError

pytestmark = pytest.mark.spark

EXPRESSIONS = (
    *("pay / (age - 16)", "-pay / (age - 16)", "(age - 16) / (age - 16)", "hours / 3", "bonus / 3", "age / 7"),
    *("age // 7", "(age - 40) // 7", "(age - 40) % 7", "-age", "abs(age - 40)", "bonus * 1.1", "hours * 1.1"),
    *("age + hours", "pay * pay", "power(age - 40, 3)", "power(-8, 1.0 / 3)", "exp(age)", "sqrt(age - 40)"),
    *("ln(age - 40)", "log(age - 40)", "log(2, age)", "log10(pay)", "sign(age - 40)", "floor(-bonus)", "ceil(-pay)"),
    *("floor(age)", "floor(hours)", "round(pay)", "round(pay / 3, 2)", "round(-pay / 2)", "round(hours)"),
    *("round(age, -1)", "round(bonus, 1)", "cast(pay as int)", "cast(hours as int)", "cast(bonus as double)"),
    *("cast(pay as varchar)", "cast(bonus as varchar)", "cast(hours as varchar)", "cast(age as varchar)"),
    *("cast(works as int)", "cast(born as varchar)", "try_cast(name as int)", "try_cast('1.5d' as double)"),
    *("try_cast('1e2' as int)", "cast('2020-02-03' as date)", "greatest(age, hours, null)", "least(pay, bonus)"),
    *("coalesce(bonus, age)", "coalesce(name, 'none')", "nullif(age, 40)", "if(works, age, 1.5)"),
    *("case when works then age else pay end", "case sex when 'F' then 1 else 2 end", "case when works then name end"),
    *("name = 'Åsa'", "name < 'b'", "name like 'o%'", "name like '%b\\c'", "name ilike 'ÅSA'", "name in ('Åsa', 'x')"),
    *("name is null", "name is not distinct from null", "bonus = 0.1", "bonus between 1 and 2", "works = true"),
    *("upper(name)", "lower(name)", "length(name)", "trim(name)", "substring(name, 0, 3)", "substring(name, -3, 2)"),
    *("left(name, -1)", "right(name, 2)", "year(born)", "month(born)", "quarter(seen)", "extract(week from born)"),
    *("date_diff('month', born, cast(seen as date))", "date_diff('week', born, cast(seen as date))"),
    *("date_trunc('quarter', born)", "make_date(2020, month(born), 1)", "born + 30", "seen > '2018-01-01'"),
    *("born >= '1998-01-01' and (works or age > 40)", "not works", "case when age > 40 then ln(age - 40) end"),
)


@pytest.fixture(scope="module")
def engines(people: Source) -> Iterator[tuple[Engine, SparkEngine]]:
    """Return both engines, open."""
    with Engine([people], Limits()) as one, SparkEngine([people], Limits(), SMALL) as other:
        yield one, other


def test_expressions_mean_the_same(engines: tuple[Engine, SparkEngine]) -> None:
    items = ", ".join(f"{text} AS x{i}" for i, text in enumerate(EXPRESSIONS))
    sql = f'SELECT {items} FROM "people" ORDER BY person_id LIMIT 120'
    first, second = (engine.rows(sql) for engine in engines)
    found = [
        f"{EXPRESSIONS[int(place.split('[')[2].split(']')[0])]} {place}"
        for place in differences([list(map(_plain, row)) for row in first], [list(map(_plain, row)) for row in second])
    ]
    assert found == []
    assert engines[0].types(sql) == engines[1].types(sql)


def _plain(value: object) -> object:
    # What is no number is not even itself.
    return str(value) if isinstance(value, float) and (value != value or abs(value) == float("inf")) else value


TOTALS = (
    *("count(*)", "count(bonus)", "count(DISTINCT region)", "sum(age)", "sum(hours)", "sum(bonus)", "avg(hours)"),
    *("avg(age)", "min(name)", "max(born)", "max(pay, 3)", "(max(pay, 3))[2]", "(max(pay, 3))[9]", "median(age)"),
    *("quantile_cont(pay, 0.3)", "quantile_cont(age, [0.1, 0.9])", "median(bonus)", "var_samp(pay)", "stddev(bonus)"),
    *("bool_or(age > 79)", "bool_and(works)", "mode(age > 30)", "fsum(pay)", "product(1 - hours / 1000)"),
    *("sum(pay) FILTER (WHERE works)", "count(*) FILTER (WHERE name IS NULL)", "ln(sum(pay)) / count(*)"),
    "first(age ORDER BY pay DESC, age) FILTER (WHERE works)",
)


def test_totals_mean_the_same(engines: tuple[Engine, SparkEngine]) -> None:
    sql = f'SELECT region, {", ".join(TOTALS)} FROM "people" GROUP BY region ORDER BY region'
    first, second = (engine.rows(sql) for engine in engines)
    assert differences([list(row) for row in first], [list(row) for row in second]) == []


@pytest.mark.parametrize(
    "expression",
    [
        "cast(name as int)",
        "age // (age - age)",
        "cast(pay * 1e9 as int)",
        "age * age * age * age * age * age",
    ],
)
def test_expression_out_of_range_is_refused_without_a_value(
    engines: tuple[Engine, SparkEngine], expression: str
) -> None:
    for engine in engines:
        with pytest.raises(BadInputError) as caught:
            engine.rows(f'SELECT max({expression}) FROM "people"')
        assert not any(text in caught.value.message for text in ("Åsa", "straße", "10000"))


def test_text_files_mean_the_same(tmp_path: Path, people: Source) -> None:
    path = tmp_path / "few.csv"
    path.write_text("id;code;born\n1;007;2001-02-03\n2;;1999-12-31\n3;x;\n", encoding="utf-8")
    source = Source("few", path, ("id",))
    sql = 'SELECT *, code IS NULL AS none, born + 1 AS next FROM "few" ORDER BY id'
    with Engine([source], Limits()) as one, SparkEngine([source], Limits(), SMALL) as other:
        assert one.rows(sql) == other.rows(sql)


def test_column_of_a_type_without_a_match_is_refused_only_where_it_is_used(tmp_path: Path, people: Source) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"id": [1, 2], "moment": pa.array([1, 2], pa.time64("us")), "list": [[1], [2]]})
    pq.write_table(table, tmp_path / "odd.parquet")
    with SparkEngine([Source("odd", tmp_path / "odd.parquet", ("id",))], Limits(), SMALL) as engine:
        assert engine.rows('SELECT count(*) FROM "odd"') == [(2,)]
        with pytest.raises(BadInputError, match="engine duckdb"):
            engine.rows('SELECT max(moment) FROM "odd"')


def test_query_beyond_its_time_is_stopped(people: Source) -> None:
    with SparkEngine([people], Limits(seconds=3_600), SMALL) as engine:
        engine._interrupt()
        with pytest.raises(UnavailableError, match="longer than"):
            engine.tick()


def test_engines_do_not_see_each_others_tables(people: Source) -> None:
    with SparkEngine([people], Limits(), SMALL) as one, SparkEngine([people], Limits(), SMALL) as other:
        one.run('CREATE TEMP TABLE _base AS SELECT age FROM "people"')
        assert one.rows("SELECT count(*) FROM _base") == [(900,)]
        with pytest.raises(BadInputError):
            other.rows("SELECT count(*) FROM _base")
        one.tidy()
        with pytest.raises(BadInputError):
            one.rows("SELECT count(*) FROM _base")


def test_spark_listens_on_this_machine_alone_and_keeps_its_folder_private(people: Source) -> None:
    with SparkEngine([people], Limits(), SMALL) as engine:
        context: Any = engine._session.sparkContext
        java = context._gateway.proc.pid
        folder = Path(context.getConf().get("spark.local.dir")).parent
        listening = _listening(java)
    assert listening
    assert {address for address in listening if not _is_loopback(address)} == set()
    assert folder.stat().st_mode & 0o077 == 0


def _listening(process: int) -> set[str]:
    """Return the local addresses, as the kernel writes them, of the sockets on which a process listens."""
    held = {link.readlink().name for link in Path(f"/proc/{process}/fd").iterdir() if link.is_symlink()}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A" and f"socket:[{rest[5]}]" in held:
                found.add(local.split(":")[0])
    return found


def _is_loopback(address: str) -> bool:
    return address in {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
