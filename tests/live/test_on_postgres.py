"""The whole hub on a PostgreSQL, as the role of the services: from sign-in to a bundle that its author verifies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from tests.support import live_world
from tests.support.live import HubProcess, Live, free_port
from tests.support.live_world import ALPHA
from tests.support.postgres import SERVICES, Server, as_role

from saferoom.hub.demo.checking import AIRLOCK
from saferoom.hub.demo.pages import Page, Pages
from saferoom.hub.store.database import Database
from saferoom.hub.store.service_rights import APPEND_ONLY
from saferoom.hub.store.service_role import grant

pytestmark = [pytest.mark.live, pytest.mark.postgres]

ASK = """
import saferoom
open('regions.csv', 'w').write('region,share in percent\\nnorth,52.5\\nsouth,47.5\\n')
table = saferoom.upload('regions.csv')
done = table.release(context='Shares of the regions.', controls='Rounded.', supporting=['regions.csv'])
print('ASKED', done.id, done.state)
"""


@pytest.fixture(scope="module")
def served(postgres: Server) -> str:
    """Where the services find a database that its owner made, and of which they have what their role may."""
    owner = Database(postgres.database())
    grant(owner, SERVICES)
    owner.dispose()
    return as_role(owner.url, SERVICES)


@pytest.fixture(scope="module")
def hub(served: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A hub of its own on it."""
    home = live_world.home_at(tmp_path_factory.mktemp("live"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAFEROOM_DATABASE_URL", served)
        running = Live(HubProcess(home, free_port()), live_world.build(home))
        try:
            running.hub.start()
            yield running
        finally:
            running.close()


def asked(hub: Live) -> str:
    """Have ana's room ask for a release; return the request."""
    said = hub.room("ana", ALPHA).execute(ASK)
    assert not said.error, said.error
    request, state = said.text.split("ASKED ")[1].split()[:2]
    assert state == "submitted"
    return request


def vote(hub: Live, checker: str, request: str) -> Page:
    """Let an output checker find the request in the queue, look at it, and approve it."""
    pages = Pages(hub.session(checker).http)
    assert f"{AIRLOCK}requests/{request}" in pages.open(f"{AIRLOCK}queue").links
    page = pages.open(f"{AIRLOCK}requests/{request}")
    return pages.send(page, page.form("/vote"), choice="approved", comment="Shares of large groups.")


def command(hub: Live, *words: str) -> str:
    """Run one of saferoom's commands on the instance and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "saferoom.hub.cli.main", *words],
        env=os.environ | {"SAFEROOM_HOME": str(hub.home.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def request_(hub: Live) -> str:
    """A request that was asked for in a room, and that two output checkers let leave."""
    made = asked(hub)
    for checker, done in (("carla", "?done=voted"), ("chen", "?done=released")):
        assert vote(hub, checker, made).url.endswith(done)
    return made


def test_what_was_released_is_downloaded_and_verified(hub: Live, request_: str, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(Pages(hub.session("ana").http).download(f"{AIRLOCK}requests/{request_}/bundle"))
    said = command(hub, "verify", str(bundle), "--ledger").splitlines()
    assert {"trail", "release", "ledger"} <= {line.split()[1].rstrip(":") for line in said if line.startswith("  ok")}
    assert command(hub, "audit", "verify").startswith("The audit trail holds")


def test_everything_is_on_the_server(hub: Live, served: str, request_: str) -> None:
    assert not list(hub.home.root.glob("saferoom.sqlite*")), "nothing is kept beside the server"
    database = Database(served)
    with database.reading() as session:
        actions = set(session.scalars(text("SELECT DISTINCT action FROM audit_links")))
        (released,) = session.scalars(text("SELECT request FROM airlock_releases"))
        heard = session.scalar(text("SELECT count(*) FROM inputs"))
    assert {"sign-in.succeeded", "room.started", "request.submitted", "request.released"} <= actions
    assert released == request_
    assert heard, "what was run is on record"
    database.dispose()


def test_what_services_did_they_cannot_undo(served: str, request_: str) -> None:
    database = Database(served)
    for table in sorted(APPEND_ONLY):
        with pytest.raises(ProgrammingError, match="InsufficientPrivilege"), database.transaction() as session:
            session.execute(text(f'DELETE FROM "{table}"'))
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM airlock_votes WHERE request = :id"), {"id": request_}) == 2
    database.dispose()
