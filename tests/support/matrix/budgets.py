"""The matrix of privacy budgets: every kind of account, and everything that can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.support.airlock_world import World
from tests.support.matrix import promised
from tests.support.matrix.cast import LAPSED
from tests.support.matrix.trial import NOBODY, Case, Deed, Thing, calling, reading, sending, stranger

from saferoom.hub.store import tables

PEOPLE = ("ana", "otto", "omar", "dora", "oona", "ben", "ada", LAPSED, NOBODY)
_OWNER, _MEMBER, _ADMINISTRATOR = "data owner", "member", "administrator"
_DATASET, _SOURCE, _ALL_DATA, _PROJECT, _USE = (
    "the budget of a dataset",
    "the budget of a dataset that another one was linked from",
    "the budget of a data owner",
    "the budget of a project",
    "the budget of a dataset in a project",
)
CONDITIONS: Mapping[str, tuple[str, str]] = {
    _DATASET: ("lineage", "survey"),
    _SOURCE: ("lineage", "births"),
    _ALL_DATA: ("owner", "dora"),
    _PROJECT: ("project", "mobility"),
    _USE: ("approval", "mobility:survey"),
}
STANDING: Mapping[str, Mapping[str, str]] = {
    # Otto owns data as well, but of this project he is a member.
    _DATASET: {"dora": _OWNER, "ana": _MEMBER, "otto": _MEMBER, "ada": _ADMINISTRATOR},
    _SOURCE: {"omar": _OWNER, "ana": _MEMBER, "otto": _MEMBER, "ada": _ADMINISTRATOR},
    _ALL_DATA: {"dora": _OWNER, "ada": _ADMINISTRATOR},
    _PROJECT: {"dora": _OWNER, "oona": _OWNER, "ana": _MEMBER, "otto": _MEMBER, "ada": _ADMINISTRATOR},
    _USE: {"dora": _OWNER, "ana": _MEMBER, "otto": _MEMBER, "ada": _ADMINISTRATOR},
}
"""What somebody is to each budget, said by hand."""
ELSEWHERE: Thing = {"name": "no-such-budget"}


def _limit(_: Thing) -> Mapping[str, Any]:
    return {"allows": "up-to", "epsilon": "4", "delta": "0.000001", "version": 0}


def _deeds() -> Iterator[Deed]:
    at = "/budgets/{kind}/{name}"
    yield reading(at, "view")
    yield reading(f"{at}/composition", "view")
    yield sending(at, "set", _limit)
    yield calling(f"GET {at}", "view")
    yield calling(f"GET {at}/composition", "view")
    yield calling(f"GET {at}/charges", "view charges")
    yield calling(f"PUT {at}", "set", _limit)


DEEDS = tuple(_deeds())


def expected(condition: str) -> Callable[[str, Deed], int]:
    """Return how each deed is refused in a condition."""
    kind, _ = CONDITIONS[condition]

    def refusal(name: str, deed: Deed) -> int:
        if name == NOBODY:
            return stranger(deed)
        if name == LAPSED:
            return 403
        return promised.in_budgets(STANDING[condition].get(name), kind, deed.action)

    return refusal


def case(world: World, condition: str) -> Case:
    """Return an account with everybody who tries something with it; Dora's survey was linked from Omar's births."""
    with world.instance.database.transaction() as session:
        session.add(
            tables.DatasetRow(
                name="births",
                title="Births",
                owner="omar",
                source="births.parquet",
                version="1",
                units=["person_id"],
                risk_appetite={"kind": "risk-appetite"},
                release_route={"kind": "release-route"},
                variables=[
                    tables.VariableRow(position=0, name="person_id", type="integer", role="id"),
                    tables.VariableRow(position=1, name="weight", type="number", role="sensitive"),
                ],
            )
        )
    world.change(tables.DatasetRow, "survey", linked_from=["births"])
    kind, name = CONDITIONS[condition]
    outside = frozenset(one for one in PEOPLE if one not in STANDING[condition])
    return Case({"kind": kind, "name": name}, expected(condition), PEOPLE, outside, doors=condition == _DATASET)
