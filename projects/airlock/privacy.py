"""Outputs with noise from a privacy budget: paid for, then drawn, then kept, and only then part of a request.

Steps, any of which a crash can follow
--------------------------------------
1. *charged*: all quotes of a request are debited in one transaction, or none. From here the loss stays paid.
2. *drawn*: the noise is drawn once, in a room without anything but the data.
3. *kept*: the result lies sealed in the vault; nothing points to it yet.
4. *computed*: the charge names the result. Whoever submits the quote again gets this result, and no second noise.
5. *noted*: the result is an evaluation of its own, which is submitted in place of its quote.

A charge that did not get as far as step 4 fails and stays paid, because its noise could have been seen.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace

from saferoom.audit import Event
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.privacy.certificate import software
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import IntegrityError, UnavailableError, WrongStateError
from saferoom.ids import Digest, EvaluationId
from saferoom.projects.airlock import evaluations, quotes, seals
from saferoom.projects.airlock.drawing import Draw
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.model import EvaluationRecord
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.paying import (
    NO_BUDGETS,
    STAYS_PAID,
    WITHHELD,
    charge_of,
    fail_if_broken_off,
    ledger_of,
    wish,
)
from saferoom.projects.airlock.preparing import Prepared
from saferoom.projects.ledger.model import Charge, ChargeState, Wanted
from saferoom.projects.ledger.service import Ledger

_UNDER_WAY = "output {} is being drawn at this moment; repeat the call in a minute to see what became of it"
_NOT_DRAWN = "the noise of output {} could not be drawn" + STAYS_PAID
_REASON = "the noise could not be drawn"


def known(parts: Parts, ids: Sequence[EvaluationId]) -> dict[EvaluationId, EvaluationId]:
    """Return, of the quotes among `ids`, those that were drawn before, with their results."""
    with parts.store.reading() as tx:
        return {id_: quotes.drawn_id(id_) for id_ in ids if tx.evaluation(quotes.drawn_id(id_)) is not None}


def open_quotes(prepared: Sequence[Prepared]) -> list[Prepared]:
    """Return those of `prepared` that nothing was drawn of yet, as far as their records say."""
    statistics = (one for one in prepared if one.judgement is not None and one.record.file is None)
    return [one for one in statistics if quotes.is_quote(_evaluation(one))]


def draw(parts: Parts, prepared: Sequence[Prepared]) -> dict[EvaluationId, EvaluationId]:
    """Pay for the quotes among `prepared`, have them drawn, and return what takes their places.

    Raises
    ------
    BudgetError
        They do not fit into a budget: nothing was debited.
    UnavailableError
        The noise could not be drawn. The sentence is the same whatever the reason, which could tell of the data.
    WrongStateError
        It is being drawn, or failed or was withheld before.
    """
    ledger, open_ = ledger_of(parts), open_quotes(prepared)
    taken = {one.record.id: id_ for one in open_ if (id_ := _before(parts, ledger, one)) is not None}
    fresh = [one for one in open_ if one.record.id not in taken]
    if fresh:
        taken |= _paid_and_drawn(parts, ledger, fresh)
    return taken


def _before(parts: Parts, ledger: Ledger, one: Prepared) -> EvaluationId | None:
    """Return the result of an earlier charge for a quote; None when there was no charge."""
    charge = charge_of(ledger, one.record.project, one.record.id)
    return None if charge is None else _result(parts, ledger, one, charge)


def _result(parts: Parts, ledger: Ledger, one: Prepared, charge: Charge) -> EvaluationId:
    number = one.output.position
    charge = fail_if_broken_off(parts, ledger, charge)
    if charge.state is ChargeState.CHARGED:
        raise WrongStateError(_UNDER_WAY.format(number))
    if charge.state is ChargeState.FAILED:
        raise WrongStateError(_NOT_DRAWN.format(number))
    if charge.state is ChargeState.WITHHELD:
        raise WrongStateError(WITHHELD)
    return _noted(parts, one.record, charge)


def _paid_and_drawn(parts: Parts, ledger: Ledger, fresh: Sequence[Prepared]) -> dict[EvaluationId, EvaluationId]:
    if parts.drawing is None:
        raise UnavailableError(NO_BUDGETS)
    author, project = fresh[0].record.author, fresh[0].record.project
    wishes = [_wanted(one) for one in fresh]
    queries = [_evaluation(one).query.document() for one in fresh]
    with parts.drawing.ready(author, project, queries) as draws:
        charged = ledger.charge_all(wishes)
        parts.checkpoint("charged")
        # Whatever was debited is drawn, also where another of them cannot be: it is paid for, and can be submitted yet.
        drawn = [
            (one, _drawn(parts, ledger, one, (found.charge, draw_once)) if found.fresh else found.charge)
            for one, found, draw_once in zip(fresh, charged, draws, strict=True)
        ]
    for one, charge in drawn:
        if charge is None:
            raise UnavailableError(_NOT_DRAWN.format(one.output.position))
    return {one.record.id: _result(parts, ledger, one, charge) for one, charge in drawn if charge is not None}


def _drawn(parts: Parts, ledger: Ledger, one: Prepared, paid: tuple[Charge, Draw]) -> Charge | None:
    """Return the charge with its result; None when there is none and will be none."""
    charge, draw_once = paid
    try:
        evaluation = _as_charged(draw_once(charge.wanted.plan), _evaluation(one))
        parts.checkpoint("drawn")
        digest = _kept(parts, one, charge, evaluation)
        parts.checkpoint("kept")
        computed = ledger.computed(charge.id, digest)
    except Exception:
        # What went wrong could tell of the data, so the same is said of everything. Where not even that can be
        # written, as on a full disk, the charge is failed at the next start or after a while.
        with contextlib.suppress(Exception):
            ledger.failed(charge.id, _REASON)
        return None
    parts.checkpoint("computed")
    return computed


def _as_charged(drawn: Evaluation, quote: Evaluation) -> Evaluation:
    """Return what was drawn when it is what was paid for."""
    same = (
        quotes.is_drawn(drawn)
        and drawn.outgoing is not None
        and drawn.query == quote.query
        and quotes.terms(drawn).get("plan") == quotes.terms(quote).get("plan")
        and quotes.lane_of(drawn) is quotes.lane_of(quote)
        and not drawn.contributors.parts
    )
    if not same:
        raise IntegrityError("what was drawn is not what was paid for")
    # A draw takes no reason away why a person has to look; labels that it found among the data can be one more.
    obstacles = dict.fromkeys((*quote.automatic_obstacles, *drawn.automatic_obstacles))
    return replace(
        drawn,
        automatic_obstacles=tuple(obstacles),
        verdict=Verdict.worst((quote.verdict, drawn.verdict)),
        findings=tuple(dict.fromkeys((*quote.findings, *drawn.findings))),
        evidence={**quote.evidence, **drawn.evidence},
    )


def _kept(parts: Parts, one: Prepared, charge: Charge, drawn: Evaluation) -> Digest:
    evaluation = quotes.with_draw(drawn, charge=charge.id, quote=one.record.id, software=software())
    judgement = replace(_judgement(one), evaluation=evaluation)
    about = evaluations.about(quotes.drawn_id(one.record.id))
    return parts.vault.put(parts.cipher.seal(judgement.to_bytes(), about))


def _noted(parts: Parts, quote: EvaluationRecord, charge: Charge) -> EvaluationId:
    """Have the stored result of `charge` as an evaluation of its own; calling it again changes nothing."""
    id_ = quotes.drawn_id(quote.id)
    if charge.result is None:
        raise IntegrityError("a privacy budget names no result of what it was charged for; nothing is released")
    kept = evaluations.opened(parts, id_, charge.result)
    unsealed = replace(
        quote,
        id=id_,
        verdict=kept.evaluation.verdict,
        digest=charge.result,
        created_at=charge.at,
        expires_at=charge.at + evaluations.VALID_FOR,
        seal={},
    )
    found = replace(unsealed, seal=seals.seal_evaluation(unsealed, parts.signing_key))
    with parts.store.transaction() as tx:
        if tx.evaluation(id_) is None:
            tx.add_evaluation(found, Event(quote.author, "evaluation.drawn", id_, seals.evaluation_claims(found)))
    parts.checkpoint("noted")
    return id_


def _wanted(one: Prepared) -> Wanted:
    return wish(one.record, _evaluation(one))


def _evaluation(one: Prepared) -> Evaluation:
    return _judgement(one).evaluation


def _judgement(one: Prepared) -> Judgement:
    if one.judgement is None:  # pragma: no cover - a file is no quote
        raise IntegrityError("nothing is known of what is to be drawn")
    return one.judgement
