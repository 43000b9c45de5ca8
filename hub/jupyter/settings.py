"""What an operator chooses of a hub on one machine."""

from __future__ import annotations

from dataclasses import dataclass, field

from saferoom.hub.jupyter.waiting import RoomLimits
from saferoom.hub.sandbox import Limits
from saferoom.hub.sign_in_settings import LOOPBACK, OidcSignIn


@dataclass(frozen=True)
class Settings:
    """What an operator chooses.

    Attributes
    ----------
    address : str
        Where the proxy listens. Loopback by default: TLS belongs in front.
    secure_cookies : bool
        Set when people reach the proxy over TLS only.
    oidc : OidcSignIn or None
        The provider through which people sign in; None for passwords and codes kept here.
    public_url : str or None
        Where people reach the hub, which security keys are tied to; with `oidc` its own counts.
    """

    port: int = 8000
    address: str = "127.0.0.1"
    secure_cookies: bool = False
    limits: Limits = field(default_factory=Limits)
    rooms: RoomLimits = field(default_factory=RoomLimits)
    oidc: OidcSignIn | None = None
    public_url: str | None = None

    @property
    def keys_at(self) -> str:
        """The address that security keys are tied to; on this machine alone `localhost`, as they know no numbers."""
        here = self.address in LOOPBACK and not self.secure_cookies
        return self.public_url or (f"http://localhost:{self.port}" if here else "")
