"""What a hostile room tries at the package index: other projects' packages, other paths, floods and slow reading."""

from __future__ import annotations

import hashlib
import socket
import time
from pathlib import Path

import pytest
from tests.support.airlock_server import Room, Service
from tests.support.airlock_world import INCOME, MOBILITY

from saferoom.hub.web.room import packages as index
from saferoom.hub.web.shell.rates import Rate
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.packages.model import wanted

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
SIMPLE = "packages/simple/"


def places(service: Service, name: str) -> list[str]:
    """Return where every wheel of a package lies, allowed or not."""
    wheels = [one for one in service.world.instance.packages.wheels() if one.name == name]
    return [f"packages/files/{one.sha256}/{one.file}" for one in wheels]


def income(service: Service) -> Room:
    return service.room("rita", "income")


def test_each_project_finds_its_own_packages_at_the_same_address(packages: Service) -> None:
    assert packages.room().get(SIMPLE, **JSON).json()["projects"] == [{"name": "tidal"}]
    assert income(packages).get(SIMPLE, **JSON).json()["projects"] == [{"name": "deep"}]
    (entry,) = packages.room().get(f"{SIMPLE}Tidal/", **JSON).json()["files"]
    assert entry["filename"] == "tidal-1.0-py3-none-any.whl"
    fetched = packages.room().get("packages/" + entry["url"].removeprefix("../../"))
    assert hashlib.sha256(fetched.content).hexdigest() == entry["hashes"]["sha256"]
    page = packages.room().get(f"{SIMPLE}tidal/")
    assert page.headers["content-type"].startswith("text/html")
    assert f"#sha256={entry['hashes']['sha256']}" in page.text


@pytest.mark.parametrize("headers", [{}, JSON])
def test_package_of_another_project_reads_as_one_that_does_not_exist(
    packages: Service, headers: dict[str, str]
) -> None:
    room = packages.room()
    never = room.get(f"{SIMPLE}nowhere/", **headers)
    assert never.status_code == 404
    for name in ("deep", "lonely", "DEEP", "d%65ep"):
        answer = room.get(f"{SIMPLE}{name}/", **headers)
        assert (answer.status_code, answer.content) == (never.status_code, never.content)
        assert set(answer.headers.items()) - {("date", answer.headers.get("date", ""))} == set(
            never.headers.items()
        ) - {("date", never.headers.get("date", ""))}


def test_file_of_another_project_or_version_reads_as_one_that_does_not_exist(packages: Service) -> None:
    room = packages.room()
    never = room.get(f"packages/files/{'0' * 64}/nowhere-1.0-py3-none-any.whl")
    assert never.status_code == 404
    newer = [place for place in places(packages, "tidal") if "tidal-2.0" in place]
    for place in (*places(packages, "deep"), *places(packages, "lonely"), *newer):
        answer = room.get(place)
        assert (answer.status_code, answer.content) == (404, never.content)
    (deep,) = places(packages, "deep")
    assert income(packages).get(deep).status_code == 200


def test_what_is_not_allowed_is_not_even_looked_for(packages: Service) -> None:
    """How long an answer takes must not depend on what other projects may install."""
    instance = packages.world.instance
    with instance.packages.store.reading() as tx:
        assert {one.name for one in tx.wheels(MOBILITY)} == {"tidal"}
        assert {one.name for one in tx.wheels(INCOME)} == {"deep"}


@pytest.mark.parametrize(
    "path",
    [
        "packages/files/../../keys/signing.pem",
        "packages/files/..%2f..%2fkeys/signing.pem",
        "packages/files/%2e%2e/%2e%2e/keys/signing.pem",
        "packages/files/.lock/.lock",
        "packages/simple/../../../etc/passwd/",
        "packages/simple/%00/",
        "packages/simple/income/deep/",
        "packages/income/simple/",
        "packages/simple/deep/?project=income",
    ],
)
def test_no_path_leads_elsewhere(packages: Service, path: str) -> None:
    room = packages.room()
    # As it is written: clients would tidy the dots away.
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(10)
        wire.connect(str(packages.rooms))
        lines = (f"GET /api/room/{path} HTTP/1.1", "Host: airlock", f"Authorization: token {room.token}")
        wire.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        heard = b""
        while part := wire.recv(65536):
            heard += part
    assert heard.split(b" ")[1] in (b"404", b"400")
    assert b"PRIVATE KEY" not in heard


