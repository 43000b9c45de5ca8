"""Whatever people try, in whatever order, nothing leaves that was not proven safe or approved by enough others."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.airlock_domain import (
    ADA,
    ANA,
    BEN,
    CHECKED,
    CHRIS,
    CLEO,
    DEE,
    DORA,
    OTTO,
    RITA,
    SAFE,
    WORDS,
    Domain,
    domain,
)

from saferoom.disclosure.verdict import Verdict
from saferoom.errors import SaferoomError
from saferoom.ids import Username
from saferoom.projects.airlock.model import AuditFinding, Cause, Choice, Request
from saferoom.projects.airlock.screening import Words
from saferoom.projects.airlock.states import FINAL, State
from saferoom.projects.airlock.store import Selection
from saferoom.projects.airlock.verify import verify_bundle
from saferoom.projects.airlock.waiting import standing_of
from saferoom.projects.airlock.wanted import WantedGroup

EVERYBODY = (ANA, CHRIS, RITA, BEN, CLEO, DEE, DORA, OTTO, ADA, Username("nobody"))
INSIDE = {ANA, CHRIS}


def everything(world: Domain) -> tuple[Request, ...]:
    with world.airlock.store.reading() as tx:
        return tx.requests(Selection())


def deeds(world: Domain, dice: random.Random) -> list[Callable[[], object]]:
    """Return everything that somebody, drawn at random, could try now."""
    airlock, who = world.airlock, dice.choice(EVERYBODY)
    request = dice.choice(everything(world))
    output = dice.choice(request.outputs or everything(world)[0].outputs)
    owners = (DORA, OTTO, OTTO, ANA)
    others = [o.id for r in everything(world) for o in r.outputs]
    return [
        lambda: airlock.vote(who, request.id, output.id, Choice.APPROVED),
        lambda: airlock.vote(who, request.id, output.id, Choice.APPROVED),
        lambda: airlock.vote(who, request.id, output.id, Choice.CHANGES_REQUESTED, "change it"),
        lambda: airlock.vote(who, request.id, dice.choice(others), Choice.APPROVED),
        lambda: airlock.return_to_author(who, request.id, "again"),
        lambda: airlock.submit_again(who, request.id, [o.evaluation for o in request.outputs], Words(**WORDS)),
        lambda: airlock.withdraw(who, request.id),
        lambda: airlock.reject(who, request.id, "no") if dice.random() < 0.2 else None,
        lambda: airlock.comment(who, request.id, "hm", public=dice.random() < 0.5),
        airlock.resume,
        lambda: airlock.bundle(who, request.id),
        lambda: airlock.vote(who, request.id, output.id, Choice.UNDECIDED, "hm"),
        lambda: airlock.claim(who, request.id),
        lambda: airlock.sign_off(dice.choice(owners), request.id),
        lambda: airlock.sign_off(dice.choice(EVERYBODY), request.id),
        lambda: airlock.refuse_sign_off(who, request.id, "no") if dice.random() < 0.3 else None,
        lambda: airlock.save(who, request.id, request.version, "T", [WantedGroup((output.evaluation,), "c", "d", "G")]),
        lambda: airlock.submit_draft(ANA, request.id, request.version),
        lambda: airlock.discard(who, request.id) if dice.random() < 0.3 else None,
        lambda: airlock.audit(who, request.id, dice.choice(list(AuditFinding)), "looked"),
        lambda: airlock.withdraw_release(who, request.id, Cause.OTHER, "why") if dice.random() < 0.3 else None,
    ]


def check(world: Domain) -> None:
    """Check what must hold after every deed."""
    for request in everything(world):
        wait = standing_of(request, world.clock.now())
        assert (wait is None) == (request.state in FINAL)
        assert wait is None or (wait.why and wait.age >= timedelta(0))
        if request.state is not State.RELEASED:
            assert (request.release, request.withdrawal) == (None, None)
            continue
        if request.automatic:
            assert all(output.verdict is Verdict.PASS for output in request.outputs)
            assert not request.sign_off
            continue
        assert request.sample is None, "only what left by itself is drawn"
        signed = {(one.by, name) for one in request.sign_offs if one.signed for name in one.datasets}
        assert {name for _, name in signed} == set(request.sign_off)
        assert all(world.registry.dataset(name).owner == by and by not in INSIDE for by, name in signed)
        for output in request.outputs:
            latest = {vote.by: vote.choice for vote in request.votes if vote.output == output.id}
            approving = {by for by, choice in latest.items() if choice is Choice.APPROVED}
            assert len(approving) >= max(1, request.checkers)
            assert not set(latest) & INSIDE


@pytest.mark.parametrize("seed", range(4))
def test_random_walk_releases_nothing_without_proof_or_enough_approvals(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    with domain(tmp_path) as world:
        world.route(checkers_declared=dice.choice((1, 2)), owner_signs=seed % 2 == 1)
        world.submit(CHECKED)
        world.submit({"from": "wages", "statistic": "mean", "measure": "wage", "by": ["region"]})
        world.submit(SAFE)
        for _ in range(100):
            with suppress(SaferoomError):
                dice.choice(deeds(world, dice))()
            check(world)
        world.audit()
        for request in everything(world):
            if request.release is not None:
                assert verify_bundle(world.vault.get(request.release.bundle), world.key.verifying_key).ok
        assert world.actions().count("release.withdrawn") == sum(r.withdrawal is not None for r in everything(world))
        assert world.actions().count("request.released") == sum(r.release is not None for r in everything(world))
