"""Links between accounts at an identity provider and people: made, found, ended, and for how long they hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.support.registry_world import OLGA, ROSA, clock, store

from saferoom.clock import FrozenClock
from saferoom.errors import BadInputError, NotFoundError, WrongStateError
from saferoom.hub.store.attempts import MOST_PER_PERSON, WINDOW
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.database import Database
from saferoom.hub.store.sign_in_links import Identity, SignInLinks
from saferoom.hub.store.sign_in_tables import InvitationRow, SignInLinkRow
from saferoom.hub.store.tables import PersonRow
from saferoom.ids import Username
from saferoom.signing import SigningKey

ISSUER, OTHER = "https://id.example.org", "https://id.example.com"
ONE, TWO = Identity(ISSUER, "a-1"), Identity(ISSUER, "a-2")
SOURCE = "10.0.0.1"


@dataclass
class Desk:
    database: Database
    clock: FrozenClock
    links: SignInLinks

    def actions(self) -> list[tuple[str, str, str]]:
        with self.database.reading() as session:
            rows = session.scalars(select(AuditLinkRow).order_by(AuditLinkRow.seq))
            return [(row.actor, row.action, row.subject) for row in rows]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    database = store(tmp_path)
    with database.transaction() as session:
        session.add_all(PersonRow(username=name, display_name=name, active=True) for name in (ROSA, OLGA))
    time = clock()
    yield Desk(database, time, SignInLinks(database, time, SigningKey.generate(), b"k" * 32))
    database.dispose()


def test_link_finds_the_person_and_only_by_issuer_and_subject(desk: Desk) -> None:
    desk.links.link(ROSA, ONE, actor="admin:ada")
    assert desk.links.person(ONE) == ROSA
    assert desk.links.person(TWO) is None
    assert desk.links.person(Identity(OTHER, "a-1")) is None
    assert desk.links.person(Identity(ISSUER, "A-1")) is None
    assert desk.actions() == [("admin:ada", "sign-in-link.made", "person:rosa")]


def test_subject_is_kept_as_a_keyed_hash(desk: Desk) -> None:
    desk.links.link(ROSA, ONE, actor="admin:ada")
    again = SignInLinks(desk.database, desk.clock, SigningKey.generate(), b"j" * 32)
    assert again.person(ONE) is None
    with desk.database.reading() as session:
        row = session.scalars(select(SignInLinkRow)).one()
        assert "a-1" not in (row.digest, row.linked_by)


def test_account_is_one_persons_and_a_person_has_one_account(desk: Desk) -> None:
    desk.links.link(ROSA, ONE, actor="admin:ada")
    with pytest.raises(WrongStateError, match="linked already"):
        desk.links.link(OLGA, ONE, actor="admin:ada")
    with pytest.raises(WrongStateError, match="linked already"):
        desk.links.link(ROSA, TWO, actor="admin:ada")
    desk.links.link(ROSA, Identity(OTHER, "b"), actor="admin:ada")
    assert [one.issuer for one in desk.links.of(ROSA)] == [OTHER, ISSUER]


def test_nobody_unknown_is_linked_invited_or_unlinked(desk: Desk) -> None:
    nobody = Username("nobody")
    with pytest.raises(NotFoundError):
        desk.links.link(nobody, ONE, actor="admin:ada")
    with pytest.raises(NotFoundError):
        desk.links.invite(nobody, actor="admin:ada", days=1)
    with pytest.raises(NotFoundError):
        desk.links.unlink(nobody, actor="admin:ada")
    assert desk.actions() == []


def test_sign_in_holds_for_its_lifetime_and_while_the_link_does(desk: Desk) -> None:
    lifetime = timedelta(hours=1)
    assert desk.links.holds(ROSA, ISSUER).code == "link-ended"
    desk.links.link(ROSA, ONE, actor="admin:ada")
    assert desk.links.holds(ROSA, ISSUER)
    assert desk.links.holds(ROSA, ISSUER, lifetime).code == "session-over"
    assert desk.links.entered(ROSA, ONE, SOURCE)
    assert desk.links.holds(ROSA, ISSUER, lifetime)
    assert not desk.links.holds(ROSA, OTHER, lifetime)
    desk.clock.advance(lifetime - timedelta(seconds=1))
    assert desk.links.holds(ROSA, ISSUER, lifetime)
    desk.clock.advance(timedelta(seconds=1))
    assert desk.links.holds(ROSA, ISSUER, lifetime).code == "session-over"
    assert desk.links.holds(ROSA, ISSUER)
    assert desk.links.unlink(ROSA, actor="admin:ada") == 1
    assert desk.links.holds(ROSA, ISSUER).code == "link-ended"


def test_link_that_ended_on_the_way_lets_nobody_in(desk: Desk) -> None:
    desk.links.link(ROSA, ONE, actor="admin:ada")
    desk.links.unlink(ROSA, actor="admin:ada")
    assert desk.links.entered(ROSA, ONE, SOURCE).code == "not-linked"
    desk.links.link(OLGA, ONE, actor="admin:ada")
    assert desk.links.entered(ROSA, ONE, SOURCE).code == "not-linked"
    assert "sign-in.succeeded" not in [action for _, action, _ in desk.actions()]


def test_invitation_links_once_and_is_gone(desk: Desk) -> None:
    made = desk.links.invite(ROSA, actor="admin:ada", days=1)
    assert made.code not in repr(made)
    assert desk.links.accept(made.code.lower().replace("-", " "), ONE, SOURCE)
    assert desk.links.person(ONE) == ROSA
    assert desk.links.accept(made.code, TWO, SOURCE).code == "wrong-invitation"
    with desk.database.reading() as session:
        assert session.scalars(select(InvitationRow)).all() == []
    assert desk.actions() == [
        ("admin:ada", "sign-in-invitation.made", "person:rosa"),
        ("rosa", "sign-in-link.made", "person:rosa"),
        ("anonymous", "sign-in.failed", "person:unknown"),
    ]


def test_invitation_that_expired_was_replaced_or_withdrawn_links_nobody(desk: Desk) -> None:
    first = desk.links.invite(ROSA, actor="admin:ada", days=1)
    second = desk.links.invite(ROSA, actor="admin:ada", days=1)
    assert not desk.links.accept(first.code, ONE, SOURCE)
    desk.clock.advance(timedelta(days=1))
    assert not desk.links.accept(second.code, ONE, SOURCE)
    third = desk.links.invite(ROSA, actor="admin:ada", days=1)
    assert desk.links.unlink(ROSA, actor="admin:ada") == 0
    assert not desk.links.accept(third.code, ONE, SOURCE)
    assert desk.links.person(ONE) is None


def test_invitation_of_somebody_who_is_linked_is_kept_and_links_nothing(desk: Desk) -> None:
    desk.links.link(ROSA, ONE, actor="admin:ada")
    made = desk.links.invite(ROSA, actor="admin:ada", days=1)
    with pytest.raises(WrongStateError):
        desk.links.accept(made.code, TWO, SOURCE)
    assert desk.links.person(TWO) is None
    with desk.database.reading() as session:
        assert len(session.scalars(select(InvitationRow)).all()) == 1


def test_guesses_at_invitations_are_counted_per_account(desk: Desk) -> None:
    made = desk.links.invite(ROSA, actor="admin:ada", days=1)
    for _ in range(MOST_PER_PERSON):
        assert desk.links.accept("AAAA-AAAA-AAAA-AAAA", ONE, SOURCE).code == "wrong-invitation"
    assert desk.links.accept(made.code, ONE, SOURCE).code == "too-many-attempts"
    assert desk.links.person(ONE) is None
    desk.clock.advance(WINDOW)
    assert desk.links.accept(made.code, ONE, SOURCE)


@pytest.mark.parametrize("days", [0, -1, 31])
def test_invitation_has_an_end(desk: Desk, days: int) -> None:
    with pytest.raises(BadInputError, match="1 to 30 days"):
        desk.links.invite(ROSA, actor="admin:ada", days=days)


@pytest.mark.parametrize("subject", ["", "a" * 256, "a\n", "\u00e9", "a\x00b"])
def test_subject_that_no_provider_gives_out_is_refused(subject: str) -> None:
    with pytest.raises(BadInputError, match="subject"):
        Identity(ISSUER, subject)
