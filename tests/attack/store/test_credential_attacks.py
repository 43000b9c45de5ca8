"""Guessing, replaying and racing at the sign-in."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher
from tests.support.registry_world import NOW, ROSA, clock, store

from saferoom.hub.store.attempts import MOST_PER_PERSON
from saferoom.hub.store.credentials import Credentials
from saferoom.hub.store.database import Database
from saferoom.hub.store.tables import PersonRow
from saferoom.signing import SigningKey

PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A store in which rosa is registered."""
    made = store(tmp_path)
    with made.transaction() as session:
        session.add(PersonRow(username=ROSA, display_name="Rosa", active=True))
    yield made
    made.dispose()


def _credentials(database: Database) -> Credentials:
    return Credentials(database, clock(), SigningKey.generate(), QUICK)


def _at_once(count: int, attempt: object) -> list[str]:
    answers: list[str] = []
    start = threading.Barrier(count)

    def run() -> None:
        start.wait()
        answers.append(attempt())  # type: ignore[operator]

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_many_guesses_at_once_do_not_pass_the_limit(database: Database) -> None:
    _credentials(database).set_password(ROSA, PASSWORD)
    answers = _at_once(
        MOST_PER_PERSON + 8, lambda: _credentials(database).verify(ROSA, "guess", "000000", "10.0.0.1").code
    )
    assert answers.count("wrong-credentials") == MOST_PER_PERSON
    assert answers.count("too-many-attempts") == 8


def test_one_code_used_by_many_at_once_lets_one_in(database: Database) -> None:
    secret = _credentials(database).set_password(ROSA, PASSWORD).secret
    code = pyotp.TOTP(secret).at(NOW)
    answers = _at_once(6, lambda: _credentials(database).verify(ROSA, PASSWORD, code, "10.0.0.1").code)
    assert answers.count("ok") == 1


def test_code_seen_over_a_shoulder_is_worth_nothing_afterwards(database: Database) -> None:
    credentials = _credentials(database)
    code = pyotp.TOTP(credentials.set_password(ROSA, PASSWORD).secret).at(NOW)
    assert credentials.verify(ROSA, PASSWORD, code, "10.0.0.1")
    assert credentials.verify(ROSA, PASSWORD, code, "10.6.6.6").code == "wrong-credentials"


def test_store_holds_no_password_and_no_name_that_nobody_has(database: Database) -> None:
    credentials = _credentials(database)
    credentials.set_password(ROSA, PASSWORD)
    credentials.verify("my-secret-typed-as-name", PASSWORD, "000000", "10.0.0.1")
    connection = sqlite3.connect(str(database.engine.url.database))
    dump = "\n".join(connection.iterdump())
    connection.close()
    assert PASSWORD not in dump
    assert "my-secret-typed-as-name" not in dump
    assert "$argon2id$" in dump


@pytest.mark.parametrize("name", ["rosa' OR '1'='1", "rosa\x00", "ROSA", "rosa ", "r%"])
def test_name_that_is_not_exactly_the_persons_is_nobody(database: Database, name: str) -> None:
    credentials = _credentials(database)
    code = pyotp.TOTP(credentials.set_password(ROSA, PASSWORD).secret).at(NOW)
    assert credentials.verify(name, PASSWORD, code, "10.0.0.1").code == "wrong-credentials"
    assert credentials.verify(ROSA, PASSWORD, code, "10.0.0.1")


@pytest.mark.parametrize("password", ["", "Correct horse battery", PASSWORD + " ", PASSWORD * 50, PASSWORD + "\x00"])
def test_password_that_is_nearly_right_is_wrong(database: Database, password: str) -> None:
    credentials = _credentials(database)
    code = pyotp.TOTP(credentials.set_password(ROSA, PASSWORD).secret).at(NOW)
    assert credentials.verify(ROSA, password, code, "10.0.0.1").code == "wrong-credentials"


def test_limit_of_one_source_is_not_escaped_by_a_long_address(database: Database) -> None:
    credentials = _credentials(database)
    for number in range(50):
        credentials.verify(f"n{number}", "x", "000000", "9" * 200 + str(number))
    assert credentials.verify("fresh", "x", "000000", "9" * 300).code == "too-many-attempts"
