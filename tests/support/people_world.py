"""People with a real store: two administrators, a data owner, a researcher, checkers, and shortcuts to deeds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import select
from tests.support.empty_store import store_like
from tests.support.registry_world import NOW, TODAY

from saferoom.clock import FrozenClock
from saferoom.hub.administration import Administration
from saferoom.hub.store.audit_log import AuditLinkRow, verify_audit_log
from saferoom.hub.store.database import Database
from saferoom.hub.store.people import PeopleStore
from saferoom.hub.store.registry import StoredRegistry
from saferoom.ids import Username
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.people.emergencies import Emergency, EmergencyForm, Judgement, ReviewForm
from saferoom.projects.people.model import Power, Training
from saferoom.projects.people.permissions import Actor
from saferoom.projects.people.records import Accreditation, AccreditationForm, Record, TrainingForm
from saferoom.projects.people.service import People
from saferoom.signing import SigningKey

ADA, ALAN = Actor.person(Username("ada")), Actor.person(Username("alan"))
OPERATOR = Actor.operator("admin:root")
ROSA, RAVI, CARL, OLGA = Username("rosa"), Username("ravi"), Username("carl"), Username("olga")
REASON = "The only checker is ill and the minister's answer is due tonight."
DOCUMENTS = """\
{kind: person, username: ada, display_name: Ada Ames, roles: [administrator]}
---
{kind: person, username: alan, display_name: Alan Abt, roles: [administrator]}
---
{kind: person, username: olga, display_name: Olga Brandt, roles: [data-owner]}
---
kind: person
username: rosa
display_name: Rosa Lindqvist
email: rosa@example.org
roles: [researcher]
accreditation_expires: 2027-06-30
training_expires: 2027-06-30
---
kind: person
username: ravi
display_name: Ravi Menon
roles: [researcher]
accreditation_expires: 2027-06-30
training_expires: 2027-06-30
---
{kind: person, username: carl, display_name: Carl Voss, roles: [output-checker], training_expires: 2027-06-30}
---
kind: dataset
name: htv
title: Wages
owner: olga
source: htv.csv
units: [person_id]
variables: [{name: person_id, type: integer, role: id}, {name: wage, type: number}]
---
{kind: project, slug: mob, title: Mobility, members: [rosa], ends: 2027-03-01}
---
{kind: approval, project: mob, dataset: htv, granted_by: olga, until: 2027-02-01}
"""


@dataclass(frozen=True)
class PeopleWorld:
    """The service and everything around it."""

    people: People
    administration: Administration
    clock: FrozenClock

    @property
    def database(self) -> Database:
        return self.administration.database

    @property
    def registry(self) -> StoredRegistry:
        return StoredRegistry(self.database)

    def apply(self, text: str) -> None:
        """Apply documents, as ``saferoom admin apply`` does."""
        self.administration.apply(read_entries([(text, "f.yaml")]))

    def accredit(self, who: Username = ROSA, expires: date = TODAY + timedelta(days=400), by: Actor = ADA) -> Record:
        form = AccreditationForm(
            level=Accreditation.FULL, body="The Authority", granted=TODAY, expires=expires, evidence="Letter 12."
        )
        return self.people.accredit(by, who, form)

    def train(
        self, who: Username = ROSA, course: Training = Training.OUTPUT_CHECKER, expires: date = date(2027, 6, 30)
    ) -> Record:
        form = TrainingForm(course=course, body="The School", granted=TODAY, expires=expires, evidence="Certificate 7.")
        return self.people.train(ADA, who, form)

    def break_glass(
        self, who: Username = ROSA, power: Power = Power.OUTPUT_CHECKER, hours: int = 4, by: Actor = ADA
    ) -> Emergency:
        return self.people.break_glass(by, EmergencyForm(username=who, power=power, hours=hours, reason=REASON))

    def review(self, emergency: Emergency, by: Actor = ALAN) -> Emergency:
        form = ReviewForm(judgement=Judgement.JUSTIFIED, findings="The request was checked within the hour.")
        return self.people.review_emergency(by, emergency.id, form)

    def events(self) -> list[tuple[str, str, str]]:
        """Return actor, action and subject of the audit trail, and check that it holds."""
        with self.database.reading() as session:
            verify_audit_log(session, self.administration.signing_key.verifying_key)
            rows = session.scalars(select(AuditLinkRow).order_by(AuditLinkRow.seq)).all()
            return [(row.actor, row.action, row.subject) for row in rows]


@cache
def _key() -> SigningKey:
    return SigningKey.generate()


def _registered(database: Database) -> None:
    """Register everybody in the store that every world begins as a copy of."""
    administration = Administration(database, FrozenClock(NOW), _key(), "admin:root")
    administration.apply(read_entries([(DOCUMENTS, "people.yaml")]))


@contextmanager
def people_world(folder: Path) -> Iterator[PeopleWorld]:
    """Yield the service with everybody registered."""
    key, clock, database = _key(), FrozenClock(NOW), store_like(folder / "store.sqlite", _registered)
    people = People(PeopleStore(database, clock, key), clock)
    try:
        yield PeopleWorld(people, Administration(database, clock, key, "admin:root"), clock)
    finally:
        database.dispose()
