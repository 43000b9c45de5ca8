"""A database whose certificate has ended: the service says so, releases nothing, goes on when there is a new one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.bad_days import (
    NOT_AUTOMATIC,
    SAFE,
    ask,
    check_whole,
    evaluate,
    not_ready,
    said,
    started,
    until,
    vote,
)
from tests.support.live import free_port
from tests.support.postgres import Server
from tests.support.tls import EXPIRED, SOON, certificate

from saferoom.hub.watching.readiness import Part

pytestmark = pytest.mark.postgres


@pytest.fixture
def over_tls(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Path]]:
    """A server of its own, reached by name and certificate; and the folder of that."""
    server = Server()
    folder = server.give(_made(server.folder / "tls"))
    renew(server, folder)
    port = free_port()
    name = server.empty().split("@/")[1].split("?")[0]
    server.settings |= {"ssl": "on", "listen_addresses": "127.0.0.1", "port": str(port)}
    server.settings |= {"ssl_cert_file": f"{folder}/certificate.pem", "ssl_key_file": f"{folder}/certificate-key.pem"}
    server.stop()
    server.go_on()
    options = f"sslmode=verify-full&sslrootcert={folder}/certificate.pem"
    monkeypatch.setenv("SAFEROOM_DATABASE_URL", f"postgresql://saferoom@127.0.0.1:{port}/{name}?{options}")
    yield server, folder
    server.close()


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o755)
    return folder


def renew(server: Server, folder: Path, *, expired: bool = False) -> None:
    """Put a certificate in place that holds, or one that ended."""
    own = certificate(folder, EXPIRED if expired else SOON)
    server.give(own.private)


def test_with_an_expired_certificate_of_its_database_the_service_says_so_and_goes_on_with_a_new_one(
    tmp_path: Path, over_tls: tuple[Server, Path]
) -> None:
    server, folder = over_tls
    assert "verify-full" in os.environ["SAFEROOM_DATABASE_URL"]
    with started(tmp_path, fresh=True) as (place, process):
        safe, waits = evaluate(process, SAFE), ask(process, evaluate(process, NOT_AUTOMATIC)).json()
        server.stop()  # nobody is connected any more
        renew(server, folder, expired=True)
        server.go_on()
        until(lambda: not_ready(process) == {Part.DATABASE, Part.TABLES, Part.AUDIT})
        assert "database" in said(ask(process, safe))
        server.stop()
        renew(server, folder)
        server.go_on()
        until(lambda: not not_ready(process))
        assert ask(process, safe).json()["state"] == "released"
        assert vote(process, waits).status_code == 303
        check_whole(place, 2)
