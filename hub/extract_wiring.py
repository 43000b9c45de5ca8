"""Puts together what makes extracts of an instance: its store, its keys, and its audit trail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from saferoom.audit import Event
from saferoom.clock import Clock, SystemClock
from saferoom.hub import keys
from saferoom.hub.crosswalks import Crosswalks
from saferoom.hub.extracts import Extracts
from saferoom.hub.home import Home
from saferoom.hub.opened_extracts import opened_extracts
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.cipher import AtRest
from saferoom.hub.wiring import Instance
from saferoom.hub.zone_sources import ZoneSources
from saferoom.ids import ProjectSlug
from saferoom.projects.extracts.epochs import Epochs, EpochsInMemory
from saferoom.projects.extracts.manifest import Manifest
from saferoom.projects.registry import Registry


def _no_record(_event: Event) -> None:
    """Leave no event: for tests and previews."""


def extracts_for(instance: Instance, actor: str) -> Extracts:
    """Return what makes extracts of `instance` in the name of `actor`."""

    def record(event: Event) -> None:
        with instance.database.transaction() as session:
            AuditLog(session, instance.clock, instance.signing_key).record(event)

    made = extracts_of(instance.home, instance.registry, clock=instance.clock, record=record, actor=actor)
    return replace(
        made, epochs=instance.extract_records, opened=instance.opened_extracts, finding=ZoneSources(instance)
    )


def provision(
    home: Home,
    registry: Registry,
    project: ProjectSlug,
    *,
    clock: Clock | None = None,
    record: Callable[[Event], None] = _no_record,
    actor: str = "system",
) -> Manifest:
    """Make `project`'s extracts in `home`; see `Extracts.provision`."""
    return extracts_of(home, registry, clock=clock, record=record, actor=actor).provision(project)


def extracts_of(
    home: Home,
    registry: Registry,
    *,
    clock: Clock | None = None,
    record: Callable[[Event], None] = _no_record,
    actor: str = "system",
    epochs: Epochs | None = None,
) -> Extracts:
    """Return the maker of `home`'s extracts."""
    return Extracts(
        sources=home.sources,
        extracts=home.extracts,
        registry=registry,
        signing_key=keys.signing_key(home),
        pseudonym_key=keys.pseudonym_key(home),
        clock=clock or SystemClock(),
        crosswalks=Crosswalks(home.crosswalks, AtRest(keys.memory_key(home))),
        opened=opened_extracts(home),
        record=record,
        actor=actor,
        epochs=epochs or EpochsInMemory(),
    )
