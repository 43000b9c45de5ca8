"""Passwords and second factors: what is taken, what is refused, and how often one may try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select
from tests.support.registry_world import OLGA, ROSA, clock, store

from saferoom.clock import FrozenClock
from saferoom.errors import BadInputError, NotFoundError, TooManyError, UnauthenticatedError
from saferoom.hub.store.attempts import MOST_PER_PERSON, MOST_PER_SOURCE, WINDOW
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.credentials import CredentialRow, Credentials
from saferoom.hub.store.database import Database
from saferoom.hub.store.migrations.metadata import METADATA
from saferoom.hub.store.proofs import STEP_SECONDS
from saferoom.hub.store.tables import PersonRow
from saferoom.ids import Username
from saferoom.signing import SigningKey

PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Desk:
    """A store with rosa and olga in it, and somebody who checks them."""

    database: Database
    clock: FrozenClock
    credentials: Credentials
    secret: str

    def code(self, steps: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(self.clock.now() + timedelta(seconds=STEP_SECONDS * steps))

    def verify(
        self, password: str = PASSWORD, code: str | None = None, source: str = "10.0.0.1", who: str = ROSA
    ) -> str:
        return self.credentials.verify(who, password, self.code() if code is None else code, source).code

    def again(self) -> Credentials:
        """As after a restart."""
        return Credentials(self.database, self.clock, SigningKey.generate(), QUICK)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Rosa has a password; olga has none."""
    database, now = store(tmp_path), clock()
    with database.transaction() as session:
        session.add_all(PersonRow(username=name, display_name=name, active=True) for name in (ROSA, OLGA))
    credentials = Credentials(database, now, SigningKey.generate(), QUICK)
    enrolment = credentials.set_password(ROSA, PASSWORD, actor="admin:ada")
    yield Desk(database, now, credentials, enrolment.secret)
    database.dispose()


def _events(desk: Desk) -> list[tuple[str, str, str]]:
    with desk.database.reading() as session:
        links = session.scalars(select(AuditLinkRow).order_by(AuditLinkRow.seq)).all()
        return [(link.actor, link.action, link.subject) for link in links]


def test_right_password_and_code_are_taken(desk: Desk) -> None:
    assert desk.verify() == "ok"
    assert _events(desk) == [
        ("admin:ada", "credentials.set", "person:rosa"),
        ("rosa", "sign-in.succeeded", "person:rosa"),
    ]


def test_enrolment_gives_a_uri_that_authenticator_apps_read(desk: Desk) -> None:
    enrolment = desk.credentials.set_password(ROSA, PASSWORD)
    parsed = pyotp.parse_uri(enrolment.uri)
    assert isinstance(parsed, pyotp.TOTP)
    assert (parsed.name, parsed.issuer, parsed.secret) == ("rosa", "Saferoom", enrolment.secret)


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_code_of_a_neighbouring_step_is_taken(desk: Desk, steps: int) -> None:
    assert desk.verify(code=desk.code(steps)) == "ok"


@pytest.mark.parametrize("steps", [-2, 2])
def test_code_further_away_is_refused(desk: Desk, steps: int) -> None:
    assert desk.verify(code=desk.code(steps)) == "wrong-credentials"


def test_code_may_be_typed_with_a_space(desk: Desk) -> None:
    code = desk.code()
    assert desk.verify(code=f"{code[:3]} {code[3:]}") == "ok"


def test_code_alone_is_for_whom_a_provider_named_and_is_used_once(desk: Desk) -> None:
    assert desk.credentials.verify_code(ROSA, "000000", "10.0.0.1").code == "wrong-code"
    code = desk.code()
    assert desk.credentials.verify_code(ROSA, code, "10.0.0.1")
    assert desk.credentials.verify_code(ROSA, code, "10.0.0.1").code == "wrong-code"
    assert desk.verify(code=code) == "wrong-credentials"
    assert desk.credentials.verify_code(OLGA, desk.code(1), "10.0.0.1").code == "wrong-code"
    with desk.database.reading() as session:
        actions = [row.action for row in session.scalars(select(AuditLinkRow))]
    # Who signed in is written down once the whole sign-in is done, not here.
    assert "second-factor.succeeded" in actions
    assert "sign-in.succeeded" not in actions


