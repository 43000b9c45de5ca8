"""Linkage weights: a biased estimate of the demonstration's world is corrected towards the known truth; bad input."""

from __future__ import annotations

import duckdb
import pytest

from saferoom.errors import BadInputError
from saferoom.hub.demo.population.generate import generate
from saferoom.projects.linkage.weights import BANDS, BY_KEY, LEAST, Weighting, band_of, band_sql, linkage_weights


@pytest.fixture(scope="module")
def taxpayers(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """Return tax records of the demonstration's world, linked to the census by names, date of birth and postcode.

    `linked` is what so strict a key finds; everything else is the truth's.
    """
    world = tmp_path_factory.mktemp("population") / "world"
    generate(world, people=12_000, seed=7)
    con = duckdb.connect()
    con.execute(f"""
        CREATE TABLE taxpayers AS
        WITH tax AS (
            SELECT person_id, upper(given_name) g, upper(surname) s, date_of_birth d, replace(postcode, ' ', '') c
            FROM '{world}/tax/people.parquet'
            JOIN '{world}/truth/records.parquet' ON source = 'tax/people' AND record_id = taxpayer_id
        ), census AS (
            SELECT DISTINCT upper(given_name) g, upper(surname) s, date_of_birth d, replace(postcode, ' ', '') c
            FROM '{world}/census/people.parquet'
        )
        SELECT p.ethnic_group, h.deprivation_tenth, left(p.date_of_birth, 3) AS born, p.standing,
            p.ethnic_group <> 'white' AND h.deprivation_tenth <= 3 AS both_, census.d IS NOT NULL AS linked
        FROM tax JOIN '{world}/truth/people.parquet' p USING (person_id)
        JOIN '{world}/truth/households.parquet' h USING (household_id)
        LEFT JOIN census USING (g, s, d, c)
    """)
    return con


@pytest.fixture(scope="module")
def weighed(taxpayers: duckdb.DuckDBPyConnection) -> Weighting:
    return linkage_weights(taxpayers, "taxpayers", ["ethnic_group", "deprivation_tenth", "born"], "weighed")


@pytest.mark.parametrize(
    ("what", "left"), [("(ethnic_group <> 'white')::INT", 0.1), ("both_::INT", 0.25), ("standing", 0.7)]
)
@pytest.mark.usefixtures("weighed")
def test_weights_correct_a_biased_estimate_of_a_known_truth(
    taxpayers: duckdb.DuckDBPyConnection, what: str, left: float
) -> None:
    row = taxpayers.execute(f"""
        SELECT avg({what}), avg({what}) FILTER (WHERE linked), sum({what} * linkage_weight) / sum(linkage_weight)
        FROM weighed
    """).fetchone()
    assert row is not None
    truth, linked, corrected = row
    assert abs(linked - truth) > 0.08 * abs(truth), "there is a bias to correct"
    assert abs(corrected - truth) < left * abs(linked - truth)


def test_weights_add_up_to_the_records_and_only_linked_ones_have_them(
    taxpayers: duckdb.DuckDBPyConnection, weighed: Weighting
) -> None:
    assert weighed.weighted == pytest.approx(weighed.records, rel=0.005)
    assert weighed.trimmed == 0
    row = taxpayers.execute(
        "SELECT count(*), count(linkage_weight), min(linkage_weight), count(*) FILTER (WHERE (linkage_weight IS NULL) "
        "= linked) FROM weighed"
    ).fetchone()
    assert row is not None
    assert row[:2] == (weighed.records, weighed.linked)
    assert row[2] >= 1
    assert row[3] == 0


def test_weights_of_small_cells_borrow_and_do_not_single_out(weighed: Weighting) -> None:
    assert weighed.small_cells > 50
    assert weighed.document()["columns"] == ["ethnic_group", "deprivation_tenth", "born"]


def test_weights_beyond_the_largest_are_trimmed_and_told() -> None:
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE r AS SELECT i % 2 g, CASE WHEN i % 2 = 0 THEN true ELSE i < 400 AND i % 8 = 1 END linked "
        "FROM range(20000) t(i)"
    )
    made = linkage_weights(con, "r", ["g"], "w")
    assert made.trimmed == 50
    assert con.execute("SELECT max(linkage_weight) FROM w").fetchone() == (1 / LEAST,)


def test_weights_take_missing_as_a_category_of_its_own() -> None:
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE r AS SELECT CASE WHEN i % 2 = 0 THEN '' END g, i % 2 = 0 OR i % 4 = 1 linked "
        "FROM range(4000) t(i)"
    )
    linkage_weights(con, "r", ["g"], "w")
    found = con.execute("SELECT g, any_value(linkage_weight) FROM w WHERE linked GROUP BY g ORDER BY g").fetchall()
    assert [label for label, _ in found] == ["", None]
    assert found[0][1] == pytest.approx(1, abs=0.03)
    assert found[1][1] == pytest.approx(2, abs=0.06)


def test_weights_without_columns_are_all_alike() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE r AS SELECT i % 4 > 0 linked FROM range(4000) t(i)")
    linkage_weights(con, "r", [], "w")
    assert con.execute("SELECT DISTINCT linkage_weight FROM w WHERE linked").fetchall() == [(1.33,)]


@pytest.mark.parametrize(
    ("sql", "columns", "words"),
    [
        ("SELECT 1 g, true linked", ["h"], "no column 'h'"),
        ("SELECT 1 g, NULL::BOOLEAN linked", ["g"], "not known of every record"),
        ("SELECT 1 g, false linked", ["g"], "no record was linked"),
    ],
)
def test_weights_of_records_that_lack_something_are_refused(sql: str, columns: list[str], words: str) -> None:
    con = duckdb.connect()
    con.execute(f"CREATE TABLE r AS {sql}")
    with pytest.raises(BadInputError, match=words):
        linkage_weights(con, "r", columns, "w")


def test_bands_in_sql_and_in_python_are_the_same() -> None:
    con = duckdb.connect()
    weights = [-40.0, -0.001, 0.0, 4.999, 5.0, 9.9, 10.0, 15.0, 19.99, 20.0, 400.0, None]
    rows = con.execute(f"SELECT {band_sql('w')} FROM (SELECT unnest($all) w)", {"all": weights}).fetchall()
    assert [row[0] for row in rows] == [band_of(weight) for weight in weights]
    assert {row[0] for row in rows} == {*BANDS, BY_KEY}
