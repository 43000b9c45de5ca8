"""Attacks on the frames that show files: asked for by a room's script, without a key, or with that of another."""

from __future__ import annotations

import re

import pytest
from tests.support.airlock_server import HOST, Browser, Service
from tests.support.airlock_world import MOBILITY

from saferoom.disclosure.files.model import FileReport, Passage
from saferoom.disclosure.files.view import View
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.ids import Username
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.uploads import Screened, Upload

SECRET = "Seven people of the north"
AS_FRAME = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def request_with_files(airlock: Service) -> Request:
    """A request with a file, and one that supports it."""
    instance, ana = airlock.world.instance, Username("ana")

    def keep(name: str) -> str:
        finding = Finding("low-count", Risk.LOW_COUNT, Verdict.REVIEW, (), "few", "merge")
        report = FileReport(name, "text", Verdict.REVIEW, (finding,))
        view = View(passages=(Passage("the whole file", SECRET),))
        return instance.airlock.record_file(Upload(ana, MOBILITY, name, name.encode()), Screened(report, view)).id

    file, code = keep("pay.txt"), keep("code.txt")
    return instance.airlock.submit(ana, MOBILITY, [file], "Pay", "For the paper.", "Rounded.", [code])  # type: ignore[list-item]


def addresses(browser: Browser, request: Request) -> list[str]:
    return browser.frame_addresses(browser.get(f"requests/{request.id}"))


def test_frame_of_the_own_page_shows_the_file_and_can_do_nothing(airlock: Service, request_with_files: Request) -> None:
    ben = airlock.browser("ben")
    for address in addresses(ben, request_with_files):
        answer = ben.http.get(address, headers=AS_FRAME)
        assert SECRET in answer.text
        policy = answer.headers["content-security-policy"]
        assert policy.endswith("; sandbox")
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "form-action 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert "csrf" not in answer.text
        assert ben.csrf() not in answer.text


def test_frames_of_a_page_have_no_rights(airlock: Service, request_with_files: Request) -> None:
    page = airlock.browser("ben").get(f"requests/{request_with_files.id}").text
    frames = re.findall(r"<iframe [^>]*>", page)
    assert len(frames) == 2
    assert all('sandbox=""' in frame for frame in frames)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Dest": "object", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Dest": "embed", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Dest": "iframe"},
    ],
)
def test_content_is_given_to_a_frame_of_this_host_alone(
    airlock: Service, request_with_files: Request, headers: dict[str, str]
) -> None:
    ben = airlock.browser("ben")
    for address in addresses(ben, request_with_files):
        answer = ben.http.get(address, headers=headers)
        assert answer.status_code == 403
        assert SECRET not in answer.text
        assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("key", ["", "x", "é", "0" * 64, None])
def test_frame_without_the_pages_key_stays_closed(
    airlock: Service, request_with_files: Request, key: str | None
) -> None:
    """A script in a room knows ids and can put a frame into its own page, but has seen no page of the airlock."""
    ben = airlock.browser("ben")
    for address in addresses(ben, request_with_files):
        bare = address.partition("?")[0]
        answer = ben.http.get(bare, params={} if key is None else {"key": key}, headers=AS_FRAME)
        assert answer.status_code == 403
        assert SECRET not in answer.text


def test_key_opens_one_file_for_one_session(airlock: Service, request_with_files: Request) -> None:
    ben, cleo = airlock.browser("ben"), airlock.browser("cleo")
    file, code = addresses(ben, request_with_files)
    swapped = file.partition("?")[0] + "?" + code.partition("?")[2]
    assert ben.http.get(swapped, headers=AS_FRAME).status_code == 403
    assert cleo.http.get(file, headers=AS_FRAME).status_code == 403
    assert airlock.browser("ben").http.get(file, headers=AS_FRAME).status_code == 403
    assert airlock.browser("rita").http.get(file, headers=AS_FRAME).status_code == 403
    assert ben.http.get(file, headers=AS_FRAME).status_code == 200


def test_frame_ends_with_the_session(airlock: Service, request_with_files: Request) -> None:
    ben = airlock.browser("ben")
    file, _ = addresses(ben, request_with_files)
    ben.post("sign-out")
    answer = ben.http.get(file, headers=AS_FRAME)
    assert answer.status_code in (303, 401)
    assert SECRET not in answer.text


def test_author_sees_the_file_in_a_frame_only_once_it_has_left(airlock: Service, request_with_files: Request) -> None:
    ana = airlock.browser("ana")
    assert addresses(ana, request_with_files) == []
    for checker in ("ben", "cleo"):
        airlock.world.approve(request_with_files, checker)
    (file,) = addresses(ana, request_with_files)
    assert SECRET in ana.http.get(file, headers=AS_FRAME).text


def test_mutation_without_the_check_a_room_reads_the_file_in_a_frame(
    airlock: Service, request_with_files: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("saferoom.hub.web.airlock.frames.check_frame", lambda *_: None)
    ben = airlock.browser("ben")
    file, _ = addresses(ben, request_with_files)
    assert SECRET in ben.http.get(file.partition("?")[0], headers={"Host": HOST}).text
