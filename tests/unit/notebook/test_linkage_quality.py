"""`saferoom.linkage_quality()`: sentences first, then tables; blanks stay blank, and refusals are one sentence."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from tests.support.airlock_world import NOW
from tests.support.linked_version import SURVEY, packs

import saferoom
from saferoom.hub.notebook import LinkageQuality, RoomError
from saferoom.projects.linkage.quality_model import GroupTable, QualityPack, State
from saferoom.projects.linkage.quality_view import Linked, VersionQuality, index_quality

PATH = "/api/room/datasets/survey/linkage"


@pytest.fixture(scope="module")
def told() -> VersionQuality:
    """What the airlock tells of a linked version."""
    identifiers = QualityPack.model_validate(packs()["identifiers"], strict=False)
    attributes = QualityPack.model_validate(packs()["attributes"][SURVEY], strict=False)
    linked = Linked(index="person", number=1, at=NOW, afresh=True, digest="a" * 64)
    own = index_quality(SURVEY, linked, identifiers, attributes)
    return VersionQuality(dataset=SURVEY, version="1", linkages=(own,))


@pytest.fixture
def shown(airlock: Any, told: VersionQuality) -> LinkageQuality:
    airlock.answer("GET", PATH, json.loads(told.model_dump_json()))
    quality: LinkageQuality = saferoom.linkage_quality("survey")
    return quality


def test_sentences_come_before_every_table(shown: LinkageQuality) -> None:
    assert any("ethnicity = black" in said for said in shown.sentences)
    for text, table in ((repr(shown), "By ethnicity"), (shown._repr_html_(), "<table")):
        assert text.index("are linked less often than the others") < text.index(table)


def test_frame_has_every_group_with_blanks_where_the_pack_has_them(shown: LinkageQuality, told: VersionQuality) -> None:
    found = {(row["group"], row["category"]): row for row in shown.frame().to_dict("records")}
    rows = {(table.column, row.label): row for table in told.linkages[0].dataset.groups for row in table.rows}
    assert set(found) == set(rows)
    blank = [place for place, row in rows.items() if row.linked is None]
    assert blank
    for place, row in rows.items():
        assert math.isnan(found[place]["linked"]) if row.linked is None else found[place]["linked"] == row.linked
    assert all(math.isnan(found[place][name]) for place in blank for name in ("match_rate", "precision", "recall"))


def test_text_and_html_say_what_a_dash_is(shown: LinkageQuality) -> None:
    for text in (repr(shown), shown._repr_html_()):
        assert "A dash stands for fewer than 10 records" in text
        assert "precision of the index" in text
        assert "match rate of register" in text
    assert "<script" not in shown._repr_html_()
    assert shown.document()["version"] == "1"


def test_table_that_is_withheld_is_named_with_the_reason(airlock: Any, told: VersionQuality) -> None:
    (one,) = told.linkages
    table = GroupTable(column="birth_decade", state=State.WITHHELD, reason="withheld: too few <records>")
    own = one.dataset.model_copy(update={"groups": (*one.dataset.groups, table)})
    changed = told.model_copy(update={"linkages": (one.model_copy(update={"dataset": own}),)})
    airlock.answer("GET", PATH, json.loads(changed.model_dump_json()))
    quality = saferoom.linkage_quality("survey")
    assert "By birth decade: withheld: too few <records>." in repr(quality)
    assert "withheld: too few &lt;records&gt;" in quality._repr_html_()


def test_version_is_asked_for_by_its_name(airlock: Any, told: VersionQuality) -> None:
    airlock.answer("GET", "/api/room/datasets/survey/versions/1%2F..%2Fx/linkage", json.loads(told.model_dump_json()))
    assert saferoom.linkage_quality("survey", version="1/../x").version == "1"


def test_refusal_is_the_airlocks_own_sentence(airlock: Any) -> None:
    says = "there is no linkage to tell of: survey is not linked with other datasets"
    airlock.answer("GET", PATH, {"error": {"code": "not-found", "message": says}}, 404)
    with pytest.raises(RoomError, match=says):
        saferoom.linkage_quality("survey")


def test_answer_of_another_shape_is_one_sentence(airlock: Any) -> None:
    airlock.answer("GET", PATH, {"dataset": "survey"})
    with pytest.raises(RoomError, match="restart the room"):
        saferoom.linkage_quality("survey")
