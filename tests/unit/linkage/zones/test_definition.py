"""Indexes as administrators write them, and the plans they make."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError
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


def _related(**changes: str) -> dict[str, Dataset]:
    """Return the datasets, with a pupil's school meal number that relates pupils and an id that relates taxpayers."""
    known = dict(DATASETS)
    for name, by in (("pupils", "pupil_id"), ("taxpayers", "taxpayer_id")):
        document = known[name].model_dump(mode="json")
        for variable in document["variables"]:
            if variable["name"] == by:
                variable.update({"relates": "household", **changes})
        known[name] = Dataset.model_validate(document, strict=False)
    return known


RELATIVES = """\
relatives:
  families: [{source: pupils, by: pupil_id, role: sex, once: true}]
  households: [{source: taxpayers, by: taxpayer_id}]
"""


def test_index_says_whose_relatives_are_asked() -> None:
    found = read_index(INDEX + RELATIVES, "person.yaml")
    plan_of(found, _related())
    assert kept_index(found.model_dump(mode="json")) == found
    assert found.relatives is not None
    assert found.relatives.families[0].once


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("source: pupils", "source: meals", "'relatives' names meals, whose records are not compared here"),
        ("by: pupil_id", "by: nobody", "groups pupils by nobody, which no variable of it is"),
        ("by: pupil_id", "by: region", "groups pupils by region, which is not for the linker"),
        ("role: sex", "role: surname", "tells roles by surname, which is no field of kind sex"),
        ("unit: person", "unit: business", "is for an index of persons"),
    ],
)
def test_relatives_who_cannot_be_asked_are_refused(old: str, new: str, sentence: str) -> None:
    with pytest.raises(BadInputError, match=r"^person: ") as error:
        plan_of(read_index((INDEX + RELATIVES).replace(old, new), "i"), _related())
    assert sentence in error.value.message


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"role": "other"}, "its role must be id or direct"),
        ({"role": "direct", "identifies": "id"}, "cannot identify, carry or be linked as well"),
        ({"relates": "A Family"}, "relates"),
    ],
)
def test_variable_that_cannot_relate_records_is_refused(changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        _related(**changes)


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


EXAMPLES = Path(__file__).parents[4] / "examples"


def test_example_of_employers_is_an_index_of_businesses_and_an_association() -> None:
    entries = read_entries([((EXAMPLES / "employers.yaml").read_text(encoding="utf-8"), "employers.yaml")])
    described = {entry.key: entry.record for entry in entries if isinstance(entry.record, Dataset)}
    index = read_index((EXAMPLES / "business-index.yaml").read_text(encoding="utf-8"), "business-index.yaml")
    found = plan_of(index, described)
    assert [one.name for one in found.datasets] == ["business_register", "tax_employers"]  # earnings are looked up
    assert set(found.fields) == {"business_name", "postcode", "address"}
    recipe = described["works_for"].derived
    assert recipe is not None
    assert recipe.association is not None
    assert recipe.association.between == described["works_for"].units == ("person_id", "business_id")
