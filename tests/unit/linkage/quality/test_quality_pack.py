"""The quality pack: estimates beside the truth, sentences that chance does not make, and bad input."""

from __future__ import annotations

import json

import duckdb
import numpy as np
import pytest
from tests.support.linkage_pairs import World, world

from saferoom.errors import BadInputError
from saferoom.policies.models import RiskAppetite
from saferoom.projects.linkage import rates
from saferoom.projects.linkage.agreement import agreement
from saferoom.projects.linkage.intervals import wilson
from saferoom.projects.linkage.quality import About, LinkedTables, QualityPack, model_values, quality_pack
from saferoom.projects.linkage.quality_model import Basis, GroupRow, State
from saferoom.projects.linkage.review_sample import sample, with_decisions
from saferoom.projects.linkage.sentences import Compared, sentences

TABLES = LinkedTables("records", "pairs", "clusters")
SOURCES = ("schools", "tax")


def about(*groups: str, version: str = "1") -> About:
    return About(version, groups, one_partner=SOURCES, threshold=0.9)


def pack_of(made: World, *groups: str, reviewed: str | None = None) -> QualityPack:
    tables = LinkedTables("records", "pairs", "clusters", reviewed)
    return quality_pack(made.connection, tables, about(*groups)).pack


def row_of(pack: QualityPack, column: str, label: str) -> GroupRow:
    tables = {table.column: table for table in pack.sources[0].groups}
    return next(row for row in tables[column].rows if row.label == label)


@pytest.fixture(scope="module")
def biased() -> tuple[World, QualityPack]:
    made = world(6000, seed=2, lost={"white": 0.04, "asian": 0.05, "black": 0.3})
    return made, pack_of(made, "ethnicity", "region")


def test_pack_with_calibrated_probabilities_covers_true_precision_and_recall(
    biased: tuple[World, QualityPack],
) -> None:
    made, pack = biased
    assert pack.precision is not None
    assert pack.recall is not None
    assert pack.precision.low <= made.precision <= pack.precision.high
    assert pack.recall.low <= made.recall <= pack.recall.high
    assert pack.precision.basis is Basis.MODEL


def test_pack_by_group_covers_each_groups_truth(biased: tuple[World, QualityPack]) -> None:
    made, pack = biased
    for label in ("white", "asian", "black"):
        row = row_of(pack, "ethnicity", label)
        recall = made.number(
            f"SELECT count(*) FILTER (WHERE matched AND p >= .9) / count_if(matched) "
            f"FROM known WHERE ethnicity = '{label}'"
        )
        assert row.recall is not None
        assert row.recall.low - 0.01 <= recall <= row.recall.high + 0.01
        assert row.records == made.number(f"SELECT count(*) FROM people WHERE ethnicity = '{label}'")
        assert row.linked == made.number(f"SELECT count(*) FROM known WHERE p >= .9 AND ethnicity = '{label}'")


def test_pack_of_a_group_lost_more_says_so_with_an_interval(biased: tuple[World, QualityPack]) -> None:
    _, pack = biased
    told = {(sentence.column, sentence.label, sentence.about) for sentence in pack.sentences}
    assert told == {("ethnicity", "black", "match rate"), ("ethnicity", "black", "recall")}
    first = pack.sentences[0]
    assert first.low < first.difference < first.high < 0
    assert "ethnicity = black" in first.text
    assert "percentage points lower" in first.text


def test_pack_standardised_difference_is_negative_where_linked_have_fewer(biased: tuple[World, QualityPack]) -> None:
    row = row_of(biased[1], "ethnicity", "black")
    assert row.standardised_difference is not None
    assert row.standardised_difference < -0.9


def test_pack_of_groups_alike_tells_no_sentence_from_noise() -> None:
    assert pack_of(world(3000, seed=11), "ethnicity", "region").sentences == ()


def test_sentences_from_noise_alone_are_rare() -> None:
    rng = np.random.default_rng(8)
    alarms = 0
    for _ in range(300):
        linked = rng.binomial(500, 0.95, 30)
        groups = [
            Compared("a", "g", str(i), "match rate", (float(n), 500.0), (float(linked.sum() - n), 14500.0))
            for i, n in enumerate(linked)
        ]
        alarms += bool(sentences(groups))
    assert alarms <= 21


