"""Two people with passwords and codes, a hub that offers security keys, and keys in software."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
from argon2 import PasswordHasher
from sqlalchemy import select
from tests.support.authenticator import SoftKey
from tests.support.registry_world import clock, store

from saferoom.clock import FrozenClock
from saferoom.hub.home import Home
from saferoom.hub.jupyter.factors.desk import FactorDesk
from saferoom.hub.jupyter.factors.party import RelyingParty
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.credentials import Credentials
from saferoom.hub.store.people_tables import PersonRoleRow, PersonRow
from saferoom.hub.store.vault import FileVault
from saferoom.hub.wiring import Instance
from saferoom.ids import Username
from saferoom.signing import SigningKey

ANA, BEN, OLGA = Username("ana"), Username("ben"), Username("olga")
PASSWORD = "correct horse battery"
SECRET = pyotp.random_base32()
ORIGIN, RP_ID = "https://safe.example.org", "safe.example.org"
SOURCE = "10.0.0.1"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class FactorWorld:
    """Ana and ben have a password and a code, olga is registered alone."""

    instance: Instance
    credentials: Credentials
    desk: FactorDesk
    clock: FrozenClock

    def key(self, **values: Any) -> SoftKey:
        """Return a key that is registered nowhere yet."""
        return SoftKey(ORIGIN, RP_ID, **values)

    def add(self, key: SoftKey, username: Username = ANA, name: str = "blue stick", **changed: Any) -> None:
        """Register `key` as the page does."""
        asked = self.desk.begin_adding(username, SOURCE)
        self.desk.add(username, name, key.create(asked.options, **changed), asked.secret)

    def owned(self, username: Username = ANA, name: str = "blue stick", **values: Any) -> SoftKey:
        """Return a key that is registered."""
        key = self.key(**values)
        self.add(key, username, name)
        return key

    def sign_in(self, key: SoftKey, username: str = ANA, password: str = PASSWORD, **changed: Any) -> str:
        """Sign in with a key as the page does, and return the decision's code."""
        asked = self.desk.begin_sign_in(username, SOURCE)
        return self.show(key.get(asked.options, **changed), asked.secret, username, password)

    def show(self, answer: str, secret: str, username: str = ANA, password: str = PASSWORD) -> str:
        """Bring an answer that is there already."""
        shown = self.desk.signature(username, answer, secret)
        return self.credentials.verify(username, password, shown, SOURCE).code

    def code(self) -> str:
        """Return the one-time code of now; it is everybody's here."""
        return pyotp.TOTP(SECRET).at(self.clock.now())

    def events(self, action: str) -> list[tuple[str, str, dict[str, str]]]:
        """Return actor, subject and payload of every event of an action."""
        with self.instance.database.reading() as session:
            rows = session.scalars(select(AuditLinkRow).where(AuditLinkRow.action == action).order_by(AuditLinkRow.seq))
            return [(row.actor, row.subject, dict(row.payload or {})) for row in rows]

    def reason(self) -> str:
        """Return why the last sign-in was refused."""
        return self.events("sign-in.failed")[-1][2]["reason"]


@contextmanager
def factor_world(folder: Path) -> Iterator[FactorWorld]:
    """Make a world below `folder`."""
    database, time, signing = store(folder), clock(), SigningKey.generate()
    home = Home(folder / "home")
    home.prepare()
    with database.transaction() as session:
        for one in (ANA, BEN, OLGA):
            roles = [PersonRoleRow(username=one, role="researcher")]
            session.add(PersonRow(username=one, display_name=one.title(), active=True, roles=roles))
    instance = Instance(home, time, database, FileVault(home.vault), signing)
    credentials = Credentials(database, time, signing, QUICK)
    for username in (ANA, BEN):
        credentials.set_password(username, PASSWORD, totp_secret=SECRET)
    yield FactorWorld(instance, credentials, FactorDesk(instance, RelyingParty(ORIGIN)), time)
    instance.close()


def challenge_of(options: str) -> str:
    """Return the challenge of options, base64url."""
    return str(json.loads(options)["challenge"])