def test_guesses_at_the_code_alone_are_counted_with_those_at_the_password(desk: Desk) -> None:
    for _ in range(MOST_PER_PERSON - 1):
        desk.credentials.verify_code(ROSA, "000000", "10.0.0.1")
    assert desk.verify("wrong") == "wrong-credentials"
    assert desk.credentials.verify_code(ROSA, desk.code(), "10.0.0.1").code == "too-many-attempts"


def test_code_is_used_once_and_so_are_all_before_it(desk: Desk) -> None:
    assert desk.verify(code=desk.code(1)) == "ok"
    assert desk.verify(code=desk.code(1)) == "wrong-credentials"
    assert desk.verify(code=desk.code(0)) == "wrong-credentials"
    desk.clock.advance(timedelta(seconds=2 * STEP_SECONDS))
    assert desk.verify() == "ok"


@pytest.mark.parametrize("code", ["", "000", "abcdef", "0000000000000000", "١٢٣٤٥٦", "\x00", "-12345"])
def test_code_that_is_no_code_is_refused(desk: Desk, code: str) -> None:
    assert desk.verify(code=code) == "wrong-credentials"


def test_wrong_password_unknown_person_and_wrong_code_read_the_same(desk: Desk) -> None:
    decisions = [
        desk.credentials.verify(ROSA, "wrong", desk.code(), "10.0.0.1"),
        desk.credentials.verify(ROSA, PASSWORD, "000000", "10.0.0.1"),
        desk.credentials.verify("nobody", PASSWORD, desk.code(), "10.0.0.1"),
        desk.credentials.verify(OLGA, PASSWORD, desk.code(), "10.0.0.1"),
        desk.credentials.verify("Not A Name \x00 \ud800", PASSWORD, desk.code(), "10.0.0.1"),
        desk.credentials.verify(ROSA, "\ud800" * 2000, desk.code(), "10.0.0.1"),
    ]
    assert len(set(decisions)) == 1
    with pytest.raises(UnauthenticatedError):
        decisions[0].enforce()


def test_failures_are_in_the_audit_trail_without_names_that_nobody_has(desk: Desk) -> None:
    desk.verify(password="wrong")
    desk.verify(who="correct horse battery")  # a password typed into the wrong field
    assert _events(desk)[1:] == [
        ("anonymous", "sign-in.failed", "person:rosa"),
        ("anonymous", "sign-in.failed", "person:unknown"),
    ]
    with desk.database.reading() as session:
        stored = [repr(session.execute(table.select()).all()) for table in METADATA.sorted_tables]
    assert any("sign-in.failed" in rows for rows in stored)
    assert not any(word in rows for rows in stored for word in ("wrong", "correct horse"))
    if desk.database.engine.dialect.name == "sqlite":
        file = Path(desk.database.engine.url.database or "")
        for kept in file.parent.glob(f"{file.name}*"):
            assert b"wrong" not in kept.read_bytes()


def test_person_is_locked_after_too_many_failures_even_with_the_right_password(desk: Desk) -> None:
    for _ in range(MOST_PER_PERSON):
        assert desk.verify(password="wrong") == "wrong-credentials"
    refusal = desk.credentials.verify(ROSA, PASSWORD, desk.code(), "10.9.9.9")
    assert refusal.code == "too-many-attempts"
    with pytest.raises(TooManyError):
        refusal.enforce()


def test_lock_survives_a_restart_and_ends_with_its_window(desk: Desk) -> None:
    for _ in range(MOST_PER_PERSON):
        desk.verify(password="wrong")
    restarted = desk.again()
    assert restarted.verify(ROSA, PASSWORD, desk.code(), "10.9.9.9").code == "too-many-attempts"
    desk.clock.advance(WINDOW)
    assert restarted.verify(ROSA, PASSWORD, desk.code(), "10.9.9.9").code == "ok"


