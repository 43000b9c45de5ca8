"""Files from a room to a signed bundle, through the real check in its sandbox, the real pages and the real store."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any

import pytest
from tests.support.airlock_server import Service

from saferoom.hub.web.shell.rates import Rate
from saferoom.projects.airlock.uploads import LARGEST_BYTES
from saferoom.projects.airlock.verify import verify_bundle

TABLE = b"region,count\nnorth,310\nsouth,290\n"
WORDS = {"title": "Regions", "context": "For the mobility paper.", "controls": "Counts of 10 or more."}


def png(text: bytes = b"") -> bytes:
    """Return a picture of 40 x 30 grey pixels with a text among its data."""
    rows = b"".join(b"\0" + b"\x80" * 40 for _ in range(30))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 40, 30, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    if text:
        chunks.insert(1, (b"tEXt", b"Comment\0" + text))
    made = b"\x89PNG\r\n\x1a\n"
    for name, data in chunks:
        made += struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return made


def uploaded(airlock: Service, name: str = "regions.csv", data: bytes = TABLE, **more: str) -> dict[str, Any]:
    answer = airlock.room().upload(name, data, **more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def asked(airlock: Service, **body: Any) -> dict[str, Any]:
    answer = airlock.room().post("requests", {**WORDS, **body})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_file_is_uploaded_checked_by_two_and_leaves(airlock: Service) -> None:
    found = uploaded(airlock)
    assert {"id", "file", "type", "verdict", "findings"} <= set(found)
    assert (found["file"], found["type"], found["verdict"]) == ("regions.csv", "csv", "review")
    assert found["route"]["checkers"] == 2
    code = uploaded(airlock, "regions.py", b"print('counts by region')\n")
    request = asked(airlock, files=[found["id"]], supporting=[code["id"]])
    assert request["state"] == "submitted"
    path = f"requests/{request['id']}"
    for checker, news in (("ben", "voted"), ("cleo", "released")):
        page = airlock.browser(checker).get(path)
        assert "regions.csv" in page.text
        assert "<td>north</td>" not in page.text
        file, supporting = airlock.browser(checker).frames(page)
        assert file.status_code == 403  # the frames of a page are for the browser that has it
        browser = airlock.browser(checker)
        file, supporting = browser.frames(browser.get(path))
        assert "<td>north</td>" in file.text
        assert "counts by region" in supporting.text
        assert "Supporting file: regions.py" in page.text
        output = airlock.world.instance.airlock.request(airlock.world.person(checker), request["id"]).outputs[0]
        vote = airlock.browser(checker).post(f"{path}/outputs/{output.id}/vote", {"choice": "approved", "comment": ""})
        assert vote.headers["location"].endswith(f"?done={news}")
    bundle = airlock.browser("ana").get(f"{path}/bundle").content
    assert verify_bundle(bundle, airlock.world.instance.signing_key.verifying_key).ok
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        assert archive.read("outputs/output-01.csv") == TABLE
        assert len(archive.namelist()) == 4


def test_record_file_fails_and_is_refused_with_its_remedy(airlock: Service) -> None:
    rows = b"person_id,region,wage\n" + b"".join(b"%d,north,%d\n" % (n, 10 + n) for n in range(1, 60))
    found = uploaded(airlock, "people.csv", rows)
    assert found["verdict"] == "fail"
    answer = airlock.room().post("requests", {**WORDS, "files": [found["id"]]})
    assert answer.status_code == 422
    message = answer.json()["error"]["message"]
    assert "output 1 must not leave as it is (verdict: fail)" in message
    assert next(f["remedy"] for f in found["findings"] if f["severity"] == "fail" and f["remedy"]) in message


def test_picture_is_shown_and_leaves_drawn_anew(airlock: Service) -> None:
    found = uploaded(airlock, "map.png", png(b"a comment that nobody sees"))
    ben, request = airlock.browser("ben"), asked(airlock, supporting=[found["id"]], files=[uploaded(airlock)["id"]])
    _, picture = ben.frames(ben.get(f"requests/{request['id']}"))
    assert 'src="data:image/png;base64,' in picture.text
    assert "img-src data:" in picture.headers["content-security-policy"]


def test_statistic_attached_to_a_file_lifts_it(airlock: Service) -> None:
    query = {"from": "register", "statistic": "frequency", "by": ["region"]}
    result = airlock.room().post("evaluations", {"query": query}).json()
    table = result["table"]
    text = "\n".join(",".join(map(str, row)) for row in [table["columns"], *table["rows"]]) + "\n"
    found = uploaded(airlock, "lifted.csv", text.encode(), evaluation=result["id"])
    other = uploaded(airlock, "other.csv", text.replace(",1", ",2").encode(), evaluation=result["id"])
    assert found["evaluation"] == result["id"]
    assert found["verdict"] == result["verdict"]
    assert other["evaluation"] is None
    assert other["verdict"] != "pass"


def test_uploads_are_listed_to_their_author_alone(airlock: Service) -> None:
    first, second = uploaded(airlock), uploaded(airlock, "more.csv", TABLE + b"east,300\n")
    listed = airlock.room().get("files").json()
    assert {item["id"] for item in listed} == {first["id"], second["id"]}
    assert listed[0].keys() == first.keys()
    assert airlock.room("chris").get("files").json() == []
    assert airlock.room("rita", "income").get("files").json() == []


@pytest.mark.parametrize("declares", [True, False])
def test_file_that_is_too_large_is_refused_before_it_is_read(airlock: Service, declares: bool) -> None:
    data = b"x" * (LARGEST_BYTES + 1)

    def pieces() -> Any:
        for start in range(0, len(data), 1 << 20):
            yield data[start : start + (1 << 20)]

    room = airlock.room()
    answer = room.http.post(
        "/api/room/files?name=a.txt",
        content=data if declares else pieces(),
        headers={"Authorization": f"token {room.token}"},
    )
    assert answer.status_code == 413
    assert "16 MiB" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "query",
    ["", "name=", "name=a.csv&name=b.csv", "name=a.csv&verdict=pass", "name=a.csv&project=income", "file=a.csv"],
)
def test_upload_that_is_not_understood_is_refused(airlock: Service, query: str) -> None:
    room = airlock.room()
    answer = room.http.post(f"/api/room/files?{query}", content=TABLE, headers={"Authorization": f"token {room.token}"})
    assert answer.status_code == 422
    assert room.get("files").json() == []


def test_empty_file_is_refused(airlock: Service) -> None:
    answer = airlock.room().upload("empty.csv", b"")
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        422,
        "the file is empty; upload one with something in it",
    )


@pytest.mark.parametrize("rate", [Rate.FILES, Rate.FILE_MEBIBYTES])
def test_more_files_than_plenty_are_refused(airlock: Service, rate: Rate) -> None:
    airlock.parts.rates.spend(rate, airlock.world.person("ana"), rate.value.amount)
    answer = airlock.room().upload("a.csv", TABLE)
    assert answer.status_code == 429
    assert "in one hour" in answer.json()["error"]["message"]


def test_request_without_any_output_is_refused(airlock: Service) -> None:
    answer = airlock.room().post("requests", WORDS)
    assert answer.status_code == 422
    assert "at least one output" in answer.json()["error"]["message"]


def test_title_of_a_request_that_comes_without_is_the_files_name(airlock: Service) -> None:
    body = {"context": WORDS["context"], "controls": WORDS["controls"], "files": [uploaded(airlock)["id"]]}
    assert airlock.room().post("requests", body).json()["title"] == "regions.csv"
