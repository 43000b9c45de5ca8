"""Files as attacks: names that are paths, contents that run, archives that grow, ids and verdicts of others."""

from __future__ import annotations

import gzip
import io
import zipfile
from typing import Any

import pytest
from tests.support.airlock_server import Service
from tests.support.airlock_world import MEMBERS

from saferoom.digests import sha256
from saferoom.disclosure.files.model import Concealed, FileReport, Grid, Passage
from saferoom.disclosure.files.view import View
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.ids import RequestId, Username
from saferoom.projects.airlock.model import EvaluationRecord, Request
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.uploads import Screened, Upload

TABLE = b"region,count\nnorth,310\nsouth,290\n"
WORDS = {"title": "Regions", "context": "For the mobility paper.", "controls": "Counts of 10 or more."}
SCRIPT = "<script>alert(1)</script>"
EVIL = f"\"'><img src=x onerror=alert(1)>{SCRIPT}{{{{1237*1009}}}}"
ANA = Username("ana")


def kept(airlock: Service, name: str = "regions.csv", author: str = "ana", **more: Any) -> EvaluationRecord:
    """Keep a file as if the check had found what is given."""
    instance = airlock.world.instance
    project = next(slug for slug, members in MEMBERS.items() if author in members)
    report = FileReport(name, more.get("type", "csv"), more.get("verdict", Verdict.REVIEW), more.get("findings", ()))
    upload = Upload(Username(author), project, name, more.get("data", TABLE))
    return instance.airlock.record_file(upload, Screened(report, more.get("view", View())))


def submitted(airlock: Service, *files: EvaluationRecord, supporting: tuple[EvaluationRecord, ...] = ()) -> Request:
    project = files[0].project
    ids, others = [file.id for file in files], [file.id for file in supporting]
    said = (WORDS["title"], WORDS["context"], WORDS["controls"])
    return airlock.world.instance.airlock.submit(ANA, project, ids, *said, others)


BAD_NAMES = {
    "a path upwards": "../../etc/passwd",
    "an absolute path": "/etc/passwd",
    "a Windows path": "..\\..\\boot.ini",
    "a drive": "C:table.csv",
    "a full-width slash": "..／..／table.csv",
    "NUL": "table.csv\0.exe",
    "a line break": "table.csv\r\nSet-Cookie: a=b",
    "bidirectional override": "table\u202evsc.exe",
    "isolate": "table\u2067.csv",
    "zero width": "ta\u200bble.csv",
    "an unassigned character": "table\U000e0fff.csv",
    "nothing": "",
    "blanks": "   ",
    "a dot file": ".htaccess",
    "two dots": "..",
    "very long": "a" * 151,
    "very long in bytes": "\U0001f600" * 100,
}


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES.keys())
def test_name_that_is_no_plain_name_is_refused_and_not_repeated(airlock: Service, name: str) -> None:
    answer = airlock.room().upload(name, TABLE)
    assert answer.status_code == 422
    assert not name.strip() or name not in answer.text
    assert airlock.room().get("files").json() == []


def test_name_whose_bytes_are_no_text_is_refused(airlock: Service) -> None:
    room = airlock.room()
    headers = {"Authorization": f"token {room.token}"}
    answer = room.http.post("/api/room/files?name=%ff%fe%ed%a0%80.csv", content=TABLE, headers=headers)
    # Replacement characters are what the bytes are read as: a name that people can see, or a refusal.
    assert answer.status_code in (201, 422)
    assert all("\ufffd" in item["file"] for item in room.get("files").json())


@pytest.mark.parametrize("face", ["check", "author", "queue", "released"])
def test_markup_in_a_files_name_and_content_is_text(airlock: Service, face: str) -> None:
    finding = Finding("low-count", Risk.LOW_COUNT, Verdict.REVIEW, ((EVIL, 2, 1),), f"in {EVIL}", EVIL)
    view = View(
        grids=(Grid(EVIL, (EVIL,), ((EVIL,),), 2),),
        passages=(Passage(EVIL, f"</ol></div>{EVIL}", is_code=True),),
        concealed=(Concealed(EVIL, EVIL),),
        left_out=(EVIL,),
    )
    name = EVIL.replace("/", "").replace(":", "")
    file = kept(airlock, name, findings=(finding,), view=view, data=SCRIPT.encode(), type="html")
    request = submitted(airlock, file, supporting=(kept(airlock, name, view=view, data=b"2"),))
    if face == "released":
        for checker in ("ben", "cleo"):
            airlock.world.approve(request, checker)
    path = "queue" if face == "queue" else f"requests/{request.id}"
    browser = airlock.browser("ben" if face in ("check", "queue") else "ana")
    page = browser.get(path)
    frames = browser.frames(page)
    assert len(frames) == {"check": 2, "queue": 0, "released": 1}.get(face, 0)
    for answer in (page, *frames):
        assert answer.status_code == 200
        assert "<img src=x" not in answer.text
        assert SCRIPT not in answer.text
        assert "1248133" not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("name", "data"),
    {
        "page.html": b"<html><body onload=alert(1)><script>alert(1)</script><p>Twelve regions.</p></body></html>",
        "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>',
    }.items(),
)
def test_scripts_in_an_uploaded_page_never_reach_a_checkers_browser(airlock: Service, name: str, data: bytes) -> None:
    code = airlock.room().upload(name, data).json()
    table = airlock.room().upload("regions.csv", TABLE).json()
    assert code["verdict"] == "fail"
    made = airlock.room().post("requests", {**WORDS, "files": [table["id"]], "supporting": [code["id"]]}).json()
    page = airlock.browser("ben").get(f"requests/{made['id']}")
    assert name in page.text
    assert "<script>alert" not in page.text
    assert "onload=alert(1)>" not in page.text
    assert "<svg xmlns" not in page.text.split("<main", 1)[1]


