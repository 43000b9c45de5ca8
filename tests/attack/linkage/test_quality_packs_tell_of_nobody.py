"""A quality pack as a way to learn who was linked: tiny groups, and successive versions subtracted from each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import pytest
from tests.support.linkage_pairs import world

from saferoom.projects.linkage.quality import About, LinkedTables, Made, quality_pack
from saferoom.projects.linkage.quality_model import State

SOURCES = ("schools", "tax")


CODES = {"ethnicity": ("asian", "black", "other", "white")}


def made_of(
    con: duckdb.DuckDBPyConnection,
    version: str = "1",
    before: Made | None = None,
    codes: Mapping[str, Sequence[str]] = CODES,
) -> Made:
    known = dict.fromkeys(SOURCES, codes)
    about = About(version, ("ethnicity", "region"), one_partner=SOURCES, threshold=0.9, known=known)
    tables = LinkedTables("records", "pairs", "clusters")
    return quality_pack(con, tables, about, memory=before.memory if before else None)


@pytest.fixture(scope="module")
def tiny() -> Made:
    made = world(3000, seed=3, lost={"white": 0.2, "asian": 0.2, "black": 0.2})
    # Fourteen people of one group, of whom a few are not linked.
    made.connection.execute("UPDATE records SET ethnicity = 'other' WHERE CAST(record_id[2:] AS INT) % 214 = 1")
    return made_of(made.connection)


def test_tiny_group_has_neither_counts_nor_estimates(tiny: Made) -> None:
    for source in tiny.pack.sources:
        row = next(row for row in source.groups[0].rows if row.label == "other")
        assert row.linked is None
        assert row.unlinked is None
        assert (row.match_rate, row.precision, row.recall, row.standardised_difference) == (None,) * 4


def test_tiny_group_cannot_be_solved_from_the_rest(tiny: Made) -> None:
    for source in tiny.pack.sources:
        rows = source.groups[0].rows
        # Along each margin of a table with totals, one blank by itself is the total less the rest.
        for cells in ([row.linked for row in rows], [row.unlinked for row in rows]):
            assert sum(cell is None for cell in cells) != 1
        hidden = [row for row in rows if not row.shown]
        assert len(hidden) >= 2
        assert all(row.precision is None and row.recall is None for row in hidden)


def test_tiny_group_is_in_no_sentence() -> None:
    made = world(3000, seed=5)
    con = made.connection
    con.execute("UPDATE records SET ethnicity = 'other' WHERE CAST(record_id[2:] AS INT) % 250 = 1")
    con.execute("UPDATE clusters SET cluster_id = source || record_id WHERE CAST(record_id[2:] AS INT) % 250 = 1")
    pack = made_of(con).pack
    assert not [sentence for sentence in pack.sentences if sentence.label == "other"]
    assert "other" not in " ".join(sentence.text.split(":")[0].split("=")[-1] for sentence in pack.sentences)


def test_rare_category_that_only_the_data_name_is_named_nowhere() -> None:
    """A free column may hold anything, as the name of the one person who has it."""
    made = world(3000, seed=3, lost={"white": 0.2, "asian": 0.2, "black": 0.2})
    con = made.connection
    for number, name in enumerate(("Ms Ada Quill", "Mr Ben Reed", "see file 7")):
        con.execute("UPDATE records SET ethnicity = ? WHERE CAST(record_id[2:] AS INT) = ?", [name, 11 + number])
    pack = made_of(con, codes={}).pack
    assert not [name for name in ("Quill", "Reed", "file 7") if name in pack.model_dump_json() + pack.markdown()]
    for source in pack.sources:
        (rows,) = [table.rows for table in source.groups if table.column == "ethnicity"]
        *named, others = rows
        # What is blank to protect them is not named either: it would tell which of the blanks are the rare ones.
        assert len(named) == 3 - (int(others.label[len("other categories (") : -1]) - 3)
        assert all(row.records is not None for row in named)
        assert (others.records, others.linked, others.unlinked, others.match_rate) == (None,) * 4
    assert [row.label for row in made_of(con).pack.sources[0].groups[0].rows if row.label in CODES["ethnicity"]]


def test_rare_category_of_a_codelist_is_named_without_a_count(tiny: Made) -> None:
    for source in tiny.pack.sources:
        assert "other" in [row.label for row in source.groups[0].rows]


def test_next_version_with_few_newly_linked_cannot_be_subtracted() -> None:
    made = world(3000, seed=7)
    first = made_of(made.connection)
    con = made.connection
    con.execute("CREATE TABLE few AS SELECT i FROM known WHERE p < .9 ORDER BY i LIMIT 4")
    con.execute("UPDATE clusters SET cluster_id = 'c' || record_id[2:] WHERE CAST(record_id[2:] AS INT) IN (FROM few)")
    second = made_of(con, "2", first)
    for source in second.pack.sources:
        assert source.state is State.WITHHELD
        assert "subtracting" in source.reason
        assert (source.records, source.linked, source.groups) == (None, None, ())
    assert "withheld" in second.pack.markdown()


def test_next_version_with_many_newly_linked_is_shown() -> None:
    made = world(3000, seed=7, lost={"white": 0.2, "asian": 0.2, "black": 0.2})
    first = made_of(made.connection)
    con = made.connection
    con.execute("CREATE TABLE many AS SELECT i FROM known WHERE p < .9 AND i % 2 = 0")
    con.execute("UPDATE clusters SET cluster_id = 'c' || record_id[2:] WHERE CAST(record_id[2:] AS INT) IN (FROM many)")
    second = made_of(con, "2", first)
    assert all(source.state is State.SHOWN for source in second.pack.sources)
    assert second.pack.sources[0].linked != first.pack.sources[0].linked


def test_same_version_twice_is_shown_twice() -> None:
    made = world(1500, seed=7)
    first = made_of(made.connection)
    assert made_of(made.connection, "1", first).pack == first.pack


def test_handful_of_links_has_no_precision() -> None:
    made = world(60, seed=9)
    made.connection.execute("UPDATE clusters SET cluster_id = source || record_id WHERE CAST(record_id[2:] AS INT) > 5")
    pack = made_of(made.connection).pack
    assert pack.precision is None
    assert pack.recall is None
