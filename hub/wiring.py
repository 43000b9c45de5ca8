"""The composition root: the one place where an instance's parts are put together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from saferoom.clock import Clock, SystemClock
from saferoom.hub import keys
from saferoom.hub.home import Home
from saferoom.hub.store.database import Database
from saferoom.hub.store.vault import FileVault
from saferoom.signing import SigningKey

if TYPE_CHECKING:
    from saferoom.hub.crosswalks import Crosswalks
    from saferoom.hub.evaluator.places import Place
    from saferoom.hub.evaluator.runner import Evaluator
    from saferoom.hub.extracts import Extracts
    from saferoom.hub.opened_extracts import OpenedExtracts
    from saferoom.hub.packages.files import WheelFiles
    from saferoom.hub.store.answers import Answers
    from saferoom.hub.store.catalogue import StoredShelves
    from saferoom.hub.store.cipher import AtRest
    from saferoom.hub.store.credentials import Credentials
    from saferoom.hub.store.extract_records import ExtractRecords
    from saferoom.hub.store.registry import StoredRegistry
    from saferoom.hub.store.security_keys import SecurityKeys
    from saferoom.hub.store.sign_in_links import SignInLinks
    from saferoom.ids import Username
    from saferoom.projects.airlock.service import Airlock
    from saferoom.projects.decision import Decision
    from saferoom.projects.inputs.service import Inputs
    from saferoom.projects.ledger.budgets import Budgets
    from saferoom.projects.ledger.service import Ledger
    from saferoom.projects.life.service import Lives
    from saferoom.projects.linkage.clerical_service import Clerical
    from saferoom.projects.notices.sending import Sender
    from saferoom.projects.notices.service import Notices
    from saferoom.projects.packages.service import Packages
    from saferoom.projects.people.service import People
    from saferoom.projects.register.service import Register
    from saferoom.projects.tokens.service import Tokens


@dataclass(frozen=True)
class Instance:
    """One running Saferoom: its home and everything that works on it.

    Parts that a command does not touch are not loaded.
    """

    home: Home
    clock: Clock
    database: Database
    vault: FileVault
    signing_key: SigningKey

    @classmethod
    def open(cls, home: Home, clock: Clock | None = None) -> Instance:
        """Open the instance at `home`; folders and keys are made at first use."""
        home.prepare()
        return cls(
            home=home,
            clock=clock or SystemClock(),
            database=Database(home.database_url),
            vault=FileVault(home.vault),
            signing_key=keys.signing_key(home),
        )

    @cached_property
    def registry(self) -> StoredRegistry:
        """People, projects, datasets and approvals."""
        from saferoom.hub.store.registry import StoredRegistry

        return StoredRegistry(self.database)

    @cached_property
    def credentials(self) -> Credentials:
        """Passwords and second factors."""
        from saferoom.hub.store.credentials import Credentials

        return Credentials(self.database, self.clock, self.signing_key)

    @cached_property
    def security_keys(self) -> SecurityKeys:
        """Security keys beside the one-time codes."""
        from saferoom.hub.store.security_keys import SecurityKeys

        return SecurityKeys(self.database, self.clock, self.signing_key)

    @cached_property
    def sign_in_links(self) -> SignInLinks:
        """Who is who at an identity provider."""
        from saferoom.hub.store.sign_in_links import SignInLinks

        return SignInLinks(self.database, self.clock, self.signing_key, keys.sign_in_key(self.home))

    @cached_property
    def cipher(self) -> AtRest:
        """What encrypts at rest."""
        from saferoom.hub.store.cipher import AtRest

        return AtRest(keys.memory_key(self.home))

    @cached_property
    def crosswalks(self) -> Crosswalks:
        """Who the projects' pseudonyms are across projects."""
        from saferoom.hub.crosswalks import Crosswalks

        return Crosswalks(self.home.crosswalks, self.cipher)

    @cached_property
    def extract_records(self) -> ExtractRecords:
        """Epochs of projects' ids, and refreshes."""
        from saferoom.hub.store.extract_records import ExtractRecords

        return ExtractRecords(self.database, self.clock, self.signing_key)

    def extracts(self, actor: str) -> Extracts:
        """Return what makes extracts in the name of `actor`."""
        from saferoom.hub.extract_wiring import extracts_for

        return extracts_for(self, actor)

    @cached_property
    def opened_extracts(self) -> OpenedExtracts:
        """Where extracts are open while they are used."""
        from saferoom.hub.opened_extracts import opened_extracts

        return opened_extracts(self.home)

    @cached_property
    def people(self) -> People:
        """Accounts, records and break-glass acts."""
        from saferoom.hub.store.people import PeopleStore
        from saferoom.projects.people.service import People

        return People(PeopleStore(self.database, self.clock, self.signing_key), self.clock)

    @cached_property
    def lives(self) -> Lives:
        """Projects from proposal to deletion."""
        from saferoom.hub.retention_holds import holds
        from saferoom.hub.row_filter import try_rows
        from saferoom.hub.sealing import Workspaces
        from saferoom.hub.store.life import LifeStore
        from saferoom.projects.life.service import Lives

        return Lives(
            store=LifeStore(self.database, self.clock, self.signing_key),
            clock=self.clock,
            signing_key=self.signing_key,
            keeper=Workspaces(
                self.home,
                self.cipher,
                lambda: (person.username for person in self.registry.people()),
                held=holds(self.database),
            ),
            try_rows=try_rows,
        )

    @cached_property
    def airlock(self) -> Airlock:
        """Requests, votes and releases."""
        from saferoom.hub.evaluator.drawing import Drawer
        from saferoom.hub.identifiers import ExtractIdentifiers
        from saferoom.hub.store.airlock import AirlockStore
        from saferoom.hub.watching.gate import Gate
        from saferoom.projects.airlock.service import Airlock

        return Airlock(
            store=AirlockStore(self.database, self.clock, self.signing_key),
            registry=self.registry,
            vault=self.vault,
            clock=self.clock,
            signing_key=self.signing_key,
            cipher=self.cipher,
            identifiers=ExtractIdentifiers(self.opened_extracts),
            ledger=self.ledger,
            drawing=Drawer(self),
            checkpoint=Gate(self.home),
        )

    @cached_property
    def place(self) -> Place:
        """Where processes run that read what researchers wrote."""
        from saferoom.hub.evaluator.places import place_of

        return place_of(self.home)

    @cached_property
    def evaluator(self) -> Evaluator:
        """What computes and judges queries in rooms of their own."""
        from saferoom.hub.evaluator.runner import Evaluator

        return Evaluator(self, at_once=self.place.at_once)

    @cached_property
    def ledger(self) -> Ledger:
        """Privacy budgets: what may be lost, and what was charged."""
        from saferoom.hub.store.ledger import LedgerStore
        from saferoom.projects.ledger.service import Ledger

        return Ledger(LedgerStore(self.database, self.clock, self.signing_key), self.clock)

    @cached_property
    def budgets(self) -> Budgets:
        """Privacy budgets as people see and set them."""
        from saferoom.projects.ledger.budgets import Budgets

        return Budgets(self.ledger.store, self.clock)

    @cached_property
    def notices(self) -> Notices:
        """What people are told."""
        from saferoom.hub.store.notices import NoticesStore
        from saferoom.projects.notices.service import Notices

        return Notices(NoticesStore(self.database, self.clock, self.signing_key), self.clock)

    @cached_property
    def tokens(self) -> Tokens:
        """What programs show in the name of their person."""
        from secrets import token_urlsafe

        from saferoom.hub.store.proofs import Code
        from saferoom.hub.store.tokens import TokensStore
        from saferoom.projects.tokens.model import PREFIX, SECRET_BYTES
        from saferoom.projects.tokens.service import Tokens

        def prove(who: Username, password: str, code: str) -> Decision:
            return self.credentials.verify(who, password, Code(code, inside=True), f"api-tokens:{who}")

        return Tokens(
            store=TokensStore(self.database, self.clock, self.signing_key),
            clock=self.clock,
            prove=prove,
            draw=lambda: PREFIX + token_urlsafe(SECRET_BYTES),
        )

    @cached_property
    def packages(self) -> Packages:
        """What projects may install."""
        from saferoom.hub.store.packages import PackagesStore
        from saferoom.projects.packages.service import Packages

        return Packages(PackagesStore(self.database, self.clock, self.signing_key), self.clock)

    @cached_property
    def wheel_files(self) -> WheelFiles:
        """Where the wheels lie."""
        from saferoom.hub.packages.files import WheelFiles

        return WheelFiles(self.home.packages)

    @cached_property
    def inputs(self) -> Inputs:
        """What people had kernels run."""
        from saferoom.hub.store.cipher import AtRest
        from saferoom.hub.store.inputs import InputsStore
        from saferoom.projects.inputs.service import Inputs

        cipher = AtRest(keys.inputs_key(self.home))
        return Inputs(InputsStore((self.database, self.clock, self.signing_key), cipher), self.clock)

    @cached_property
    def answers(self) -> Answers:
        """What calls with an Idempotency-Key were answered."""
        from saferoom.hub.store.answers import Answers

        return Answers(self.database, self.clock)

    @cached_property
    def sender(self) -> Sender:
        """What sends the letters that are due."""
        from saferoom.hub.notices.loops import sender_of

        return sender_of(self)

    @cached_property
    def public_register(self) -> Register:
        """What everybody may know."""
        from saferoom.hub.store.register import PublicRecords
        from saferoom.projects.register.service import Register

        records = PublicRecords(self.database, self.signing_key.verifying_key)
        return Register(records, self.clock, self.airlock.withdrawals)

    @cached_property
    def clerical(self) -> Clerical:
        """Doubtful links, decided by two people each."""
        from saferoom.hub.store.linkage_review import ReviewStore
        from saferoom.projects.linkage.clerical_service import Clerical

        return Clerical(ReviewStore(self.database, self.clock, self.signing_key), self.clock)

    @cached_property
    def shelves(self) -> StoredShelves:
        """The catalogue as people look through it."""
        from saferoom.hub.store.catalogue import StoredShelves

        return StoredShelves(self.database)

    def close(self) -> None:
        """Close the database's connections."""
        self.database.dispose()
