"""What is tried before anything new is paid for, submitted or leaves: that the key and the vault are there still.

The service holds the key in its memory; a key that was taken from its place was taken for a reason.
"""

from __future__ import annotations

from dataclasses import dataclass

from saferoom.hub.home import Home
from saferoom.hub.watching.readiness import check_folder, check_key

_BEFORE = frozenset({"prepared", "approved"})
"""The steps of a release that stand before a deed; see `saferoom.projects.airlock.parts.Parts`."""


@dataclass(frozen=True)
class Gate:
    """Told each step of a release as it is reached."""

    home: Home

    def __call__(self, step: str) -> None:
        """Let a step pass, or say what is missing; whatever waits at it is tried again a few times a minute.

        Raises
        ------
        UnavailableError
            The signing key cannot be read, or the vault or the home cannot be written.
        """
        if step in _BEFORE:
            check_key(self.home.signing_key)
            check_folder(self.home.vault, "vault")
            check_folder(self.home.root, "home")
