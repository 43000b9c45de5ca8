"""The stored registry answers what was written, and every write leaves its event."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import InternalError
from tests.support.empty_store import tampering
from tests.support.registry_world import (
    HTV,
    MOB,
    NOW,
    OLGA,
    ROSA,
    approval,
    clock,
    dataset,
    owner,
    project,
    researcher,
    store,
)

from saferoom.clock import FrozenClock
from saferoom.errors import IntegrityError, NotFoundError, WrongStateError
from saferoom.hub.administration import Administration
from saferoom.hub.store.audit_log import AuditLinkRow, verify_audit_log
from saferoom.hub.store.database import Database
from saferoom.hub.store.registry import StoredRegistry
from saferoom.hub.store.tables import MemberRow
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.policies.models import ReleaseRoute, RiskAppetite
from saferoom.projects.administration.changes import compare
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.catalogue.model import Variable, VariableType
from saferoom.projects.people.model import Role
from saferoom.projects.registry import Platform, Registry
from saferoom.signing import SigningKey


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty store."""
    made = store(tmp_path)
    yield made
    made.dispose()


@pytest.fixture
def administration(database: Database) -> Administration:
    """Somebody who may write into it."""
    return Administration(database, clock(), SigningKey.generate(), "admin:ada")


def _write(administration: Administration, *records: object) -> None:
    kinds = {"Person": "person", "Dataset": "dataset", "Project": "project", "Approval": "approval"}
    changes = [compare(kinds.get(type(r).__name__, "platform"), "x", None, r) for r in records]  # type: ignore[arg-type]
    with administration.database.transaction() as session:
        administration._write(session, [change for change in changes if change is not None])


def _filled(administration: Administration) -> Registry:
    _write(administration, researcher(), owner(), dataset(), project(), approval())
    return StoredRegistry(administration.database)


def test_registry_gives_back_hierarchies_and_figures(administration: Administration) -> None:
    areas = Variable(
        name="area", type=VariableType.TEXT, codelist=("a", "b"), hierarchy={"Both": ("a", "b"), "All of it": ("Both",)}
    )
    areas = Variable.model_validate({**dict(areas), "figures": {"people": {"a": 7, "b": 8.5}}})
    classified = dataset().model_copy(update={"variables": (*dataset().variables, areas)})
    _write(administration, researcher(), owner(), classified)
    found = StoredRegistry(administration.database).dataset(HTV)
    assert found == classified
    assert found.variables[-1].classification == areas.classification


def test_registry_gives_back_exactly_what_was_written(administration: Administration) -> None:
    rich = dataset(
        risk_appetite=RiskAppetite(structural=frozenset({"sex", "age"}), threshold_per_unit={"person_id": 12})
    )
    strict = project(risk_appetite=RiskAppetite(threshold_units=30), release_route=ReleaseRoute(), ends=NOW.date())
    ended = approval(variables=("wage", "sex"), ended_at=NOW, automatic=True)
    _write(administration, researcher(), owner(), rich, strict, ended)
    registry = StoredRegistry(administration.database)
    assert registry.person(ROSA) == researcher()
    assert registry.dataset(HTV) == rich
    assert registry.project(MOB) == strict
    assert registry.approvals(MOB) == (ended,)
    assert (registry.people(), registry.datasets(), registry.projects()) == (
        (owner(), researcher()),
        (rich,),
        (strict,),
    )


def test_registry_knows_nothing_of_what_was_never_written(database: Database) -> None:
    registry = StoredRegistry(database)
    for ask in (
        lambda: registry.person(ROSA),
        lambda: registry.project(MOB),
        lambda: registry.dataset(HTV),
        lambda: registry.approvals(MOB),
    ):
        with pytest.raises(NotFoundError):
            ask()
    assert (registry.people(), registry.projects(), registry.datasets(), registry.projects_of(ROSA)) == ((), (), (), ())
    assert registry.platform() == Platform()


def test_registry_finds_people_by_role_and_leaves_out_closed_accounts(administration: Administration) -> None:
    _write(administration, researcher(), owner(active=False))
    registry = StoredRegistry(administration.database)
    assert registry.people_with(Role.RESEARCHER) == (researcher(),)
    assert registry.people_with(Role.DATA_OWNER) == ()


def test_registry_gives_a_members_projects_only(administration: Administration) -> None:
    registry = _filled(administration)
    assert [found.slug for found in registry.projects_of(ROSA)] == [MOB]
    assert registry.projects_of(OLGA) == ()


def test_platforms_own_policies_are_kept(administration: Administration) -> None:
    platform = Platform(risk_appetite=RiskAppetite(threshold_units=12))
    _write(administration, platform)
    assert StoredRegistry(administration.database).platform() == platform


def test_removed_member_is_gone_at_once_and_stays_in_the_history(administration: Administration) -> None:
    registry = _filled(administration)
    administration.remove_member(MOB, ROSA)
    assert registry.projects_of(ROSA) == ()
    assert registry.project(MOB).members == frozenset()
    with administration.database.reading() as session:
        (row,) = session.scalars(select(MemberRow)).all()
        assert (row.username, row.ended_at) == ("rosa", NOW)


