"""Checking on pages: claims, blind votes, a third checker, comments, signatures, audits, withdrawals, drafts."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import httpx
import pytest
from tests.support import checking_world as checking
from tests.support.airlock_server import Browser, Service
from tests.support.airlock_world import INCOME, MOBILITY, judged
from tests.support.naming import names

from saferoom.hub.store.tables import DatasetRow
from saferoom.ids import Username
from saferoom.projects.airlock.model import Choice, Request
from saferoom.projects.airlock.states import State

ANA, BEN, CLEO = checking.ANA, checking.BEN, checking.CLEO


def vote(browser: Browser, request: Request, place: int, choice: str, comment: str = "") -> httpx.Response:
    output = request.outputs[place - 1]
    return browser.post(f"requests/{request.id}/outputs/{output.id}/vote", {"choice": choice, "comment": comment})


def signing(airlock: Service, **route: object) -> None:
    """Let the owners of all data ask for their signature, or for something else."""
    for name in ("survey", "register"):
        airlock.world.change(DatasetRow, name, release_route={"kind": "release-route", **route})


def version_of(page: httpx.Response) -> str:
    found = re.search(r'name="version" value="([0-9]+)"', page.text)
    assert found is not None
    return found[1]


def test_claim_is_shown_to_others_with_its_age_and_keeps_nobody_out(airlock: Service) -> None:
    request, ben, cleo = checking.asked(airlock.world), airlock.browser("ben"), airlock.browser("cleo")
    assert ben.post(f"requests/{request.id}/claim").headers["location"].endswith("done=claimed")
    airlock.world.clock.advance(timedelta(minutes=25))
    for path in ("queue", f"requests/{request.id}"):
        assert "ben is looking at it: began 25 minutes ago" in cleo.get(path).text
    assert vote(cleo, request, 1, "approved").status_code == 303
    author = airlock.browser("ana").get(f"requests/{request.id}").text
    assert "An output checker is looking at it" in author
    assert not names(author, "ben")
    assert "I am not looking at it any more" in ben.get(f"requests/{request.id}").text
    assert ben.post(f"requests/{request.id}/unclaim").status_code == 303
    assert "is looking at it" not in cleo.get("queue").text


def test_queue_is_filtered_ordered_and_paged(airlock: Service) -> None:
    with_file = checking.asked(airlock.world, "With a file")
    airlock.world.clock.advance(timedelta(hours=30))
    plain = airlock.world.request(title="A statistic")
    other = airlock.world.request("rita", INCOME, title="Of another project")
    ben = airlock.browser("ben")

    def shown(asked: str) -> set[str]:
        page = ben.get(f"queue?{asked}").text
        return {request.title for request in (with_file, plain, other) if request.title in page}

    assert shown("") == {"With a file", "A statistic", "Of another project"}
    assert shown("lane=file") == {"With a file"}
    assert shown("lane=declared&project=income") == {"Of another project"}
    assert shown("age=24") == {"With a file"}
    assert shown("risk=review") == {"With a file", "A statistic", "Of another project"}
    assert shown("risk=pass") == set()
    assert shown("state=reviewed") == set()
    assert shown("risk=nonsense&lane=&age=x&state=released&page=-3") == {
        "With a file",
        "A statistic",
        "Of another project",
    }
    newest = ben.get("queue?order=newest").text
    assert newest.index("A statistic") < newest.index("With a file")
    assert "There is no such page of the list" in ben.get("queue?page=9").text


def test_queue_says_how_long_decisions_take(airlock: Service) -> None:
    ben = airlock.browser("ben")
    assert "Decided in the last 30 days" not in ben.get("queue").text
    request = airlock.world.request()
    airlock.world.clock.advance(timedelta(hours=5))
    airlock.world.approve(request)
    page = airlock.browser("ben").get("queue").text
    assert "median 5 hours, 95th percentile 5 hours (1 by people)" in page


def test_checkers_are_blind_to_each_other_until_both_have_voted(airlock: Service) -> None:
    request, ben, cleo = checking.asked(airlock.world), airlock.browser("ben"), airlock.browser("cleo")
    assert vote(ben, request, 1, "changes_requested", "Too few in the west.").status_code == 303
    page = cleo.get(f"requests/{request.id}").text
    assert "You see nobody else's votes" in page
    assert "Too few in the west." not in page
    vote(ben, request, 2, "approved")
    for place in (1, 2):
        vote(cleo, request, place, "approved")
    page = cleo.get(f"requests/{request.id}").text
    assert "Too few in the west." in page
    assert "The output checkers disagree about this output" in page
    assert "one more output checker has to look" in page
    assert "One more" not in airlock.browser("ana").get(f"requests/{request.id}").text


def test_vote_without_the_comment_it_needs_comes_back_with_what_was_chosen(airlock: Service) -> None:
    request, ben = checking.asked(airlock.world), airlock.browser("ben")
    for choice in ("changes_requested", "undecided"):
        answer = vote(ben, request, 1, choice)
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
        assert f"vote-{request.outputs[0].id}-field-comment-wrong" in answer.text
    answer = ben.post(f"requests/{request.id}/return", {"comment": "", "advise": request.outputs[0].id})
    assert answer.status_code == 422
    assert "Fill this in." in answer.text
    assert f'value="{request.outputs[0].id}" checked' in answer.text
    assert airlock.world.instance.airlock.request(BEN, request.id).votes == ()


def test_whoever_may_not_do_a_thing_learns_that_and_nothing_of_the_form(airlock: Service) -> None:
    request = checking.asked(airlock.world)
    for deed in ("claim", "return", "reject", "sign", "refuse", "audit", f"outputs/{request.outputs[0].id}/vote"):
        for name, status in (("chris", 403), ("ana", 403), ("rita", 404), ("ada", 404)):
            answer = airlock.browser(name).post(f"requests/{request.id}/{deed}", {"nonsense": "x"})
            assert (deed, name, answer.status_code) == (deed, name, status)
            assert "nonsense" not in answer.text or status == 403
    for deed in ("sign", "audit", "withdraw-release"):
        assert airlock.browser("ben").post(f"requests/{request.id}/{deed}").status_code in (403, 409)


def test_comments_are_private_or_public_and_about_something(airlock: Service) -> None:
    request, ben, ana = checking.asked(airlock.world), airlock.browser("ben"), airlock.browser("ana")
    path = f"requests/{request.id}/comment"
    private = {"body": "I doubt the west.", "about": f"output:{request.outputs[0].id}", "audience": "own_side"}
    public = {"body": "Say what pay is.", "about": "group:2", "audience": "both_sides"}
    assert ben.post(path, private).status_code == ben.post(path, public).status_code == 303
    page = ben.get(f"requests/{request.id}").text
    assert "about output 1" in page
    assert "about group Pay" in page
    assert "seen by output checkers only" in page
    assert "I doubt the west." not in airlock.browser("cleo").get(f"requests/{request.id}").text
    assert "Say what pay is." not in ana.get(f"requests/{request.id}").text
    ben.post(f"requests/{request.id}/return", {"comment": "See the comments."})
    page = ana.get(f"requests/{request.id}").text
    assert "Say what pay is." in page
    assert "I doubt the west." not in page
    assert ana.post(path, {"body": "It is hourly.", "audience": "both_sides", "about": ""}).status_code == 303
    for wrong in ({"about": "group:9"}, {"about": "nowhere"}, {"about": "group:1\u00b2"}):
        sent = {"body": "Kept words", "audience": "both_sides"} | wrong
        answer = ana.post(path, sent)
        assert answer.status_code == 422
        assert "Kept words" in answer.text


def test_data_owner_signs_what_leaves_and_sees_nothing_else(airlock: Service) -> None:
    signing(airlock, owner_signs=True)
    request = airlock.world.request(title="To be signed")
    dora, ben = airlock.browser("dora"), airlock.browser("ben")
    assert "Nothing waits for your signature" in dora.get("sign-offs").text
    assert "for your signature" not in dora.get("projects").text
    ben.post(f"requests/{request.id}/comment", {"body": "A secret of ours", "audience": "own_side", "about": ""})
    vote(ben, request, 1, "approved", "Looks fine to me")
    assert "To be signed" in dora.get("sign-offs").text
    assert "1 request waits for your signature" in dora.get("projects").text
    assert "To be signed" not in airlock.browser("otto").get("sign-offs").text
    page = dora.get(f"requests/{request.id}")
    for expected in ("What would leave", "<td>220</td>", "few people stand behind a cell", "Sign what leaves"):
        assert expected in page.text
    for hidden in ("A secret of ours", "Looks fine to me", "Evidence"):
        assert hidden not in page.text
    assert not names(page.text, "ben")
    csv = dora.get(f"requests/{request.id}/leaving/{request.outputs[0].id}/csv")
    assert csv.content.startswith(b"region,count")
    assert csv.headers["content-type"] == "application/octet-stream"
    assert csv.headers["content-disposition"].startswith('attachment; filename="about-to-leave-')
    assert dora.get(f"requests/{request.id}/leaving/{request.outputs[0].id}/exe").status_code == 404
    assert airlock.browser("ana").get(f"requests/{request.id}/leaving/{request.outputs[0].id}/csv").status_code == 403
    answer = dora.post(f"requests/{request.id}/sign", {"comment": ""})
    assert answer.headers["location"].endswith("done=released")


def test_data_owner_sees_a_file_that_leaves_in_a_frame_and_can_send_it_back(airlock: Service) -> None:
    signing(airlock, owner_signs=True)
    request = checking.asked(airlock.world)
    dora = airlock.browser("dora")
    assert dora.get(f"requests/{request.id}").status_code == 403
    for name in ("ben", "cleo"):
        airlock.world.approve(request, name)
    page = dora.get(f"requests/{request.id}")
    (frame,) = dora.frames(page)
    assert "<td>310</td>" in frame.text
    assert "pay.py" not in page.text
    supporting = request.supporting[0].evaluation
    forged = dora.frame_addresses(page)[0].replace(request.outputs[1].evaluation, supporting)
    asked = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"}
    assert dora.http.get(forged, headers=asked).status_code == 403
    assert dora.post(f"requests/{request.id}/refuse", {"comment": ""}).status_code == 422
    answer = dora.post(f"requests/{request.id}/refuse", {"comment": "Not the wages."})
    assert answer.headers["location"].endswith("sign-offs?done=not-signed")
    author = airlock.browser("ana").get(f"requests/{request.id}").text
    assert "Not the wages." in author
    assert not names(author.split("<main", 1)[1], "dora")


def test_automatic_release_is_audited_and_withdrawn_by_a_statement(airlock: Service) -> None:
    signing(airlock, automatic=True, audit_one_in=1)
    sound = {"from": "survey", "statistic": "frequency", "by": ["education"]}
    found = airlock.parts.evaluator.evaluate(ANA, MOBILITY, sound)
    record = airlock.world.instance.airlock.record_evaluation(ANA, MOBILITY, found)
    words = ("Left by itself", "For the paper.", "Ten or more.")
    request = airlock.world.instance.airlock.submit(ANA, MOBILITY, [record.id], *words)
    assert request.state is State.RELEASED, request.waits_because
    ben, ana = airlock.browser("ben"), airlock.browser("ana")
    assert request.id in ben.get("audits").text
    assert "Drawn for audit (1)" in ben.get("queue").text
    assert "audit" not in ana.get(f"requests/{request.id}").text.split("<main", 1)[1].split("<footer", 1)[0]
    path = f"requests/{request.id}/audit"
    assert ben.post(path, {"finding": "should_not_have_left", "comment": ""}).status_code == 422
    sent = {"finding": "should_not_have_left", "comment": "The west is too small."}
    assert ben.post(path, sent).status_code == 303
    assert ben.post(path, sent).status_code == 409
    page = ana.get(f"requests/{request.id}").text
    assert "This release is withdrawn" in page
    assert "The west is too small." in page
    assert not names(page.split("<main", 1)[1], "ben")
    statement = json.loads(ana.get(f"requests/{request.id}/withdrawal").content)
    assert statement["payloadType"].startswith("application/vnd.saferoom.withdrawal")
    assert "Withdrawn" in ana.get("releases").text
    assert "Nothing is left to audit" in ben.get("audits").text


def test_release_is_withdrawn_by_its_data_owner_once(airlock: Service) -> None:
    request = airlock.world.approve(airlock.world.request())
    dora = airlock.browser("dora")
    assert dora.get(f"requests/{request.id}/withdrawal").status_code == 404
    path = f"requests/{request.id}/withdraw-release"
    answer = dora.post(path, {"cause": "wrong_numbers", "explanation": ""})
    assert answer.status_code == 422
    assert 'value="wrong_numbers" selected' in answer.text
    sent = {"cause": "wrong_numbers", "explanation": "A coding slip."}
    assert dora.post(path, sent).status_code == 303
    assert dora.post(path, sent).status_code == 409
    assert "its numbers are wrong" in airlock.browser("ana").get(f"requests/{request.id}").text
    assert airlock.browser("chris").post(path, sent).status_code == 403


def test_draft_is_seen_by_its_authors_side_and_changed_by_its_author_alone(airlock: Service) -> None:
    deeds = airlock.world.instance.airlock
    draft = deeds.draft_groups(ANA, MOBILITY, "A draft", checking.groups(airlock.world))
    for name, seen, edited in (("chris", 200, 403), ("ben", 404, 404), ("rita", 404, 404), ("dora", 404, 404)):
        browser = airlock.browser(name)
        assert (name, browser.get(f"requests/{draft.id}").status_code) == (name, seen)
        assert (name, browser.get(f"requests/{draft.id}/edit").status_code) == (name, edited)
        for deed in ("edit", "add", "submit", "discard", "accept", "withdraw"):
            answer = browser.post(f"requests/{draft.id}/{deed}", {"version": "1"})
            assert (name, deed, answer.status_code) == (name, deed, edited)
    assert deeds.request(ANA, draft.id).state is State.DRAFT


def test_draft_keeps_outputs_of_a_group_that_was_taken_away_and_everything_that_was_typed(airlock: Service) -> None:
    deeds, ana = airlock.world.instance.airlock, airlock.browser("ana")
    draft = deeds.draft_groups(ANA, MOBILITY, "A draft", checking.groups(airlock.world))
    path, ids = f"requests/{draft.id}/edit", [output.evaluation for output in draft.outputs]
    page = ana.get(path)
    sent = {
        "version": version_of(page),
        "title": "Another title",
        "groups.0.number": "0",
        "groups.0.name": "Education",
        "groups.0.context": "New words",
        "outputs.0.evaluation": ids[0],
        "outputs.0.group": "0",
        "outputs.0.part": "leaves",
        "outputs.1.evaluation": ids[1],
        "outputs.1.group": "1",
        "outputs.1.part": "leaves",
    }
    wrong = ana.post(path, {**sent, "groups.0.name": "x" * 81})
    assert wrong.status_code == 422
    assert "Use at most 80 characters." in wrong.text
    assert "New words" in wrong.text
    assert ana.post(path, sent).status_code == 303
    saved = deeds.request(ANA, draft.id)
    assert saved.title == "Another title"
    assert [group.name for group in saved.groups] == ["Education"]
    assert [output.evaluation for output in saved.outputs] == ids
    out = {**sent, "version": str(saved.version), "outputs.1.part": "out"}
    assert ana.post(path, out).status_code == 303
    assert [output.evaluation for output in deeds.request(ANA, draft.id).outputs] == ids[:1]


def test_draft_that_is_not_complete_says_so_and_stays(airlock: Service) -> None:
    ana = airlock.browser("ana")
    begun = ana.post("requests/new", {"project": "mobility", "title": "Half done"})
    path = begun.headers["location"].removeprefix("/services/airlock/").partition("?")[0]
    version = version_of(ana.get(path))
    answer = ana.post(path.replace("/edit", "/submit"), {"version": version})
    assert answer.status_code == 422
    assert "at least one output" in answer.text
    typed = {"version": version, "title": " ", "groups.0.number": "0", "groups.0.context": "Typed, never saved"}
    lacking = ana.post(path.replace("/edit", "/submit"), typed)
    assert lacking.status_code == 422
    assert "Typed, never saved" in lacking.text
    for name in ("title", "groups-0-controls"):
        assert f'id="field-{name}-wrong"' in lacking.text
    assert 'id="field-groups-0-context-wrong"' not in lacking.text
    assert "Your draft is saved. Nobody else sees it." in ana.get(f"{path}?done=saved").text
    stale = ana.post(path.replace("/edit", "/submit"), {"version": "999"})
    assert stale.status_code in (409, 422)
    assert ana.post("requests/new", {"project": "income", "title": "Not mine"}).status_code in (403, 404, 422)
    assert ana.post(path.replace("/edit", "/discard")).headers["location"].endswith("done=discarded")


@pytest.mark.parametrize("evaluation", ["evaluation-none", "", "file-of-somebody"])
def test_attack_evaluation_of_somebody_else_comes_into_no_draft(airlock: Service, evaluation: str) -> None:
    deeds, ana = airlock.world.instance.airlock, airlock.browser("ana")
    draft = deeds.draft_groups(ANA, MOBILITY, "A draft", checking.groups(airlock.world))
    theirs = deeds.record_evaluation(Username("rita"), INCOME, judged()).id
    chosen = theirs if evaluation == "file-of-somebody" else evaluation
    sent = {"version": str(draft.version), "evaluation": chosen, "group": "Pay"}
    answer = ana.post(f"requests/{draft.id}/add", sent)
    assert answer.status_code in (404, 422)
    assert len(deeds.request(ANA, draft.id).outputs) == 2


def test_accepted_variant_is_evaluated_and_submitted(airlock: Service) -> None:
    deeds, ana = airlock.world.instance.airlock, airlock.browser("ana")
    statistic = checking.statistic(airlock.world)
    words = ("Education", "For the paper.", "As advised.")
    request = deeds.submit(ANA, MOBILITY, [statistic], *words)
    assert ana.post(f"requests/{request.id}/accept").status_code == 409
    deeds.return_to_author(BEN, request.id, "Take this.", [request.outputs[0].id])
    answer = ana.post(f"requests/{request.id}/accept")
    assert answer.status_code == 303, answer.text
    after = deeds.request(ANA, request.id)
    assert after.round == 2
    assert after.state in (State.SUBMITTED, State.RELEASED)
    assert after.outputs[0].evaluation != statistic
    assert airlock.browser("ana").post(f"requests/{request.id}/accept").status_code == 409


def test_choice_of_a_vote_is_one_of_the_domains(airlock: Service) -> None:
    request = checking.asked(airlock.world)
    page = airlock.browser("ben").get(f"requests/{request.id}").text
    shown = set(re.findall(r'name="choice" value="([a-z_]+)"', page))
    assert shown == {choice.value for choice in Choice}
