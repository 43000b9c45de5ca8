"""A release with noise from its charge to its end, and a trail on disk of what happened to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.ledger_world import digest, wanted

from saferoom.projects.ledger.model import ChargeState
from saferoom.projects.ledger.service import Ledger

COST = 5


def no_strike() -> None:
    """Let it go on."""


@dataclass
class Desk:
    """What a release with noise does from its charge to its end, as the airlock does it."""

    folder: Path
    strike: Callable[[], None] = no_strike

    def serve(self, ledger: Ledger, key: str) -> ChargeState:
        """Charge, draw, store, release; or go on from where the same request came to."""
        charged = ledger.charge(wanted(COST, key=key))
        charge = charged.charge
        self.strike()
        if charged.fresh:
            self._write("drawn", key)
            self.strike()
            self._write("stored", key)
            self.strike()
            charge = ledger.computed(charge.id, digest(key))
            self.strike()
        if charge.state is ChargeState.COMPUTED:
            assert self.count("stored", key), "the result is there before its state says so"
            charge = ledger.released(charge.id)
            self.strike()
            self._write("left", key)
            self.strike()
        return charge.state

    def count(self, what: str, key: str) -> int:
        """Return how often something happened for a request."""
        path = self.folder / what
        return path.read_text().splitlines().count(key) if path.exists() else 0

    def _write(self, what: str, key: str) -> None:
        with (self.folder / what).open("a") as kept:
            kept.write(f"{key}\n")