@pytest.mark.parametrize("path", [SIMPLE, f"{SIMPLE}tidal/", "packages", f"packages/files/{'0' * 64}/x.whl"])
def test_nobody_without_a_rooms_token_is_answered(packages: Service, path: str) -> None:
    for token in ("x", "x" * 32, packages.hub.browser_token("ana")):
        assert packages.with_token(token).get(path).status_code in (401, 403)
    for token in (packages.hub.room_token("rita", "mobility"), packages.hub.room_token("ben", "mobility")):
        assert packages.with_token(token).get(path).status_code in (403, 404)
        assert b"tidal" not in packages.with_token(token).get(path).content


def test_token_of_another_room_shows_that_rooms_packages_and_ends_with_it(packages: Service) -> None:
    token = packages.hub.room_token("rita", "income")
    assert packages.with_token(token).get(SIMPLE, **JSON).json()["projects"] == [{"name": "deep"}]
    packages.hub.revoke(token)
    assert packages.with_token(token).get(SIMPLE, **JSON).status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(packages: Service, method: str) -> None:
    room = packages.room()
    for path in (SIMPLE, f"{SIMPLE}tidal/", *places(packages, "tidal")):
        answer = room.http.request(
            method, f"/api/room/{path}", headers={"Authorization": f"token {room.token}"}, content=b"x"
        )
        assert answer.status_code == 405


def test_flood_is_stopped_and_others_do_not_notice(packages: Service) -> None:
    rates = packages.parts.rates
    rates.spend(Rate.PACKAGES, Username("ana"), Rate.PACKAGES.value.amount)
    answer = packages.room().get(SIMPLE)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert income(packages).get(SIMPLE, **JSON).json()["projects"] == [{"name": "deep"}]
    # What the room needs to work goes on.
    assert packages.room().get("datasets").status_code == 200


def test_more_bytes_than_plenty_are_refused(packages: Service) -> None:
    packages.parts.rates.spend(Rate.PACKAGE_MEBIBYTES, Username("ana"), Rate.PACKAGE_MEBIBYTES.value.amount)
    (allowed, *_) = [place for place in places(packages, "tidal") if "tidal-1.0" in place]
    assert packages.room().get(allowed).status_code == 429
    (deep,) = places(packages, "deep")
    assert income(packages).get(deep).status_code == 200


def begun(service: Service, token: str, place: str) -> socket.socket:
    """Ask for a file and read nothing of it."""
    wire = socket.socket(socket.AF_UNIX)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.settimeout(20)
    wire.connect(str(service.rooms))
    lines = (f"GET /api/room/{place} HTTP/1.1", "Host: airlock", f"Authorization: token {token}")
    wire.sendall("\r\n".join([*lines, "", ""]).encode())
    return wire


def test_room_that_fetches_and_does_not_read_keeps_no_other_room_waiting_and_is_cut_off(
    packages: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(index, "SECONDS", 1.5)
    (place,) = [one for one in places(packages, "tidal") if "tidal-1.0" in one]
    (deep,) = places(packages, "deep")
    stored = packages.world.instance.wheel_files.path
    large = tmp_path / "large"
    large.write_bytes(bytes(32 << 20))
    monkeypatch.setattr(
        packages.world.instance.wheel_files, "path", lambda digest: large if digest in place else stored(digest)
    )
    token = packages.hub.room_token("ana", "mobility")
    wires = [begun(packages, token, place) for _ in range(3)]
    deadline = time.monotonic() + 10
    while packages.parts.fetching.total() < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    refused = packages.room().get(place)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
    assert income(packages).get(deep).status_code == 200
    while packages.parts.fetching.total():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for wire in wires:
        wire.close()


def test_wheel_that_was_removed_meanwhile_does_not_exist(packages: Service, tmp_path: Path) -> None:
    (place,) = [one for one in places(packages, "tidal") if "tidal-1.0" in one]
    digest = place.split("/")[2]
    path = packages.world.instance.wheel_files.path(digest)  # type: ignore[arg-type]
    aside = tmp_path / "aside"
    path.rename(aside)
    try:
        assert packages.room().get(place).status_code == 404
    finally:
        aside.rename(path)


def test_allowance_that_ends_ends_at_once(packages: Service) -> None:
    service = packages.world.instance.packages
    room = packages.room()
    service.allow("admin", MOBILITY, [wanted("lonely")])
    assert [one["name"] for one in room.get("packages").json()] == ["lonely", "tidal"]
    service.disallow("admin", MOBILITY, [wanted("lonely").name])
    assert [one["name"] for one in room.get("packages").json()] == ["tidal"]
    assert service.shelf(ProjectSlug("income")).keys() == {"deep"}
