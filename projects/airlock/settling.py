"""Says to the ledger what became of what was drawn: released, or withheld. A loss stays paid either way.

A crash can come between what happens to a request and what the ledger says of it; so it is settled again at each
start, and a few times a minute. What decides is the request: nothing of it depends on the ledger being quick.
"""

from __future__ import annotations

import contextlib

from saferoom.errors import WrongStateError
from saferoom.ids import EvaluationId
from saferoom.projects.airlock import paying, quotes
from saferoom.projects.airlock.evaluations import VALID_FOR
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.states import FINAL, State
from saferoom.projects.airlock.store import Selection
from saferoom.projects.ledger.model import Charge, ChargeState
from saferoom.projects.ledger.service import Ledger

_ENDED = "the request that it was part of ended without a release"
_EXPIRED = "it was not submitted while it could be"


def settle(parts: Parts, request: Request) -> Request:
    """Settle what `request`, which may be at its end, drew."""
    if parts.ledger is not None and request.state in FINAL:
        # The deed is done by now; what cannot be written at this moment is written a little later.
        with contextlib.suppress(Exception):
            _settle_outputs(parts, parts.ledger, request)
    return request


def _settle_outputs(parts: Parts, ledger: Ledger, request: Request) -> None:
    for output in request.outputs:
        key = quotes.key_of(output.evaluation)
        charge = None if key is None else paying.charge_of(ledger, request.project, key)
        if charge is not None:
            _settle(parts, ledger, charge)


def settle_all(parts: Parts) -> None:
    """Settle everything that was drawn, and fail what was broken off while it was being drawn."""
    ledger = parts.ledger
    if ledger is None:
        return
    with ledger.store.reading() as tx:
        charges = (*tx.in_state(ChargeState.CHARGED), *tx.in_state(ChargeState.COMPUTED))
    for charge in charges:
        if charge.state is ChargeState.CHARGED:
            paying.fail_if_broken_off(parts, ledger, charge)
        else:
            _settle(parts, ledger, charge)


def _settle(parts: Parts, ledger: Ledger, charge: Charge) -> None:
    id_ = quotes.drawn_id(EvaluationId(charge.wanted.key))
    with parts.store.reading() as tx:
        states = {one.state for one in tx.requests(Selection(evaluations=frozenset({id_})))}
    if charge.state is not ChargeState.COMPUTED:
        return
    # Somebody else may settle the same at the same moment; then it is settled.
    with contextlib.suppress(WrongStateError):
        if State.RELEASED in states:
            ledger.released(charge.id)
        elif states and states <= FINAL:
            ledger.withheld(charge.id, _ENDED)
        elif not states and parts.clock.now() >= charge.at + VALID_FOR:
            ledger.withheld(charge.id, _EXPIRED)