def test_download_is_stored_by_the_browser_and_never_shown(airlock: Service) -> None:
    file = kept(airlock, "page.html", data=SCRIPT.encode(), type="html")
    request = submitted(airlock, file)
    answer = airlock.browser("ben").get(f"requests/{request.id}/files/{file.id}")
    assert answer.content == SCRIPT.encode()
    headers = answer.headers
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"] == f'attachment; filename="unchecked-{sha256(SCRIPT.encode())[:12]}.html"'
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("destination", ["empty", "image", "iframe", "script", "object"])
def test_download_by_a_script_or_a_frame_of_a_room_is_refused(airlock: Service, destination: str) -> None:
    file = kept(airlock)
    request = submitted(airlock, file)
    path = f"requests/{request.id}/files/{file.id}"
    answer = airlock.browser("ben").get(path, **{"Sec-Fetch-Dest": destination})
    assert answer.status_code == 403
    assert TABLE not in answer.content


@pytest.mark.parametrize(("who", "status"), [("ana", 403), ("chris", 403), ("rita", 404), ("dora", 403), ("ada", 404)])
def test_unchecked_file_goes_to_output_checkers_alone(airlock: Service, who: str, status: int) -> None:
    file = kept(airlock)
    request = submitted(airlock, file)
    answer = airlock.browser(who).get(f"requests/{request.id}/files/{file.id}")
    assert answer.status_code == status
    assert TABLE not in answer.content


def test_file_of_another_request_is_not_reached_through_ones_own(airlock: Service) -> None:
    mine, other = submitted(airlock, kept(airlock)), kept(airlock, data=b"region,count\nnorth,1\n")
    submitted(airlock, other)
    answer = airlock.browser("ben").get(f"requests/{mine.id}/files/{other.id}")
    assert answer.status_code == 404


def test_other_projects_file_is_unknown_everywhere(airlock: Service) -> None:
    theirs = kept(airlock, author="rita")
    room = airlock.room()
    for body in (
        {"files": [theirs.id]},
        {"outputs": [theirs.id]},
        {"files": [kept(airlock).id], "supporting": [theirs.id]},
    ):
        answer = room.post("requests", {**WORDS, **body})
        assert (answer.status_code, "no such evaluation of yours" in answer.text) == (404, True)
    answer = room.upload("a.csv", TABLE, evaluation=theirs.id)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "extra", [{"verdict": "pass"}, {"findings": []}, {"project": "income"}, {"author": "chris"}, {"lane": "declared"}]
)
def test_forged_words_about_a_file_are_refused(airlock: Service, extra: dict[str, Any]) -> None:
    answer = airlock.room().post("requests", {**WORDS, "files": [kept(airlock).id], **extra})
    assert answer.status_code == 422
    assert airlock.world.instance.airlock.requests_of(ANA) == ()


def test_author_cannot_vote_on_the_own_file(airlock: Service) -> None:
    request = submitted(airlock, kept(airlock))
    path = f"requests/{request.id}/outputs/{request.outputs[0].id}/vote"
    answer = airlock.browser("ana").post(path, {"choice": "approved", "comment": ""})
    assert answer.status_code == 403
    for checker in ("ben", "ben"):
        airlock.world.approve(request, checker)
    assert airlock.world.instance.airlock.request(ANA, RequestId(request.id)).state is State.PARTLY_REVIEWED


def test_content_type_of_the_body_changes_nothing(airlock: Service) -> None:
    rows = b"person_id,region,wage\n" + b"".join(b"%d,north,%d\n" % (n, 10 + n) for n in range(1, 60))
    verdicts = {
        airlock.room().upload(name, rows, **{"Content-Type": kind}).json()["verdict"]
        for name, kind in (("people.csv", "image/png"), ("people.png", "image/png"))
    }
    assert verdicts == {"fail"}


def bombs() -> dict[str, bytes]:
    """Return small files that would be large."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.csv", b"0" * (64 << 20))
    nested = inner.getvalue()
    for _ in range(6):
        outer = io.BytesIO()
        with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner.zip", nested)
        nested = outer.getvalue()
    climbing = io.BytesIO()
    with zipfile.ZipFile(climbing, "w") as archive:
        archive.writestr("../../escape.csv", TABLE)
    return {
        "bomb.zip": inner.getvalue(),
        "nested.zip": nested,
        "climbing.zip": climbing.getvalue(),
        "bomb.csv.gz": gzip.compress(b"0" * (64 << 20)),
        "deep.json": b"[" * 200_000,
        "broken.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 200,
        "broken.xlsx": b"PK\x03\x04" + b"\xff" * 500,
    }


def test_hostile_files_fail_and_the_service_goes_on(airlock: Service) -> None:
    for name, data in bombs().items():
        answer = airlock.room().upload(name, data)
        assert answer.status_code == 201, (name, answer.text)
        found = answer.json()
        assert (name, found["verdict"]) == (name, "fail")
        assert any(name in finding["message"] and finding["remedy"] for finding in found["findings"]), name
    assert airlock.room().upload("regions.csv", TABLE).json()["verdict"] == "review"
