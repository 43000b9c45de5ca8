"""What the service does by itself, a few times a minute: extracts, closing, sealing, going on with what was blocked.

Nothing here is needed for safety: rooms ask for themselves whether they may go on; extracts are checked at each use.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import structlog

from saferoom.errors import SaferoomError
from saferoom.hub.extract_key_rotation import settle
from saferoom.hub.extracts import Extracts
from saferoom.hub.linkage.key_settling import ZONES
from saferoom.hub.refreshing import Watch, due, refresh
from saferoom.hub.retention import Retention, settings_of
from saferoom.hub.watching.counts import CHORES_FAILED, refreshed
from saferoom.hub.wiring import Instance
from saferoom.ids import ProjectSlug
from saferoom.projects.life.parts import SYSTEM
from saferoom.projects.life.states import REGISTERED
from saferoom.projects.life.store import Selection
from saferoom.projects.paging import Cut

_log = structlog.get_logger()
EVERY_SECONDS = 20.0
_CLOSE_EVERY = timedelta(hours=1)
_RETAIN_EVERY = timedelta(hours=1)
_ANCHOR_EVERY = timedelta(minutes=5)


class Housekeeping:
    """The chores of one instance; what fails is logged and tried again the next time."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._watch = Watch(instance)
        self._seen: datetime | None = None
        self._closed: datetime | None = None
        self._retained: datetime | None = None
        self._anchored: datetime | None = None

    async def run(self) -> None:
        """Do the chores until cancelled."""
        while True:
            await asyncio.to_thread(self.once)
            await asyncio.sleep(EVERY_SECONDS)

    def once(self) -> None:
        """Do every chore once."""
        chores = (
            ("close", self._close),
            ("withdraw", self._withdraw),
            ("refresh", lambda: self._watch.look(time.monotonic())),
            ("opened extracts", self._instance.opened_extracts.tidy),
            ("tasks left behind", self._instance.place.tidy),
            ("seal", self._seal),
            ("resume", self._instance.airlock.resume),
            ("tokens", self._instance.tokens.tidy),
            ("retention", self._retain),
            ("keys", lambda: settle_keys(self._instance)),
            ("inputs", self._inputs),
        )
        for name, chore in chores:
            self._tried(name, chore)

    def _tried(self, name: str, chore: Callable[[], object]) -> None:
        try:
            chore()
            return
        except SaferoomError as error:
            _log.error("chore failed", chore=name, reason=error.message)
        except Exception as error:
            # Whatever it is: the other chores, and the next time, must not be lost to it.
            _log.error("chore failed", chore=name, reason=type(error).__name__)
        CHORES_FAILED.inc()

    def _inputs(self) -> None:
        """Anchor in the audit trail what people had kernels run, and destroy what was kept for long enough."""
        now = self._instance.clock.now()
        if self._anchored is None or now - self._anchored >= _ANCHOR_EVERY:
            self._anchored = now
            self._instance.inputs.anchor()
            self._instance.inputs.expire()

    def _seal(self) -> None:
        for slug in self._instance.lives.tidy():
            _log.info("sealed", project=slug)

    def _retain(self) -> None:
        """Delete what is kept no longer, where the settings say that it goes by itself."""
        now = self._instance.clock.now()
        if self._retained is not None and now - self._retained < _RETAIN_EVERY:
            return
        self._retained = now
        settings = settings_of(self._instance.home)
        if settings is not None and settings.by_itself:
            done, failed = Retention(self._instance, settings, SYSTEM, "housekeeping").apply()
            if done or failed:
                _log.info("retention", deleted=len(done), not_deleted=len(failed))

    def _close(self) -> None:
        now = self._instance.clock.now()
        if self._closed is None or now - self._closed >= _CLOSE_EVERY:
            self._closed = now
            for slug in self._instance.lives.expire():
                _log.info("closed", project=slug)

    def _withdraw(self) -> None:
        """Withdraw extracts of projects that changed since the last time, and make those that they lack now."""
        changed = self._changed()
        slugs = [slug for slug, _ in changed]
        withdraw_extracts(self._instance, slugs, "system")
        if changed:
            # Tried once for each change: what fails for a reason fails again, and `saferoom admin extract` tells it.
            self._seen = max(at for _, at in changed)
        make_extracts(self._instance, slugs)

    def _changed(self) -> list[tuple[ProjectSlug, datetime]]:
        found: list[tuple[ProjectSlug, datetime]] = []
        with self._instance.lives.store.reading() as tx:
            number = 1
            while True:
                page = tx.listing(Selection(states=REGISTERED), Cut(number))
                fresh = [one for one in page.items if self._seen is None or one.updated_at > self._seen]
                found += [(one.slug, one.updated_at) for one in fresh]
                if len(fresh) < len(page.items) or number >= page.pages:
                    return found
                number += 1


def settle_keys(instance: Instance) -> None:
    """Go on with changes of keys that were interrupted."""
    home = instance.home
    settle(instance)
    if any(home.next_zone_key(zone).exists() or home.next_zone_public(zone).exists() for zone in ZONES):
        from saferoom.hub.linkage.places import alone

        with alone(home):  # which settles it
            pass


def withdraw_extracts(instance: Instance, projects: Iterable[ProjectSlug], actor: str) -> None:
    """Withdraw from each project what no approval covers any more; nothing for what is a proposal still."""
    extracts = _extracts(instance, actor)
    for slug in projects:
        if (instance.home.extracts / slug).exists():
            extracts.prune(slug)


def make_extracts(instance: Instance, projects: Iterable[ProjectSlug]) -> None:
    """Make the extracts that running projects lack; what cannot be made is logged and left to the administrator."""
    extracts = _extracts(instance, "system")
    for slug in projects:
        try:
            if wanted := due(instance, extracts, slug):
                refresh(instance, extracts, slug, wanted)
                refreshed(True)
                _log.info("extracts made", project=slug)
        except SaferoomError as error:
            refreshed(False)
            _log.error("extracts not made", project=slug, reason=error.message)


def _extracts(instance: Instance, actor: str) -> Extracts:
    return instance.extracts(actor)
