"""What packs say of one dataset: nothing is said that is not known, and nothing is left out where it is."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.airlock_world import NOW
from tests.support.linked_version import REGISTER, SURVEY, packs

from saferoom.projects.linkage.quality_model import GroupTable, QualityPack, State
from saferoom.projects.linkage.quality_view import IndexQuality, Linked, index_quality

LINKED = Linked(index="person", number=1, at=NOW, afresh=True, digest="a" * 64)


@pytest.fixture(scope="module")
def identifiers() -> QualityPack:
    return QualityPack.model_validate(packs()["identifiers"], strict=False)


@pytest.fixture(scope="module")
def attributes() -> QualityPack:
    return QualityPack.model_validate(packs()["attributes"][SURVEY], strict=False)


def with_tables(pack: QualityPack, *tables: GroupTable, **changes: Any) -> QualityPack:
    """Return the pack, its first source with other group tables."""
    sources = tuple(one.model_copy(update={"groups": tables}) for one in pack.sources)
    return pack.model_copy(update={"sources": sources, **changes})


def test_own_sentences_come_before_those_of_other_datasets(identifiers: QualityPack, attributes: QualityPack) -> None:
    (said,) = attributes.sentences
    elsewhere = said.model_copy(update={"source": REGISTER, "difference": -0.9, "text": "Of the register."})
    found = index_quality(SURVEY, LINKED, identifiers.model_copy(update={"sentences": (elsewhere,)}), attributes)
    assert [one.source for one in found.sentences] == [SURVEY, REGISTER]
    assert found.said == (said.text, "Of the register.")
    assert found.otherwise == ""
    assert not found.fair


def test_dataset_without_a_sentence_of_its_own_says_so_and_why(
    identifiers: QualityPack, attributes: QualityPack
) -> None:
    quiet = attributes.model_copy(update={"sentences": ()})
    compared = index_quality(SURVEY, LINKED, identifiers, quiet)
    assert "beyond what chance explains" in compared.said[0]
    assert compared.fair
    withheld = GroupTable(column="region", state=State.WITHHELD, reason="withheld: why")
    nothing = index_quality(SURVEY, LINKED, with_tables(identifiers, withheld), with_tables(quiet))
    assert "cannot be compared" in nothing.said[0]
    assert not nothing.fair
    blank = tuple(row.model_copy(update={"linked": None}) for row in identifiers.sources[0].groups[0].rows)
    table = identifiers.sources[0].groups[0].model_copy(update={"rows": blank})
    assert "cannot be compared" in index_quality(SURVEY, LINKED, with_tables(identifiers, table)).said[0]


def test_column_that_both_zones_know_is_told_once_by_the_linker(
    identifiers: QualityPack, attributes: QualityPack
) -> None:
    own = identifiers.sources[0].groups
    found = index_quality(SURVEY, LINKED, identifiers, with_tables(attributes, *own, *attributes.sources[0].groups))
    assert [table.column for table in found.dataset.groups] == ["region", "ethnicity"]
    assert found.dataset.groups[0] == next(one for one in identifiers.sources if one.name == SURVEY).groups[0]


def test_categories_that_are_numbers_stand_in_their_order(identifiers: QualityPack) -> None:
    rows = [identifiers.sources[0].groups[0].rows[0].model_copy(update={"label": n}) for n in ("(missing)", "10", "2")]
    table = GroupTable(column="tenth", state=State.SHOWN, rows=tuple(rows))
    (found,) = index_quality(SURVEY, LINKED, with_tables(identifiers, table)).dataset.groups
    assert [row.label for row in found.rows] == ["2", "10", "(missing)"]


def test_dataset_that_the_pack_does_not_name_is_withheld(identifiers: QualityPack) -> None:
    found = index_quality("strange", LINKED, identifiers)
    assert (found.dataset.state, found.dataset.records, found.dataset.groups) == (State.WITHHELD, None, ())
    assert found.has_blanks


def test_refresh_without_pairs_says_that_precision_was_not_estimated(
    identifiers: QualityPack, attributes: QualityPack
) -> None:
    found = index_quality(
        SURVEY, LINKED, identifiers.model_copy(update={"precision": None, "recall": None}), attributes
    )
    assert found.notes == (
        "Precision and recall were not estimated for this linkage: they are where an index is compared "
        "afresh and enough links are found.",
    )


def test_blanks_are_noticed_wherever_they_are(identifiers: QualityPack) -> None:
    full = index_quality(SURVEY, LINKED, with_tables(identifiers))
    bare = full.model_copy(update={"dataset": full.dataset.model_copy(update={"counts": ()})})
    assert not bare.has_blanks
    assert full.has_blanks, "a band that holds few"
    other = bare.others[0].model_copy(update={"linked": None})
    assert IndexQuality.model_copy(bare, update={"others": (other,)}).has_blanks
