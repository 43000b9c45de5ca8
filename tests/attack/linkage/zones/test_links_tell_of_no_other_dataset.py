"""A project that was approved for one register tries to learn from its links who is in another.

Pupils, taxpayers and patients are linked in one index. Who of the pupils is a patient is nobody's to know who was not
approved for patients, whose legal gateway excludes every purpose but health.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
from tests.support.opened import frame
from tests.support.zones_world import (
    ACTOR,
    DOCUMENTS,
    INDEX,
    ZonesWorld,
    people,
    pupils,
    taxpayers,
    zones_world,
)

from saferoom.hub.linkage.deriving import derive_stale
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.linkage.weights import LINKED

UNLINKED = "not linked"
_PATIENTS = (
    DOCUMENTS.split("---\n")[2]
    .replace("taxpayers", "patients")
    .replace("Taxpayers", "Patients")
    .replace("taxpayer_id", "patient_id")
    .replace("tax/people", "health/patients")
    .replace("pay, type: number", "stays, type: number")
    + "gateways: [{law: Health Act, permitted: [health]}]\n"
)
_SCHOOLS, _TAX, _HEALTH, _SOME = map(ProjectSlug, ("schools", "tax", "health", "some"))
_HAVE = {
    _SCHOOLS: ("pupils",),
    _TAX: ("pupils", "taxpayers"),
    _HEALTH: ("pupils", "taxpayers", "patients"),
    _SOME: ("pupils", "taxpayers"),
}
_RECIPE = """\
kind: dataset
name: marked
title: Marked pupils
owner: olga
source: derived/marked.parquet
units: [person_id]
linked_from: [pupils]
variables:
  - {name: person_id, type: text, role: id, linked_through: person}
  - {name: marked, type: boolean, role: sensitive}
derived:
  uses: {pupils: pupils}
  make:
    - {table: made, sql: "select person_id, match_weight_band <> 'not linked' as marked from pupils"}
"""
PUPILS, TAXED, PATIENTS = range(240), range(120, 300), range(60, 180)
"""Who is where, by number."""


def _approval(project: str, dataset: str, more: str = "") -> str:
    granted = f"---\nkind: approval\nproject: {project}\ndataset: {dataset}\ngranted_by: olga\nuntil: 2099-01-01\n"
    return granted + more


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZonesWorld]:
    with zones_world(tmp_path_factory.mktemp("three")) as made:
        made.apply(_PATIENTS)
        known = people(300)
        made.deliver("pupils", pupils([known[n] for n in PUPILS]))
        made.deliver("taxpayers", taxpayers([known[n] for n in TAXED]))
        renamed = {"taxpayer_id": "patient_id", "pay": "stays"}
        patients = taxpayers([known[n] for n in PATIENTS])
        rows = [{renamed.get(name, name): value for name, value in row.items()} for row in patients]
        made.deliver("patients", rows)
        made.link(INDEX.replace("sources: [pupils, taxpayers]", "sources: [pupils, taxpayers, patients]"))
        for project, datasets in _HAVE.items():
            purposes = "purposes: [health]\n" if project == _HEALTH else ""
            made.apply(f"kind: project\nslug: {project}\ntitle: A project\nmembers: []\n{purposes}")
            for name in datasets:
                some = project == _SOME and name == "taxpayers"
                made.apply(_approval(project, name, "rows: pay > 1200\n" if some else "").removeprefix("---\n"))
            made.instance.extracts(ACTOR).provision(project)
        yield made


def _pupils(world: ZonesWorld, project: ProjectSlug) -> pd.DataFrame:
    return frame(world.home, project, DatasetName("pupils"))


def _links(table: pd.DataFrame) -> set[tuple[object, ...]]:
    columns = ["match_weight_band", "match_pass", "linkage_weight"]
    return set(table[columns].astype(object).where(table[columns].notna(), None).itertuples(index=False, name=None))


def test_who_has_every_source_is_told_how_all_are_linked(world: ZonesWorld) -> None:
    bands = _pupils(world, _HEALTH)["match_weight_band"]
    linked = len(set(PUPILS) & (set(TAXED) | set(PATIENTS)))
    assert (bands != UNLINKED).sum() == pytest.approx(linked, abs=8)
    assert LINKED not in set(bands)


def test_who_has_one_source_alone_is_told_of_no_link(world: ZonesWorld) -> None:
    assert _links(_pupils(world, _SCHOOLS)) == {(None, None, None)}


def test_who_has_some_sources_is_told_of_links_to_these_alone(world: ZonesWorld) -> None:
    school, tax = _pupils(world, _TAX), frame(world.home, _TAX, DatasetName("taxpayers"))
    assert set(school["match_weight_band"]) == {LINKED, UNLINKED}
    assert school["match_pass"].isna().all()
    told = set(school["person_id"][school["match_weight_band"] == LINKED])
    assert told == set(school["person_id"]) & set(tax["person_id"])
    assert school["linkage_weight"].notna().sum() == len(told)


def test_where_some_rows_were_approved_links_tell_not_of_the_others(world: ZonesWorld) -> None:
    """The taxpayers below the line would else be known by their links."""
    assert _links(_pupils(world, _SOME)) == {(None, None, None)}


def test_recipe_cannot_read_links_to_what_it_was_not_linked_from(world: ZonesWorld) -> None:
    """A dataset that was linked from pupils alone is under the law of pupils alone."""
    world.apply(_RECIPE)
    (outcome,) = derive_stale(world.instance, ACTOR)
    assert outcome.made is None
    assert "a column is not there" in outcome.problem
    world.apply(_RECIPE.replace("linked_from: [pupils]", "linked_from: [pupils, taxpayers, patients]"))
    (outcome,) = derive_stale(world.instance, ACTOR)
    assert outcome.problem == ""


def test_source_that_is_approved_or_lost_later_changes_what_links_tell(world: ZonesWorld) -> None:
    extracts = world.instance.extracts(ACTOR)
    assert extracts.lacking(_SCHOOLS) == ()
    world.apply(_approval(_SCHOOLS, "taxpayers").removeprefix("---\n"))
    assert set(extracts.lacking(_SCHOOLS)) == {"pupils", "taxpayers"}
    extracts.provision(_SCHOOLS)
    assert extracts.lacking(_SCHOOLS) == ()
    assert set(_pupils(world, _SCHOOLS)["match_weight_band"]) == {LINKED, UNLINKED}
    world.apply(_approval(_SCHOOLS, "taxpayers", "ended: true\n").removeprefix("---\n"))
    assert set(extracts.prune(_SCHOOLS)) == {"pupils", "taxpayers"}
    assert extracts.lacking(_SCHOOLS) == ("pupils",)
    extracts.provision(_SCHOOLS)
    assert _links(_pupils(world, _SCHOOLS)) == {(None, None, None)}