def test_pack_with_clerical_sample_corrects_a_model_that_is_too_sure() -> None:
    made = world(6000, seed=4)
    con = made.connection
    # Everything looks surer than it is.
    con.execute(
        "CREATE OR REPLACE TABLE pairs AS SELECT * REPLACE "
        "(1 - (1 - match_probability) * .2 AS match_probability) FROM pairs"
    )
    con.execute(
        "CREATE TABLE decided AS SELECT * EXCLUDE (n) FROM (SELECT truth.*, row_number() OVER "
        "(PARTITION BY floor(match_probability * 50) ORDER BY hash(record_id_l)) n FROM truth JOIN pairs "
        "USING (record_id_l)) WHERE n <= 150"
    )
    alone, reviewed = pack_of(made), pack_of(made, reviewed="decided")
    assert alone.precision is not None
    assert reviewed.precision is not None
    assert reviewed.review is not None
    assert alone.precision.low > made.precision
    assert reviewed.precision.basis is Basis.CLERICAL
    assert reviewed.precision.low <= made.precision <= reviewed.precision.high


def test_pack_takes_decisions_with_sides_exchanged() -> None:
    made = world(3000, seed=4)
    made.connection.execute(
        "CREATE TABLE turned AS SELECT source_r source_l, record_id_r record_id_l, "
        "source_l source_r, record_id_l record_id_r, matched FROM truth"
    )
    assert pack_of(made, reviewed="turned").review == pack_of(made, reviewed="truth").review


def test_pack_with_one_partner_discounts_pairs_that_lost() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE records AS SELECT unnest(['a', 'b']) source, i::TEXT record_id FROM range(40) t(i)")
    con.execute("""CREATE TABLE pairs AS
        SELECT 'a' source_l, i::TEXT record_id_l, 'b' source_r, i::TEXT record_id_r,
            .999 match_probability FROM range(40) t(i)
        UNION ALL SELECT 'a', i::TEXT, 'b', ((i + 1) % 40)::TEXT, .6 FROM range(40) t(i)""")
    con.execute("""CREATE TABLE clusters AS SELECT source, record_id, record_id cluster_id, .999 match_probability,
        10. match_weight, 'model' match_pass FROM records""")
    strict = quality_pack(con, TABLES, About("1", one_partner=("a", "b"))).pack
    loose = quality_pack(con, TABLES, About("1")).pack
    assert strict.recall is not None
    assert loose.recall is not None
    assert strict.recall.value > 0.99
    assert loose.recall.value == pytest.approx(0.999 / 1.599, abs=1e-3)


def test_pack_counts_what_blocking_missed() -> None:
    made = world(3000, seed=6)
    bare = pack_of(made)
    missed = quality_pack(made.connection, TABLES, About("1", one_partner=SOURCES, missed_by_blocking=300.0)).pack
    assert bare.recall is not None
    assert missed.recall is not None
    assert missed.recall.value < bare.recall.value - 0.05


def test_pack_within_one_dataset_counts_records_with_a_double() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE records AS SELECT 'a' source, i::TEXT record_id, i % 2 half FROM range(100) t(i)")
    con.execute("""CREATE TABLE pairs AS SELECT 'a' source_l, i::TEXT record_id_l, 'a' source_r,
        (i + 1)::TEXT record_id_r, .99 match_probability FROM range(0, 60, 2) t(i)""")
    con.execute("""CREATE TABLE clusters AS SELECT 'a' source, i::TEXT record_id,
        CASE WHEN i < 60 THEN i // 2 ELSE i END cluster_id, .99 match_probability, 7. match_weight, 'model' match_pass
        FROM range(100) t(i)""")
    pack = quality_pack(con, TABLES, About("1", ("half",), link_type="dedupe")).pack
    source = pack.sources[0]
    assert (source.records, source.linked) == (100, 60)
    assert [(row.label, row.linked) for row in source.groups[0].rows] == [("0", 30), ("1", 30)]


def test_pack_of_records_alone_has_rates_and_no_estimates() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE r AS SELECT 'a' source, i record_id, i % 3 <> 0 linked, i % 2 g FROM range(600) t(i)")
    pack = quality_pack(con, LinkedTables("r"), About("7", ("g",))).pack
    assert pack.precision is None
    assert pack.sources[0].match_rate is not None
    assert pack.sources[0].match_rate.value == pytest.approx(2 / 3, abs=1e-4)
    assert pack.sources[0].groups[0].state is State.SHOWN
    assert "nothing is known of pairs" in pack.notes[0]


def test_pack_document_reads_back_and_its_page_has_every_part(biased: tuple[World, QualityPack]) -> None:
    _, pack = biased
    again = QualityPack.model_validate_json(json.dumps(pack.document()))
    assert again == pack
    text = pack.markdown()
    assert "## Who is lost" in text
    assert "### ethnicity" in text
    assert "| 20 and over | – |" in text


