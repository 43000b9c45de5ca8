"""Three indexes and what is between them: from deliveries that carry both sides to extracts joined over them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.support.business_world import HOME, INDEXES, LIVES_AT, PEOPLE, WORKS_FOR, Town, deliver, link
from tests.support.opened import frame
from tests.support.zones_world import ACTOR, ZonesWorld, zone_of, zones_world

from saferoom.errors import BadInputError
from saferoom.hub.cli.main import main
from saferoom.hub.linkage.deliveries import linked_sources
from saferoom.hub.linkage.deriving import derive_stale
from saferoom.hub.linkage.ingesting import store_of
from saferoom.hub.linkage.places import delivery_place
from saferoom.hub.linkage.provisioner import materialise
from saferoom.hub.linkage.records import Linkage
from saferoom.hub.linkage.splitting import IDENTIFIERS, about_delivery
from saferoom.hub.linkage.zones import Zone
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.administration.documents import read_entries

_PROJECT = "kind: project\nslug: one\ntitle: One\nmembers: []\n"
_APPROVED = ("census", "lives_at", "works_for", "homes_and_jobs")
Rows = list[dict[str, Any]]


@dataclass
class Story:
    place: ZonesWorld
    town: Town
    linkages: dict[str, Linkage]

    def rows(self, name: str) -> Rows:
        """Return a dataset's rows, as the provisioner's processes alone can read them."""
        with store_of(self.place.instance).reading() as now:
            version = now.registry.dataset(DatasetName(name)).version
        (source,) = linked_sources(self.place.instance, [(DatasetName(name), version)])
        file = self.place.inbox / "plain.parquet"
        materialise(zone_of(self.place.home, Zone.PROVISIONER), source, file)
        found: Rows = pq.read_table(file).to_pylist()
        return found

    def problem(self, name: str) -> str:
        """Return why a dataset could not be derived anew."""
        (outcome,) = (one for one in derive_stale(self.place.instance, ACTOR) if one.dataset == name)
        assert outcome.made is None
        return outcome.problem


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with zones_world(tmp_path_factory.mktemp("associations")) as place:
        town = deliver(place)
        linkages = {index: link(place, index) for index in INDEXES}
        assert [one.problem for one in derive_stale(place.instance, ACTOR)] == ["", "", ""]
        approvals = "".join(
            f"---\nkind: approval\nproject: one\ndataset: {name}\ngranted_by: olga\nuntil: 2099-01-01\n"
            for name in _APPROVED
        )
        place.apply(_PROJECT + approvals)
        place.instance.extracts(ACTOR).provision(ProjectSlug("one"))
        yield Story(place, town, linkages)


def test_businesses_are_found_by_name_and_postcode_and_by_the_ids_that_others_carry(story: Story) -> None:
    counts = story.linkages["business"].counts
    assert (counts["records"], counts["links"]) == (2 * len(story.town.firms), len(story.town.firms))
    assert counts["carried"]["jobs"] == {"records": 2 * PEOPLE + 1, "linked": 2 * PEOPLE, "unknown": 1}
    members = counts["members"]
    assert members["register"] == {"records": 24, "entities": 24, "shared": 24, "most": 1}
    assert members["jobs"]["entities"] == len(story.town.firms) + 1  # and the one that nobody knows
    assert members["jobs"]["most"] >= 2 * PEOPLE // len(story.town.firms)


def test_associations_put_the_periods_of_both_sides_together(story: Story) -> None:
    lives, works = story.rows("lives_at"), story.rows("works_for")
    # A day and an open period around it are one.
    assert {(row["first_day"], row["last_day"]) for row in lives} == {(date(2015, 6, 1), None)}
    assert Counter(Counter(row["address_id"] for row in lives).values()) == {HOME: PEOPLE // HOME}
    # Two spells with a week between are one; the employer whom nobody knows is somebody of its own.
    assert len(works) == PEOPLE + 1
    assert Counter((row["first_day"], row["last_day"]) for row in works) == {
        (date(2018, 1, 1), None): PEOPLE,
        (date(2018, 1, 1), date(2019, 12, 24)): 1,
    }


def test_derived_dataset_is_joined_over_associations(story: Story) -> None:
    rows = story.rows("homes_and_jobs")
    true = Counter(story.town.firms[story.town.employer(n)]["industry"] for n in range(PEOPLE))
    assert Counter(row["industry"] for row in rows) == true
    assert {row["at_home"] for row in rows} == {HOME}


def test_extracts_are_joined_over_an_association_by_the_projects_own_ids(story: Story) -> None:
    home = story.place.home
    census, lives = frame(home, "one", "census"), frame(home, "one", "lives_at")
    joined = census.merge(lives, on="person_id")
    assert len(joined) == PEOPLE
    assert (joined["address_id_x"] == joined["address_id_y"]).all()
    works = frame(home, "one", "works_for")
    assert set(works["person_id"]) == set(census["person_id"])
    assert len(set(works["business_id"])) == len(story.town.firms) + 1


def test_no_entity_id_is_in_an_extract(story: Story) -> None:
    ids = {str(row[name]) for row in story.rows("works_for") for name in ("person_id", "business_id")}
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)
    for name in _APPROVED:
        table = frame(story.place.home, "one", name)
        assert not ids & {str(value) for column in table for value in table[column]}


def test_linker_sees_whose_jobs_are_and_not_when(story: Story) -> None:
    with store_of(story.place.instance).reading() as now:
        delivery = now.latest(DatasetName("jobs"))
    assert delivery is not None
    place, about = delivery_place(delivery.id, IDENTIFIERS), about_delivery(IDENTIFIERS, delivery.name)
    held = zone_of(story.place.home, Zone.LINKER).read(place, about, delivery.stamps[IDENTIFIERS]).read_all()
    assert held.column_names == ["r1", "record_key", "taxpayer_no", "employer_no"]


def test_changed_association_is_another_version_that_says_what_changed(
    story: Story, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = story.place
    place.apply(WORKS_FOR.replace("began as first_day, ended as last_day", "ended as first_day, began as last_day"))
    said = story.problem("works_for")
    assert (
        said
        == f"works_for: works_for: the evidence has {PEOPLE + 1} periods that end before they begin; correct the days"
    )
    assert len(story.rows("works_for")) == PEOPLE + 1  # the version before stays
    place.apply(WORKS_FOR.replace("gap: 31", "gap: 1"))
    (made,) = (one.made for one in derive_stale(place.instance, ACTOR) if one.dataset == "works_for")
    assert made is not None
    (told,) = (made.report or {})["derived"]["associations"]
    assert told["since"] == {"new": 0, "gone": 0, "changed": PEOPLE, "same": 1}
    assert told["periods"] == 2 * PEOPLE + 1
    monkeypatch.setenv("SAFEROOM_HOME", str(place.home.root))
    with pytest.raises(SystemExit):
        main(["admin", "linkage"])
    shown = capsys.readouterr().out
    assert "works_for: Who works for whom (person_id and business_id)" in shown
    assert "  version 2: 91 pairs, 181 periods, from 181 rows of evidence" in shown
    assert "  pairs since version 1: 1 same, 90 changed, 0 new, 0 gone" in shown
    assert "register: 24 records of 24 entities, 24 of them in another source as well; at most 1 of one entity" in shown


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("between: [person_id, address_id]", "between: [person_id, home]", "'home' must be one of its variables"),
        ("between: [person_id, address_id]", "between: [person_id, first_day]", "which an association makes itself"),
        ("evidence: [forms, letters]", "evidence: [forms, homes]", "reads 'homes', which is no dataset it uses"),
    ],
)
def test_description_of_an_association_that_cannot_be_is_refused(old: str, new: str, said: str) -> None:
    assert old in LIVES_AT
    with pytest.raises(BadInputError) as refused:
        read_entries([(LIVES_AT.replace(old, new), "associations.yaml")])
    assert said in refused.value.message
