"""Twins are made up from what is public, in the shape of the dataset, and are the same every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.twin import MOST_ROWS, Twin, TwinColumn, rows_each, spans_of, write_twin
from saferoom.disclosure.queries.model import parse_query
from saferoom.errors import BadInputError

REGIONS = ("north", "o'south", "west")
COLUMNS = (
    TwinColumn("Person_ID", "BIGINT"),
    TwinColumn("household_id", "VARCHAR"),
    TwinColumn("region", "VARCHAR", REGIONS),
    TwinColumn("grade", "INTEGER", (1, 2, 3)),
    TwinColumn("lives", "BOOLEAN", (True,)),
    TwinColumn("pay", "DOUBLE"),
    TwinColumn("age", "TINYINT"),
    TwinColumn("rate", "DECIMAL(6,2)"),
    TwinColumn("born", "DATE"),
    TwinColumn("seen", "TIMESTAMP WITH TIME ZONE"),
    TwinColumn("words", "VARCHAR"),
    TwinColumn("kind", "ENUM('a', 'b')"),
)
TWIN = Twin("people", ("person_id", "household_id"), COLUMNS, rows=600, each=2)


def _ask(path: Path, sql: str) -> Any:
    return duckdb.execute(sql.replace("TWIN", f"'{path}'")).fetchall()[0]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("twin") / "people.parquet"
    write_twin(TWIN, path, {"pay": (10.0, 20.0)})
    return path


def test_twin_has_the_columns_and_types_of_its_dataset(tmp_path: Path) -> None:
    write_twin(TWIN, tmp_path / "t.parquet")
    described = duckdb.execute(f"DESCRIBE SELECT * FROM '{tmp_path / 't.parquet'}'").fetchall()
    types = {column.name: "VARCHAR" if column.storage.startswith("ENUM") else column.storage for column in COLUMNS}
    assert {row[0]: row[1] for row in described} == types


def test_values_are_codes_or_within_spans_and_nothing_is_missing(made: Path) -> None:
    assert _ask(made, "SELECT list_sort(list(DISTINCT region)) FROM TWIN") == (list(REGIONS),)
    assert _ask(made, "SELECT list_sort(list(DISTINCT grade)) FROM TWIN") == ([1, 2, 3],)
    assert _ask(made, "SELECT min(pay) BETWEEN 10 AND 11, max(pay) BETWEEN 19 AND 20 FROM TWIN") == (True, True)
    assert _ask(made, "SELECT min(age) >= 0, max(age) <= 100, count(DISTINCT age) > 50 FROM TWIN") == (True,) * 3
    counted = ", ".join(f'count("{column.name}") = 600' for column in COLUMNS)
    assert set(_ask(made, f"SELECT {counted} FROM TWIN")) == {True}


def test_units_have_as_many_rows_as_may_count_and_nest(made: Path) -> None:
    assert _ask(made, "SELECT count(DISTINCT person_id), count(DISTINCT household_id) FROM TWIN") == (300, 100)
    assert _ask(made, "SELECT max(n) FROM (SELECT count(*) n FROM TWIN GROUP BY person_id)") == (2,)
    inside = "SELECT max(n) FROM (SELECT count(DISTINCT household_id) n FROM TWIN GROUP BY person_id)"
    assert _ask(made, inside) == (1,)


def test_same_description_makes_the_same_twin_and_columns_differ(tmp_path: Path) -> None:
    write_twin(TWIN, tmp_path / "a.parquet")
    write_twin(TWIN, tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    two = Twin("x", (), (TwinColumn("a", "DOUBLE"), TwinColumn("b", "DOUBLE")))
    write_twin(two, tmp_path / "c.parquet")
    assert abs(_ask(tmp_path / "c.parquet", "SELECT corr(a, b) FROM TWIN")[0]) < 0.15


def test_codes_of_two_columns_are_drawn_by_themselves(tmp_path: Path) -> None:
    two = Twin(
        "p", (), (TwinColumn("region", "VARCHAR", ("a", "b", "c", "d")), TwinColumn("sex", "VARCHAR", ("f", "m")))
    )
    write_twin(two, tmp_path / "t.parquet")
    cells = "(SELECT count(*) n FROM TWIN GROUP BY region, sex)"
    assert _ask(tmp_path / "t.parquet", f"SELECT count(*), min(n) > 80, max(n) < 170 FROM {cells}") == (8, True, True)


def test_number_of_rows_is_what_the_owner_says_within_limits() -> None:
    assert [Twin("x", (), COLUMNS, rows=rows).size for rows in (0, 1, 1230, 10**9)] == [1, 1, 1230, MOST_ROWS]
    assert [rows_each(Contributions(rows=rows)) for rows in (1, 3, 1000)] == [1, 3, 5]


@pytest.mark.parametrize("span", [(-1e300, 1e300), (1e6, 2e6), (0.5, 0.6)])
def test_bounds_beyond_a_columns_type_leave_numbers_missing_and_fail_nothing(
    tmp_path: Path, span: tuple[float, float]
) -> None:
    write_twin(TWIN, tmp_path / "t.parquet", dict.fromkeys(("age", "rate", "pay"), span))
    assert _ask(tmp_path / "t.parquet", "SELECT count(*), count(pay) FROM TWIN") == (600, 600)


def test_type_of_which_nothing_can_be_made_up_is_refused_by_its_name(tmp_path: Path) -> None:
    strange = Twin("people", (), (TwinColumn("parts", "STRUCT(a INTEGER)"),))
    with pytest.raises(BadInputError, match="people: nothing can be made up for its column parts"):
        write_twin(strange, tmp_path / "t.parquet")
    assert not (tmp_path / "t.parquet").exists()


def test_names_are_never_read_as_sql(tmp_path: Path) -> None:
    name = """a" , (SELECT 1) AS "b'; --"""
    write_twin(Twin("it's", (), (TwinColumn(name, "VARCHAR", ("'); --",)),)), tmp_path / "t.parquet")
    assert duckdb.execute(f"DESCRIBE SELECT * FROM '{tmp_path / 't.parquet'}'").fetchall()[0][0] == name


@pytest.mark.parametrize(
    ("more", "spans"),
    [
        ({"statistic": "mean", "measure": "Pay", "protect": {"bounds": [0, 50]}}, {"pay": (0.0, 50.0)}),
        ({"statistic": "mean", "measure": "log(pay)", "protect": {"bounds": [0, 50]}}, {}),
        ({"statistic": "median", "measure": "pay", "protect": {"candidates": [1, 2, 9]}}, {"pay": (1.0, 9.0)}),
        (
            {"statistic": "median", "measure": "pay", "protect": {"candidates": {"from": 5, "to": 9, "step": 1}}},
            {"pay": (5.0, 9.0)},
        ),
        (
            {"statistic": "histogram", "measure": "pay", "options": {"bins": [0, 10, 30]}, "protect": {}},
            {"pay": (0.0, 30.0)},
        ),
        (
            {"statistic": "mobility", "measure": "child", "options": {"parent": "parent"}, "protect": {}},
            {"child": (0.0, 1.0), "parent": (0.0, 1.0)},
        ),
        ({"statistic": "frequency", "protect": {}}, {}),
        ({"statistic": "mean", "measure": "pay", "protect": {"bounds": [9, 0]}}, {}),
    ],
)
def test_what_a_query_says_of_its_measure_bounds_the_twin(more: dict[str, Any], spans: dict[str, Any]) -> None:
    protect = {"method": "dp", "rho": 0.1, **more["protect"]}
    assert spans_of(parse_query({**more, "protect": protect})) == spans
