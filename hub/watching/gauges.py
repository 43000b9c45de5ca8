"""What is looked up when somebody asks: the store's numbers, what is under way, disks, and whether the parts work."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from saferoom.errors import UnavailableError
from saferoom.hub.evaluator.turns import Turns
from saferoom.hub.memory_folder import memory_folder
from saferoom.hub.store.watched import ROOM_ENDED, Stored, events_after, newest_link, stored
from saferoom.hub.watching.counts import ROOMS_ENDED, TRAIL, Check
from saferoom.hub.watching.readiness import Readiness
from saferoom.hub.watching.rooms import rooms_running
from saferoom.hub.watching.verifying import Verification
from saferoom.hub.wiring import Instance
from saferoom.projects.airlock.states import OWNER, Party, State

_log = structlog.get_logger()
_REASON = re.compile(r"[a-z][a-z-]{0,39}")


@dataclass(eq=False)
class Gauges(Collector):
    """The numbers of an instance.

    Attributes
    ----------
    turns : mapping of Check to Turns
        Who has, and who waits for, a turn of each kind of check.
    rooms : Path or None
        The folder with the rooms' sockets; None where rooms are on other machines.
    """

    instance: Instance
    readiness: Readiness
    verification: Verification
    turns: Mapping[Check, Turns]
    rooms: Path | None = None
    _seen: int | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what there is depends on what works."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield what can be told now; without the database its numbers are left out, not guessed."""
        yield _gauge("saferoom_part_ready", "Whether a part works.", "part", self.readiness.parts())
        yield from self._work()
        yield from self._disks()
        yield from self.verification.collect()
        try:
            with self._lock, self.instance.database.reading() as session:
                found = stored(session)
                self._follow(newest_link(session), events_after(session, self._seen or 0))
        except UnavailableError:
            return
        yield from _of_the_store(found, self.instance.clock.now())

    def _follow(self, newest: int, events: Iterable[tuple[int, str, str]]) -> None:
        """Count what was added to the audit trail since the last time; the first time nothing."""
        if self._seen is None:
            self._seen = newest
            return
        for seq, action, reason in events:
            TRAIL.labels(action).inc()
            if action == ROOM_ENDED:
                ROOMS_ENDED.labels(reason if _REASON.fullmatch(reason) else "other").inc()
            self._seen = seq

    def _work(self) -> Iterator[Metric]:
        counts = {kind: turns.counts() for kind, turns in self.turns.items()}
        running = {kind: one.running for kind, one in counts.items()}
        waiting = {kind: one.waiting for kind, one in counts.items()}
        yield _gauge("saferoom_checks_running", "Checks that run.", "kind", running)
        yield _gauge("saferoom_checks_waiting", "Checks that wait for their turn.", "kind", waiting)
        if self.rooms is not None:
            yield GaugeMetricFamily("saferoom_rooms_running", "Rooms that run.", value=rooms_running(self.rooms))

    def _disks(self) -> Iterator[Metric]:
        home = self.instance.home
        found = {}
        for name, folder in (("home", home.root), ("vault", home.vault), ("opened", memory_folder(home).path.parent)):
            try:
                found[name] = shutil.disk_usage(folder)
            except OSError as error:
                _log.warning("disk cannot be asked", place=name, reason=error.strerror)
        free = {name: usage.free for name, usage in found.items()}
        yield _gauge("saferoom_disk_free_bytes", "Room that is left.", "place", free)
        size = {name: usage.total for name, usage in found.items()}
        yield _gauge("saferoom_disk_size_bytes", "Room that there is.", "place", size)


def _of_the_store(found: Stored, now: datetime) -> Iterator[Metric]:
    requests = {state: found.requests.get(state, 0) for state in State}
    yield _gauge("saferoom_requests", "Release requests.", "state", requests)
    parties = sorted({*OWNER.values()})
    ages = {party: _age(found.oldest.get(party), now) for party in parties if party is not Party.AUTHOR}
    yield _gauge("saferoom_oldest_request_seconds", "Age of what waits longest for a party.", "party", ages)
    yield GaugeMetricFamily("saferoom_requests_blocked", "Approved, and held up.", value=found.blocked)
    yield _gauge("saferoom_budget_spent_ratio", "Largest share spent of a budget.", "project", found.budgets)
    yield _gauge("saferoom_letters", "E-mails by state.", "state", found.letters)
    made = {part: datetime.fromisoformat(at).timestamp() for part, at in found.backups.items()}
    yield _gauge("saferoom_backup_timestamp_seconds", "When the newest backup was made.", "part", made)
    yield GaugeMetricFamily("saferoom_audit_links", "Links of the audit trail.", value=found.links)


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def _gauge(name: str, said: str, label: str, values: Mapping[Any, float]) -> Metric:
    family = GaugeMetricFamily(name, said, labels=[label])
    for value, number in values.items():
        family.add_metric([str(value)], float(number))
    return family
