"""Attacks that send again what was good once: forms, sign-ins, cookies, and what somebody saw before it changed."""

from __future__ import annotations

import re

import pytest
from tests.support import checking_world as checking
from tests.support.airlock_server import HOST, PREFIX, Browser, Service
from tests.support.airlock_world import MOBILITY

from saferoom.hub.store import tables
from saferoom.ids import Username
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.wanted import WantedGroup

APPROVED = {"choice": "approved", "comment": ""}


def vote_path(request: Request) -> str:
    return f"requests/{request.id}/outputs/{request.outputs[0].id}/vote"


def again(airlock: Service, request: Request) -> Request:
    """Have the request returned by Cleo, and submitted again."""
    airlock.world.instance.airlock.return_to_author(checking.CLEO, request.id, "Another context, please.")
    return submitted_again(airlock, request)


def submitted_again(airlock: Service, request: Request) -> Request:
    """Let Ana submit a request that came back, with another context."""
    deeds = airlock.world.instance.airlock
    found = deeds.found(request.id)
    group = WantedGroup((request.outputs[0].evaluation,), "All of them are over ninety.", "Nothing special.")
    saved = deeds.save(checking.ANA, request.id, found.version, request.title, [group])
    return deeds.submit_draft(checking.ANA, request.id, saved.version)


def test_vote_on_a_page_that_was_opened_before_the_request_changed_does_not_count(airlock: Service) -> None:
    """Ben's page shows the first submission. While he reads, it is returned, changed and submitted again."""
    request, ben = airlock.world.request(), airlock.browser("ben")
    seen = vote_path(request)
    assert ben.get(f"requests/{request.id}").status_code == 200
    changed = again(airlock, request)
    answer = ben.post(seen, APPROVED)
    assert answer.status_code in (404, 409)
    after = airlock.world.instance.airlock.found(request.id)
    assert (after.state, after.votes, after.round) == (State.SUBMITTED, (), changed.round)


def test_form_sent_twice_is_a_deed_done_once(airlock: Service) -> None:
    request, ben = airlock.world.request(), airlock.browser("ben")
    fields, headers = {"csrf": ben.csrf(), **APPROVED}, {"Origin": f"http://{HOST}"}
    assert ben.bare_post(vote_path(request), fields, **headers).status_code == 303
    assert ben.bare_post(vote_path(request), fields, **headers).status_code == 409
    released = airlock.world.instance.airlock.releases_page(checking.BEN)
    assert [item.id for item in released.items] == [request.id]


def test_submission_sent_twice_is_one_request(airlock: Service) -> None:
    deeds, ana = airlock.world.instance.airlock, airlock.browser("ana")
    draft = deeds.draft_groups(checking.ANA, MOBILITY, "A draft", checking.groups(airlock.world))
    sent = {"version": str(draft.version)}
    assert ana.post(f"requests/{draft.id}/submit", sent).status_code == 303
    assert ana.post(f"requests/{draft.id}/submit", sent).status_code == 409
    assert deeds.found(draft.id).round == 1
    assert len(deeds.requests_of(checking.ANA)) == 1


def test_form_of_an_ended_session_is_worth_nothing_in_the_next(airlock: Service) -> None:
    request, ben = airlock.world.request(), airlock.browser("ben")
    old = {"csrf": ben.csrf(), **APPROVED}
    ben.post("sign-out")
    ben.http.cookies.clear()
    ben.sign_in(airlock.hub, "ben")
    assert ben.bare_post(vote_path(request), old, Origin=f"http://{HOST}").status_code == 403
    assert airlock.world.instance.airlock.found(request.id).state is State.SUBMITTED


def plant(browser: Browser, secret: str) -> None:
    """Set a session's cookie in somebody else's browser, as a script of a room on the same host may try."""
    browser.http.cookies.set("saferoom-airlock", secret, domain=HOST, path=PREFIX)


@pytest.mark.parametrize("planted", ["of the attacker", "made up"])
def test_session_that_was_planted_before_the_sign_in_is_not_the_victims(airlock: Service, planted: str) -> None:
    attacker, victim = airlock.browser("rita"), airlock.browser()
    secret = attacker.http.cookies["saferoom-airlock"] if planted == "of the attacker" else "x" * 43
    departure = victim.get()
    plant(victim, secret)
    arrived = victim.http.get(airlock.hub.authorize(departure.headers["location"], "ana"))
    assert arrived.status_code == 303
    assert arrived.cookies["saferoom-airlock"] != secret
    # What was planted opens nothing any more: neither Ana's session nor the old one.
    spy = airlock.browser()
    plant(spy, secret)
    assert spy.get("requests").status_code == 303


def test_sign_in_code_that_was_used_is_not_used_again(airlock: Service) -> None:
    browser = airlock.browser()
    callback = airlock.hub.authorize(browser.get().headers["location"], "ana")
    assert browser.http.get(callback).status_code == 303
    assert airlock.browser().http.get(callback).status_code == 401
    assert browser.http.get(callback).status_code in (401, 503)


def test_answer_of_one_person_is_kept_by_no_cache_for_the_next(airlock: Service) -> None:
    request, ben = airlock.world.request(), airlock.browser("ben")
    for path in ("queue", f"requests/{request.id}", "notices", "standing", "oauth_callback?code=x&state=y"):
        answer = ben.get(path)
        assert answer.headers["cache-control"] == "no-store", path
        assert "etag" not in answer.headers


@pytest.mark.parametrize("deed", ["sign", "refuse"])
def test_owners_word_on_what_was_changed_since_they_looked_does_not_count(airlock: Service, deed: str) -> None:
    """Dora's page shows the first submission; what waits for her signature now is another one."""
    airlock.world.change(tables.DatasetRow, "survey", release_route={"kind": "release-route", "owner_signs": True})
    first = airlock.world.approve(airlock.world.request())
    dora, deeds = airlock.browser("dora"), airlock.world.instance.airlock
    page = dora.get(f"requests/{first.id}").text
    seen = {"comment": "I have looked.", "csrf": dora.csrf(), "round": hidden(page, "round")}
    deeds.refuse_sign_off(Username("dora"), first.id, "Other words, please.")
    changed = submitted_again(airlock, first)
    airlock.world.approve(changed)
    answer = dora.bare_post(f"requests/{first.id}/{deed}", seen, Origin=f"http://{HOST}")
    assert answer.status_code == 409
    assert "submitted again since you opened its page" in answer.text
    assert "I have looked." in answer.text
    assert deeds.found(first.id).state is State.AWAITING_SIGN_OFF
    current = {**seen, "round": hidden(dora.get(f"requests/{first.id}").text, "round")}
    assert dora.bare_post(f"requests/{first.id}/sign", current, Origin=f"http://{HOST}").status_code == 303
    assert deeds.found(first.id).state is State.RELEASED


@pytest.mark.parametrize("deed", ["return", "reject"])
def test_checkers_end_of_a_submission_does_not_end_the_next_one(airlock: Service, deed: str) -> None:
    request, ben = airlock.world.request(), airlock.browser("ben")
    seen = {"comment": "Not this.", "round": hidden(ben.get(f"requests/{request.id}").text, "round")}
    again(airlock, request)
    assert ben.post(f"requests/{request.id}/{deed}", seen).status_code == 409
    assert airlock.world.instance.airlock.found(request.id).state is State.SUBMITTED


def hidden(page: str, name: str) -> str:
    """Return what a hidden field of a page holds."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]