def test_lock_looks_the_same_for_people_who_do_not_exist(desk: Desk) -> None:
    for _ in range(MOST_PER_PERSON):
        desk.verify(who="nobody")
    assert desk.verify(who="nobody") == "too-many-attempts"


def test_one_source_trying_many_names_is_locked_and_others_are_not(desk: Desk) -> None:
    for number in range(MOST_PER_SOURCE):
        assert desk.verify(who=f"guess-{number}", source="6.6.6.6") == "wrong-credentials"
    assert desk.verify(source="6.6.6.6") == "too-many-attempts"
    assert desk.verify(source="10.0.0.1") == "ok"


def test_success_forgets_the_persons_failures(desk: Desk) -> None:
    for _ in range(3):
        for _ in range(MOST_PER_PERSON - 1):
            desk.verify(password="wrong", source="10.0.0.2")
        desk.clock.advance(timedelta(seconds=STEP_SECONDS))
        assert desk.verify(source="10.0.0.2") == "ok"


def test_new_password_ends_the_old_one_its_second_factor_and_a_lock(desk: Desk) -> None:
    for _ in range(MOST_PER_PERSON):
        desk.verify(password="wrong")
    enrolment = desk.credentials.set_password(ROSA, "another fine sentence")
    assert desk.verify() == "wrong-credentials"
    code = pyotp.TOTP(enrolment.secret).at(desk.clock.now())
    assert desk.credentials.verify(ROSA, "another fine sentence", code, "10.0.0.1")


def test_secret_may_be_given(desk: Desk) -> None:
    secret = pyotp.random_base32()
    assert desk.credentials.set_password(ROSA, PASSWORD, totp_secret=secret).secret == secret


def test_weak_password_and_unknown_person_are_refused(desk: Desk) -> None:
    with pytest.raises(BadInputError, match="at least 12"):
        desk.credentials.set_password(ROSA, "short")
    with pytest.raises(NotFoundError, match="nobody"):
        desk.credentials.set_password(Username("nobody"), PASSWORD)
    assert desk.verify() == "ok"


def test_enrolled_tells_who_has_a_password(desk: Desk) -> None:
    assert desk.credentials.enrolled(ROSA)
    assert not desk.credentials.enrolled(OLGA)


def test_password_is_stored_as_argon2id_and_brought_up_to_todays_cost(desk: Desk) -> None:
    def stored() -> str:
        with desk.database.reading() as session:
            return session.get_one(CredentialRow, ROSA).password_hash

    before = stored()
    assert before.startswith("$argon2id$")
    costlier = Credentials(
        desk.database, desk.clock, SigningKey.generate(), PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    )
    assert costlier.verify(ROSA, PASSWORD, desk.code(), "10.0.0.1")
    assert "m=16,t=2" in stored()
    desk.clock.advance(timedelta(seconds=STEP_SECONDS))
    assert costlier.verify(ROSA, PASSWORD, desk.code(), "10.0.0.1")


def test_damaged_hash_refuses(desk: Desk) -> None:
    with desk.database.transaction() as session:
        session.get_one(CredentialRow, ROSA).password_hash = "not a hash"
    assert desk.verify() == "wrong-credentials"


def test_refusing_somebody_unknown_takes_the_same_work(desk: Desk) -> None:
    work: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            work.append(str(hash).rsplit("$", 2)[0][:30])
            return super().verify(hash, password)

    counting = Credentials(
        desk.database, desk.clock, SigningKey.generate(), Counting(time_cost=1, memory_cost=8, parallelism=1)
    )
    for who in (ROSA, OLGA, "nobody", "Not A Name"):
        work.clear()
        counting.verify(who, "wrong wrong wrong", "000000", "10.0.0.3")
        assert work == ["$argon2id$v=19$m=8,t=1,p=1"], who
