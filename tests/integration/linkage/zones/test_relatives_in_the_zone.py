"""Relatives in the linker's zone: births and a census linked with whole families, once and again after a delivery."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from tests.support.zones_world import FAMILY, GIVEN, ZonesWorld, zone_of, zones_world

from saferoom.digests import sha256
from saferoom.errors import BadInputError
from saferoom.hub.linkage.definition import read_index
from saferoom.hub.linkage.desk.queueing import decided_pairs
from saferoom.hub.linkage.opened import OpenZone
from saferoom.hub.linkage.places import about_linkage, delivery_place, linkage_place
from saferoom.hub.linkage.records import Delivery, Linkage
from saferoom.hub.linkage.relating import hear_relatives
from saferoom.hub.linkage.splitting import ATTRIBUTES, IDENTIFIERS, about_delivery
from saferoom.hub.linkage.zones import Zone
from saferoom.ids import Username
from saferoom.projects.linkage.clerical import Choice

FAMILIES, DOUBTFUL = 120, range(0, 128, 4)
_NAMES = """\
  - {name: given_name, type: text, role: direct, identifies: given_name}
  - {name: surname, type: text, role: direct, identifies: surname}
  - {name: date_of_birth, type: text, role: direct, identifies: date}
  - {name: postcode, type: text, role: direct, identifies: postcode}
  - {name: sex, type: text, role: quasi, identifies: sex, codelist: [F, M]}
  - {name: person_id, type: text, role: id, linked_through: person}
"""
_DATASET = """\
kind: dataset
name: {name}
title: {name}
owner: olga
source: {name}.csv
units: [person_id, {group}]
key: [{key}]
variables:
{names}\
  - {{name: {key}, type: text, role: direct}}
  - {{name: {group}, type: text, role: id, relates: {relates}}}
"""
_SETS = {"births": ("entry_id", "birth_id", "birth"), "census": ("answer_id", "form_id", "household")}
REVIEWERS = """\
---
{kind: person, username: pia, display_name: Pia Stern, roles: [clerical-reviewer]}
---
{kind: person, username: ron, display_name: Ron Hale, roles: [clerical-reviewer]}
"""
DOCUMENTS = "---\n".join(
    _DATASET.format(name=name, key=key, group=group, relates=relates, names=_NAMES)
    for name, (key, group, relates) in _SETS.items()
)
INDEX = """\
kind: index
name: person
title: People
sources: [births, census]
plan: {many_to_one: true, threshold: 0.7}
relatives:
  families: [{source: births, by: birth_id, role: sex}]
  households: [{source: census, by: form_id}]
"""


def families(first: int, last: int) -> list[dict[str, Any]]:
    """Return births' entries of a mother, a father and a child each."""
    rng, found = random.Random(7), []
    for number in range(first, last):
        surname, postcode = rng.choice(FAMILY[:8]), f"QX{rng.randrange(1, 60)} {rng.randrange(1, 10)}AB"
        for role, year in (("mother", 1960), ("father", 1958), ("child", 1990)):
            day = f"{year + rng.randrange(12)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
            sex = {"mother": "F", "father": "M"}.get(role, rng.choice("FM"))
            found.append(
                {
                    "given_name": rng.choice(GIVEN[:10]),
                    "surname": surname,
                    "date_of_birth": day,
                    "postcode": postcode,
                    "sex": sex,
                    "entry_id": f"E{number}{role}",
                    "birth_id": f"B{number:05d}",
                }
            )
    return found