def test_member_who_comes_back_is_a_member_again(administration: Administration) -> None:
    registry = _filled(administration)
    administration.remove_member(MOB, ROSA)
    _write(administration, project(title="Again"))
    assert registry.project(MOB) == project(title="Again")


def test_ending_what_is_not_there_is_refused(administration: Administration) -> None:
    _filled(administration)
    with pytest.raises(NotFoundError, match="not a member"):
        administration.remove_member(MOB, OLGA)
    with pytest.raises(NotFoundError, match="no approval"):
        administration.end_approval(MOB, DatasetName("zzz"))
    with pytest.raises(NotFoundError, match="no project"):
        administration.end_approval(ProjectSlug("zzz"), HTV)
    administration.end_approval(MOB, HTV)
    with pytest.raises(WrongStateError, match="ended on 2026-11-22"):
        administration.end_approval(MOB, HTV)


def test_every_write_leaves_its_event_and_the_trail_holds(administration: Administration) -> None:
    _filled(administration)
    administration.end_approval(MOB, HTV)
    with administration.database.reading() as session:
        links = session.scalars(select(AuditLinkRow).order_by(AuditLinkRow.seq)).all()
        report = verify_audit_log(session, administration.signing_key.verifying_key)
    assert [link.action for link in links] == [
        "person.added",
        "person.added",
        "dataset.added",
        "project.added",
        "approval.added",
        "approval.ended",
    ]
    assert {link.actor for link in links} == {"admin:ada"}
    last = links[-1].payload
    assert last is not None
    assert last["changes"][0]["field"] == "ended_at"
    assert (report.links, report.signed_heads) == (6, 2)


def test_apply_that_fails_half_way_writes_nothing(
    administration: Administration, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = read_entries([("kind: person\nusername: a\ndisplay_name: A\nroles: [researcher]\n" * 1, "f")])
    monkeypatch.setattr("saferoom.hub.store.audit_log.AuditLog.sign", lambda _self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        administration.apply(entries)
    assert StoredRegistry(administration.database).people() == ()


def test_apply_of_something_else_than_was_shown_writes_nothing(administration: Administration) -> None:
    text = "kind: person\nusername: rosa\ndisplay_name: {}\nroles: [researcher]\n"
    first = read_entries([(text.format("Rosa"), "f")])
    shown = administration.plan(first)
    administration.apply(read_entries([(text.format("Somebody"), "f")]))
    with pytest.raises(WrongStateError, match="changed meanwhile"):
        administration.apply(first, shown)
    assert StoredRegistry(administration.database).person(ROSA).display_name == "Somebody"


def test_apply_shown_a_moment_ago_still_ends_an_approval(administration: Administration) -> None:
    _filled(administration)
    entries = read_entries(
        [("kind: approval\nproject: mob\ndataset: htv\ngranted_by: olga\nuntil: 2027-01-01\nended: true\n", "f")]
    )
    shown = administration.plan(entries)
    assert isinstance(administration.clock, FrozenClock)
    administration.clock.advance(timedelta(seconds=90))
    assert len(administration.apply(entries, shown).changes) == 1


def test_apply_from_two_sides_at_once_keeps_the_trail_whole(administration: Administration) -> None:
    def add(name: str) -> None:
        text = f"kind: person\nusername: {name}\ndisplay_name: X\nroles: [researcher]\n"
        administration.apply(read_entries([(text, "f")]))

    threads = [threading.Thread(target=add, args=(f"user-{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(StoredRegistry(administration.database).people()) == 6
    with administration.database.reading() as session:
        assert verify_audit_log(session, administration.signing_key.verifying_key).links == 6


def test_stored_record_that_is_damaged_is_an_integrity_error_not_a_guess(administration: Administration) -> None:
    registry = _filled(administration)
    with tampering(administration.database) as session:
        session.execute(text("UPDATE people_roles_held SET role = 'emperor' WHERE username = 'rosa'"))
        session.execute(text("""UPDATE datasets SET risk_appetite = '{"threshold_units": 1}'"""))
    with pytest.raises(IntegrityError, match="cannot read"):
        registry.person(ROSA)
    with pytest.raises(IntegrityError, match="cannot read"):
        registry.dataset(HTV)


def test_reading_sees_one_moment_and_keeps_nothing(administration: Administration) -> None:
    _filled(administration)
    with administration.database.reading() as session:
        before = session.execute(text("SELECT count(*) FROM people")).scalar()
        _write(administration, researcher(username=Username("late")))  # a writer is not held up by the reader
        assert session.execute(text("SELECT count(*) FROM people")).scalar() == before
    with suppress(InternalError), administration.database.reading() as session:  # which PostgreSQL refuses at once
        session.execute(text("DELETE FROM people_roles_held"))
    assert StoredRegistry(administration.database).person(ROSA) == researcher()


def test_change_of_a_kind_without_a_table_is_a_programming_error(administration: Administration) -> None:
    with pytest.raises(TypeError, match="no table"):
        _write(administration, RiskAppetite())