def test_pack_page_shows_marks_in_labels_as_they_are() -> None:
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE r AS SELECT 'a' source, i record_id, i % 3 <> 0 linked, "
        "CASE WHEN i % 2 = 0 THEN '<b>*x|' ELSE 'y' END g FROM range(600) t(i)"
    )
    text = quality_pack(con, LinkedTables("r"), About("1", ("g",))).pack.markdown()
    assert "&lt;b&gt;\\*x\\|" in text
    assert "<b>" not in text


def test_pack_summary_has_precision_recall_and_groups(biased: tuple[World, QualityPack]) -> None:
    summary = biased[1].summary()
    assert summary["precision"]["value"] == biased[1].precision.value  # type: ignore[union-attr]
    assert summary["by_group"]["schools"]["ethnicity"]["black"]["recall"]["value"] < 0.9
    json.dumps(summary, allow_nan=False)


def test_pack_tells_how_far_reviewers_agree_where_enough_pairs_were_decided(biased: tuple[World, QualityPack]) -> None:
    _, pack = biased
    told = pack.with_agreement(agreement([[40, 3, 0], [2, 50, 0], [0, 0, 5]]))
    assert told.agreement is not None
    assert told.agreement.pairs == 100
    assert "Of 100 pairs that two reviewers decided: agreement 0.95" in told.markdown()
    assert "Cohen's kappa 0.91" in told.markdown()
    assert QualityPack.model_validate_json(json.dumps(told.document())) == told
    assert pack.with_agreement(agreement([[4, 1], [0, 4]])) == pack
    assert pack.with_agreement(None) == pack


def test_pack_has_m_and_u_of_the_model() -> None:
    level = {"is_null_level": False, "label_for_charts": "Exact", "m_probability": 0.91234, "u_probability": 0.0011111}
    null = {"is_null_level": True, "label_for_charts": "Null"}
    model = {"splink": {"comparisons": [{"output_column_name": "surname", "comparison_levels": [null, level]}]}}
    assert [value.model_dump() for value in model_values(model)] == [
        {"comparison": "surname", "level": "Exact", "m": 0.9123, "u": 0.001111}
    ]


def test_pack_keeps_to_a_stricter_policy() -> None:
    made = world(1500, seed=8)
    strict = quality_pack(made.connection, TABLES, about("region"), RiskAppetite(name="strict", threshold_units=60))
    assert all(row.unlinked is None for row in strict.pack.sources[0].groups[0].rows)
    assert strict.pack.rules.threshold_units == 60


def test_pack_where_being_linked_tells_something_keeps_near_class_groups_blank() -> None:
    made = world(3000, seed=9)
    told = About("1", ("ethnicity",), one_partner=SOURCES, near_everybody=False)
    row = row_of(quality_pack(made.connection, TABLES, told).pack, "ethnicity", "white")
    assert row.linked is None
    assert row_of(pack_of(made, "ethnicity"), "ethnicity", "white").linked is not None


