"""People's pages with something on each: a lapsed person, a deputy, a break-glass act in force and one to review."""

from __future__ import annotations

from datetime import timedelta

from tests.support.airlock_server import Service
from tests.support.airlock_world import NOW

from saferoom.hub.store import tables
from saferoom.ids import Username
from saferoom.projects.people.emergencies import EmergencyForm
from saferoom.projects.people.model import Power, Role
from saferoom.projects.people.permissions import Actor
from saferoom.projects.people.records import DeputyForm, PersonForm

ROOT = Actor.operator("admin:root")
REASON = "Both checkers are ill and the answer is due tonight."


def people_seen(airlock: Service) -> dict[str, tuple[str, str]]:
    """Return every kind of page about people: who looks, and where."""
    people, world = airlock.world.instance.people, airlock.world
    roles = frozenset({Role.ADMINISTRATOR})
    people.add(ROOT, PersonForm(username=Username("alan"), display_name="Alan Abt", roles=roles))
    world.change(tables.PersonRecordRow, "record-cleo-output-checker", expires=NOW.date() - timedelta(days=3))
    people.name_deputy(ROOT, DeputyForm(username=Username("dora"), until=NOW.date()))
    powers = (("cleo", Power.REINSTATEMENT), ("rita", Power.OUTPUT_CHECKER))
    ended, live = (
        people.break_glass(ROOT, EmergencyForm(username=Username(who), power=power, hours=2, reason=REASON))
        for who, power in powers
    )
    people.end_emergency(ROOT, ended.id)
    return {
        "people": ("ada", "people"),
        "people, nobody": ("ada", "people?q=nobody"),
        "person": ("ada", "people/rita"),
        "person, lapsed": ("ada", "people/cleo"),
        "own account": ("ada", "people/ada"),
        "history of a person": ("ada", "people/rita/history"),
        "new person": ("ada", "new-person"),
        "accreditation": ("ada", "people/ana/accreditation"),
        "record to end": ("ada", "people/ana/records/record-ana-full"),
        "break-glass": ("dora", "break-glass"),
        "break-glass, new": ("ada", "break-glass/new"),
        "break-glass, in force": ("ada", f"break-glass/{live.id}"),
        "break-glass, to review": ("alan", f"break-glass/{ended.id}"),
        "own standing": ("rita", "standing"),
        "own API tokens": ("rita", "tokens"),
    }
