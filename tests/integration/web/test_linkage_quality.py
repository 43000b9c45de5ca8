"""How well a version is linked: the same on a page, as a call and in a room, and a sentence where there is nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from tests.support.airlock_server import Browser, Service, service
from tests.support.airlock_world import world
from tests.support.api_client import client, said
from tests.support.linked_version import SURVEY, linked, packs

from saferoom.hub.store.tables import IngestedVersionRow
from saferoom.ids import DatasetName
from saferoom.projects.linkage.quality_model import QualityPack
from saferoom.projects.linkage.quality_view import VersionQuality

HERE = "catalogue/survey/versions/1/linkage"


@pytest.fixture(scope="module")
def airlock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests, with a survey whose version 1 is linked; tests only look."""
    with world(tmp_path_factory.mktemp("linked")) as place, service(place) as made:
        linked(place, "1")
        yield made


@pytest.fixture(scope="module")
def ana(airlock: Service) -> Browser:
    """A researcher's browser."""
    return airlock.browser("ana")


@pytest.fixture(scope="module")
def called(airlock: Service) -> VersionQuality:
    """What a call answers."""
    return VersionQuality.model_validate(said(client(airlock, "ana").get(HERE)), strict=False)


def test_version_of_a_dataset_leads_to_its_linkage(ana: Browser) -> None:
    page = ana.get("catalogue/survey").text
    assert f'/{HERE}">how well version 1 is linked</a>' in page


def test_page_begins_with_whom_linking_loses(ana: Browser) -> None:
    answer = ana.get(HERE)
    assert answer.status_code == 200
    sentences = [
        one["text"] for pack in (packs()["identifiers"], packs()["attributes"][SURVEY]) for one in pack["sentences"]
    ]
    assert sentences
    assert all(text in answer.text for text in sentences)
    order = [
        answer.text.index(f">{heading}") for heading in ("Whom linking loses", "As a whole", "By group", "How rec")
    ]
    assert order == sorted(order)
    assert all(answer.text.index(text) < order[1] for text in sentences)


def test_call_tells_exactly_what_the_packs_hold(called: VersionQuality) -> None:
    (one,) = called.linkages
    known = QualityPack.model_validate(packs()["identifiers"], strict=False)
    rated = QualityPack.model_validate(packs()["attributes"][SURVEY], strict=False)
    assert (one.precision, one.recall, one.model) == (known.precision, known.recall, known.model)
    own = next(source for source in known.sources if source.name == SURVEY)
    assert one.dataset.groups == (*own.groups, *rated.sources[0].groups)
    assert (one.dataset.counts, one.dataset.match_rate) == (own.counts, own.match_rate)
    assert [other.name for other in one.others] == ["register"]
    assert one.comparisons == (known.comparisons, rated.comparisons)
    assert one.rules == (known.rules,)
    assert one.has_blanks


def test_page_shows_every_number_of_the_call_and_dashes_where_it_has_none(ana: Browser, called: VersionQuality) -> None:
    page = ana.get(HERE).text
    tables = re.findall(r"<table>.*?</table>", page, re.DOTALL)
    (one,) = called.linkages
    for table in one.dataset.groups:
        shown = next(html for html in tables if f'<th scope="col">{table.column}</th>' in html)
        for row in table.rows:
            line = next(html for html in shown.split("<tr>") if f'<th scope="row">{row.label}<' in html)
            for number in (row.records, row.linked, row.unlinked):
                assert f'<td class="number">{"–" if number is None else f"{number:,}"}</td>' in line
            if not row.shown:
                assert not re.search(r"\d\.\d", line.split("</th>", 1)[1])
    assert "A dash stands for fewer than 10 records" in page
    assert "&lt;another&gt;" in page
    assert all("<caption>" in html and 'scope="col"' in html for html in tables)


def test_everybody_who_is_signed_in_sees_it_and_nobody_else(airlock: Service) -> None:
    for name in ("ana", "ben", "dora", "otto", "ada"):
        assert airlock.browser(name).get(HERE).status_code == 200, name
    assert airlock.browser().get(HERE).status_code == 303
    assert said(client(airlock, "rita").get(HERE))["dataset"] == "survey"


def test_room_is_told_the_same_as_the_call(airlock: Service, called: VersionQuality) -> None:
    room = airlock.room()
    for path in ("datasets/survey/linkage", "datasets/survey/versions/1/linkage"):
        assert VersionQuality.model_validate(said(room.get(path)), strict=False) == called


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("catalogue/survey/versions/7/linkage", "no such version of survey came in"),
        ("catalogue/nothing/versions/1/linkage", "no such dataset in the catalogue"),
        ("catalogue/register/versions/1/linkage", "there is no linkage to tell of: register is not linked"),
    ],
)
def test_what_is_not_linked_is_told_in_a_sentence(airlock: Service, ana: Browser, path: str, says: str) -> None:
    with airlock.world.instance.database.transaction() as session:
        if session.get(IngestedVersionRow, (DatasetName("register"), "1")) is None:
            at = airlock.world.clock.now()
            row = {"sha256": "1" * 64, "rows": 600, "breaking": False, "ingested_at": at}
            session.add(IngestedVersionRow(dataset="register", version="1", **row))
    page = ana.get(path)
    assert page.status_code == 404
    assert says[1:] in page.text
    assert says in said(client(airlock, "ana").get(path), 404)["error"]["message"]


def test_dataset_that_is_linked_through_two_indexes_tells_of_both(tmp_path_factory: pytest.TempPathFactory) -> None:
    with world(tmp_path_factory.mktemp("two")) as place, service(place) as made:
        linked(place, "1")
        linked(place, "1", index="household")
        linked(place, "2", number=2, afresh=False)
        page = made.browser("ana").get(HERE).text
        assert "linked through 2 indexes" in page
        assert "Whom linking loses (index household)" in page
        of_first = said(client(made, "ana").get(HERE))["linkages"]
        assert [(one["linked"]["index"], one["linked"]["number"]) for one in of_first] == [
            ("household", 1),
            ("person", 1),
        ]
        (second,) = said(client(made, "ana").get(HERE.replace("/1/", "/2/")))["linkages"]
        assert (second["linked"]["number"], second["linked"]["afresh"]) == (2, False)
