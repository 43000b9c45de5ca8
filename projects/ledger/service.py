"""Privacy budgets as everybody uses them.

A charge is debited to all its accounts in one transaction, before any noise is drawn, or to none. The database itself
refuses what is beyond a limit. Whoever calls again with the same key gets the same charge; a charge that was broken off
fails and stays paid, because its noise could have been seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.errors import BadInputError, IntegrityError, NotFoundError, WrongStateError
from saferoom.ids import Digest, ProjectSlug, new_id
from saferoom.projects.ledger import states
from saferoom.projects.ledger.accounts import allowed
from saferoom.projects.ledger.alerts import alerts
from saferoom.projects.ledger.lineages import lineages
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import (
    CHARGED,
    Account,
    AccountId,
    AccountKind,
    Charge,
    Charged,
    ChargeState,
    Paid,
    Wanted,
    sentence,
)
from saferoom.projects.ledger.states import Step
from saferoom.projects.ledger.store import Reading, Store, Transaction

SYSTEM = "system"
BROKEN_OFF = "the service was stopped before the result was stored"
_OTHER = (
    "this key was used for another release of the project; send the same query to see its result, or take another key"
)


class BudgetError(WrongStateError):
    """A release would cost more than a budget allows; nothing was debited (HTTP 409)."""


@dataclass(frozen=True)
class Ledger:
    """Charges and limits.

    Attributes
    ----------
    draw_id : callable
        Returns a fresh id for a charge.
    """

    store: Store
    clock: Clock
    draw_id: Callable[[], str] = lambda: new_id("charge")

    def charge(self, wanted: Wanted) -> Charged:
        """Debit what `wanted` costs to every account it concerns.

        Raises
        ------
        BudgetError
            It does not fit into an account; the message says requested, remaining and difference of each.
        WrongStateError
            The key was used for something else.
        BadInputError
            It costs nothing, or reads nothing.
        """
        return self.charge_all([wanted])[0]

    def charge_all(self, wishes: Sequence[Wanted]) -> tuple[Charged, ...]:
        """Debit what each of `wishes` costs, all of them or none; otherwise as `charge`.

        What is left for one of them is what those before it leave.
        """
        if any(wanted.loss.rho == 0 for wanted in wishes):
            raise BadInputError("a release with differential privacy costs more than nothing")
        with self.store.transaction() as tx:
            if len(wishes) > 1:
                # All at once, so that two that want several never wait for each other in a ring.
                tx.lock({id_ for wanted in wishes for id_ in self._wanted_accounts(tx, wanted)})
            return tuple(self._charged(tx, wanted) for wanted in wishes)

    def _charged(self, tx: Transaction, wanted: Wanted) -> Charged:
        known = tx.by_key(wanted.project, wanted.key)
        if known is not None:
            return _same(known, wanted)
        before, accounts = self._accounts(tx, wanted)
        refused = [account for account in accounts if account.refuses(wanted.loss)]
        if refused:
            raise BudgetError(sentence(refused, wanted.loss))
        ids = tuple(account.id for account in accounts)
        charge = Charge(self.draw_id(), wanted, ids, ChargeState.CHARGED, self.clock.now())
        tx.debit(charge)
        tx.record(Event(wanted.by, CHARGED, f"project:{wanted.project}", _said(charge)))
        after = (replace(account, spent=account.spent + wanted.loss) for account in accounts)
        tx.tell(alerts(zip(before, after, strict=True), tx.registry, charge.at), charge.at)
        return Charged(charge, fresh=True)

    def fits(self, wanted: Wanted) -> str:
        """Return why `wanted` would be refused at this moment; the empty string when it would not. Debits nothing."""
        with self.store.reading() as tx:
            accounts = [_with(tx, id_, limit) for id_, limit in self._wanted_accounts(tx, wanted).items()]
        return sentence([account for account in accounts if account.refuses(wanted.loss)], wanted.loss)

    def paid(self, project: ProjectSlug, key: str) -> Paid | None:
        """Return the charge of `key` with its place in the audit trail; None when nothing was charged for it.

        Raises
        ------
        IntegrityError
            The audit trail does not record it.
        """
        with self.store.reading() as tx:
            charge = tx.by_key(project, key)
            if charge is None:
                return None
            found = tx.entry(charge.id)
        if found is None:
            raise IntegrityError(f"the audit trail does not record the charge {charge.id}; nothing is released")
        return Paid(charge, *found)

    def computed(self, id_: str, result: Digest) -> Charge:
        """Note that the noise was drawn and what came out is stored."""
        return self._step(id_, Step.COMPUTE, result=result)

    def released(self, id_: str) -> Charge:
        """Note that the result left."""
        return self._step(id_, Step.RELEASE)

    def withheld(self, id_: str, reason: str) -> Charge:
        """Note that the result stays inside."""
        return self._step(id_, Step.WITHHOLD, reason=reason)

    def failed(self, id_: str, reason: str) -> Charge:
        """Note that there is no result and will be none."""
        return self._step(id_, Step.FAIL, reason=reason)

    def resume(self) -> tuple[Charge, ...]:
        """Fail every charge without a stored result: called when the service starts, before anything is drawn."""
        with self.store.reading() as tx:
            broken = tx.in_state(ChargeState.CHARGED)
        return tuple(self.failed(charge.id, BROKEN_OFF) for charge in broken)

    def _accounts(self, tx: Transaction, wanted: Wanted) -> tuple[tuple[Account, ...], tuple[Account, ...]]:
        """Return every account, locked, as it was written last and as it counts now."""
        limits = self._wanted_accounts(tx, wanted)
        before = tx.lock(tuple(limits))
        now = (
            _follow(tx, account, limits[account.id])
            if account.id.kind is AccountKind.APPROVAL and account.limit != limits[account.id]
            else account
            for account in before
        )
        return before, tuple(now)

    def _wanted_accounts(self, tx: Reading, wanted: Wanted) -> dict[AccountId, Loss | None]:
        """Return every account that `wanted` concerns, in order; with the limit that an approval gives."""
        if not wanted.versions:
            raise BadInputError("a release with differential privacy reads at least one dataset")
        owners, now = tx.registry.owners(), self.clock.now()
        approvals = {one.dataset: one for one in tx.registry.approvals(wanted.project) if one.live(now)}
        found: dict[AccountId, Loss | None] = {AccountId(AccountKind.PROJECT, wanted.project): None}
        for dataset in wanted.versions:
            found[AccountId.approval(wanted.project, dataset)] = allowed(approvals.get(dataset), now)
        for lineage in lineages(tx.registry.links(), wanted.versions):
            found[AccountId(AccountKind.LINEAGE, lineage)] = None
            found[AccountId(AccountKind.OWNER, owners[lineage])] = None
        return dict(sorted(found.items()))

    def _step(self, id_: str, step: Step, result: Digest | None = None, reason: str = "") -> Charge:
        with self.store.transaction() as tx:
            charge = tx.charge(id_)
            if charge is None:
                raise NotFoundError("there is no such charge")
            row = states.check(charge.state, step)
            after = replace(charge, state=row.to, result=result or charge.result, reason=reason)
            tx.save(after)
            said = {"charge": after.id, "result": after.result, "reason": after.reason}
            tx.record(Event(SYSTEM, row.audit, f"project:{after.wanted.project}", said))
            return after


def _with(tx: Reading, id_: AccountId, limit: Loss | None) -> Account:
    account = tx.account(id_)
    return replace(account, limit=limit) if id_.kind is AccountKind.APPROVAL else account


def _follow(tx: Transaction, account: Account, limit: Loss | None) -> Account:
    """Let an approval's account have the limit that its data owner gives now; a lower one than spent closes it."""
    if limit is None or not account.spent.within(limit):
        return replace(account, limit=limit)
    return tx.limit(account.id, limit)


def _same(known: Charge, wanted: Wanted) -> Charged:
    if known.wanted.content != wanted.content:
        raise WrongStateError(_OTHER)
    return Charged(known, fresh=False)


def _said(charge: Charge) -> dict[str, object]:
    """Return what the audit trail keeps: everything the certificate refers to, and no result."""
    return {
        "charge": charge.id,
        "plan": charge.wanted.plan,
        "rho": charge.wanted.loss.rho,
        "delta": charge.wanted.loss.delta,
        "accounts": [str(account) for account in charge.accounts],
        "versions": dict(charge.wanted.versions),
    }
