"""What the airlock service's handlers work with, and how they find it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from starlette.requests import Request

from saferoom.hub.evaluator.runner import Evaluator
from saferoom.hub.filecheck.screener import Screener
from saferoom.hub.web.shell.hub_auth import Hub, Resident
from saferoom.hub.web.shell.intake import Intake
from saferoom.hub.web.shell.rates import Rates
from saferoom.hub.web.shell.sessions import Sessions, SignIns
from saferoom.hub.wiring import Instance


@dataclass(frozen=True)
class Parts:
    """The instance and what this service adds to it.

    Attributes
    ----------
    public_url : str
        The pages' address as a browser sees it, from the hub; empty when the hub does not say.
    fetching : Counter
        How many packages each room fetches at this moment.
    """

    instance: Instance
    hub: Hub
    evaluator: Evaluator
    rates: Rates
    sessions: Sessions
    sign_ins: SignIns
    screener: Screener
    intake: Intake
    public_url: str = ""
    fetching: Counter[Resident] = field(default_factory=Counter)

    @property
    def page_url(self) -> str:
        """Where the pages are: the whole address when the hub says it, else the path."""
        return self.public_url or self.hub.prefix

    @property
    def secure(self) -> bool:
        """Whether browsers reach the pages over TLS, so that cookies may say so."""
        return self.public_url.startswith("https://")


def parts_of(request: Request) -> Parts:
    """Return the parts that the request's app was made with."""
    parts: Parts = request.app.state.parts
    return parts
