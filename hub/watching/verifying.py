"""Verifies the whole audit trail a few times a day, and remembers what was found."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from saferoom.audit import Event
from saferoom.errors import IntegrityError, SaferoomError
from saferoom.hub.store.audit_log import AuditLog, verify_audit_log
from saferoom.hub.store.inputs import InputChains
from saferoom.hub.wiring import Instance
from saferoom.projects.inputs.service import verify_chains

_log = structlog.get_logger()
EVERY_SECONDS = 6 * 3600.0
FIRST_SECONDS = 60.0
"""From the start of the service to the first time: it has more pressing work then."""
AGAIN_SECONDS = 300.0
"""To the next try, when the trail could not be read."""
SUBJECT = "audit-trail"


@dataclass(frozen=True)
class Found:
    """What the last verification found."""

    at: datetime
    holds: bool
    links: int


class Verification:
    """Verifies the audit trail of one instance.

    What was found is kept in this process, for whoever could change the trail could change a record of it, too; it is
    written into the trail besides, so that an auditor sees that it was done.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self.last: Found | None = None

    async def run(self) -> None:
        """Verify until cancelled."""
        wait = FIRST_SECONDS
        while True:
            await asyncio.sleep(wait)
            wait = EVERY_SECONDS if await asyncio.to_thread(self.once) is not None else AGAIN_SECONDS

    def once(self) -> Found | None:
        """Verify the trail; return what was found, or None when it could not be read."""
        links, broken = 0, ""
        try:
            with self._instance.database.reading() as session:
                links = verify_audit_log(session, self._instance.signing_key.verifying_key).links
                verify_chains(InputChains(session))
        except IntegrityError as error:
            broken = error.message
            _log.critical("audit trail is broken", reason=broken)
        except Exception as error:
            # Whatever it is: nothing was found, and the next time must not be lost to it.
            reason = error.message if isinstance(error, SaferoomError) else type(error).__name__
            _log.error("audit trail not verified", reason=reason)
            return None
        self.last = Found(self._instance.clock.now(), not broken, links)
        self._record({"holds": not broken, **({"reason": broken} if broken else {"links": links})})
        return self.last

    def _record(self, payload: dict[str, object]) -> None:
        instance = self._instance
        try:
            with instance.database.transaction() as session:
                log = AuditLog(session, instance.clock, instance.signing_key)
                log.record(Event("system", "audit.verified", SUBJECT, payload))
        except Exception as error:
            # A trail that is broken may take no more; what was found counts all the same.
            _log.error("verification not recorded", reason=type(error).__name__)

    def collect(self) -> Iterator[Metric]:
        """Yield when the trail was verified last and whether it held; nothing before the first time."""
        if self.last is None:
            return
        at = self.last.at.timestamp()
        yield GaugeMetricFamily("saferoom_audit_verified_timestamp_seconds", "Last verification.", value=at)
        yield GaugeMetricFamily("saferoom_audit_holds", "Whether it held.", value=float(self.last.holds))
