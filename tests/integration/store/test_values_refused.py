"""What PostgreSQL can neither keep nor look for is bad input, and no defect of the service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import insert, select
from tests.support.postgres import Server

from saferoom.errors import BadInputError
from saferoom.hub.store.airlock_tables import LockRow
from saferoom.hub.store.database import Database
from saferoom.hub.store.notices_tables import ToldRow

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def database(postgres: Server) -> Iterator[Database]:
    made = Database(postgres.database())
    yield made
    made.dispose()


def test_text_with_a_nul_character_is_refused_where_it_is_looked_for_and_where_it_is_kept(database: Database) -> None:
    with pytest.raises(BadInputError, match="NUL character"), database.reading() as session:
        session.scalars(select(LockRow.name).where(LockRow.name == "a\x00b"))
    with pytest.raises(BadInputError, match="NUL character"), database.transaction() as session:
        session.execute(insert(LockRow).values(name="secret\x00word"))
    with database.reading() as session:
        assert session.scalars(select(LockRow.name)).all() == ["releases"]


def test_number_that_is_too_large_is_refused(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(BadInputError, match="too large"), database.reading() as session:
        session.scalars(select(ToldRow.id).where(ToldRow.id == 10**30)).all()
    assert str(10**30) not in caplog.text
