"""The HTTP API of the airlock: what each side reads, drafts, safe variants, audits, and the outbox."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.support import checking_world as checking
from tests.support.airlock_server import Service, service
from tests.support.airlock_world import MOBILITY, judged, world
from tests.support.api_client import Client, client
from tests.support.protected_outputs import SECRETS, combination, protected

from saferoom.disclosure.files.model import FileReport
from saferoom.disclosure.files.view import View
from saferoom.disclosure.verdict import Verdict
from saferoom.ids import Username
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.outbox import Dropped
from saferoom.projects.airlock.uploads import Screened, Upload
from saferoom.projects.people.permissions import Actor

ANA, BEN = checking.ANA, checking.BEN


@pytest.fixture(scope="module")
def airlock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for the whole module; each test asks of requests of its own."""
    with world(tmp_path_factory.mktemp("api")) as made, service(made) as served:
        yield served


def said(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def test_checker_reads_all_that_the_page_judges_by(airlock: Service) -> None:
    ben, asked = client(airlock, "ben"), checking.asked_again(airlock.world)
    review = said(ben.get(f"requests/{asked.id}/review"))
    table, file = review["outputs"]
    assert (table["verdict"], table["lane"], file["lane"]) == ("review", "declared", "file")
    assert table["findings"][0]["places"] == [["west"]]
    assert table["statistic"]["exact"]["rows"] == [["west", 3], ["north", 220], ["south", 180], ["east", 197]]
    assert table["statistic"]["query"]["where"] == "education >= 9"
    assert {"name": "By", "said": "region"} in table["statistic"]["words"]
    assert table["suggestion"]["patch"] == {"protect": {"method": "suppress"}}
    assert table["suggestion"]["cost"] == "4 % of the table's detail is lost"
    assert table["change"]["words"].startswith("changed: 1 line added")
    assert (file["statistic"], file["file"]["type"], file["file"]["shown"]) == (None, "csv", True)
    assert (review["needed"], review["blind"], review["changes"]["since"]) == (2, True, 1)
    assert [text["text"] for text in review["changes"]["texts"]] == ["title"]
    (code,) = review["supporting"]
    assert (code["title"], code["group"]) == ("pay.py", 2)
    assert {"kind": "added", "text": "frame = frame[frame.education >= 9]"} in code["change"]["lines"]


def test_evidence_and_earlier_releases_are_told_to_checkers(airlock: Service) -> None:
    left = airlock.world.approve(airlock.world.request(title="It left"))
    record = airlock.world.instance.airlock.record_evaluation(
        ANA, MOBILITY, protected([combination(left.outputs[0].id)])
    )
    asked = airlock.world.instance.airlock.submit(ANA, MOBILITY, [record.id], "Protected", "What.", "How.")
    here = f"requests/{asked.id}"
    (output,) = said(client(airlock, "ben").get(f"{here}/review"))["outputs"]
    assert output["protection"]["cells"][0]["intervals"] == ["0 to 68", "anything"]
    assert output["protection"]["layers"] == ["people", "count"]
    (combined,) = output["combinations"]["shown"]
    assert combined["releases"][0]["request"] == left.id
    ben = client(airlock, "ben")
    assert left.id in [line["id"] for line in said(ben.get(f"{here}/earlier"))["items"]]
    whole = ben.get(f"{here}/review").text
    assert [secret in whole for secret in SECRETS] == [True, True]
    for name in ("ana", "rita", "dora", "ada"):
        other = client(airlock, name)
        told = "".join(
            other.get(here + path).text for path in ("", "/review", "/outputs", "/leaving", f"/files/{record.id}/shown")
        )
        assert [secret in told for secret in SECRETS] == [False, False], name


def test_author_reads_findings_at_once_and_numbers_once_they_have_left(airlock: Service) -> None:
    ana, asked = client(airlock, "ana"), airlock.world.request()
    path = f"requests/{asked.id}/outputs"
    (before,) = said(ana.get(path))
    assert before["findings"][0]["cells"] == 1
    assert before["findings"][0]["places"] is None
    assert before["statistic"]["leaving"] is before["statistic"]["exact"] is None
    airlock.world.approve(asked)
    (after,) = said(ana.get(path))
    assert after["statistic"]["leaving"]["columns"] == ["region", "count"]
    assert after["statistic"]["exact"] is None
    assert client(airlock, "ana").get(f"requests/{asked.id}/review").status_code == 403


def test_content_of_a_file_is_shown_with_its_marks(airlock: Service) -> None:
    asked = checking.asked(airlock.world)
    path = f"requests/{asked.id}/files/{asked.outputs[1].evaluation}/shown"
    shown = said(client(airlock, "ben").get(path))
    (grid,) = shown["grids"]
    assert (grid["header"], grid["rows"][1], grid["first_row"]) == (["region", "count"], ["south", "7"], 2)
    assert grid["marks"] == [{"row": 3, "column": 2, "severity": "review", "findings": [1]}]
    assert shown["concealed"] == [{"place": "pay.csv", "what": "a hidden column"}]
    code = said(client(airlock, "ben").get(path.replace(asked.outputs[1].evaluation, asked.supporting[0].evaluation)))
    assert code["passages"][0]["lines"][0] == "import pandas as pd"
    download = client(airlock, "ben").get(path.removesuffix("/shown"))
    assert (download.status_code, download.content) == (200, b"region,count ")
    assert download.headers["content-type"] == "application/octet-stream"
    happened = airlock.world.instance.airlock.history(Actor.operator("admin:root"), asked.id).happened
    assert (happened[-1].actor, happened[-1].action) == ("ben", "file.downloaded")
    assert client(airlock, "ana").get(path.removesuffix("/shown")).status_code == 403
    assert "south" not in client(airlock, "ana").get(path).text
    assert client(airlock, "rita").get(path).status_code == 404


def test_owner_reads_what_leaves_and_the_very_bytes(airlock: Service) -> None:
    with checking.routed(airlock.world, owner_signs=True):
        asked = airlock.world.request()
    dora, here = client(airlock, "dora"), f"requests/{asked.id}"
    assert dora.get(f"{here}/leaving").status_code == 409
    airlock.world.approve(asked)
    (output,) = said(dora.get(f"{here}/leaving"))
    assert (output["lane"], output["file"], output["findings"][0]["places"]) == ("declared", None, None)
    kinds = {one["suffix"]: one for one in output["files"]}
    got = dora.get(f"{here}/leaving/{output['output']}/csv")
    assert (got.status_code, len(got.content)) == (200, kinds["csv"]["size"])
    assert got.headers["content-disposition"].startswith('attachment; filename="about-to-leave-')
    assert dora.get(f"{here}/leaving/{output['output']}/exe").status_code == 404
    assert said(dora.get(here))["can"]["sign_off"] == {"allowed": True, "reason": ""}
    for path in ("/outputs", "/review"):
        assert dora.get(here + path).status_code == 403


def test_draft_is_put_together_piece_by_piece(airlock: Service) -> None:
    ana = client(airlock, "ana")
    first, second = (airlock.world.instance.airlock.record_evaluation(ANA, MOBILITY, judged()).id for _ in "ab")
    assert {first, second} <= {one["id"] for one in said(ana.get("evaluations?project=mobility"))}
    made = said(ana.post("requests", {"project": "mobility", "title": "Pieces"}), 201)
    here, version = f"requests/{made['id']}/draft", made["version"]
    for evaluation, group, supporting in ((first, "Pay", False), (second, "Pay", False)):
        body = {"version": version, "evaluation": evaluation, "group": group, "supporting": supporting}
        version = said(ana.post(f"{here}/outputs", body))["version"]
    assert ana.post(f"{here}/outputs", body | {"version": version}).status_code == 422
    assert ana.post(f"{here}/outputs", body).status_code in (409, 422)
    draft = said(ana.get(here))
    assert (draft["title"], draft["changed"], draft["submit"]["allowed"]) == ("Pieces", False, True)
    assert draft["groups"][0] | {"name": "Pay"} == {
        "name": "Pay", "context": "", "controls": "", "outputs": [first, second], "supporting": [],
    }  # fmt: skip
    assert ana.call("DELETE", f"{here}/outputs/{first}?version={version - 1}").status_code == 409
    left = said(ana.call("DELETE", f"{here}/outputs/{first}?version={version}"))
    assert said(ana.get(here))["groups"][0]["outputs"] == [second]
    assert ana.call("DELETE", f"{here}/outputs/{first}?version={left['version']}").status_code == 404
    assert ana.call("DELETE", f"{here}/outputs/{second}").status_code == 422
    # What was read goes back as it is.
    body = {"version": left["version"], "title": "Pieces", "groups": said(ana.get(here))["groups"]}
    assert said(ana.put(here, body))["version"] > left["version"]
    for name, status in (("chris", 403), ("ben", 404), ("rita", 404)):
        other = client(airlock, name)
        assert other.get(here).status_code == status
        assert other.call("DELETE", f"{here}/outputs/{second}?version=1").status_code == status
        assert other.post(f"{here}/outputs", {"version": 1, "evaluation": second}).status_code == status


def test_safe_variant_is_accepted_leaves_by_itself_and_is_audited_by_checkers_alone(airlock: Service) -> None:
    ana, ben, deeds = client(airlock, "ana"), client(airlock, "ben"), airlock.world.instance.airlock
    evaluation = checking.statistic(airlock.world)
    asked = deeds.submit(ANA, MOBILITY, [evaluation], "Education", "For the paper.", "As advised.")
    here = f"requests/{asked.id}"
    assert ana.post(f"{here}/accept").status_code == 409
    advised = {"comment": "Take this.", "advise": [asked.outputs[0].id]}
    assert said(ben.post(f"{here}/return", advised))["state"] == "returned"
    item = said(ana.get(here))
    assert [(one["words"], one["by"]) for one in item["advice"]] == [
        ("small cells are left out: passes; 4 % of the table's detail is lost", "output-checker")
    ]
    assert (item["can"]["edit"]["allowed"], item["wait"]["party"]) == (True, "author")
    assert said(client(airlock, "chris").get(here))["advice"] == []
    for name, status in (("chris", 403), ("ben", 403), ("rita", 404)):
        assert client(airlock, name).post(f"{here}/accept").status_code == status
    with checking.routed(airlock.world, automatic=True, audit_one_in=1):
        left = said(ana.post(f"{here}/accept"))
    assert (left["round"], left["state"]) == (2, "released")
    assert said(ana.get(here))["outputs"][0]["evaluation"] != evaluation
    assert said(client(airlock, "dora").get(f"{here}/leaving"))[0]["query"]["statistic"] == "frequency"
    audited(airlock, here, asked)


def audited(airlock: Service, here: str, asked: Request) -> None:
    """Find the release `asked` among those that were drawn, and withdraw it."""
    ana, ben = client(airlock, "ana"), client(airlock, "ben")
    (sample,) = [one for one in said(ben.get("audits"))["items"] if one["request"] == asked.id]
    assert (sample["one_in"], sample["finding"]) == (1, None)
    release = said(ben.get(here))["sample"]["release"]
    assert said(ana.get(here))["sample"] is None
    for name in ("ana", "dora", "ada"):
        other = client(airlock, name)
        assert {other.get(path).status_code for path in ("audits", "audits/found")} == {403}
    said(ben.post(f"{here}/audit", {"finding": "should_not_have_left", "comment": "The west is too small."}))
    assert said(ben.get("audits/found"))[-1]["wrong"] == 1
    statement = said(ana.get(f"{here}/withdrawal"))
    assert json.loads(base64.b64decode(statement["payload"]))["release"] == release
    assert said(ana.get(here))["withdrawal"]["statement"] == statement


def test_request_that_is_not_withdrawn_has_no_statement(airlock: Service) -> None:
    left = airlock.world.approve(airlock.world.request())
    assert client(airlock, "ana").get(f"requests/{left.id}/withdrawal").status_code == 404


def test_levels_say_how_long_decisions_take_and_requests_wait(airlock: Service) -> None:
    asked = airlock.world.request()
    airlock.world.clock.advance(timedelta(hours=2))
    airlock.world.approve(asked)
    levels = said(client(airlock, "ana").get("service-levels"))
    (lane,) = [one for one in levels["lanes"] if one["lane"] == "declared"]
    assert (lane["month"], lane["p95_seconds"]) == ("", 7200.0)
    assert levels["months"][0]["month"] == "2026-03"
    assert {band["lane"] for band in levels["waiting"]} == {"declared", "privacy", "lifted", "file", "records"}


def test_queue_is_filtered_by_how_long_it_waits(airlock: Service) -> None:
    ben, old = client(airlock, "ben"), airlock.world.request()
    airlock.world.clock.advance(timedelta(hours=30))
    fresh = airlock.world.request()

    def found(asked: str) -> set[str]:
        return {line["id"] for line in said(ben.get(f"queue?{asked}"))["items"]} & {old.id, fresh.id}

    assert (found("hours=24"), found("hours=0")) == ({old.id}, {old.id})
    assert found("order=newest&lane=declared&risk=review&project=mobility&state=submitted") == {old.id, fresh.id}
    for wrong in ("hours=-1", "hours=x", "order=best", "lane=x", "risk=x", "state=x", "page=0", "page=99999"):
        assert ben.get(f"queue?{wrong}").status_code == 422


def test_outbox_lists_what_was_taken_to_its_author(airlock: Service) -> None:
    def never(_: object) -> Any:
        raise AssertionError("words of a group are not screened as a file")

    words = Dropped("Pay", "context.txt", b"The pay of all.")
    (outcome,) = airlock.world.instance.airlock.draft_files(ANA, MOBILITY, [words], never)
    (taken,) = said(client(airlock, "ana").get("outbox?project=mobility"))["items"]
    assert (taken["place"], taken["request"]) == ("pay//context.txt", outcome.request)
    for name in ("chris", "rita", "ben"):
        assert said(client(airlock, name).get("outbox?project=mobility"))["items"] == []
    assert client(airlock, "ana").get("outbox").status_code == 422


def comments_of(by: Client, asked: Request) -> dict[str, tuple[str, bool]]:
    return {one["body"]: (one["by"], one["public"]) for one in said(by.get(f"requests/{asked.id}"))["comments"]}


def test_private_comments_stay_on_their_side(airlock: Service) -> None:
    ana, ben, asked = client(airlock, "ana"), client(airlock, "ben"), airlock.world.request()
    for body, audience in (("Ours.", "own_side"), ("Yours.", "both_sides")):
        said(ben.post(f"requests/{asked.id}/comments", {"body": body, "audience": audience}))
    assert comments_of(ben, asked) == {"Ours.": ("ben", False), "Yours.": ("ben", True)}
    assert comments_of(ana, asked) == {}
    said(ben.post(f"requests/{asked.id}/return", {"comment": "Round it."}))
    said(ana.post(f"requests/{asked.id}/comments", {"body": "Between us.", "audience": "own_side"}))
    assert comments_of(ana, asked) == {
        "Yours.": ("output-checker", True), "Round it.": ("output-checker", True), "Between us.": ("ana", False),
    }  # fmt: skip
    assert "Between us." not in comments_of(ben, asked)
    assert Username("ben") not in ana.get(f"requests/{asked.id}").text


def test_attack_numbers_behind_a_file_that_holds_a_statistic_are_told_to_checkers_alone(airlock: Service) -> None:
    deeds = airlock.world.instance.airlock
    declared = deeds.record_evaluation(ANA, MOBILITY, protected())
    report = FileReport("table.csv", "csv", Verdict.REVIEW, ())
    upload = Upload(ANA, MOBILITY, "table.csv", b"region,count\n", declared.id)
    file = deeds.record_file(upload, Screened(report, View(), matched=True))
    asked = deeds.submit(ANA, MOBILITY, [file.id], "Lifted", "What.", "How.")
    here = f"requests/{asked.id}"
    (output,) = said(client(airlock, "ben").get(f"{here}/review"))["outputs"]
    assert (output["lane"], output["statistic"]["exact"]["rows"][0][-1]) == ("lifted", 4711)
    assert "4,711" in airlock.browser("ben").get(here).text
    for name in ("ana", "chris"):
        assert "4,711" not in airlock.browser(name).get(here).text
        (output,) = said(client(airlock, name).get(f"{here}/outputs"))
        assert output["statistic"]["exact"] is output["statistic"]["leaving"] is None
        assert output["statistic"]["query"]["by"] == ["region", "education"]
