"""The rooms' API for the outbox: what is dropped becomes a draft, once, for the token's person and project alone."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.support.airlock_server import Room, Service
from tests.support.airlock_world import INCOME, MOBILITY

from saferoom.hub.web.shell.rates import Rate
from saferoom.ids import Username
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.uploads import LARGEST_BYTES

TABLE = b"region,count\r\nnorth,310\r\nsouth,290\r\n"
ANA = Username("ana")


def drop(room: Room, name: str, data: bytes = TABLE, folder: str = "", **params: Any) -> httpx.Response:
    asked = {"name": name} | ({"folder": folder} if folder else {}) | params
    headers = {"Authorization": f"token {room.token}", "Content-Type": "application/octet-stream"}
    return room.http.post("/api/room/outbox", params=asked, content=data, headers=headers)


def drafts(airlock: Service, name: str = "ana") -> list[Any]:
    found = airlock.world.instance.airlock.requests_of(Username(name))
    return [request for request in found if request.state is State.DRAFT]


def test_dropped_files_gather_in_one_draft_with_their_group_and_words(airlock: Service) -> None:
    room = airlock.room()
    first = drop(room, "regions.csv", folder="Wages").json()
    assert first["became"] == "drafted"
    assert first["url"] == f"/services/airlock/requests/{first['request']}"
    assert drop(room, "context.txt", b"For chapter two.", "Wages").json()["became"] == "drafted"
    assert drop(room, "code.py", b"print(1)\n", "Wages/supporting").json()["became"] == "drafted"
    (draft,) = drafts(airlock)
    assert draft.id == first["request"]
    assert [output.title for output in draft.outputs] == ["regions.csv"]
    (group,) = draft.groups
    assert (group.name, group.context) == ("Wages", "For chapter two.")
    assert [file.title for file in group.supporting] == ["code.py"]
    page = airlock.browser("ana").get(f"requests/{draft.id}/edit").text
    assert "regions.csv" in page
    assert "For chapter two." in page


def test_same_file_again_changes_nothing_and_spends_nothing(airlock: Service) -> None:
    room = airlock.room()
    assert drop(room, "regions.csv").json()["became"] == "drafted"
    before = drafts(airlock)[0].version
    for _ in range(150):
        assert drop(room, "regions.csv").json()["became"] == "known"
    assert drafts(airlock)[0].version == before
    assert drop(room, "regions.csv", TABLE + b"east,200\r\n").json()["became"] == "replaced"
    assert len(drafts(airlock)[0].outputs) == 1


def test_file_of_a_discarded_draft_does_not_come_back(airlock: Service) -> None:
    room = airlock.room()
    id_ = drop(room, "regions.csv").json()["request"]
    assert airlock.browser("ana").post(f"requests/{id_}/discard").status_code == 303
    assert drop(room, "regions.csv").json()["became"] == "known"
    assert drafts(airlock) == []


def test_refused_file_says_why_and_keeps_no_other_out(airlock: Service) -> None:
    room = airlock.room()
    empty = drop(room, "empty.csv", b"").json()
    assert empty["became"] == "refused"
    assert "the file is empty" in empty["message"]
    assert drop(room, "a.csv", folder="A/B/C").json()["became"] == "refused"
    assert drop(room, "notes.txt~").json()["became"] == "passed_over"
    assert drop(room, "regions.csv").json()["became"] == "drafted"


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("../../etc/passwd", ""),
        ("a.csv", "../other"),
        ("a.csv", ".."),
        ("a.csv", "Wages/../.."),
        ("a\\b.csv", ""),
        ("a\x00.csv", ""),
        ("a\u202ecsv.exe", ""),
        ("a.csv", "x" * 500),
        ("x" * 500 + ".csv", ""),
        ("", ""),
    ],
)
def test_attack_names_that_are_paths_or_cannot_be_seen_come_into_no_draft(
    airlock: Service, name: str, folder: str
) -> None:
    answer = drop(airlock.room(), name, folder=folder)
    assert answer.status_code == 422 or answer.json()["became"] in ("refused", "passed_over")
    assert drafts(airlock) == []


def test_attack_person_or_project_in_the_address_is_refused(airlock: Service) -> None:
    room = airlock.room("rita", "income")
    strange: tuple[dict[str, Any], ...] = ({"author": "ana"}, {"project": "mobility"}, {"username": "ana"})
    for more in strange:
        assert drop(room, "regions.csv", **more).status_code == 422
    assert drop(room, "regions.csv").status_code == 200
    assert drafts(airlock) == []
    (draft,) = drafts(airlock, "rita")
    assert (draft.author, draft.project) == ("rita", INCOME)


@pytest.mark.parametrize("token", ["", "x", "token of nobody"])
def test_attack_without_a_rooms_token_nothing_is_taken(airlock: Service, token: str) -> None:
    assert drop(airlock.with_token(token or "none"), "regions.csv").status_code == 401
    assert drafts(airlock) == []


def test_attack_person_who_left_the_project_drops_nothing(airlock: Service) -> None:
    from saferoom.hub.store.tables import MemberRow

    room = airlock.room()
    with airlock.world.instance.database.transaction() as session:
        for row in session.query(MemberRow).filter_by(project=MOBILITY, username="ana"):
            row.ended_at = airlock.world.clock.now()
    assert drop(room, "regions.csv").status_code in (403, 404)
    assert drafts(airlock) == []


def test_attack_oversized_file_is_refused_before_it_is_kept(airlock: Service) -> None:
    assert drop(airlock.room(), "huge.csv", b"x" * (LARGEST_BYTES + 1)).status_code == 413
    assert drafts(airlock) == []


def test_attack_flood_of_new_files_meets_the_limit(airlock: Service) -> None:
    airlock.parts.rates.spend(Rate.FILES, ANA, 119)
    room = airlock.room()
    assert drop(room, "regions.csv").status_code == 200
    assert drop(room, "other.csv").status_code == 429
    assert drop(room, "regions.csv").json()["became"] == "known"


def test_attack_markup_in_names_is_text_on_every_page(airlock: Service) -> None:
    evil = "<img src=x onerror=alert(1)>{{7*191}}"
    made = drop(airlock.room(), f"{evil}.csv", folder=evil).json()
    assert made["became"] == "drafted"
    ana = airlock.browser("ana")
    for path in ("requests", f"requests/{made['request']}", f"requests/{made['request']}/edit"):
        page = ana.get(path)
        assert page.status_code == 200
        assert "<img src=x" not in page.text
        assert "1337" not in page.text


def test_draft_changed_on_its_page_at_the_same_moment_takes_the_file_all_the_same(
    airlock: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    from saferoom.errors import StaleVersionError
    from saferoom.projects.airlock.service import Airlock

    tries = []
    whole = Airlock.draft_files

    def overtaken(self: Airlock, *arguments: Any) -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise StaleVersionError("changed")
        return whole(self, *arguments)

    monkeypatch.setattr(Airlock, "draft_files", overtaken)
    assert drop(airlock.room(), "regions.csv").json()["became"] == "drafted"
    assert len(tries) == 2
