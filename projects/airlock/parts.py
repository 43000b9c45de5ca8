"""What the airlock works with; everything that reaches outside comes in here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from saferoom.clock import Clock
from saferoom.errors import NotFoundError
from saferoom.ids import Username, new_id
from saferoom.projects.airlock.drawing import Drawing
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.permissions import Circle, Standing, standings
from saferoom.projects.airlock.remembering import Archive
from saferoom.projects.airlock.screening import IdentifierIndex
from saferoom.projects.airlock.store import Cipher, Store, Vault
from saferoom.projects.ledger.service import Ledger
from saferoom.projects.people.entitlement import signed_in
from saferoom.projects.registry import Registry
from saferoom.signing import SigningKey


def _go_on(_step: str) -> None:
    return None


@dataclass(frozen=True)
class Parts:
    """The airlock's surroundings.

    Attributes
    ----------
    cipher : Cipher
        Encrypts what discloses: what was judged, and who is behind everything released.
    identifiers : IdentifierIndex or None
        Looks identifiers up in the extracts; without it, texts with long numbers are shown to a person all the same.
    ledger, drawing : Ledger, Drawing, or None
        What noise is paid from and drawn by; without them nothing with noise leaves.
    checkpoint : callable
        Told the name of each step of a release as it is reached.
    """

    store: Store
    registry: Registry
    vault: Vault
    clock: Clock
    signing_key: SigningKey
    cipher: Cipher
    identifiers: IdentifierIndex | None = None
    ledger: Ledger | None = None
    drawing: Drawing | None = None
    ids: Callable[[str], str] = new_id
    checkpoint: Callable[[str], None] = _go_on

    @property
    def archive(self) -> Archive:
        """Reads and writes the memory of releases."""
        return Archive(self.vault, self.cipher)

    def circle(self, request: Request) -> Circle:
        """Return who is concerned with `request`, as of now."""
        known = self.registry.owners()
        if missing := [dataset.name for dataset in request.datasets if dataset.name not in known]:
            raise NotFoundError(f"there is no dataset called {missing[0]}")
        owners = {dataset.name: known[dataset.name] for dataset in request.datasets}
        return Circle(
            author=request.author,
            members=self.registry.project(request.project).members,
            former=self.registry.left(request.project),
            owners=frozenset(owners.values()),
            signers=frozenset(owners[name] for name in request.sign_off if name in owners),
            submitted=request.round > 0,
        )

    def standing(self, viewer: Username, request: Request) -> frozenset[Standing]:
        """Return what `viewer` is to `request`; raise when that person may not sign in at all."""
        person = signed_in(self.registry, viewer, self.clock.now())
        return standings(person, self.circle(request))
