"""Privacy budgets as people see and set them: the pages, the HTTP API and ``saferoom admin budget``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.errors import StaleVersionError
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.decision import Decision
from saferoom.projects.ledger import permissions
from saferoom.projects.ledger.accounts import account_now, known, lineages_used
from saferoom.projects.ledger.alerts import alerts
from saferoom.projects.ledger.composition import composed, epsilon_of
from saferoom.projects.ledger.forecast import WINDOW, Forecast, forecast
from saferoom.projects.ledger.limits import Limit, LimitForm, wanted
from saferoom.projects.ledger.lineages import lineages
from saferoom.projects.ledger.losses import epsilon_at
from saferoom.projects.ledger.model import Account, AccountId, AccountKind, Charge
from saferoom.projects.ledger.permissions import Action
from saferoom.projects.ledger.store import Entry, Reading, Selection, Store
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.people.entitlement import signed_in
from saferoom.projects.people.model import Person, Role
from saferoom.projects.people.permissions import Actor

FIRST_PAGE = Cut()
LIMIT_SET = "budget.limit_set"
USUAL_DELTA = Decimal("0.000001")
"""With which losses are told as (epsilon, delta) where no limit says another one."""
_STALE = "somebody else has set this limit meanwhile; nothing was overwritten, open it again"


@dataclass(frozen=True)
class Guarantee:
    """Losses in zCDP told as (epsilon, delta)-differential privacy."""

    epsilon: float
    delta: Decimal


@dataclass(frozen=True)
class Statement:
    """An account with all that is told of it.

    Attributes
    ----------
    said : Limit or None
        The limit as its setter said it; None where it comes from an approval, or nobody has set one.
    promised : Guarantee
        What holds for everybody after all that is spent, by the ledger's own accounting.
    may_set, may_view_charges : Decision
        Of whoever asked.
    """

    account: Account
    title: str
    said: Limit | None
    forecast: Forecast
    promised: Guarantee
    may_set: Decision
    may_view_charges: Decision


@dataclass(frozen=True)
class Composition:
    """Tighter accounting of the same losses, for information.

    Attributes
    ----------
    zcdp : Guarantee
        By the ledger's own accounting.
    pld : Guarantee or None
        By privacy loss distributions; None where it is not known of every charge what it consists of.
    unknown : int
        Of how many charges that is.
    """

    zcdp: Guarantee
    pld: Guarantee | None
    unknown: int


@dataclass(frozen=True)
class Budgets:
    """What may be lost, what was, and who says so."""

    store: Store
    clock: Clock

    def listing(
        self, actor: Actor, kind: AccountKind | None = None, text: str = "", cut: Cut = FIRST_PAGE
    ) -> Paged[Entry]:
        """Return a page of the accounts that `actor` may see."""
        with self.store.reading() as tx:
            now = self.clock.now()
            selection = replace(_selection(self._person(tx, actor), tx, now), kind=kind, text=text.strip().lower())
            found = tx.accounts(selection, cut)
            return found.map(lambda one: replace(one, account=account_now(tx, one.account.id, now)))

    def of_project(self, actor: Actor, slug: ProjectSlug) -> tuple[Account, ...]:
        """Return every account that a release of a project could be debited to and that `actor` may see."""
        with self.store.reading() as tx:
            now, project = self.clock.now(), AccountId(AccountKind.PROJECT, slug)
            self._may(tx, actor, project, Action.VIEW).enforce()
            live = [one.dataset for one in tx.registry.approvals(slug) if one.live(now)]
            ids = [AccountId.approval(slug, name) for name in live]
            ids += [AccountId(AccountKind.LINEAGE, name) for name in lineages(tx.registry.links(), live)]
            seen = [id_ for id_ in ids if self._may(tx, actor, id_, Action.VIEW)]
            return tuple(account_now(tx, id_, now) for id_ in (project, *seen))

    def enforce(self, actor: Actor, id_: AccountId, action: Action) -> None:
        """Raise unless `actor` may take `action` on an account."""
        with self.store.reading() as tx:
            self._may(tx, actor, id_, action).enforce()

    def statement(self, actor: Actor, id_: AccountId) -> Statement:
        """Return everything that is told of an account; to outsiders there is none."""
        with self.store.reading() as tx:
            self._may(tx, actor, id_, Action.VIEW).enforce()
            return self._statement(tx, actor, id_)

    def charges(self, actor: Actor, id_: AccountId, cut: Cut = FIRST_PAGE) -> Paged[Charge]:
        """Return a page of what was charged to an account, newest first."""
        with self.store.reading() as tx:
            self._may(tx, actor, id_, Action.VIEW_CHARGES).enforce()
            return tx.charges(id_, cut)

    def composition(self, actor: Actor, id_: AccountId) -> Composition:
        """Return tighter accounting of what was charged to an account, for information."""
        with self.store.reading() as tx:
            self._may(tx, actor, id_, Action.VIEW).enforce()
            account = account_now(tx, id_, self.clock.now())
            drawn = tx.mechanisms(id_)
        unknown = sum(one is None for one in drawn)
        zcdp = _promised(account)
        if unknown:
            return Composition(zcdp, None, unknown)
        everything = composed(part for charge in drawn for part in charge or ())
        tighter = epsilon_of(everything, float(zcdp.delta - account.spent.delta_value))
        return Composition(zcdp, Guarantee(tighter, zcdp.delta), 0)

    def set_limit(self, actor: Actor, id_: AccountId, form: LimitForm) -> Statement:
        """Set an account's limit.

        Raises
        ------
        BadInputError
            It is below what is spent, or there has to be a limit.
        StaleVersionError
            Somebody else has set it meanwhile.
        """
        with self.store.transaction() as tx:
            self._may(tx, actor, id_, Action.SET).enforce()
            now, (before,) = self.clock.now(), tx.lock((id_,))
            if before.version != form.version:
                raise StaleVersionError(_STALE)
            loss = wanted(form, before)
            after = tx.limit(id_, loss)
            said = (form.epsilon, form.delta) if form.allows == "up-to" else (None, None)
            tx.keep(Limit(id_, after.version, form.allows, *said, loss, actor.name, now))
            payload = {
                "allows": form.allows.value,
                "epsilon": None if said[0] is None else str(said[0]),
                "delta": None if said[1] is None else str(said[1]),
                "rho_limit": None if loss is None else loss.rho,
                "delta_limit": None if loss is None else loss.delta,
            }
            tx.record(Event(actor.name, LIMIT_SET, f"budget:{id_}", payload))
            tx.tell(alerts([(before, after)], tx.registry, now, besides=actor.username), now)
            return self._statement(tx, actor, id_)

    def _statement(self, tx: Reading, actor: Actor, id_: AccountId) -> Statement:
        now = self.clock.now()
        account = account_now(tx, id_, now)
        recent = tx.spent_since(id_, now - WINDOW)
        may_set, may_view = (self._may(tx, actor, id_, one) for one in (Action.SET, Action.VIEW_CHARGES))
        return Statement(
            account=account,
            title=tx.title(id_),
            said=tx.said(id_),
            forecast=forecast(account, recent, tx.since(id_), now),
            promised=_promised(account),
            may_set=may_set,
            may_view_charges=may_view,
        )

    def can_see(self, username: Username, id_: AccountId) -> bool:
        """Tell whether somebody may see an account; for letters that lead to it."""
        with self.store.reading() as tx:
            return bool(self._may(tx, Actor.person(username), id_, Action.VIEW))

    def _may(self, tx: Reading, actor: Actor, id_: AccountId, action: Action) -> Decision:
        person = self._person(tx, actor)
        standing = (
            permissions.standings(person, tx.registry, id_, self.clock.now())
            if known(tx.registry, id_)
            else frozenset()
        )
        return permissions.may(standing, id_.kind, action)

    def _person(self, tx: Reading, actor: Actor) -> Person | None:
        return None if actor.username is None else signed_in(tx.registry, actor.username, self.clock.now())


def _selection(person: Person | None, tx: Reading, at: datetime) -> Selection:
    if person is None or Role.ADMINISTRATOR in person.roles:
        return Selection(everything=True)
    owner = person.username if Role.DATA_OWNER in person.roles else None
    return Selection(owner=owner, member=person.username, lineages=lineages_used(tx.registry, person.username, at))


def _promised(account: Account) -> Guarantee:
    """Return what is spent as (epsilon, delta): half of the limit's delta is for the conversion, as when it was set."""
    limit, spent = account.limit, account.spent
    share = limit.delta_value if limit is not None and limit.delta else USUAL_DELTA
    return Guarantee(epsilon_at(spent.rho, float(share)), share + spent.delta_value)
