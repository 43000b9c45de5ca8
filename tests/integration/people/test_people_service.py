"""Accounts and records: what is written, what is refused, and what it means for whether somebody may sign in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.support.people_world import ADA, ALAN, CARL, OLGA, OPERATOR, RAVI, ROSA, PeopleWorld, people_world
from tests.support.registry_world import MOB, NOW, TODAY

from saferoom.errors import BadInputError, ForbiddenError, NotFoundError, StaleVersionError, WrongStateError
from saferoom.hub.store.registry import StoredRegistry
from saferoom.ids import Username
from saferoom.projects.paging import Cut
from saferoom.projects.people.entitlement import may_check, may_enter, may_sign_in
from saferoom.projects.people.model import Person, Role, Training
from saferoom.projects.people.permissions import Action, Actor
from saferoom.projects.people.records import (
    AccountForm,
    Accreditation,
    AccreditationForm,
    DeputyForm,
    EndForm,
    Ending,
    Kind,
    PersonChange,
    PersonForm,
    TrainingForm,
)
from saferoom.projects.people.store import EndOf, Only, Search

EVE = Username("eve")
NEW = PersonForm(username=EVE, display_name="Eve Eaton", roles=frozenset({Role.RESEARCHER}))
WHY = EndForm(ending=Ending.WITHDRAWN, reason="The Authority took it back.")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PeopleWorld]:
    with people_world(tmp_path) as made:
        yield made


def _change(world: PeopleWorld, who: Username = ROSA, **values: object) -> PersonChange:
    dossier = world.people.dossier(ADA, who)
    shown = {"display_name": dossier.person.display_name, "email": dossier.person.email, "roles": dossier.person.roles}
    return PersonChange.model_validate(shown | {"version": dossier.version} | values)


def _close(world: PeopleWorld, who: Username = ROSA, by: Actor = ADA) -> None:
    version = world.people.dossier(OPERATOR, who).version
    world.people.close(by, who, AccountForm(reason="Left the university.", version=version))


def test_person_new_accredited_and_trained_may_sign_in(world: PeopleWorld) -> None:
    world.people.add(ADA, NEW)
    assert may_sign_in(world.registry, EVE, NOW).code == "accreditation-missing"
    world.accredit(EVE)
    assert may_sign_in(world.registry, EVE, NOW).code == "training-missing"
    world.train(EVE, Training.OUTPUT_CHECKER)
    assert may_sign_in(world.registry, EVE, NOW).code == "training-missing"
    world.train(EVE, Training.SAFE_RESEARCHER)
    assert may_sign_in(world.registry, EVE, NOW)
    assert world.events()[-4:] == [
        ("ada", "person.added", "person:eve"),
        ("ada", "accreditation.recorded", "person:eve"),
        ("ada", "training.recorded", "person:eve"),
        ("ada", "training.recorded", "person:eve"),
    ]


def test_person_is_added_once(world: PeopleWorld) -> None:
    world.people.add(OPERATOR, NEW)
    with pytest.raises(BadInputError, match="registered as eve already") as caught:
        world.people.add(ADA, NEW)
    assert caught.value.field == "username"


def test_record_that_lasts_longest_counts(world: PeopleWorld) -> None:
    world.accredit(expires=date(2026, 12, 1))
    assert world.registry.person(ROSA).accreditation_expires == date(2027, 6, 30)
    world.accredit(expires=date(2029, 1, 1))
    assert world.registry.person(ROSA).accreditation_expires == date(2029, 1, 1)


def test_record_that_ends_no_longer_counts_and_stays(world: PeopleWorld) -> None:
    record = world.accredit(expires=date(2029, 1, 1))
    ended = world.people.end_record(ALAN, record.id, WHY)
    assert (ended.ended_by, ended.ending, ended.end_reason) == ("alan", Ending.WITHDRAWN, "The Authority took it back.")
    assert world.registry.person(ROSA).accreditation_expires == date(2027, 6, 30)
    kept = world.people.dossier(ADA, ROSA).records
    assert [one.state(NOW) for one in kept if one.kind is Kind.ACCREDITATION] == ["ended", "holds"]
    assert world.events()[-1] == ("alan", "accreditation.ended", "person:rosa")
    with pytest.raises(WrongStateError, match="was ended on 2026-11-22 by alan"):
        world.people.end_record(ADA, record.id, WHY)
    with pytest.raises(NotFoundError):
        world.people.end_record(ADA, "record-nothing", WHY)


def test_last_record_withdrawn_means_out_at_once(world: PeopleWorld) -> None:
    (accreditation,) = [r for r in world.people.dossier(ADA, ROSA).records if r.kind is Kind.ACCREDITATION]
    assert may_enter(world.registry, ROSA, MOB, NOW)
    world.people.end_record(ADA, accreditation.id, WHY)
    assert may_enter(world.registry, ROSA, MOB, NOW).code == "accreditation-missing"


@pytest.mark.parametrize(
    ("granted", "expires", "said"),
    [
        (TODAY, TODAY - timedelta(days=1), "before the day it was granted"),
        (TODAY, date(2038, 1, 1), "more than 10 years"),
    ],
)
def test_record_with_dates_that_cannot_be_is_refused(granted: date, expires: date, said: str) -> None:
    for make in (
        lambda: AccreditationForm(
            level=Accreditation.PROVISIONAL, body="B", granted=granted, expires=expires, evidence="Letter"
        ),
        lambda: TrainingForm(
            course=Training.SAFE_RESEARCHER, body="B", granted=granted, expires=expires, evidence="Letter"
        ),
    ):
        with pytest.raises(ValidationError, match=said) as caught:
            make()
        assert caught.value.errors()[0]["loc"] == ("expires",)


def test_record_of_a_day_to_come_is_refused(world: PeopleWorld) -> None:
    tomorrow = TODAY + timedelta(days=1)
    form = TrainingForm(
        course=Training.SAFE_RESEARCHER, body="B", granted=tomorrow, expires=tomorrow, evidence="Letter"
    )
    with pytest.raises(BadInputError, match="in the future") as caught:
        world.people.train(ADA, ROSA, form)
    assert caught.value.field == "granted"


def test_roles_have_a_history(world: PeopleWorld) -> None:
    both = frozenset({Role.RESEARCHER, Role.OUTPUT_CHECKER})
    world.people.edit(ADA, ROSA, _change(world, roles=both))
    world.clock.advance(timedelta(days=1))
    world.people.edit(ALAN, ROSA, _change(world, roles=frozenset({Role.OUTPUT_CHECKER})))
    held = world.people.dossier(ADA, ROSA).roles
    assert [(one.role, one.granted_by, one.ended_by) for one in held] == [
        (Role.OUTPUT_CHECKER, "ada", ""),
        (Role.RESEARCHER, "admin:root", "alan"),
    ]
    assert held[1].ended_at == NOW + timedelta(days=1)
    assert world.registry.people_with(Role.RESEARCHER) == (world.registry.person(RAVI),)
    world.people.edit(ADA, ROSA, _change(world, roles=both))
    assert len(world.people.dossier(ADA, ROSA).roles) == 3


def test_person_changed_by_somebody_else_meanwhile_is_not_overwritten(world: PeopleWorld) -> None:
    mine, theirs = _change(world, display_name="Rosa L."), _change(world, display_name="R. Lindqvist")
    world.people.edit(ALAN, ROSA, theirs)
    with pytest.raises(StaleVersionError, match="changed by somebody else meanwhile"):
        world.people.edit(ADA, ROSA, mine)
    assert world.registry.person(ROSA).display_name == "R. Lindqvist"
    with pytest.raises(StaleVersionError):
        world.people.close(ADA, ROSA, AccountForm(reason="Left long ago.", version=mine.version))


def test_edit_that_changes_nothing_writes_nothing(world: PeopleWorld) -> None:
    before = world.events()
    assert world.people.edit(ADA, ROSA, _change(world)).version == world.people.dossier(ADA, ROSA).version
    assert world.events() == before
    stale = _change(world).model_copy(update={"version": 7})
    with pytest.raises(StaleVersionError):
        world.people.edit(ADA, ROSA, stale)


def test_account_closed_is_out_and_reopened_is_back(world: PeopleWorld) -> None:
    _close(world)
    assert may_sign_in(world.registry, ROSA, NOW).code == "inactive"
    version = world.people.dossier(ADA, ROSA).version
    with pytest.raises(WrongStateError, match="closed already"):
        _close(world)
    world.people.reopen(ADA, ROSA, AccountForm(reason="Came back.", version=version))
    assert may_sign_in(world.registry, ROSA, NOW)
    assert [action for _, action, _ in world.events()[-2:]] == ["person.closed", "person.reopened"]


def test_owner_of_data_is_not_closed_and_keeps_the_role(world: PeopleWorld) -> None:
    with pytest.raises(BadInputError, match="olga owns htv"):
        _close(world, OLGA)
    with pytest.raises(BadInputError, match="give the dataset another owner first"):
        world.people.edit(ADA, OLGA, _change(world, OLGA, roles=frozenset({Role.RESEARCHER})))


def test_administrator_holds_no_other_role(world: PeopleWorld) -> None:
    both = frozenset({Role.ADMINISTRATOR, Role.OUTPUT_CHECKER})
    with pytest.raises(BadInputError, match="no other role") as caught:
        world.people.add(ADA, NEW.model_copy(update={"roles": both}))
    assert caught.value.field == "roles"


def test_last_administrator_stays(world: PeopleWorld) -> None:
    _close(world, Username("alan"))
    with pytest.raises(WrongStateError, match="last administrator"):
        _close(world, Username("ada"), OPERATOR)
    with pytest.raises(WrongStateError, match="last administrator"):
        world.people.edit(OPERATOR, ADA.username or EVE, _change_of_ada(world))


def _change_of_ada(world: PeopleWorld) -> PersonChange:
    version = world.people.dossier(OPERATOR, Username("ada")).version
    return PersonChange(display_name="Ada", roles=frozenset({Role.DATA_OWNER}), version=version)


@pytest.mark.parametrize("who", [ROSA, CARL, OLGA])
def test_people_who_are_no_administrators_learn_and_change_nothing(world: PeopleWorld, who: Username) -> None:
    actor = Actor.person(who)
    with pytest.raises(ForbiddenError):
        world.people.search(actor, Search())
    with pytest.raises(ForbiddenError):
        world.people.add(actor, NEW)
    for other in (RAVI, Username("nobody")):
        for attempt in (
            lambda other=other: world.people.dossier(actor, other),
            lambda other=other: world.people.history(actor, other),
            lambda other=other: world.accredit(other, by=actor),
            lambda other=other: world.people.close(actor, other, AccountForm(reason="Because.", version=1)),
            lambda other=other: world.people.check_may(actor, Action.SET_PASSWORD, other),
        ):
            with pytest.raises(NotFoundError, match="Nobody of that name is registered"):
                attempt()
    record = world.people.dossier(ADA, RAVI).records[0]
    for id_ in (record.id, "record-nothing"):
        with pytest.raises(NotFoundError):
            world.people.end_record(actor, id_, WHY)


def test_administrators_leave_their_own_accounts_to_others(world: PeopleWorld) -> None:
    me = Username("ada")
    with pytest.raises(ForbiddenError, match="their own account"):
        world.people.edit(ADA, me, _change(world, me, display_name="Boss"))
    with pytest.raises(ForbiddenError, match="their own account"):
        _close(world, me)
    with pytest.raises(ForbiddenError, match="their own account"):
        world.accredit(me)
    world.people.edit(ALAN, me, _change(world, me, display_name="Ada A."))


def test_lapsed_administrator_does_nothing(world: PeopleWorld) -> None:
    _close(world, Username("alan"))
    with pytest.raises(ForbiddenError, match="closed"):
        world.people.search(ALAN, Search())


def test_unknown_people_are_not_found_by_administrators(world: PeopleWorld) -> None:
    for attempt in (
        lambda: world.people.dossier(ADA, EVE),
        lambda: world.accredit(EVE),
        lambda: world.people.own(EVE),
        lambda: world.people.check_may(ADA, Action.SET_PASSWORD, EVE),
        lambda: world.people.edit(ADA, EVE, PersonChange(display_name="E", roles=NEW.roles, version=1)),
    ):
        with pytest.raises(NotFoundError):
            attempt()
    world.people.check_may(ADA, Action.SET_PASSWORD, ROSA)
    assert world.people.can(ADA, Action.EDIT, ROSA)


def _names(world: PeopleWorld, search: Search) -> list[str]:
    return [person.username for person in world.people.search(ADA, search).items]


def test_search_finds_parts_of_names_and_addresses_and_takes_signs_as_they_are(world: PeopleWorld) -> None:
    assert _names(world, Search()) == ["ada", "alan", "carl", "olga", "ravi", "rosa"]
    assert _names(world, Search(text="LINDQ")) == ["rosa"]
    assert _names(world, Search(text="@example")) == ["rosa"]
    for text in ("%", "_", "' or 1=1 --"):
        assert _names(world, Search(text=text)) == []


def test_search_by_role_and_standing(world: PeopleWorld) -> None:
    assert _names(world, Search(role=Role.RESEARCHER)) == ["ravi", "rosa"]
    assert _names(world, Search(only=Only.LAPSED)) == _names(world, Search(only=Only.SOON)) == []
    for who, expires in ((ROSA, TODAY - timedelta(days=1)), (RAVI, TODAY + timedelta(days=59))):
        for record in world.people.dossier(ADA, who).records:
            world.people.end_record(ADA, record.id, WHY)
        form = {"body": "B", "granted": date(2026, 1, 1), "expires": expires, "evidence": "Letter"}
        world.people.accredit(ADA, who, AccreditationForm.model_validate(form | {"level": Accreditation.FULL}))
        world.people.train(ADA, who, TrainingForm.model_validate(form | {"course": Training.SAFE_RESEARCHER}))
    assert _names(world, Search(only=Only.LAPSED)) == ["rosa"]
    assert _names(world, Search(only=Only.SOON)) == ["ravi"]
    _close(world)
    assert _names(world, Search(only=Only.LAPSED)) == []
    assert _names(world, Search(only=Only.CLOSED)) == ["rosa"]
    assert _names(world, Search(role=Role.RESEARCHER, only=Only.CLOSED, text="ro")) == ["rosa"]


def test_search_shows_lapsed_people_exactly_when_they_may_not_sign_in(world: PeopleWorld) -> None:
    for days in range(-2, 3):
        world.apply(
            f"{{kind: person, username: d{days + 2}, display_name: D, roles: [researcher, output-checker], "
            f"accreditation_expires: {TODAY + timedelta(days=days)}, training_expires: {TODAY}}}"
        )
    registry = world.registry
    refused = [one.username for one in registry.people() if not may_sign_in(registry, one.username, NOW)]
    assert _names(world, Search(only=Only.LAPSED)) == refused == ["d0", "d1"]


def test_search_is_paged(world: PeopleWorld) -> None:
    for number in range(60):
        world.people.add(ADA, NEW.model_copy(update={"username": f"person-{number:02}"}))
    first, second = (world.people.search(ADA, Search(text="person", cut=Cut(number))) for number in (1, 2))
    assert (first.total, first.pages, len(first.items), len(second.items)) == (60, 2, 50, 10)
    assert second.items[0].username == "person-50"


def test_dossier_and_history_tell_everything_newest_first(world: PeopleWorld) -> None:
    world.accredit()
    dossier = world.people.dossier(ADA, ROSA)
    assert [(one.project, one.title, one.ended_at) for one in dossier.memberships] == [("mob", "Mobility", None)]
    assert world.people.dossier(ADA, OLGA).owns == ("htv",)
    page = world.people.history(ADA, ROSA)
    assert [line.action for line in page.items] == ["accreditation.recorded", "person.added"]
    assert page.items[0].payload["expires"] == str(TODAY + timedelta(days=400))
    assert page.total == 2
    assert world.people.history(ADA, ROSA, Cut(2)).items == ()


def test_history_has_what_the_person_did_too(world: PeopleWorld) -> None:
    world.accredit()
    assert [line.subject for line in world.people.history(ALAN, Username("ada")).items] == [
        "person:rosa",
        "person:ada",
    ]


def test_own_standing_tells_what_ends_next(world: PeopleWorld) -> None:
    own = world.people.own(ROSA)
    assert own.decision
    assert [one.last_day for one in own.next] == sorted(one.last_day for one in own.next)
    assert own.next[0].subject == "mob/htv"
    _close(world)
    assert world.people.own(ROSA).decision.code == "inactive"


def test_deputy_is_named_for_a_time(world: PeopleWorld) -> None:
    until = TODAY + timedelta(days=30)
    named = world.people.name_deputy(ADA, DeputyForm(username=OLGA, until=until))
    assert world.people.deputies(ALAN) == (named,)
    with pytest.raises(WrongStateError, match="deputy already"):
        world.people.name_deputy(ALAN, DeputyForm(username=OLGA, until=until))
    world.people.end_deputy(ALAN, OLGA)
    assert world.people.deputies(ADA) == ()
    with pytest.raises(WrongStateError, match="no deputy"):
        world.people.end_deputy(ADA, OLGA)
    world.people.name_deputy(ADA, DeputyForm(username=OLGA, until=TODAY))
    world.clock.advance(timedelta(days=1))
    assert world.people.deputies(ADA) == ()
    assert [action for _, action, _ in world.events()[-3:]] == ["deputy.named", "deputy.ended", "deputy.named"]


@pytest.mark.parametrize("days", [-1, 367])
def test_deputy_is_named_for_a_year_at_most(world: PeopleWorld, days: int) -> None:
    with pytest.raises(BadInputError, match="between today and") as caught:
        world.people.name_deputy(ADA, DeputyForm(username=OLGA, until=TODAY + timedelta(days=days)))
    assert caught.value.field == "until"


def test_deputy_is_somebody_else_in_good_standing(world: PeopleWorld) -> None:
    with pytest.raises(WrongStateError, match="already"):
        world.people.name_deputy(ADA, DeputyForm(username=Username("alan"), until=TODAY))
    _close(world)
    with pytest.raises(WrongStateError, match="rosa may not sign in now"):
        world.people.name_deputy(ADA, DeputyForm(username=ROSA, until=TODAY))


SHORT = "{kind: person, username: rosa, display_name: Rosa Lindqvist, roles: [researcher]"


def test_document_without_dates_leaves_the_records_alone(world: PeopleWorld) -> None:
    world.accredit(expires=date(2029, 1, 1))
    world.apply(SHORT + "}")
    person = world.registry.person(ROSA)
    assert (person.accreditation_expires, person.email) == (date(2029, 1, 1), "rosa@example.org")
    assert person.training_expires == date(2027, 6, 30)


def test_document_with_another_date_replaces_the_records(world: PeopleWorld) -> None:
    world.accredit(expires=date(2029, 1, 1))
    world.apply(SHORT + ", accreditation_expires: 2026-11-21, training_expires: 2028-01-01}")
    person = world.registry.person(ROSA)
    assert (person.accreditation_expires, person.trainings) == (
        date(2026, 11, 21),
        {Training.SAFE_RESEARCHER: date(2028, 1, 1)},
    )
    ended = [one for one in world.people.dossier(ADA, ROSA).records if one.ended_at]
    assert {one.ending for one in ended} == {Ending.REPLACED}
    assert len(ended) == 3


def test_document_that_takes_a_date_away_withdraws_the_record(world: PeopleWorld) -> None:
    world.apply(SHORT + ", accreditation_expires: null, training_expires: null}")
    assert may_sign_in(world.registry, ROSA, NOW).code == "accreditation-missing"
    assert {one.ending for one in world.people.dossier(ADA, ROSA).records} == {Ending.WITHDRAWN}


def test_document_with_one_date_for_two_roles_makes_two_training_records(world: PeopleWorld) -> None:
    world.apply(SHORT.replace("[researcher]", "[researcher, output-checker]") + ", training_expires: 2028-01-01}")
    assert may_check(world.registry, ROSA, NOW)
    assert set(world.registry.person(ROSA).trainings) == set(Training)


def test_document_does_not_reopen_a_closed_account_by_leaving_it_out(world: PeopleWorld) -> None:
    _close(world)
    world.apply(SHORT + "}")
    assert not world.registry.person(ROSA).active
    world.apply(SHORT + ", active: true}")
    assert world.registry.person(ROSA).active


def test_messages_have_keys_of_their_own(world: PeopleWorld) -> None:
    world.clock.advance(timedelta(days=70))
    messages = world.people.messages()
    assert {message.key.split(":")[0] for message in messages} == {"approval", "project"}
    assert len({message.key for message in messages}) == len(messages)


def test_stranger_signed_in_nowhere_is_refused_and_told_why(world: PeopleWorld) -> None:
    with pytest.raises(ForbiddenError, match="not registered here"):
        world.people.search(Actor.person(EVE), Search())


def test_store_refuses_what_was_written_meanwhile_or_never(world: PeopleWorld) -> None:
    person, version = world.registry.person(ROSA), world.people.dossier(ADA, ROSA).version
    with pytest.raises(StaleVersionError), world.people.store.transaction() as tx:
        tx.save_person(person, version - 1, "ada", NOW)
    with pytest.raises(NotFoundError), world.people.store.transaction() as tx:
        tx.end_records(["record-nothing"], EndOf(NOW, "ada", Ending.MISTAKE, "It never was."))
    with pytest.raises(StaleVersionError), world.people.store.transaction() as tx:
        tx.add_person(person, "ada", NOW)


def test_registry_of_the_service_sees_its_own_transaction(world: PeopleWorld) -> None:
    eve = Person(username=EVE, display_name="Eve Eaton", roles=frozenset({Role.RESEARCHER}))
    with world.people.store.transaction() as tx:
        tx.add_person(eve, "ada", NOW)
        assert tx.registry.person(EVE).display_name == "Eve Eaton"
    assert StoredRegistry(world.database).person(EVE) == eve
