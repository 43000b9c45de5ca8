"""Reviews of doubtful pairs, as linking meets them: opened afterwards, and heard the next time."""

from __future__ import annotations

from typing import Any

from saferoom.hub.linkage.records import Linkage
from saferoom.hub.wiring import Instance
from saferoom.projects.linkage.agreement import Agreement


def open_review(instance: Instance, linkage: Linkage) -> None:
    """Let people decide about a linkage's doubtful pairs, where there are some and they cannot yet."""
    with instance.clerical.store.reading() as now:
        known = now.review(linkage.name) is not None
    if linkage.queue and not known:
        instance.clerical.open(linkage.by, linkage.name, linkage.queue)


def agreement_before(instance: Instance, index: str, number: int) -> Agreement | None:
    """Return how reviewers agreed in the newest review of a linkage before."""
    for earlier in range(number - 1, 0, -1):
        if (found := instance.clerical.agreement(f"{index}@{earlier}")) is not None:
            return found
    return None


def decided_before(instance: Instance, index: str, number: int) -> list[dict[str, Any]]:
    """Return what people settled about doubtful pairs of the linkages before, by their numbers."""
    found = []
    for earlier in range(1, number):
        link = f"{index}@{earlier}"
        if decisions := instance.clerical.settled(link):
            found.append({"link": link, "decisions": [[pair, matched] for pair, matched in decisions]})
    return found