def census(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the same people years later; some moved, and their father's date of birth is missing."""
    found = []
    for entry in entries:
        number, row = int(entry["birth_id"][1:]), {k: v for k, v in entry.items() if k not in ("entry_id", "birth_id")}
        row |= {"answer_id": f"A{entry['entry_id']}", "form_id": f"H{number:05d}"}
        if number in DOUBTFUL:
            row["postcode"] = f"ZY{number % 50 + 1} 7CD"
            if entry["entry_id"].endswith("father"):
                row["date_of_birth"] = ""
        found.append(row)
    return found


class Story:
    """Linked with relatives, reviewed, refreshed, and compared anew."""

    def __init__(self, place: ZonesWorld) -> None:
        self.place = place
        place.apply(DOCUMENTS + REVIEWERS)
        known = families(0, FAMILIES + 8)
        first = known[: 3 * FAMILIES]
        self.births, self.census = place.deliver("births", first), place.deliver("census", census(known))
        self.first = place.link(INDEX)
        refused = [number for number, _, accepted in self.first.queue if not accepted]
        accepted = [number for number, _, accepted in self.first.queue if accepted]
        self.match, self.no_match = (self.decide(refused[0], True), self.decide(accepted[0], False))
        place.deliver("births", known, "2")
        self.refreshed = place.link()
        self.afresh = place.link(afresh=True)

    def decide(self, number: int, matched: bool) -> list[tuple[str, str]]:
        """Let two reviewers decide a pair, and return its records."""
        choice = Choice.MATCH if matched else Choice.NO_MATCH
        for who in ("pia", "ron"):
            self.place.instance.clerical.decide(Username(who), "person@1", number, choice)
        (row,) = decided_pairs(self.zone, "person@1", [(number, matched)]).to_pylist()
        return [(row[f"source_{side}"], row[f"record_id_{side}"]) for side in "lr"]

    @property
    def zone(self) -> OpenZone:
        return zone_of(self.place.home, Zone.LINKER)

    def spine(self, linkage: Linkage) -> dict[tuple[str, str], dict[str, Any]]:
        about = about_linkage("spine", "person", linkage.number)
        rows = self.zone.read(linkage_place("person", linkage.number, "spine"), about, linkage.stamps["spine"])
        return {(row["source"], row["record_id"]): row for row in rows.read_all().to_pylist()}

    def entities(self, linkage: Linkage, pair: list[tuple[str, str]]) -> int:
        found = self.spine(linkage)
        return len({found[record]["entity_id"] for record in pair})

    def held(self, delivery: Delivery, kind: str) -> list[dict[str, Any]]:
        zone = zone_of(self.place.home, Zone.LINKER if kind == IDENTIFIERS else Zone.PROVISIONER)
        stamp = delivery.stamps[kind]
        rows = zone.read(delivery_place(delivery.id, kind), about_delivery(kind, delivery.name), stamp).read_all()
        return list(rows.to_pylist())


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with zones_world(tmp_path_factory.mktemp("relatives")) as made:
        yield Story(made)


def test_relatives_find_fathers_whom_names_alone_do_not(story: Story) -> None:
    assert story.first.counts["relatives"]["added"] >= 15
    assert "relatives" in story.first.passes
    told = [row for row in story.spine(story.first).values() if row["match_pass"] == "relatives"]
    assert len({row["entity_id"] for row in told}) >= 15


def test_refresh_asks_relatives_who_were_linked_before(story: Story) -> None:
    before, after = story.spine(story.first), story.spine(story.refreshed)
    fresh = [row["entity_id"] for record, row in after.items() if record not in before]
    assert len(fresh) == 24
    assert len(set(fresh) & {row["entity_id"] for row in before.values()}) >= 22
    kept = [record for record in before if record not in [*story.match, *story.no_match]]
    assert all(after[record]["entity_id"] == before[record]["entity_id"] for record in kept)
    assert story.refreshed.counts["relatives"]["dropped"] == 0


def test_linker_has_numbers_of_families_and_no_id_of_the_department(story: Story) -> None:
    for delivery, group, size in ((story.births, "birth_id", 3), (story.census, "form_id", 3)):
        named, told = story.held(delivery, IDENTIFIERS), story.held(delivery, ATTRIBUTES)
        groups, ids = Counter(row[group] for row in named), Counter(row[group] for row in told)
        assert set(groups.values()) == set(ids.values()) == {size}
        assert all(re.fullmatch("[0-9a-f]{32}", one) for one in groups)
        assert not set(groups) & set(ids)
        plain = {sha256(text.encode()) for one in ids for text in (one, f"{group}:{one}")}
        assert not {one for one in groups if any(full.startswith(one) for full in plain)}


def test_what_reviewers_settled_changes_the_next_linkage(story: Story) -> None:
    assert story.entities(story.first, story.match) == 2
    assert story.entities(story.refreshed, story.match) == story.entities(story.afresh, story.match) == 1
    assert story.spine(story.afresh)[story.match[0]]["match_pass"] == "clerical review"
    assert story.entities(story.first, story.no_match) == 1
    assert story.entities(story.refreshed, story.no_match) == story.entities(story.afresh, story.no_match) == 2
    assert story.refreshed.counts["split"] == 1
    before, after = story.spine(story.first), story.spine(story.refreshed)
    assert sum(after[record]["entity_id"] == before[record]["entity_id"] for record in story.no_match) == 1


def test_delivery_from_before_the_description_is_named() -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE held_births AS SELECT 'r' AS record_id, 'F' AS sex")
        identifiers = SimpleNamespace(
            index=read_index(INDEX, "i"), held=lambda source: f"held_{source}", connection=connection
        )
        with pytest.raises(BadInputError, match="births: its present delivery was ingested before birth_id"):
            hear_relatives(connection, identifiers, "pairs", 0.9, known=None)  # type: ignore[arg-type]
