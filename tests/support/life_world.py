"""People, datasets and a store in which projects live: rosa proposes, olga and omar own data, ada administers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.empty_store import store_like
from tests.support.registry_world import NOW, TODAY, dataset, owner, researcher

from saferoom.audit import Event
from saferoom.clock import FrozenClock
from saferoom.hub.administration import Administration
from saferoom.hub.home import Home
from saferoom.hub.row_filter import try_rows
from saferoom.hub.sealing import Workspaces
from saferoom.hub.store.audit_log import AuditLinkRow, AuditLog
from saferoom.hub.store.cipher import AtRest
from saferoom.hub.store.database import Database
from saferoom.hub.store.life import LifeStore
from saferoom.hub.store.notices_tables import ToldRow
from saferoom.hub.store.registry import StoredRegistry
from saferoom.hub.store.registry_writer import RegistryWriter
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.policies.models import PolicyModel
from saferoom.projects.administration.changes import compare
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.approvals.model import Approval, Terms
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.life.model import Life, Proposal, Wish
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.service import Lives
from saferoom.projects.life.view import Waiting
from saferoom.projects.people.model import Person, Role
from saferoom.signing import SigningKey

ROSA, RAVI, RITA = (Actor.person(Username(name)) for name in ("rosa", "ravi", "rita"))
OLGA, OMAR = Actor.person(Username("olga")), Actor.person(Username("omar"))
ADA, CARLA = Actor.person(Username("ada")), Actor.person(Username("carla"))
CONSOLE = Actor.console("admin:root")
MOB, HTV, TWO = ProjectSlug("mob"), DatasetName("htv"), DatasetName("two")
ENDS = TODAY + timedelta(days=300)


def proposal(**changes: Any) -> Proposal:
    """Rosa's complete proposal for htv and two."""
    base = Proposal(
        slug=MOB,
        title="Mobility",
        question="Who moves?",
        benefit="Better schools.",
        gateway="Digital Economy Act 2017, section 64",
        assessment="DPIA 12",
        members=frozenset({Username("rosa"), Username("ravi")}),
        ends=ENDS,
        datasets=(
            Wish(dataset=HTV, variables=("sex", "age", "wage")),
            Wish(dataset=TWO, variables=("wage",), rows="age >= 16"),
        ),
    )
    return base.model_copy(update=changes)


def terms(*variables: str, until: date = ENDS, **changes: Any) -> Terms:
    """An owner's terms."""
    return Terms(until=until, variables=variables or None, **changes)


@dataclass
class LifeWorld:
    """A store with people and two datasets, and the lives in it."""

    folder: Path
    database: Database
    clock: FrozenClock
    key: SigningKey
    lives: Lives
    home: Home

    @property
    def registry(self) -> StoredRegistry:
        return StoredRegistry(self.database)

    def put(self, kind: str, key: str, record: PolicyModel, before: PolicyModel | None = None) -> None:
        change = compare(kind, key, before, record)
        assert change is not None
        with self.database.transaction() as session:
            RegistryWriter(session, AuditLog(session, self.clock, self.key), self.clock.now(), "admin:test").write(
                change
            )

    def apply(self, text: str) -> None:
        """Apply documents as an administrator does."""
        administration = Administration(self.database, self.clock, self.key, "admin:root")
        administration.apply(read_entries([(text, "f.yaml")]))

    def redescribe(self, name: str = "htv", **changes: Any) -> Dataset:
        before = self.registry.dataset(DatasetName(name))
        after = before.model_copy(update={"version": str(int(before.version) + 1), **changes})
        self.put("dataset", name, after, before)
        return after

    def approval(self, name: str = "htv") -> Approval:
        return next(one for one in self.registry.approvals(MOB) if one.dataset == name)

    def events(self) -> list[tuple[str, str, str]]:
        with self.database.reading() as session:
            rows = session.query(AuditLinkRow).order_by(AuditLinkRow.seq).all()
            return [(row.actor, row.action, row.subject) for row in rows]

    def waiting(self) -> list[Waiting]:
        """Return who has to act on the project now."""
        return list(self.lives.view(CONSOLE, MOB).waiting())

    def told(self) -> list[tuple[str, str]]:
        """Return who was told of what."""
        with self.database.reading() as session:
            return [(row.to, row.kind) for row in session.query(ToldRow).all()]

    def submitted(self, **changes: Any) -> Life:
        self.lives.propose(ROSA, proposal(**changes))
        return self.lives.submit(ROSA, MOB)

    def active(self, **changes: Any) -> Life:
        """Return the project as it runs, with both datasets approved."""
        self.submitted(**changes)
        self.lives.approve(OLGA, MOB, HTV, terms("sex", "age", "wage"))
        self.lives.approve(OMAR, MOB, TWO, terms("wage"))
        return self.lives.confirm(ADA, MOB)

    def closed(self) -> Life:
        self.active()
        return self.lives.close(ROSA, MOB, "the work is done")

    def record(self, event: Event) -> None:
        with self.database.transaction() as session:
            AuditLog(session, self.clock, self.key).record(event)


def life_world(folder: Path) -> LifeWorld:
    """Return the world in `folder`."""
    home = Home(folder / "home")
    home.prepare()
    database = store_like(folder / "store.sqlite", _registered)
    clock, key = FrozenClock(NOW), _key()
    registry = StoredRegistry(database)
    lives = Lives(
        store=LifeStore(database, clock, key),
        clock=clock,
        signing_key=key,
        keeper=Workspaces(home, AtRest(b"rest" * 8), lambda: (p.username for p in registry.people()), part_bytes=4096),
        try_rows=try_rows,
    )
    return LifeWorld(folder, database, clock, key, lives, home)


@cache
def _key() -> SigningKey:
    return SigningKey.generate()


def _registered(database: Database) -> None:
    """Register people and datasets."""
    with database.transaction() as session:
        writer = RegistryWriter(session, AuditLog(session, FrozenClock(NOW), _key()), NOW, "admin:test")
        for kind, key, record in _records():
            change = compare(kind, key, None, record)
            assert change is not None
            writer.write(change)


def _records() -> Iterator[tuple[str, str, PolicyModel]]:
    people = [
        researcher(),
        researcher(username=Username("ravi"), display_name="Ravi"),
        researcher(username=Username("rita"), display_name="Rita"),
        owner(),
        owner(username=Username("omar"), display_name="Omar"),
        _person("ada", Role.ADMINISTRATOR),
        _person("carla", Role.OUTPUT_CHECKER),
    ]
    yield from (("person", person.username, person) for person in people)
    yield "dataset", HTV, dataset()
    yield "dataset", TWO, dataset(name=TWO, owner=Username("omar"), source="two.csv")


def _person(name: str, role: Role) -> Person:
    return Person.model_validate(
        {
            "username": name,
            "display_name": name.title(),
            "roles": frozenset({role}),
            "training_expires": TODAY + timedelta(days=400),
        }
    )
