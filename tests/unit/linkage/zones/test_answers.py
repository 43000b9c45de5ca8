"""What a deriving process answers about associations is tables of the recipe and numbers, or nothing is taken over."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.business_world import LIVES_AT

from saferoom.errors import IntegrityError
from saferoom.hub.linkage.answers import read_associations
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.catalogue.model import Dataset

(DATASET,) = (e.record for e in read_entries([(LIVES_AT, "d")]) if isinstance(e.record, Dataset))
TOLD = {"table": "lives_at", "rows": 9, "pairs": 3, "since": {"new": 1, "gone": 0}}


def test_numbers_of_the_recipes_associations_are_taken() -> None:
    assert read_associations([TOLD], DATASET) == [TOLD]


@pytest.mark.parametrize(
    "found",
    [
        None,
        [],
        [TOLD, TOLD],
        ["lives_at"],
        [TOLD | {"table": "Ada Abbot"}],
        [TOLD | {"rows": "Ada Abbot"}],
        [TOLD | {"rows": 0.5}],
        [TOLD | {"since": {"new": ["Ada Abbot"]}}],
        [TOLD | {7: 1}],
    ],
)
def test_anything_else_is_refused_without_being_repeated(found: Any) -> None:
    with pytest.raises(IntegrityError) as refused:
        read_associations(found, DATASET)
    assert "Abbot" not in refused.value.message
