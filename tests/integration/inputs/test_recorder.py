"""The recorder keeps what it is handed whole, or says that it did not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from structlog.testing import capture_logs
from tests.support.airlock_world import MOBILITY, World, world
from tests.support.inputs import KERNEL

from saferoom.digests import sha256
from saferoom.errors import UnavailableError
from saferoom.hub.web.recorder import recorder_app
from saferoom.hub.web.shell.parts import Parts
from saferoom.ids import Username
from saferoom.projects.inputs.model import KEPT_BYTES

BEN = Username("ben")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


Proxy = Callable[[Any], httpx.Response]


@pytest.fixture
def proxy(here: World) -> Proxy:
    return sending(here)


def sending(here: World, secret: str | None = None, **headers: str) -> Proxy:
    """Return what sends a document to a recorder, which knows the proxy by `secret`."""
    app = recorder_app(cast("Parts", SimpleNamespace(instance=here.instance)), secret)

    async def send(document: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://recorder", headers=headers) as client:
            return await client.post("/inputs", json=document)

    return lambda document: asyncio.run(send(document))


def entry(text: str = "x = 1", **more: Any) -> dict[str, Any]:
    """Return an entry as the proxy sends it."""
    whole = text.encode(errors="replace")
    said = {"kernel": KERNEL, "kind": "execute", "text": text, "bytes": len(whole), "sha256": sha256(whole)}
    return {**said, "cut": False, **more}


def batch(*entries: dict[str, Any], person: str = "ana", project: str = "mobility") -> dict[str, Any]:
    """Return what the proxy sends at once."""
    return {"person": person, "project": project, "entries": list(entries)}


def test_batch_is_kept_before_it_is_answered(here: World, proxy: Proxy) -> None:
    assert proxy(batch(entry("x = 1"), entry("", kind="answer"))).status_code == 204
    found = here.instance.inputs.look(BEN, MOBILITY).page
    assert [(one.line.person, one.heard.kind.value, one.heard.text) for one in found.items] == [
        ("ana", "answer", ""),
        ("ana", "execute", "x = 1"),
    ]


def test_longest_text_is_kept(here: World, proxy: Proxy) -> None:
    text = "\x01" * KEPT_BYTES
    assert proxy(batch(*[entry(text)] * 16)).status_code == 204
    assert here.instance.inputs.look(BEN, MOBILITY).page.items[0].heard.text == text


def test_empty_batch_asks_whether_anything_could_be_kept(here: World, proxy: Proxy) -> None:
    assert proxy(batch()).status_code == 204
    assert proxy(batch(project="none")).status_code == 404
    assert here.instance.inputs.look(BEN, MOBILITY).page.total == 0


@pytest.mark.parametrize(
    "wrong",
    [
        batch(entry(), entry(kind="unknown")),
        batch(entry(), entry("x" * (KEPT_BYTES + 1))),
        batch(entry(), entry(sha256="x")),
        batch(entry(), entry(bytes=-1)),
        batch(entry(), {"text": "x"}),
        batch(*[entry()] * 1025),
        batch(entry(), project="none"),
        batch(entry(), person="nobody"),
        {"entries": []},
        [],
    ],
)
def test_what_is_wrong_in_a_batch_refuses_all_of_it(here: World, proxy: Proxy, wrong: Any) -> None:
    with capture_logs() as said:
        answer = proxy(wrong)
    assert answer.status_code in (404, 422, 500)
    assert here.instance.inputs.look(BEN, MOBILITY).page.total == 0
    assert "x = 1" not in answer.text + repr(said)


def test_store_that_cannot_write_is_no_success(here: World, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise UnavailableError("the disk is full")

    monkeypatch.setattr(type(here.instance.inputs), "record", full)
    assert proxy(batch(entry())).status_code == 503


SAID = "s" * 64


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": ""}, {"Authorization": SAID}, {"Authorization": f"Bearer {SAID}x"},
                {"Authorization": "Bearer "}, {"Authorization": f"token {SAID}"}, {"X-Saferoom-Proxy": SAID}]
)  # fmt: skip
def test_who_does_not_know_the_secret_can_neither_forge_nor_ask(here: World, headers: dict[str, str]) -> None:
    """Attack: a pod that got past the cluster's policies writes inputs in somebody's name, or tries out projects."""
    stranger = sending(here, SAID, **headers)
    asked: list[Any] = [batch(entry("forged = 1")), batch(), batch(project="none"), []]
    for document in asked:
        assert stranger(document).status_code == 401
    assert here.instance.inputs.look(BEN, MOBILITY).page.total == 0


def test_the_proxy_of_a_cluster_is_known_by_the_secret(here: World) -> None:
    known = sending(here, SAID, Authorization=f"Bearer {SAID}")
    assert known(batch(entry("x = 1"))).status_code == 204
    assert here.instance.inputs.look(BEN, MOBILITY).page.items[0].heard.text == "x = 1"
