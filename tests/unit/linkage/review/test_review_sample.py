"""Which pairs are drawn for review, what decisions override, and which threshold they support."""

from __future__ import annotations

import duckdb
import pytest

from saferoom.errors import BadInputError
from saferoom.projects.linkage.rates import STRATA, Counted, Reviewed
from saferoom.projects.linkage.review_sample import CLERICAL_PASS, calibrated_threshold, sample, with_decisions


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    made.execute("""CREATE TABLE pairs AS SELECT 'a' source_l, 'l' || i record_id_l, 'b' source_r, 'r' || i record_id_r,
        log2(p / (1 - p)) match_weight, p match_probability, 'model' match_pass, p >= .9 linked
        FROM (SELECT i, (i + .5) / 2000 p FROM range(2000) t(i))""")
    return made


def test_sample_has_doubtful_pairs_most_where_the_model_is_least_sure(con: duckdb.DuckDBPyConnection) -> None:
    drawn = sample(con, "pairs", "drawn", most=200)
    assert drawn.pairs == 1700
    row = con.execute("SELECT count(*), count(DISTINCT number), min(number), max(number) FROM drawn").fetchone()
    assert row == (200, 200, 1, 200)
    sizes = dict(con.execute("SELECT stratum, count(*) FROM drawn GROUP BY 1").fetchall())
    assert sizes[1] + sizes[2] + sizes[3] == 150
    assert min(sizes[1], sizes[2]) > 2 * sizes[3]
    assert sizes[3] >= 20


def test_quarter_of_a_sample_are_sure_links_and_unlikely_pairs(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("UPDATE pairs SET linked = false WHERE match_probability BETWEEN .96 AND .97")
    con.execute("UPDATE pairs SET linked = true WHERE match_probability < .01")
    drawn = sample(con, "pairs", "drawn", most=200)
    assert set(drawn.undoubted) == {(False, 0), (True, 4), (True, 5), (True, 6)}
    rows = con.execute("""
        SELECT count(*), bool_and(d.accepted = p.linked), bool_and(p.linked = (p.match_probability >= .95))
        FROM drawn d JOIN pairs p USING (record_id_l) WHERE d.stratum IN (0, 4, 5, 6)
    """).fetchall()
    assert rows == [(50, True, True)]
    fewest = "SELECT min(n) FROM (SELECT count(*) n FROM drawn WHERE stratum IN (0, 4, 5) GROUP BY stratum)"
    assert con.execute(fewest).fetchall()[0][0] >= 12


def test_pair_that_people_settled_is_not_drawn_again(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"UPDATE pairs SET match_pass = '{CLERICAL_PASS}' WHERE match_probability > .5")
    drawn = sample(con, "pairs", "drawn", most=1000)
    assert (drawn.pairs, drawn.undoubted) == (800, {(False, 0): 200})


def test_sample_is_the_same_for_a_seed_and_another_for_another(con: duckdb.DuckDBPyConnection) -> None:
    found = []
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        sample(con, "pairs", name, most=50, seed=seed)
        found.append(con.execute(f"FROM {name} ORDER BY number").fetchall())
    assert found[0] == found[1] != found[2]


def test_sample_numbers_tell_no_order_of_probability(con: duckdb.DuckDBPyConnection) -> None:
    sample(con, "pairs", "drawn", most=400)
    row = con.execute(
        "SELECT corr(number, match_probability), corr(number, record_id_l[2:]::INT) FROM drawn "
        "JOIN pairs USING (record_id_l)"
    ).fetchone()
    assert row is not None
    assert abs(row[0]) < 0.2
    assert abs(row[1]) < 0.2


def test_sample_of_few_pairs_has_them_all_and_of_none_is_empty(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE TABLE few AS FROM pairs WHERE match_probability BETWEEN .4 AND .405")
    assert sample(con, "few", "drawn").pairs == len(con.execute("FROM drawn").fetchall()) == 10
    con.execute("CREATE TABLE sure AS FROM pairs WHERE match_probability > .96")
    assert sample(con, "sure", "few_sure").pairs == 0
    assert len(con.execute("FROM few_sure").fetchall()) == 80
    con.execute("CREATE TABLE nobody AS FROM pairs WHERE false")
    assert sample(con, "nobody", "none").pairs == 0
    assert con.execute("FROM none").fetchall() == []


@pytest.mark.parametrize("most", [1, 2, 7, 399])
def test_sample_is_never_larger_than_asked(con: duckdb.DuckDBPyConnection, most: int) -> None:
    sample(con, "pairs", "drawn", most=most)
    assert con.execute("SELECT count(*) FROM drawn").fetchone() == (most,)


def test_sample_of_nothing_to_draw_from_is_refused(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(BadInputError, match="one pair at least"):
        sample(con, "pairs", "drawn", most=0)
    con.execute("CREATE TABLE bare AS SELECT * EXCLUDE (linked) FROM pairs")
    with pytest.raises(BadInputError, match="has no column 'linked'"):
        sample(con, "bare", "drawn")


def test_decisions_override_the_model_in_either_order_of_sides(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""CREATE TABLE decided AS SELECT * FROM (VALUES ('a', 'l500', 'b', 'r500', true),
        ('b', 'r1900', 'a', 'l1900', false)) t(source_l, record_id_l, source_r, record_id_r, matched)""")
    assert with_decisions(con, "pairs", "decided", "made") == 2
    rows = con.execute(
        f"SELECT record_id_l, match_probability, match_weight FROM made WHERE match_pass = '{CLERICAL_PASS}' ORDER BY 1"
    ).fetchall()
    assert [row[0] for row in rows] == ["l1900", "l500"]
    assert rows[0][1] == 0
    assert rows[1][1] > 0.99999
    assert rows[0][2] == -rows[1][2] < 0
    assert con.execute("SELECT count(*) FROM made").fetchone() == (2000,)


def test_threshold_is_the_lowest_that_decisions_support() -> None:
    strata = [Counted(1000, 1000 * share) for share in (0.05, 0.3, 0.7, 0.92, 0.97, 0.995, 0.9999)]
    assert len(strata) == len(STRATA)
    trusting = calibrated_threshold(strata, {}, 0.95)
    wary = calibrated_threshold(strata, {3: Reviewed(100, 40), 4: Reviewed(100, 60)}, 0.95)
    assert trusting == 0.9
    assert wary == 0.99
    assert calibrated_threshold(strata, {6: Reviewed(200, 100)}, 0.95) is None
    with pytest.raises(ValueError, match="every stratum"):
        calibrated_threshold(strata[:2], {}, 0.95)
