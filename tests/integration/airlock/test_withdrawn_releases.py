"""A release that is withdrawn: a signed statement, told to those who hold it; and audits of what left by itself."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from tests.support.airlock_domain import (
    ADA,
    ANA,
    BEN,
    CHECKED,
    CHRIS,
    CLEO,
    DORA,
    MOBILITY,
    NOW,
    OTTO,
    RITA,
    SURVEY,
    Domain,
)
from tests.support.naming import names

from saferoom.errors import BadInputError, ForbiddenError, NotFoundError, WrongStateError
from saferoom.ids import ReleaseId, Username
from saferoom.policies.models import ReleaseRoute
from saferoom.projects.airlock.lists import Paging, Scope
from saferoom.projects.airlock.model import AuditFinding, Cause, Request
from saferoom.projects.airlock.sampling import drawn_by
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.verify import verify_bundle
from saferoom.projects.airlock.withdrawals import read_withdrawals
from saferoom.signing import SigningKey

FINE, WRONG = AuditFinding.FINE, AuditFinding.SHOULD_NOT_HAVE_LEFT


def released(world: Domain) -> Request:
    return world.approve(world.submit(CHECKED))


def sample_everything(world: Domain) -> None:
    """Draw every automatic release."""
    route = ReleaseRoute(automatic=True, audit_one_in=1)
    world.registry.sets[SURVEY] = world.registry.sets[SURVEY].model_copy(update={"release_route": route})


def payload(statement: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.b64decode(statement["payload"]))
    return found


@pytest.mark.parametrize("person", [BEN, OTTO])
def test_withdrawal_is_a_signed_statement_and_the_release_stays_on_record(world: Domain, person: Username) -> None:
    request = released(world)
    bundle = world.airlock.bundle(ANA, request.id)
    after = world.airlock.withdraw_release(person, request.id, Cause.DISCLOSURE_CONTROL, "The north can be told.")
    assert (after.state, after.release) == (State.RELEASED, request.release)
    assert world.airlock.bundle(ANA, request.id) == bundle, "nothing is deleted or hidden"
    withdrawn = read_withdrawals(json.dumps(world.airlock.withdrawals()).encode(), world.key.verifying_key)
    assert request.release is not None
    report = verify_bundle(bundle, world.key.verifying_key, withdrawn)
    assert (report.ok, report.withdrawn is not None) == (False, True)
    assert "withdrawn" in report.problem
    world.audit()


def test_statement_says_which_release_and_what_kind_of_cause_and_nothing_more(world: Domain) -> None:
    request = released(world)
    after = world.airlock.withdraw_release(BEN, request.id, Cause.WRONG_NUMBERS, "zebra")
    assert after.withdrawal is not None
    said = payload(after.withdrawal.statement)
    assert set(said) == {
        "version", "release", "project", "bundle", "approved_at", "withdrawn_at", "cause", "by",
    }  # fmt: skip
    assert (said["cause"], said["by"]) == ("wrong_numbers", "checkers")
    public = json.dumps(payload(world.airlock.withdrawals()))
    assert "zebra" not in public
    assert not names(json.dumps(said), "ben")


def test_those_who_hold_the_bundle_are_told_and_see_why_but_not_by_whom(world: Domain) -> None:
    request = released(world)
    for person in (CHRIS, CHRIS, CLEO):
        world.airlock.bundle(person, request.id)
    world.airlock.withdraw_release(BEN, request.id, Cause.OTHER, "See the north.")
    told = {p: [n.kind for n in world.told(p)] for p in (ANA, CHRIS, CLEO, OTTO, BEN, DORA, RITA)}
    assert {p for p, kinds in told.items() if "release.withdrawn" in kinds} == {ANA, CHRIS, CLEO, OTTO}
    seen = world.airlock.request(CHRIS, request.id)
    assert seen.withdrawal is not None
    assert (seen.withdrawal.explanation, "ben" in repr(seen)) == ("See the north.", False)
    assert world.airlock.requests_page(ANA).items[0].withdrawn_at == NOW


@pytest.mark.parametrize(
    ("person", "error"),
    [
        (ANA, ForbiddenError),
        (CHRIS, ForbiddenError),
        (ADA, NotFoundError),
        (DORA, NotFoundError),
        (RITA, NotFoundError),
    ],
)
def test_author_side_outsiders_and_administrators_withdraw_no_release(
    world: Domain, person: Username, error: type[Exception]
) -> None:
    request = released(world)
    with pytest.raises(error):
        world.airlock.withdraw_release(person, request.id, Cause.OTHER, "as if")
    assert world.stored(request.id).withdrawal is None


def test_what_has_not_left_cannot_be_withdrawn_as_a_release(world: Domain) -> None:
    request = world.submit(CHECKED)
    with pytest.raises(WrongStateError):
        world.airlock.withdraw_release(BEN, request.id, Cause.OTHER, "early")
    world.approve(request)
    with pytest.raises(BadInputError, match="say why"):
        world.airlock.withdraw_release(BEN, request.id, Cause.OTHER, " ")
    world.airlock.withdraw_release(BEN, request.id, Cause.OTHER, "once")
    with pytest.raises(WrongStateError, match="already withdrawn"):
        world.airlock.withdraw_release(OTTO, request.id, Cause.OTHER, "twice")


def test_withdrawn_release_is_still_remembered_when_differences_are_checked(world: Domain) -> None:
    request = world.submit()
    assert request.state is State.RELEASED
    world.airlock.withdraw_release(DORA, request.id, Cause.OTHER, "It has left all the same.")
    assert len(world.airlock.memory_for(MOBILITY, [SURVEY]).releases) == 1


@pytest.mark.parametrize("change", ["statement", "list", "key", "other"])
def test_list_of_withdrawals_that_is_not_ours_is_refused(world: Domain, change: str) -> None:
    request = released(world)
    world.airlock.withdraw_release(BEN, request.id, Cause.OTHER, "x")
    signed = world.airlock.withdrawals()
    key = world.key.verifying_key
    if change == "statement":
        inside = payload(signed)
        inside["statements"][0]["payload"] = base64.b64encode(b"{}").decode()
        signed = world.key.seal_json(inside, "application/vnd.saferoom.withdrawals+json")
    elif change == "list":
        inside = payload(signed)
        inside["statements"] = []
        signed["payload"] = base64.b64encode(json.dumps(inside).encode()).decode()
    elif change == "key":
        key = SigningKey.generate().verifying_key
    else:
        signed = {"no": "envelope"}
    with pytest.raises(BadInputError, match="withdrawals"):
        read_withdrawals(json.dumps(signed).encode(), key)


def test_single_statement_is_read_like_a_list_and_is_about_its_release_alone(world: Domain) -> None:
    first, second = released(world), world.submit()
    after = world.airlock.withdraw_release(BEN, first.id, Cause.OTHER, "x")
    assert after.withdrawal is not None
    withdrawn = read_withdrawals(json.dumps(after.withdrawal.statement).encode(), world.key.verifying_key)
    assert not verify_bundle(world.airlock.bundle(ANA, first.id), world.key.verifying_key, withdrawn).ok
    assert verify_bundle(world.airlock.bundle(ANA, second.id), world.key.verifying_key, withdrawn).ok


# Audits of what left by itself


def test_drawn_release_waits_for_an_audit_that_finds_it_fine(world: Domain) -> None:
    sample_everything(world)
    request = world.submit()
    (sample,) = world.airlock.samples_page(BEN).items
    assert (sample.request, sample.one_in, sample.finding) == (request.id, 1, None)
    after = world.airlock.audit(BEN, request.id, FINE, "counts of hundreds")
    assert after.sample is not None
    assert (after.sample.finding, after.sample.by, after.withdrawal) == (FINE, BEN, None)
    assert world.airlock.samples_page(BEN).total == 0
    (month,) = world.airlock.audited()
    assert (month.month, month.drawn, month.looked_at, month.wrong) == ("2026-03", 1, 1, 0)


def test_drawn_release_that_should_not_have_left_is_withdrawn_at_once(world: Domain) -> None:
    sample_everything(world)
    request = world.submit()
    with pytest.raises(BadInputError, match="say why"):
        world.airlock.audit(BEN, request.id, WRONG)
    after = world.airlock.audit(BEN, request.id, WRONG, "A school can be told.")
    assert after.withdrawal is not None
    assert after.withdrawal.cause is Cause.DISCLOSURE_CONTROL
    assert [n.kind for n in world.told(ANA)] == ["request.released", "release.withdrawn"]
    assert world.airlock.audited()[0].wrong == 1


def test_author_side_and_owner_never_learn_whether_a_release_was_drawn(world: Domain) -> None:
    sample_everything(world)
    request = world.submit()
    for person in (ANA, CHRIS, DORA):
        assert world.airlock.request(person, request.id).sample is None
    for person in (ANA, CHRIS):
        with pytest.raises(ForbiddenError):
            world.airlock.audit(person, request.id, FINE)
    assert world.airlock.samples_page(CHRIS).total == 0, "a checker of the own project does not audit it"


def test_audit_is_said_once_and_only_of_what_was_drawn(world: Domain) -> None:
    sample_everything(world)
    request = world.submit()
    world.airlock.audit(BEN, request.id, FINE)
    with pytest.raises(WrongStateError, match="already said"):
        world.airlock.audit(CLEO, request.id, WRONG, "no")
    other = released(world)
    with pytest.raises(WrongStateError, match="not drawn"):
        world.airlock.audit(BEN, other.id, FINE)


def test_released_by_checkers_is_never_drawn(world: Domain) -> None:
    sample_everything(world)
    released(world)
    with world.airlock.store.reading() as tx:
        assert tx.samples(Scope(everything=True), Paging()).total == 0


def test_draw_is_settled_by_key_and_release_and_is_one_in_n(world: Domain) -> None:
    names = [ReleaseId(f"release-{n}") for n in range(600)]
    ours = [drawn_by(world.key, name, 10)[0] for name in names]
    assert ours == [drawn_by(world.key, name, 10)[0] for name in names], "trying again changes nothing"
    other = SigningKey.generate()
    assert ours != [drawn_by(other, name, 10)[0] for name in names], "without the key nobody can tell"
    assert 30 <= sum(ours) <= 95
    drawn = {name for name, hit in zip(names, ours, strict=True) if hit}
    assert {name for name in names if drawn_by(world.key, name, 20)[0]} <= drawn
    _, proof = drawn_by(world.key, names[0], 10)
    assert world.key.verifying_key.open_json(json.loads(proof), "application/vnd.saferoom.audit-sample+json") == {
        "release": names[0]
    }
