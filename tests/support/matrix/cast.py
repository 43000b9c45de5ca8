"""Who tries, besides the people of the airlock's small world, and a world with all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from tests.support.airlock_world import LATER, MOBILITY, NOW, PEOPLE, World, record, world
from tests.support.airlock_world import _dataset as described

from saferoom.hub.store import tables
from saferoom.ids import Username

MORE = {
    "oona": ("data-owner",),
    "lars": ("output-checker",),
    "tess": ("researcher",),
    "pia": ("researcher",),
    "omar": ("researcher", "data-owner"),
    "alan": ("administrator",),
}
LAPSED = "lars"
"""An output checker whose training ended."""
EVERYBODY = (*PEOPLE, *MORE)
ADA, ANA, BEN, CLEO, DORA, OTTO, RITA = (
    Username(name) for name in ("ada", "ana", "ben", "cleo", "dora", "otto", "rita")
)


@contextmanager
def peopled(folder: Path) -> Iterator[World]:
    """Yield the airlock's world with everybody in it; Oona owns data of its project, too, and Otto is a member."""
    with world(folder) as made:
        with made.instance.database.transaction() as session:
            for name, roles in MORE.items():
                kinds = ("full", "safe-researcher", "output-checker")
                ends = {"output-checker": date(2020, 1, 1)} if name == LAPSED else {}
                session.add(
                    tables.PersonRow(
                        username=name,
                        display_name=name.capitalize(),
                        active=True,
                        roles=[tables.PersonRoleRow(role=role) for role in roles],
                        records=[record(name, kind, ends.get(kind, LATER)) for kind in kinds],
                    )
                )
            session.flush()
            session.add(described("census", "oona"))
            session.flush()
            session.add(
                tables.ApprovalRow(project=MOBILITY, dataset="census", granted_by="oona", until=LATER, automatic=False)
            )
            session.add(tables.MemberRow(project=MOBILITY, username="otto", since=NOW))
        yield made
