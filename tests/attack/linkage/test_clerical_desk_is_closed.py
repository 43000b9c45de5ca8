"""Ways to the desk of clerical review that must lead nowhere: other people, other roles, other tokens, other pages."""

from __future__ import annotations

import io
import json
import logging
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.desk_server import NAMES, DeskService, asked_directly, desk_service, zone_at
from tests.support.review_world import LINK, PIA, RON, M, N, U

from saferoom.errors import IntegrityError, NotFoundError
from saferoom.hub.linkage.desk.queueing import Shown, Side, decided_pairs, shown_pairs
from saferoom.hub.web.shell import logs

pytestmark = pytest.mark.sqlite

SAID = (*NAMES, "Penhaligon", "Penhalligan", "Sea Row", "1990-01")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskService]:
    with desk_service(tmp_path) as made:
        yield made


def tells(text: str) -> list[str]:
    """Return what of the records is in a text."""
    return [one for one in SAID if one in text]


@pytest.mark.parametrize("name", ["rosa", "carl", "olga", "ada"])
def test_other_roles_cannot_sign_in_at_the_desk(desk: DeskService, name: str) -> None:
    browser = desk.nobody()
    answer = desk.sign_in(browser, name)
    assert answer.status_code == 403
    assert "Only clerical reviewers" in answer.text
    assert browser.get().status_code == 303
    assert not tells(answer.text)


def test_rooms_token_and_airlocks_token_open_nothing(desk: DeskService) -> None:
    room = desk.hub.room_token("rosa", "mob")
    desk.hub.scope = "access:services!service=airlock"
    airlock = desk.hub.browser_token("pia")
    for token in (room, airlock, "a" * 40, ""):
        for path in ("/visitor", "/next"):
            answer = asked_directly(desk, path, {"token": token})
            assert answer.status_code in (401, 403)
        answer = asked_directly(desk, "/decide", {"token": token, "link": LINK, "number": 1, "choice": "match"})
        assert answer.status_code in (401, 403)
    assert desk.nobody().get("review", Authorization=f"token {room}").status_code == 303


def test_role_that_is_taken_away_ends_the_review_at_the_next_request(desk: DeskService) -> None:
    pia = desk.reviewer("pia")
    fields = pia.fields()
    desk.world.around.apply("{kind: person, username: pia, display_name: Pia Stern, roles: [data-owner]}")
    page, sent = pia.get(), pia.post("review", fields | {"choice": "match"})
    assert (page.status_code, sent.status_code) == (403, 403)
    assert not tells(page.text)
    assert not tells(sent.text)


