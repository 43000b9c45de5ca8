"""Puts together what makes extracts of an instance: its store, its keys, and its audit trail."""

from __future__ import annotations

from dataclasses import replace

from saferoom.audit import Event
from saferoom.hub.extracts import Extracts, extracts_of
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.wiring import Instance
from saferoom.hub.zone_sources import ZoneSources


def extracts_for(instance: Instance, actor: str) -> Extracts:
    """Return what makes extracts of `instance` in the name of `actor`."""

    def record(event: Event) -> None:
        with instance.database.transaction() as session:
            AuditLog(session, instance.clock, instance.signing_key).record(event)

    made = extracts_of(instance.home, instance.registry, clock=instance.clock, record=record, actor=actor)
    return replace(
        made, epochs=instance.extract_records, opened=instance.opened_extracts, finding=ZoneSources(instance)
    )
