"""The stored audit trail, the vault and the database, on real files."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError as ConstraintError

from saferoom.audit import Event
from saferoom.clock import FrozenClock
from saferoom.digests import sha256
from saferoom.errors import BadInputError, IntegrityError, UnavailableError
from saferoom.hub.store import vault as vault_module
from saferoom.hub.store.audit_log import AuditHeadRow, AuditLinkRow, AuditLog, stored_links, verify_audit_log
from saferoom.hub.store.base import Base, UtcDateTime
from saferoom.hub.store.database import Database
from saferoom.hub.store.vault import FileVault
from saferoom.ids import Digest
from saferoom.signing import SigningKey

KEY = SigningKey.generate()
CLOCK = FrozenClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
TABLES = [AuditLinkRow.__table__, AuditHeadRow.__table__]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'store.sqlite'}")
    Base.metadata.create_all(made.engine, tables=TABLES)  # type: ignore[arg-type]
    yield made
    made.dispose()


def record(database: Database, count: int, sign: bool = True) -> None:
    with database.transaction() as session:
        log = AuditLog(session, CLOCK, KEY)
        for number in range(count):
            log.record(Event("ana", "request.submitted", f"request-{number}", {"text": "é", "number": number}))
        if sign:
            log.sign()


def broken(database: Database) -> str:
    with database.reading() as session, pytest.raises(IntegrityError) as caught:
        verify_audit_log(session, KEY.verifying_key)
    return caught.value.message


def change(database: Database, sql: str) -> None:
    with database.transaction() as session:
        session.execute(text("PRAGMA defer_foreign_keys=ON"))
        session.execute(text(sql))


def test_audit_log_recorded_in_several_transactions_verifies(database: Database) -> None:
    record(database, 3)
    record(database, 2)
    with database.reading() as session:
        report = verify_audit_log(session, KEY.verifying_key)
        assert [stored.link.seq for stored in stored_links(session)] == [1, 2, 3, 4, 5]
    assert (report.links, report.signed_heads) == (5, 2)


def test_audit_log_empty_has_nothing_to_sign(database: Database) -> None:
    with database.transaction() as session:
        assert AuditLog(session, CLOCK, KEY).sign() is None


def test_audit_event_of_a_write_that_fails_is_not_kept(database: Database) -> None:
    record(database, 1)
    with pytest.raises(ConstraintError), database.transaction() as session:  # noqa: PT012 - the write comes second
        AuditLog(session, CLOCK, KEY).record(Event("ana", "request.submitted", "request-2"))
        session.add(AuditHeadRow(seq=99, at="x", envelope={}))
    with database.reading() as session:
        assert verify_audit_log(session, KEY.verifying_key).links == 1


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("update audit_links set actor = 'eve' where seq = 2", "audit link 2 was changed after it was written"),
        ("""update audit_links set payload = '{"number": 7}' where seq = 3""", "audit link 3: its payload was changed"),
        ("update audit_links set payload = '{' where seq = 3", "audit link 3 cannot be read"),
        ("update audit_links set payload = '[' where seq = 1", "audit link 1 cannot be read"),
        ("update audit_links set salt = null where seq = 3", "audit link 3 has lost its payload or its salt"),
        ("update audit_links set seq = 9 where seq = 2", "audit link 2 is missing: the next one found is number 3"),
        ("delete from audit_links where seq = 1", "audit link 1 is missing"),
        ("delete from audit_links where seq = 4", "the audit trail ends before signed head 1: link 4 is missing"),
        ("update audit_heads set envelope = '{}'", "not a DSSE envelope"),
        ("update audit_heads set envelope = '{'", "a signed head cannot be read"),
    ],
)
def test_audit_log_changed_in_the_database_is_named(database: Database, sql: str, message: str) -> None:
    record(database, 4)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql(sql)
    assert message in broken(database)


def test_audit_log_payload_and_salt_erased_verifies(database: Database) -> None:
    record(database, 3)
    change(database, "update audit_links set payload = null, salt = null where seq = 2")
    with database.reading() as session:
        assert verify_audit_log(session, KEY.verifying_key).erased_payloads == 1


def test_database_second_writer_waits_for_the_first(database: Database) -> None:
    record(database, 1)
    seen: list[int] = []
    with database.transaction() as session:
        AuditLog(session, CLOCK, KEY).record(Event("ana", "first", "x"))
        second = threading.Thread(target=lambda: seen.append(_record_one(database, "second")))
        second.start()
        second.join(0.3)
        assert second.is_alive(), "the second writer did not wait"
    second.join(10)
    assert seen == [3]


def _record_one(database: Database, action: str) -> int:
    with database.transaction() as session:
        return AuditLog(session, CLOCK, KEY).record(Event("ana", action, "x")).seq


def test_database_reader_sees_one_moment_and_keeps_nobody_waiting(database: Database) -> None:
    record(database, 1)
    with database.reading() as session:
        assert len(list(stored_links(session))) == 1
        record(database, 1)
        assert len(list(stored_links(session))) == 1
    with database.reading() as session:
        assert len(list(stored_links(session))) == 2


def test_database_reader_keeps_nothing_it_does(database: Database) -> None:
    record(database, 1)
    with database.reading() as session:
        session.execute(text("update audit_links set actor = 'eve'"))
    with database.reading() as session:
        assert verify_audit_log(session, KEY.verifying_key).links == 1


def test_database_enforces_foreign_keys_and_writes_ahead(database: Database) -> None:
    with database.reading() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA synchronous")) == 2
    with pytest.raises(ConstraintError), database.transaction() as session:
        session.add(AuditHeadRow(seq=99, at="x", envelope={}))


def test_database_that_cannot_be_opened_is_unavailable_in_one_sentence(caplog: pytest.LogCaptureFixture) -> None:
    database = Database("sqlite:////nowhere/at/all.sqlite")
    for begun in (database.transaction, database.reading):
        with pytest.raises(UnavailableError, match="the database does not answer") as caught, begun() as session:
            session.execute(text("select 1"))
        assert "nowhere" not in caught.value.message
    assert caplog.messages == ["database unavailable: SQLITE_CANTOPEN"] * 2


ADDRESSES = (
    "mysql://eve:secret@here/x",  # pragma: allowlist secret
    "eve:secret",
    "",
    "postgres://eve:secret@/x?hst=y",  # pragma: allowlist secret
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_database_at_an_address_that_is_none_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(BadInputError, match="SAFEROOM_DATABASE_URL") as caught:
        Database(address)
    assert "secret" not in caught.value.message


def test_database_takes_a_postgresql_address_in_every_common_form() -> None:
    for address in ("postgres://olga@here/x", "postgresql://olga@here/x", "postgresql+psycopg://olga@here/x"):
        assert Database(address).engine.url.drivername == "postgresql+psycopg"


def test_stored_time_without_a_zone_is_refused() -> None:
    kind = UtcDateTime()
    dialect = Database("sqlite://").engine.dialect
    with pytest.raises(ValueError, match="zone"):
        kind.process_bind_param(datetime(2026, 1, 1), dialect)  # noqa: DTZ001 - the subject
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert kind.process_bind_param(at, dialect) == at
    assert kind.process_bind_param(None, dialect) is None
    assert kind.process_result_value(None, dialect) is None
    assert kind.process_result_value(datetime(2026, 1, 1), dialect) == at  # noqa: DTZ001 - as SQLite gives it
    assert kind.process_result_value(at, dialect) == at


@pytest.fixture
def vault(tmp_path: Path) -> FileVault:
    return FileVault(tmp_path / "vault")


def stored(tmp_path: Path, digest: str) -> Path:
    return tmp_path / "vault" / digest[:2] / digest[2:]


def test_vault_gives_back_what_was_put(vault: FileVault) -> None:
    assert vault.get(vault.put(b"content")) == b"content"


def test_vault_put_twice_keeps_one_object(vault: FileVault, tmp_path: Path) -> None:
    assert vault.put(b"content") == vault.put(b"content") == sha256(b"content")
    assert len([p for p in (tmp_path / "vault").rglob("*") if p.is_file()]) == 1


def test_vault_object_is_read_only_to_its_owner(vault: FileVault, tmp_path: Path) -> None:
    assert stored(tmp_path, vault.put(b"content")).stat().st_mode & 0o777 == 0o400


def test_vault_object_changed_is_refused_by_get_and_put(vault: FileVault, tmp_path: Path) -> None:
    digest = vault.put(b"content")
    path = stored(tmp_path, digest)
    path.chmod(0o600)
    path.write_bytes(b"contend")
    for attempt in (lambda: vault.get(digest), lambda: vault.put(b"content")):
        with pytest.raises(IntegrityError, match="was changed after it was stored; nothing is released"):
            attempt()


def test_vault_object_missing_is_refused(vault: FileVault) -> None:
    with pytest.raises(IntegrityError, match="missing or unreadable"):
        vault.get(sha256(b"never put"))


@pytest.mark.parametrize("digest", ["", "abc", "../" * 20 + "etcc", "g" * 64, "A" * 64, "/" * 64, "0" * 65])
def test_vault_digest_that_is_none_is_refused(vault: FileVault, digest: str) -> None:
    with pytest.raises(IntegrityError, match="64 lower-case"):
        vault.get(Digest(digest))


def test_vault_write_that_fails_leaves_nothing(
    vault: FileVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnavailableError, match=r"cannot be written .No space left on device."):
        vault.put(b"content")
    assert not [p for p in (tmp_path / "vault").rglob("*") if p.is_file()]


def test_mutation_vault_without_its_check_gives_changed_bytes(
    vault: FileVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = vault.put(b"content")
    monkeypatch.setattr(vault_module, "sha256", lambda _: digest)
    stored(tmp_path, digest).chmod(0o600)
    stored(tmp_path, digest).write_bytes(b"contend")
    assert vault.get(digest) == b"contend"