def test_form_from_elsewhere_or_without_the_sessions_token_decides_nothing(desk: DeskService) -> None:
    pia = desk.reviewer("pia")
    fields = pia.fields() | {"choice": "match"}
    assert pia.post("review", fields | {"csrf": "x" * 43}).status_code == 403
    assert pia.post("review", fields, Origin="https://evil.example").status_code == 403
    assert pia.post("review", fields, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert pia.fields()["number"] == fields["number"]


def test_page_is_shown_in_no_frame_and_to_no_script(desk: DeskService) -> None:
    pia = desk.reviewer("pia")
    for destination in ("iframe", "empty", "image", "script"):
        answer = pia.get(**{"Sec-Fetch-Dest": destination})
        assert answer.status_code == 403
        assert not tells(answer.text)
    headers = pia.get().headers
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert re.search(r"script-src 'nonce-[^']+'", headers["content-security-policy"])


def test_reviewer_sees_nothing_of_the_others_decision(desk: DeskService) -> None:
    ron = desk.reviewer("ron")
    before = ron.get().text
    number = int(ron.fields()["number"])
    for choice in (M, N):
        desk.world.clerical.decide(PIA, LINK, number, choice)
        # Only the tokens of the page differ.
        after = ron.get().text
        hidden = re.compile(r'nonce="[^"]+"')
        assert hidden.sub("", before) == hidden.sub("", after)
        desk.world.clerical.undo(PIA, LINK, number)
    assert "pia" not in before.casefold()


def test_answer_to_a_decision_is_the_same_whether_it_agrees_or_not(desk: DeskService) -> None:
    ron = desk.reviewer("ron")
    places = []
    for other in (M, N):
        fields = ron.fields()
        desk.world.clerical.decide(PIA, LINK, int(fields["number"]), other)
        token = desk.hub.browser_token("ron")
        asked = {"token": token, "link": LINK, "number": int(fields["number"]), "choice": "match"}
        places.append(asked_directly(desk, "/decide", asked).text)
    assert places == ["{}", "{}"]


def test_page_after_a_decision_is_the_same_whether_it_agrees_differs_or_is_the_first(desk: DeskService) -> None:
    """Whoever is told what an own decision came to learns what the other said, and decides the next one by it."""
    ron, hidden = desk.reviewer("ron"), re.compile(r'nonce="[^"]+"|name="(number|csrf)" value="[^"]+"|>[^<]*</t[dh]>')
    pages = []
    for other in (M, N, U, None):
        number = int(ron.fields()["number"])
        if other is not None:
            desk.world.clerical.decide(PIA, LINK, number, other)
        pages.append(hidden.sub("", ron.decide("match").text))
    told = [re.sub(r"\d+ decided by you, \d+ waiting|value=\"\d+\" max", "", page) for page in pages]
    assert "Take back my last decision" in told[0]
    assert len(set(told)) == 1
    for turn, page in enumerate(pages, start=1):
        assert f"{turn} decided by you, {12 - turn} waiting for you<" in page


def test_reviewer_cannot_vote_twice_nor_as_the_third(desk: DeskService) -> None:
    pia = desk.reviewer("pia")
    fields = pia.fields()
    number = int(fields["number"])
    pia.decide("match")
    desk.world.clerical.decide(RON, LINK, number, N)
    answer = pia.post("review", fields | {"choice": "match"})
    assert answer.headers["location"].endswith("done=settled")
    with desk.world.clerical.store.reading() as tx:
        pair = tx.pair(LINK, number)
    assert pair is not None
    assert [vote.by for vote in pair.votes] == [PIA, RON]


def test_pair_that_is_not_waiting_for_a_reviewer_cannot_be_asked_for(desk: DeskService) -> None:
    desk.world.clerical.decide(PIA, LINK, 3, M)
    token = desk.hub.browser_token("pia")
    assert asked_directly(desk, "/shown", {"token": token, "link": LINK, "number": 3}).status_code == 409


def test_records_are_neither_in_the_database_nor_in_logs_nor_in_errors(
    desk: DeskService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logs.configure()
    # What this test's own browser writes is no word of the desk.
    monkeypatch.setattr(logging.getLogger("httpx"), "disabled", True)
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    pia = desk.reviewer("pia")
    page = pia.decide("match")
    assert tells(page.text), "the page itself shows them"
    refused = [pia.post("review", pia.fields() | {"choice": "x", "more": "Penhaligon"}), pia.get("Penhaligon")]
    desk.zone.folder.joinpath("review", "person", "1", "shown.json").unlink()
    desk.parts._queues.clear()
    refused.append(pia.get())
    assert [answer.status_code for answer in refused] == [422, 404, 404]
    assert not [tells(answer.text) for answer in refused if tells(answer.text)]
    assert "request" in written.getvalue()
    assert not tells(written.getvalue())
    for file in tmp_path.rglob("*.sqlite*"):
        assert not tells(file.read_bytes().decode("latin-1")), file.name
    store = next(tmp_path.rglob("store.sqlite"))
    with sqlite3.connect(store) as database:
        assert database.execute("SELECT count(*) FROM clerical_votes").fetchone() == (1,)


def test_queue_is_sealed_on_disk_and_opens_for_its_own_zone_and_version_only(desk: DeskService, tmp_path: Path) -> None:
    review = desk.zone.folder / "review" / "person" / "1"
    assert {path.name for path in review.iterdir()} == {"pairs.json", "pairs.parquet", "shown.json", "shown.parquet"}
    for path in review.iterdir():
        assert not tells(path.read_bytes().decode("latin-1"))
    other = zone_at(tmp_path / "other")
    (other.folder / "review" / "person").mkdir(parents=True)
    review.rename(other.folder / "review" / "person" / "1")
    with pytest.raises(IntegrityError):
        shown_pairs(other, LINK)
    with pytest.raises(NotFoundError):
        shown_pairs(desk.zone, LINK)


def test_queue_of_another_version_in_its_place_does_not_open(desk: DeskService) -> None:
    review = desk.zone.folder / "review" / "person"
    (review / "1").rename(review / "2")
    with pytest.raises(IntegrityError):
        shown_pairs(desk.zone, "person@2")


def test_decision_about_a_pair_that_is_not_in_the_queue_is_refused(desk: DeskService) -> None:
    assert decided_pairs(desk.zone, LINK, [(1, True)]).num_rows == 1
    with pytest.raises(IntegrityError, match="does not have"):
        decided_pairs(desk.zone, LINK, [(1, True), (99, False)])


def test_value_that_looks_like_a_page_is_shown_as_text(desk: DeskService) -> None:
    shown = desk.parts.shown(LINK, 1)
    marked = tuple((name, "<script>alert(1)</script>") for name, _ in shown.left.fields)
    number = int(desk.reviewer("pia").fields()["number"])
    desk.parts._queues[LINK][number] = type(shown)(type(shown.left)("a<b>", marked), shown.right)
    text = desk.reviewer("pia").get().text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "a<b>" not in text


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("Ren\u00e9e", "Rene\u0301e", True),  # one accented letter, written in two ways
        ("Anna", "An\u200bna", False),  # a space of no width
        ("Anna", "\u202eannA\u202c", False),  # letters turned around: it reads as the other does
        ("Anna", "Anna\u00ad", False),  # a hyphen that is not shown
    ],
)
def test_values_that_look_the_same_are_the_same_or_show_a_mark(left: str, right: str, same: bool) -> None:
    """A custodian that delivers unseen letters would have reviewers take two people for one, or one for two."""
    shown = Shown(Side("pupils", (("name", left),)), Side("people", (("name", right),)))
    ((_, one, other, told),) = shown.rows()
    assert told is same
    assert (one == other) is same
    assert (other is not None and "\ufffd" in other) is not same


def test_door_tells_nothing_of_questions_it_could_not_read(desk: DeskService) -> None:
    token = desk.hub.browser_token("pia")
    answer = asked_directly(desk, "/decide", {"token": token, "link": LINK, "number": "x", "choice": "match"})
    assert answer.status_code == 422
    assert token not in json.dumps(answer.json())
