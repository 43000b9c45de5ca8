"""Pages of privacy budgets with something on each: charges in every state, a limit that is nearly reached, none yet."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from decimal import Decimal

from tests.support.airlock_server import Service
from tests.support.airlock_world import MOBILITY, World

from saferoom.hub.store import tables
from saferoom.ids import DatasetName, Digest, Username
from saferoom.projects.ledger.limits import Allows, LimitForm
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.mechanisms import Mechanism, MechanismKind
from saferoom.projects.ledger.model import AccountId, AccountKind, Charge, Wanted
from saferoom.projects.people.permissions import Actor

ANA, DORA, ADA = Username("ana"), Username("dora"), Username("ada")
SURVEY = AccountId(AccountKind.LINEAGE, "survey")
PROJECT = AccountId(AccountKind.PROJECT, MOBILITY)
OWNER = AccountId(AccountKind.OWNER, "dora")
USE = AccountId.approval(MOBILITY, DatasetName("survey"))
ROOT = Actor.operator("admin:root")


def form(epsilon: str = "4", delta: str = "0.000001", version: int = 0) -> LimitForm:
    """Return a limit as it is typed."""
    return LimitForm(allows=Allows.UP_TO, epsilon=Decimal(epsilon), delta=Decimal(delta), version=version)


def budgeted(world: World, epsilon: str = "4", version: int = 0) -> None:
    """Let Dora's survey and its use by Ana's project have budgets."""
    world.change(tables.ApprovalRow, (MOBILITY, "survey"), budget={"epsilon": epsilon, "delta": "0.000001"})
    world.instance.budgets.set_limit(Actor.person(DORA), SURVEY, form(epsilon, version=version))


def charged(world: World, key: str, rho: int = 10_000_000, delta: int = 0, *, known: bool = True) -> Charge:
    """Charge a release of Ana's from the survey."""
    content, plan = (Digest(hashlib.sha256(f"{key}-{word}".encode()).hexdigest()) for word in ("content", "plan"))
    wanted = Wanted(
        key=key,
        project=MOBILITY,
        by=ANA,
        content=content,
        plan=plan,
        versions={DatasetName("survey"): "1"},
        loss=Loss(rho, delta),
        mechanisms=(Mechanism(MechanismKind.GAUSSIAN, rho / 1e9),) if known else (),
    )
    return world.instance.ledger.charge(wanted).charge


def budgets_seen(airlock: Service) -> dict[str, tuple[str, str]]:
    """Return every kind of page about budgets: who looks, and where."""
    world, ledger = airlock.world, airlock.world.instance.ledger
    budgeted(world)
    world.instance.budgets.set_limit(Actor.person(ADA), PROJECT, form("2"))
    result = Digest(hashlib.sha256(b"result").hexdigest())
    released, withheld, failed = (charged(world, f"key-{number}", 12_345_678, 5) for number in range(3))
    ledger.computed(released.id, result)
    ledger.released(released.id)
    ledger.computed(withheld.id, result)
    ledger.withheld(withheld.id, "The request was withdrawn.")
    ledger.failed(failed.id, "the service was stopped before the result was stored")
    world.clock.advance(timedelta(days=9))
    charged(world, "key-4", 35_000_000)
    return {
        "budgets of an owner": ("dora", "budgets"),
        "budgets of a member": ("ana", "budgets"),
        "budgets of a checker, none": ("ben", "budgets"),
        "budgets, nothing found": ("ada", "budgets?q=nothing"),
        "budget of a dataset, its owner": ("dora", "budgets/lineage/survey"),
        "budget of a dataset, a member": ("ana", "budgets/lineage/survey"),
        "budget of all data of an owner": ("dora", "budgets/owner/dora"),
        "budget of a project": ("ada", "budgets/project/mobility"),
        "budget of a dataset in a project": ("ana", "budgets/approval/mobility:survey"),
        "budget, tighter accounting": ("ana", "budgets/lineage/survey/composition"),
    }
