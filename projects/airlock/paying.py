"""What noise costs and who paid for it: between the airlock's records and the ledger of privacy budgets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.privacy.plan import PrivacyPlan
from saferoom.errors import IntegrityError, UnavailableError, WrongStateError
from saferoom.ids import Digest, EvaluationId, ProjectSlug
from saferoom.projects.airlock.model import EvaluationRecord
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.mechanisms import Mechanism, mechanisms_of
from saferoom.projects.ledger.model import Charge, ChargeState, Paid, Wanted
from saferoom.projects.ledger.plans import cost_of
from saferoom.projects.ledger.service import BROKEN_OFF, Ledger

LONGEST = timedelta(minutes=30)
"""After which nothing is still being drawn: the twenty outputs of a request, each of which is ended after a minute."""
NO_BUDGETS = "no privacy budgets are kept here, so no noise is drawn"
STAYS_PAID = "; what it cost stays paid, because its noise could have been seen. Evaluate it again for a new one"
WITHHELD = "the numbers with noise were withheld with the request that they were part of" + STAYS_PAID


def charge_of(ledger: Ledger, project: ProjectSlug, key: str) -> Charge | None:
    """Return what was charged for `key` in a project."""
    with ledger.store.reading() as tx:
        return tx.by_key(project, key)


def fail_if_broken_off(parts: Parts, ledger: Ledger, charge: Charge) -> Charge:
    """Return `charge`, failed where it was made so long ago that nobody can be drawing any more.

    Whoever is drawing all the same, after a clock was set forward, finds the charge failed and releases nothing.
    """
    if charge.state is not ChargeState.CHARGED or parts.clock.now() - charge.at <= LONGEST:
        return charge
    try:
        return ledger.failed(charge.id, BROKEN_OFF)
    except WrongStateError:
        return charge_of(ledger, charge.wanted.project, charge.wanted.key) or charge


def paid(parts: Parts, record: EvaluationRecord, evaluation: Evaluation) -> Paid:
    """Return the charge that a drawn evaluation, or the one that it was processed from, was paid by.

    Raises
    ------
    IntegrityError
        There is none, or its result is another: nothing is released.
    WrongStateError
        The result was withheld.
    """
    said = evaluation.privacy or {}
    found = ledger_of(parts).paid(record.project, str(said.get("quote", "")))
    if found is None or found.charge.id != said.get("charge") or found.charge.result != _source(parts, record, said):
        raise IntegrityError("numbers with noise were not paid for from a privacy budget; nothing is released")
    if found.charge.state not in (ChargeState.COMPUTED, ChargeState.RELEASED):
        raise WrongStateError(WITHHELD)
    return found


def _source(parts: Parts, record: EvaluationRecord, said: Mapping[str, Any]) -> Digest | None:
    """Return the digest of what was drawn: of the evaluation itself, or of the one that it was processed from."""
    made = said.get("processing")
    if made is None:
        return record.digest
    with parts.store.reading() as tx:
        source = tx.evaluation(EvaluationId(str(made.get("source", ""))))
    return None if source is None or source.project != record.project else source.digest


def refusal(parts: Parts, record: EvaluationRecord, evaluation: Evaluation) -> str:
    """Return why a quote could not be paid for at this moment; the empty string when it could."""
    if parts.ledger is None:
        return NO_BUDGETS
    return parts.ledger.fits(wish(record, evaluation))


def priced(evaluation: Evaluation) -> tuple[Digest, Loss, tuple[Mechanism, ...]]:
    """Return the digest of a quote's plan, what it costs, and what that consists of.

    All by OpenDP's own maps: what the quote states is not asked.

    Raises
    ------
    IntegrityError
        It has no plan that noise could be drawn by.
    """
    try:
        plan = PrivacyPlan.from_json((evaluation.privacy or {})["plan"])
        return plan.digest, cost_of(plan), mechanisms_of(plan)
    except Exception:
        # OpenDP's own errors are no class of ours; whatever it is, there is no loss that could be charged.
        raise IntegrityError("what is known of this query has no plan that noise is drawn by") from None


def wish(record: EvaluationRecord, quote: Evaluation) -> Wanted:
    """Return what is charged for the release of a quote."""
    plan, loss, mechanisms = priced(quote)
    return Wanted(
        key=record.id,
        project=record.project,
        by=record.author,
        content=record.digest,
        plan=plan,
        versions={dataset.name: dataset.version for dataset in record.datasets},
        loss=loss,
        mechanisms=mechanisms,
    )


def ledger_of(parts: Parts) -> Ledger:
    """Return the ledger; without one nothing with noise leaves."""
    if parts.ledger is None:
        raise UnavailableError(NO_BUDGETS)
    return parts.ledger