def test_pack_of_a_column_with_many_categories_is_refused() -> None:
    made = world(200)
    with pytest.raises(BadInputError, match=r"'record_id' has 400 categories and a pack takes 60"):
        quality_pack(made.connection, TABLES, about("record_id"))


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (LinkedTables("nothing"), "there is no such table"),
        (LinkedTables("records"), "no column 'linked'"),
        (LinkedTables("records", "pairs"), "pairs and clusters, or neither"),
        (LinkedTables("records", "records", "clusters"), "the table of pairs has no column"),
        (LinkedTables("records", "pairs", "pairs"), "the table of clusters has no column"),
        (LinkedTables("records", "pairs", "clusters", "records"), "the table of reviewed pairs has no column"),
    ],
)
def test_pack_of_tables_that_lack_something_is_refused(tables: LinkedTables, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        quality_pack(world(50).connection, tables, about())


def test_pack_of_no_records_is_refused() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE r (source TEXT, record_id TEXT, linked BOOLEAN)")
    with pytest.raises(BadInputError, match="no rows"):
        quality_pack(con, LinkedTables("r"), About("1"))
    con.execute("INSERT INTO r VALUES (NULL, '1', true)")
    with pytest.raises(BadInputError, match="without a source"):
        quality_pack(con, LinkedTables("r"), About("1"))


def test_pack_leaves_nothing_in_the_connection(biased: tuple[World, QualityPack]) -> None:
    names = {row[0] for row in biased[0].connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    assert not any(name.startswith("_quality") for name in names)


def test_pack_of_decided_links_learns_from_what_the_model_had_said() -> None:
    made = world(6000, seed=12)
    con = made.connection
    # A model that is too sure of doubtful pairs, a sample of which people decided; links follow their decisions.
    con.execute(
        "CREATE OR REPLACE TABLE pairs AS SELECT *, match_probability >= .9 AS linked FROM (SELECT * REPLACE "
        "(least(.9999, sqrt(match_probability)) AS match_probability) FROM pairs)"
    )
    drawn = sample(con, "pairs", "doubtful", most=150)
    con.execute(
        "CREATE TABLE decided AS SELECT d.* EXCLUDE (number, stratum, accepted), t.matched "
        "FROM doubtful d JOIN truth t USING (source_l, record_id_l, source_r, record_id_r)"
    )
    assert with_decisions(con, "pairs", "decided", "judged") == 150
    con.execute("""
        UPDATE clusters SET cluster_id = CASE WHEN j.match_probability >= .9 THEN 'c' || record_id[2:]
            ELSE clusters.source || clusters.record_id END
        FROM judged j WHERE substr(j.record_id_l, 2) = substr(clusters.record_id, 2)
    """)
    both = "judged j JOIN truth t USING (record_id_l)"
    found = made.number(f"SELECT avg((j.match_probability >= .9)::INT) FROM {both} WHERE t.matched")
    about_them = about()
    packs = [
        quality_pack(con, LinkedTables("records", "judged", "clusters", reviewed), about_them).pack
        for reviewed in (None, "decided")
    ]
    alone, reviewed = packs
    assert drawn.pairs > 150
    assert alone.recall is not None
    assert reviewed.recall is not None
    assert reviewed.review is not None
    assert reviewed.review.pairs == 150
    assert abs(reviewed.recall.value - found) < abs(alone.recall.value - found) / 2
    assert reviewed.recall.low - 0.005 <= found <= reviewed.recall.high + 0.005


@pytest.mark.parametrize(
    ("matches", "decisions", "share", "said"),
    [(50, 50, 0.9999, False), (49, 50, 0.9999, True), (0, 20, 0.02, False), (3, 20, 0.002, True), (0, 0, 0.5, False)],
)
def test_models_word_on_undoubted_pairs_stands_until_decisions_contradict_it(
    matches: int, decisions: int, share: float, said: bool
) -> None:
    assert rates.contradicted(rates.Reviewed(decisions, matches), rates.Counted(1000.0, 1000.0 * share)) is said
    assert not rates.contradicted(rates.Reviewed(10, 0), None)


@pytest.mark.parametrize("wrong", [0, 12])
def test_wrong_links_that_look_sure_are_found_by_review_alone(wrong: int) -> None:
    """Of 1,000 links that all look sure, some that people look at are wrong: the model cannot know."""
    con = duckdb.connect()
    con.execute("CREATE TABLE records AS SELECT unnest(['a', 'b']) source, i::TEXT record_id FROM range(1000) t(i)")
    con.execute("""CREATE TABLE pairs AS SELECT 'a' source_l, i::TEXT record_id_l, 'b' source_r, i::TEXT record_id_r,
        0.9995 match_probability, 13.0 match_weight, 'model' match_pass, true AS linked FROM range(1000) t(i)""")
    con.execute("""CREATE TABLE clusters AS SELECT source, record_id, record_id cluster_id, 0.9995 match_probability,
        13.0 match_weight, 'model' match_pass FROM records""")
    sample(con, "pairs", "drawn")
    con.execute(f"""CREATE TABLE decided AS SELECT * EXCLUDE (number, stratum, accepted), number > {wrong} AS matched
        FROM drawn""")
    assert with_decisions(con, "pairs", "decided", "judged") == 100
    pack = quality_pack(con, LinkedTables("records", "judged", "clusters", "decided"), About("1")).pack
    assert pack.precision is not None
    # Twelve of a hundred; those that people refused count as known.
    assert pack.precision.value == (pytest.approx(0.88, abs=0.01) if wrong else pytest.approx(0.9995, abs=0.001))


def test_pack_of_few_links_that_all_look_sure_keeps_wide_intervals() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE records AS SELECT unnest(['a', 'b']) source, i::TEXT record_id FROM range(60) t(i)")
    con.execute("""CREATE TABLE pairs AS SELECT 'a' source_l, i::TEXT record_id_l, 'b' source_r, i::TEXT record_id_r,
        1.0 match_probability FROM range(30) t(i)""")
    con.execute("""CREATE TABLE clusters AS SELECT source, record_id, CASE WHEN record_id::INT < 30 THEN record_id
        ELSE source || record_id END cluster_id, 1.0 match_probability, 20.0 match_weight, 'model' match_pass
        FROM records""")
    pack = quality_pack(con, TABLES, About("1", one_partner=("a", "b"))).pack
    for found in (pack.precision, pack.recall):
        assert found is not None
        assert found.value == 1
        assert found.low == pytest.approx(wilson(30, 30).low, abs=1e-3)
