"""Requests with noise from a privacy budget, in every state that pages show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support.airlock_world import MOBILITY
from tests.support.privacy_airlock import ANA, COUNTS, WORDS, PrivacyAirlock

from saferoom.hub.store import tables
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.wanted import WantedGroup

MEANS: dict[str, Any] = {
    "from": "survey",
    "statistic": "mean",
    "measure": "wage",
    "by": ["region"],
    "protect": {"method": "dp", "rho": 0.1, "bounds": [5, 50]},
}
TOO_MUCH: dict[str, Any] = {**COUNTS, "protect": {"method": "dp", "rho": 0.9}}
INFUSED: dict[str, Any] = {
    "from": "survey",
    "statistic": "mobility",
    "measure": "wage / 50",
    "by": ["region"],
    "options": {"parent": "education / 20"},
    "protect": {"method": "dp", "epsilon": 0.5, "estimator": "maximum_observed_sensitivity"},
}
"""Not differentially private, and paid all the same."""


@dataclass(frozen=True)
class Seen:
    """A draft with two quotes, of which the budget is enough for one; and what was drawn."""

    draft: Request
    released: Request
    waiting: Request
    to_sign: Request


def seen(place: PrivacyAirlock) -> Seen:
    """Make them, one after the other."""
    released = place.ask(place.evaluate(MEANS).id, title="Wages by region")
    stated = {"kind": "release-route", "automatic": True, "owner_signs": True}
    place.world.change(tables.DatasetRow, "survey", release_route=stated)
    waiting = place.ask(place.evaluate().id, title="People by region, to be signed")
    to_sign = place.world.approve(place.ask(place.evaluate(MEANS).id, title="Wages, to be signed"))
    group = WantedGroup((place.evaluate().id, place.evaluate(TOO_MUCH).id), WORDS["context"], WORDS["controls"])
    draft = place.airlock.draft_groups(ANA, MOBILITY, "Two quotes", [group])
    return Seen(draft, released, waiting, to_sign)


def pages(place: PrivacyAirlock) -> dict[str, tuple[str, str]]:
    """Return who looks, and where."""
    found = seen(place)
    return {
        "draft with quotes": ("ana", f"requests/{found.draft.id}"),
        "draft with quotes, put together": ("ana", f"requests/{found.draft.id}/edit"),
        "released with noise": ("ana", f"requests/{found.released.id}"),
        "released with noise, to a checker": ("ben", f"requests/{found.released.id}"),
        "noise that waits, to its author": ("ana", f"requests/{found.waiting.id}"),
        "noise that waits, to a checker": ("ben", f"requests/{found.waiting.id}"),
        "noise to be signed": ("dora", f"requests/{found.to_sign.id}"),
        "register with noise": ("", "register"),
        "queue with noise": ("ben", "queue"),
    }
