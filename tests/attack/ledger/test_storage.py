"""Attack: a budget on a database that is locked, full, or written to by somebody who keeps to no rule."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import IntegrityError as Refused
from sqlalchemy.exc import InternalError
from sqlalchemy.orm import Session
from tests.support.ledger_world import LINEAGE, OWNER, PROJECT, LedgerWorld, wanted
from tests.support.noise_desk import COST, Desk
from tests.support.postgres import Server
from tests.support.racing import ended, started
from tests.support.registry_world import MOB, NOW

from saferoom.errors import UnavailableError
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.database import Database
from saferoom.hub.store.ledger import LedgerStore, LedgerTransaction
from saferoom.hub.store.ledger_tables import AccountRow
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import Charge, ChargeState

MEGABYTE = 2**20
LIMIT = 20


@contextmanager
def _held(database: Database) -> Iterator[None]:
    """Hold the lock of all writers."""
    with database.transaction() as session:
        session.execute(text("SELECT 1"))
        yield


def test_attack_locked_database_charges_nothing_and_says_so(world: LedgerWorld) -> None:
    world.limit(LINEAGE, LIMIT)
    impatient = world.again(patience=0.1)
    with _held(world.database):
        with pytest.raises(UnavailableError, match="locked by another process"):
            impatient.ledger.charge(wanted(1, key="k"))
        assert impatient.ledger.fits(wanted(1)) == "", "readers do not wait"
    assert world.spent(LINEAGE) == Loss(0)
    assert impatient.ledger.charge(wanted(1, key="k")).fresh
    with _held(world.database), pytest.raises(UnavailableError):
        impatient.ledger.computed("whichever", wanted().content)
    assert world.spent(LINEAGE) == Loss(1)
    impatient.database.dispose()


def test_reader_sees_one_moment_whatever_is_charged_meanwhile(world: LedgerWorld) -> None:
    world.limit(LINEAGE, LIMIT)
    with LedgerStore(world.database, world.clock, world.key).reading() as tx:
        before = tx.account(LINEAGE)
        assert world.ledger.charge(wanted(1, key="k")).fresh
        assert tx.by_key(MOB, "k") is None
        assert tx.spent_since(LINEAGE, NOW) == before.spent == Loss(0)
    assert world.spent(LINEAGE) == Loss(1)


def test_attack_reader_writes_nothing(world: LedgerWorld) -> None:
    world.limit(LINEAGE, LIMIT)
    with suppress(InternalError), world.database.reading() as session:
        session.execute(text("UPDATE ledger_accounts SET rho_limit = 1000000"))
    with world.database.reading() as session:
        assert set(session.scalars(select(AccountRow.rho_limit)).all()) == {LIMIT}


def _until_full(world: LedgerWorld, desk: Desk) -> int:
    for number in range(200):
        try:
            desk.serve(world.ledger, f"key-{number}")
        except UnavailableError:
            return number
    raise AssertionError("the disk was never full")


def _full(fill: Callable[[Database], None], folder: Path) -> Callable[[LedgerWorld, int], int]:
    def work(world: LedgerWorld, _number: int) -> int:
        fill(world.database)
        return _until_full(world, Desk(folder))

    return work


def _check_full(world: LedgerWorld, folder: Path, fill: Callable[[Database], None]) -> None:
    world.limit(LINEAGE, 10**6)
    served = ended(started(world, _full(fill, folder)))
    broken, desk = f"key-{served}", Desk(folder)
    world.ledger.resume()
    before = world.spent(LINEAGE)
    assert before in (Loss(COST * served), Loss(COST * (served + 1)))
    state = desk.serve(world.ledger, broken)  # once there is room again
    assert world.spent(LINEAGE) == world.spent(PROJECT) == world.spent(OWNER) == Loss(COST * (served + 1))
    assert desk.count("drawn", broken) <= 1
    assert desk.count("left", broken) == (state is ChargeState.RELEASED)
    world.verify()


@pytest.mark.sqlite
def test_attack_full_disk_under_sqlite_charges_wholly_or_not_at_all(tmp_path: Path) -> None:
    world = LedgerWorld.at(tmp_path)
    _check_full(world, tmp_path, lambda _: resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, MEGABYTE)))
    world.database.dispose()


@pytest.mark.postgres
def test_attack_full_disk_under_postgresql_charges_wholly_or_not_at_all(tmp_path: Path, postgres: Server) -> None:
    world = LedgerWorld.on(Database(postgres.database()))
    with world.database.engine.begin() as connection:
        # The trail's file becomes longer than may be written below; its rows go again, its pages stay in use.
        connection.execute(
            text(
                "INSERT INTO audit_links (seq, at, actor, action, subject, payload_digest, previous, digest)"
                " SELECT n, '', repeat('x', 1900), '', '', '', '', n::text FROM generate_series(1000000, 1000600) AS n"
            )
        )
    with world.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_links WHERE seq >= 1000000"))

    def fill(database: Database) -> None:
        with database.reading() as session:
            backend = session.scalar(text("SELECT pg_backend_pid()"))
        assert backend is not None
        postgres.limit_files(backend, MEGABYTE)

    _check_full(world, tmp_path, fill)
    world.database.dispose()


@pytest.mark.parametrize(
    "values",
    [
        "rho_spent = rho_limit + 1",
        "delta_spent = delta_limit + 1",
        "rho_spent = -1",
        "rho_limit = 0",
        "rho_limit = NULL",
        "rho_limit = NULL, delta_limit = NULL",
    ],
)
def test_attack_statements_past_the_service_are_refused_by_the_database(world: LedgerWorld, values: str) -> None:
    world.limit(LINEAGE, LIMIT, 7)
    world.ledger.charge(wanted(1, 1))
    with pytest.raises(Refused), world.database.transaction() as session:
        session.execute(text(f"UPDATE ledger_accounts SET {values} WHERE kind = 'lineage'"))
    assert world.spent(LINEAGE) == Loss(1, 1)


@pytest.mark.postgres
def test_attack_writers_without_the_lock_of_all_writers_stay_within_the_budget(postgres: Server) -> None:
    world = LedgerWorld.on(Database(postgres.database()))
    world.limit(LINEAGE, LIMIT)
    engine = create_engine(world.database.engine.url, pool_size=8)

    def charge(number: int) -> bool:
        with Session(engine) as session, session.begin():
            tx = LedgerTransaction(session, AuditLog(session, world.clock, world.key))
            # Two of the accounts have no row yet: everybody tries to write them.
            accounts = tx.lock((LINEAGE, PROJECT, OWNER))
            if any(account.refuses(Loss(1)) for account in accounts):
                return False
            ids = tuple(account.id for account in accounts)
            tx.debit(Charge(f"c{number}", wanted(1), ids, ChargeState.CHARGED, world.clock.now()))
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(charge, range(2 * LIMIT))) == LIMIT
    engine.dispose()
    assert {world.spent(account) for account in (LINEAGE, PROJECT, OWNER)} == {Loss(LIMIT)}
    with world.database.reading() as session:
        assert len(session.scalars(select(AccountRow)).all()) == 3
    world.database.dispose()


def _somebody_waits(database: Database) -> bool:
    with database.reading() as session:
        waiting = session.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
    return bool(waiting)


@pytest.mark.postgres
def test_attack_two_who_write_one_new_account_at_once_share_it(postgres: Server) -> None:
    world = LedgerWorld.on(Database(postgres.database()))
    engine = create_engine(world.database.engine.url)

    def add() -> Loss:
        with Session(engine) as session, session.begin():
            tx = LedgerTransaction(session, AuditLog(session, world.clock, world.key))
            (account,) = tx.lock((PROJECT,))
            tx.debit(Charge("second", wanted(1), (PROJECT,), ChargeState.CHARGED, world.clock.now()))
            return account.spent

    with ThreadPoolExecutor(1) as pool, Session(engine) as session, session.begin():
        tx = LedgerTransaction(session, AuditLog(session, world.clock, world.key))
        tx.lock((PROJECT,))
        second = pool.submit(add)
        while not _somebody_waits(world.database):
            assert not second.done(), second.exception()
        tx.debit(Charge("first", wanted(1), (PROJECT,), ChargeState.CHARGED, world.clock.now()))
        session.commit()
        assert second.result(60) == Loss(1), "it waited for the first, and saw what that had spent"
    engine.dispose()
    assert world.spent(PROJECT) == Loss(2)
    world.database.dispose()
