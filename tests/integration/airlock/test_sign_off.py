"""The data owner's signature: asked for where policy says so, for what leaves, and by nobody on the other side."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from tests.support.airlock_domain import (
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
    SAFE,
    SURVEY,
    WAGES,
    Domain,
)
from tests.support.naming import names

from saferoom.errors import BadInputError, ForbiddenError, NotFoundError, SaferoomError, WrongStateError
from saferoom.ids import Username
from saferoom.policies.models import ReleaseRoute
from saferoom.projects.airlock.lists import Order
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.states import Action, Party, State
from saferoom.projects.airlock.verify import verify_bundle
from saferoom.projects.airlock.views import A_DATA_OWNER
from saferoom.projects.people.model import Person, Role

BOTH: dict[str, Any] = {"from": "wages", "statistic": "mean", "measure": "wage", "by": ["region"]}


@pytest.fixture
def signing(world: Domain) -> Domain:
    """The owner of `wages` signs what leaves."""
    world.route(owner_signs=True)
    return world


def checked(world: Domain) -> Request:
    """A request that the checkers have approved."""
    return world.approve(world.submit(CHECKED))


def test_approved_request_waits_for_the_owner_and_leaves_with_the_signature(signing: Domain) -> None:
    request = checked(signing)
    assert (request.state, request.waiting_for, request.release) == (State.AWAITING_SIGN_OFF, Party.OWNERS, None)
    assert request.reason == "the output checkers approve; the data owner of wages has to sign what leaves"
    after = signing.airlock.sign_off(OTTO, request.id, "fine")
    assert after.state is State.RELEASED
    bundle = signing.airlock.bundle(ANA, request.id)
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        record = json.loads(archive.read("sdc-record.json"))
    assert record["signed_off"] == [{"role": "data-owner", "dataset": "wages"}]
    assert not names(json.dumps(record), "otto")
    assert verify_bundle(bundle, signing.key.verifying_key).ok


def test_nothing_leaves_by_itself_where_an_owner_signs(world: Domain) -> None:
    asks = ReleaseRoute(automatic=True, owner_signs=True)
    world.registry.sets[SURVEY] = world.registry.sets[SURVEY].model_copy(update={"release_route": asks})
    request = world.submit(SAFE)
    assert request.state is State.SUBMITTED
    assert request.waits_because == ("a data owner signs what leaves",)
    assert world.approve(request).state is State.AWAITING_SIGN_OFF


def test_owner_sees_what_leaves_and_findings_and_nothing_of_the_review(signing: Domain) -> None:
    request = signing.submit(CHECKED)
    output = request.outputs[0]
    for attempt in (
        lambda: signing.airlock.leaving(OTTO, request.id, output.id),
        lambda: signing.airlock.request(OTTO, request.id),
    ):
        with pytest.raises(SaferoomError):
            attempt()
    signing.airlock.comment(BEN, request.id, "among us", public=False)
    signing.approve(request)
    seen = signing.airlock.request(OTTO, request.id)
    assert (seen.votes, seen.comments, seen.warnings, seen.claims) == ((), (), (), ())
    leaving = signing.airlock.leaving(OTTO, request.id, output.id)
    assert leaving.files["csv"] == signing.vault.get(signing.stored(request.id).outputs[0].files["csv"])
    assert leaving.query is not None
    assert leaving.title == output.title
    with pytest.raises(ForbiddenError):
        signing.airlock.judgement(OTTO, request.id, output.id)
    with pytest.raises(ForbiddenError):
        signing.airlock.download_file(OTTO, request.id, output.evaluation)


def test_owner_sees_a_file_that_would_leave_with_its_findings(signing: Domain) -> None:
    signing.route(owner_signs=True, checkers_file=2)
    request = signing.ask([signing.upload().id])
    signing.approve(request, BEN)
    assert signing.approve(request, CLEO).state is State.AWAITING_SIGN_OFF
    leaving = signing.airlock.leaving(OTTO, request.id, signing.stored(request.id).outputs[0].id)
    assert leaving.query is None
    assert [finding.rule for finding in leaving.findings] == ["unrounded-counts"]
    assert set(leaving.files) == {"csv"}


@pytest.mark.parametrize("person", [ANA, CHRIS, BEN])
def test_nobody_but_a_data_owner_signs(signing: Domain, person: Username) -> None:
    request = checked(signing)
    for attempt in (signing.airlock.sign_off, signing.airlock.refuse_sign_off):
        with pytest.raises(ForbiddenError):
            attempt(person, request.id, "as if")
    assert signing.stored(request.id).sign_offs == ()


def test_owner_of_other_data_does_not_learn_of_the_request(signing: Domain) -> None:
    request = checked(signing)
    for person in (DORA, RITA):
        with pytest.raises(NotFoundError):
            signing.airlock.sign_off(person, request.id)


def test_owner_who_is_a_member_of_the_project_cannot_sign_and_the_request_says_who_can(signing: Domain) -> None:
    request = checked(signing)
    work = signing.registry.works[MOBILITY]
    signing.registry.works[MOBILITY] = work.model_copy(update={"members": work.members | {OTTO}})
    for attempt in (
        lambda: signing.airlock.sign_off(OTTO, request.id),
        lambda: signing.airlock.refuse_sign_off(OTTO, request.id, "no"),
        lambda: signing.airlock.leaving(OTTO, request.id, request.outputs[0].id),
    ):
        with pytest.raises(ForbiddenError, match="independent"):
            attempt()
    wait = signing.airlock.wait(signing.stored(request.id))
    assert wait is not None
    assert (wait.party, "no data owner can sign" in wait.why) == (Party.OWNERS, True)


def test_owner_who_is_the_author_cannot_sign_with_the_second_role(signing: Domain) -> None:
    ana = signing.registry.persons[ANA]
    signing.registry.persons[ANA] = ana.model_copy(update={"roles": ana.roles | {Role.DATA_OWNER}})
    request = checked(signing)
    signing.registry.sets[WAGES] = signing.registry.sets[WAGES].model_copy(update={"owner": ANA})
    with pytest.raises(ForbiddenError, match="independent"):
        signing.airlock.sign_off(ANA, request.id)


def test_owner_who_checks_signs_and_does_not_vote(signing: Domain) -> None:
    otto, ben = signing.registry.persons[OTTO], signing.registry.persons[BEN]
    both = {"roles": otto.roles | ben.roles, "trainings": ben.trainings}
    signing.registry.persons[OTTO] = otto.model_copy(update=both)
    request = signing.submit(CHECKED)
    with pytest.raises(ForbiddenError):
        signing.approve(request, OTTO)
    assert request.id not in {r.id for r in signing.airlock.queue_page(OTTO).items}
    assert signing.airlock.queue_page(OTTO).total == 0
    signing.approve(request)
    assert signing.airlock.sign_off(OTTO, request.id).state is State.RELEASED


def test_every_owner_who_is_asked_signs_for_the_own_data(world: Domain) -> None:
    world.project_route(automatic=False, owner_signs=True)
    file = world.upload()  # may hold something of all the project's data
    request = world.ask([file.id])
    assert request.sign_off == (SURVEY, WAGES)
    world.approve(request, BEN)
    world.approve(request, CLEO)
    first = world.airlock.sign_off(OTTO, request.id)
    assert (first.state, first.reason.split("; ")[1]) == (
        State.AWAITING_SIGN_OFF,
        "the data owner of survey has to sign what leaves",
    )
    assert world.airlock.sign_off(DORA, request.id).state is State.RELEASED
    assert {one.datasets for one in world.stored(request.id).sign_offs} == {(SURVEY,), (WAGES,)}


def test_one_owner_who_is_not_asked_cannot_sign_for_another(world: Domain) -> None:
    world.route(owner_signs=True)
    request = world.ask([world.upload().id])
    assert request.sign_off == (WAGES,)
    world.approve(request, BEN)
    world.approve(request, CLEO)
    with pytest.raises(ForbiddenError, match="another data owner"):
        world.airlock.sign_off(DORA, request.id)
    assert world.stored(request.id).state is State.AWAITING_SIGN_OFF


def test_refused_request_goes_back_with_a_comment_that_names_nobody(signing: Domain) -> None:
    request = checked(signing)
    with pytest.raises(BadInputError, match="say in a comment why"):
        signing.airlock.refuse_sign_off(OTTO, request.id, " ")
    assert signing.airlock.refuse_sign_off(OTTO, request.id, "Say why by region.").state is State.RETURNED
    seen = signing.airlock.request(ANA, request.id)
    assert [(c.by, c.body) for c in seen.comments] == [(A_DATA_OWNER, "Say why by region.")]
    assert not names(repr(seen), "otto")
    again = signing.airlock.submit_draft(ANA, request.id, seen.version)
    assert signing.stored(request.id).sign_offs == ()
    assert signing.approve(again).state is State.AWAITING_SIGN_OFF, "a signature is for one round"


def test_checker_who_notices_something_can_still_stop_what_waits_for_a_signature(signing: Domain) -> None:
    request = checked(signing)
    assert signing.airlock.return_to_author(BEN, request.id, "I overlooked something.").state is State.RETURNED
    with pytest.raises(WrongStateError):
        signing.airlock.sign_off(OTTO, request.id)


def test_rules_that_changed_before_the_signature_bring_the_checkers_back(signing: Domain) -> None:
    request = checked(signing)
    granted = signing.registry.granted[MOBILITY, WAGES]
    signing.registry.granted[MOBILITY, WAGES] = granted.model_copy(update={"ended_at": NOW})
    after = signing.airlock.sign_off(OTTO, request.id)
    assert (after.state, after.round, after.release) == (State.SUBMITTED, 2, None)
    assert signing.stored(request.id).sign_offs == ()


def test_signature_that_is_asked_for_meanwhile_counts(world: Domain) -> None:
    request = world.submit(CHECKED)
    world.route(owner_signs=True)
    again = world.approve(request)
    assert (again.state, again.sign_off) == (State.SUBMITTED, (WAGES,))
    assert "the rules now ask for the signature of the data owner of wages" in again.reason
    assert world.approve(again).state is State.AWAITING_SIGN_OFF


def test_approval_of_the_project_may_ask_for_the_signature(world: Domain) -> None:
    granted = world.registry.granted[MOBILITY, WAGES]
    world.registry.granted[MOBILITY, WAGES] = granted.model_copy(update={"sign_off": True})
    request = world.submit(CHECKED)
    assert request.sign_off == (WAGES,)
    assert world.approve(request).state is State.AWAITING_SIGN_OFF


def test_owner_finds_what_waits_for_the_signature_and_is_told(signing: Domain) -> None:
    request = checked(signing)
    assert [line.id for line in signing.airlock.sign_offs_page(OTTO).items] == [request.id]
    assert signing.airlock.sign_offs_page(DORA).total == 0
    assert [n.kind for n in signing.told(OTTO)] == ["request.sign_off_asked"]
    assert signing.airlock.queue_page(BEN, order=Order.RISKIEST).total == 0


def test_sign_off_that_is_taken_out_of_the_database_releases_nothing(signing: Domain) -> None:
    request = signing.submit(CHECKED)
    signing.sql("update airlock_requests set sign_off = '[]'")
    assert signing.approve(request).blocked
    assert signing.stored(request.id).release is None


def test_can_tells_the_owner_the_reason_that_the_attempt_gives(signing: Domain) -> None:
    request = signing.submit(CHECKED)
    decision = signing.airlock.can(OTTO, Action.SIGN_OFF, request)
    with pytest.raises(WrongStateError) as caught:
        signing.airlock.sign_off(OTTO, request.id)
    assert caught.value.message == decision.reason
    signing.approve(request)
    assert signing.airlock.can(OTTO, Action.SIGN_OFF, signing.stored(request.id))


def test_people_of_the_test_are_what_they_seem(world: Domain) -> None:
    otto: Person = world.registry.persons[OTTO]
    assert otto.roles == {Role.DATA_OWNER}
