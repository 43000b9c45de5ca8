"""Indexes as administrators write them, and the plans they make."""

from __future__ import annotations

import pytest
from tests.support.zones_world import DOCUMENTS, INDEX

from saferoom.errors import BadInputError
from saferoom.hub.linkage.definition import attribute_groups, carrying, kept_index, plan_of, read_index
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.catalogue.model import Dataset

DATASETS = {e.key: e.record for e in read_entries([(DOCUMENTS, "d")]) if isinstance(e.record, Dataset)}


def test_index_makes_a_plan_of_what_its_sources_share() -> None:
    found = read_index(INDEX, "person.yaml")
    plan = plan_of(found, DATASETS)
    assert [one.name for one in plan.datasets] == ["pupils", "taxpayers"]
    assert set(plan.fields) == {"given_name", "surname", "date_of_birth", "postcode", "sex"}
    assert (plan.groups, plan.one_to_one, plan.threshold) == (("sex",), True, 0.9)
    assert kept_index(found.model_dump(mode="json")) == found


def test_groups_are_told_where_they_are_known() -> None:
    found = read_index(INDEX.replace("[sex, region]", "[sex, birth_decade, postcode_area, region, pay]"), "i")
    assert plan_of(found, DATASETS).groups == ("sex", "birth_decade", "postcode_area")
    assert attribute_groups(found, DATASETS, "pupils") == ("region",)
    assert attribute_groups(found, DATASETS, "taxpayers") == ("pay",)


def test_source_that_carries_ids_is_not_compared() -> None:
    variables = [v.model_dump(mode="json") for v in DATASETS["meals"].variables]
    variables += [
        {"name": "pupil_ref", "type": "text", "role": "direct", "carries": "person"},
        {"name": "person_id", "type": "text", "role": "id", "linked_through": "person"},
    ]
    document = DATASETS["meals"].model_dump(mode="json") | {"variables": variables, "units": ["pupil_id", "person_id"]}
    known = {**DATASETS, "meals": Dataset.model_validate(document, strict=False)}
    found = read_index(INDEX.replace("[pupils, taxpayers]", "[pupils, taxpayers, meals]"), "i")
    assert carrying(found, known["meals"]) == "pupil_ref"
    assert [one.name for one in plan_of(found, known).datasets] == ["pupils", "taxpayers"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (INDEX.replace("kind: index", "kind: dataset"), "line 1: expected `kind: index`"),
        (INDEX.replace("name: person", "name: Per son"), "line 2: 'name' must be"),
        (INDEX.replace("[pupils, taxpayers]", "[pupils, pupils]"), "names a dataset twice"),
        (INDEX.replace("threshold: 0.9", "threshold: 9"), "'plan.threshold' must be"),
        (INDEX.replace("threshold", "treshold"), "did you mean 'threshold'"),
        (INDEX.replace("one_to_one: true", "engine: spark"), "line 8: an index is linked by duckdb alone: spark needs"),
        (
            INDEX + "relatives: {families: [{source: a, by: b}], households: [{source: a, by: b}]}\n",
            "names a source twice",
        ),
        ("just a text", "expected `key: value` lines"),
    ],
)
def test_document_that_is_wrong_is_refused_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(BadInputError, match=r"person\.yaml") as error:
        read_index(text, "person.yaml")
    assert sentence in error.value.message


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("plan:", "fields: {nobody: surname}\nplan:", "no source has a variable nobody"),
        ("plan:", "fields: {surname: date}\nplan:", "surname is not date in every source"),
        ("  one_to_one: true", "  one_to_one: true\n  many_to_one: true", "cannot both be true"),
        ("  one_to_one: true", "  passes: [[meals]]", "'passes' names the column 'meals'"),
        ("unit: person", "unit: address", "needs a field with an address"),
        ("[pupils, taxpayers]", "[pupils, meals]", "no two sources share a variable"),
    ],
)
def test_index_that_does_not_fit_its_sources_is_refused(old: str, new: str, sentence: str) -> None:
    with pytest.raises(BadInputError, match=r"^person: ") as error:
        plan_of(read_index(INDEX.replace(old, new), "i"), DATASETS)
    assert sentence in error.value.message
