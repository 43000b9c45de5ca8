"""A quality pack that somebody changed is shown to nobody, and rooms are told of their own project's datasets alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.support.airlock_server import Service, service
from tests.support.airlock_world import INCOME, MOBILITY, NOW, world
from tests.support.api_client import client, said, with_token
from tests.support.empty_store import tampering
from tests.support.linked_version import SURVEY, linked

from saferoom.errors import IntegrityError
from saferoom.hub.store.audit_log import AuditLinkRow, verify_audit_log
from saferoom.hub.store.linkage_quality import LINKED, quality_digest
from saferoom.hub.store.tables import ApprovalRow, DatasetRow, IngestedVersionRow
from saferoom.hub.store.zones_tables import LinkageRow

HERE = "catalogue/survey/versions/1/linkage"
FORGED = 424_242


@pytest.fixture(scope="module")
def airlock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service; a test puts back what it changes."""
    with world(tmp_path_factory.mktemp("attacked")) as place, service(place) as made:
        linked(place, "1")
        yield made


Change = Callable[[dict[str, Any]], None]


def _one_number(pack: dict[str, Any]) -> None:
    pack["identifiers"]["sources"][0]["records"] = FORGED


def _no_sentences(pack: dict[str, Any]) -> None:
    pack["attributes"][SURVEY]["sentences"] = []


def _no_blanks(pack: dict[str, Any]) -> None:
    for source in pack["identifiers"]["sources"]:
        for table in source["groups"]:
            table["rows"] = [row | {"linked": row["linked"] or 3} for row in table["rows"]]


def _gone(pack: dict[str, Any]) -> None:
    pack.clear()


@pytest.fixture(params=[_one_number, _no_sentences, _no_blanks, _gone])
def changed(request: pytest.FixtureRequest, airlock: Service) -> Iterator[None]:
    """Change the pack in the store, as somebody with the database's password could; put it back."""
    database = airlock.world.instance.database
    with tampering(database) as session:
        kept = session.get_one(LinkageRow, ("person", 1)).quality
        forged = deepcopy(kept)
        request.param(forged)
        assert forged != kept
        session.execute(update(LinkageRow).values(quality=forged))
    yield
    with tampering(database) as session:
        session.execute(update(LinkageRow).values(quality=kept))


@pytest.mark.usefixtures("changed")
def test_changed_pack_is_shown_nowhere(airlock: Service) -> None:
    page = airlock.browser("ana").get(HERE)
    called, room = client(airlock, "ana").get(HERE), airlock.room().get("datasets/survey/linkage")
    for answer in (page, called, room):
        assert answer.status_code == 500
        assert "not the one that was recorded" in answer.text
        assert str(FORGED) not in answer.text
        assert "match rate" not in answer.text.lower()


@pytest.fixture
def tracks_covered(airlock: Service) -> Iterator[None]:
    """Change the pack, and the digest that the audit trail has of it, too."""
    database = airlock.world.instance.database
    with tampering(database) as session:
        kept = session.get_one(LinkageRow, ("person", 1)).quality
        event = session.scalars(select(AuditLinkRow).where(AuditLinkRow.action == LINKED)).one()
        payload = event.payload
        assert payload is not None
        forged = deepcopy(kept)
        _one_number(forged)
        session.execute(update(LinkageRow).values(quality=forged))
        event.payload = payload | {"quality": quality_digest(forged)}
    yield
    with tampering(database) as session:
        session.execute(update(LinkageRow).values(quality=kept))
        session.scalars(select(AuditLinkRow).where(AuditLinkRow.action == LINKED)).one().payload = payload


@pytest.mark.usefixtures("tracks_covered")
def test_pack_that_was_changed_with_its_event_is_not_shown_and_the_audit_trail_notices(airlock: Service) -> None:
    assert "not the one that was recorded" in airlock.browser("ana").get(HERE).text
    instance = airlock.world.instance
    with instance.database.reading() as session, pytest.raises(IntegrityError, match="payload was changed"):
        verify_audit_log(session, instance.signing_key.verifying_key)


def test_version_with_a_digest_and_no_pack_says_so_and_shows_nothing(airlock: Service) -> None:
    with tampering(airlock.world.instance.database) as session:
        row = {"sha256": "2" * 64, "rows": 5, "breaking": False, "ingested_at": NOW, "quality_pack": "c" * 64}
        session.add(IngestedVersionRow(dataset="survey", version="lost", **row))
    answer = client(airlock, "ana").get(HERE.replace("/1/", "/lost/"))
    assert "nothing of it is shown" in said(answer, 500)["error"]["message"]


def test_event_whose_payload_was_erased_confirms_nothing(airlock: Service) -> None:
    database = airlock.world.instance.database
    with tampering(database) as session:
        event = session.scalars(select(AuditLinkRow).where(AuditLinkRow.action == LINKED)).one()
        payload, event.payload = event.payload, None
    try:
        answer = client(airlock, "ana").get(HERE)
        assert "saferoom admin link person --afresh" in said(answer, 500)["error"]["message"]
    finally:
        with tampering(database) as session:
            session.scalars(select(AuditLinkRow).where(AuditLinkRow.action == LINKED)).one().payload = payload


def test_room_is_told_nothing_of_another_projects_dataset(airlock: Service) -> None:
    """Both projects may use the survey; when one approval ends, its room learns as of unknown names."""
    key = (ApprovalRow.project == INCOME, ApprovalRow.dataset == SURVEY)
    room = airlock.room("rita", INCOME)
    assert room.get("datasets/survey/linkage").status_code == 200
    with tampering(airlock.world.instance.database) as session:
        kept = session.scalars(select(ApprovalRow.until).where(*key)).one()
        session.execute(update(ApprovalRow).where(*key).values(until=NOW.date() - timedelta(days=1)))
    try:
        refused = room.get("datasets/survey/linkage")
        assert refused.status_code == 404
        for path in ("datasets/no-such-thing/linkage", "datasets/survey/versions/1/linkage"):
            assert room.get(path).content == refused.content
        assert airlock.room("ana", MOBILITY).get("datasets/survey/linkage").status_code == 200
    finally:
        with tampering(airlock.world.instance.database) as session:
            session.execute(update(ApprovalRow).where(*key).values(until=kept))


def test_room_of_derived_data_is_told_of_what_it_was_linked_from(airlock: Service) -> None:
    """The survey's approval has ended, but the register, which the project has, was linked from it."""
    key = (ApprovalRow.project == INCOME, ApprovalRow.dataset == SURVEY)
    with tampering(airlock.world.instance.database) as session:
        kept = session.scalars(select(ApprovalRow.until).where(*key)).one()
        session.execute(update(ApprovalRow).where(*key).values(until=NOW.date() - timedelta(days=1)))
        session.get_one(DatasetRow, "register").linked_from = ["survey"]
    try:
        assert airlock.room("rita", INCOME).get("datasets/survey/linkage").status_code == 200
    finally:
        with tampering(airlock.world.instance.database) as session:
            session.execute(update(ApprovalRow).where(*key).values(until=kept))
            session.get_one(DatasetRow, "register").linked_from = None


@pytest.mark.parametrize("token", ["wrong", "token with blanks"])
def test_who_is_not_known_is_told_nothing(airlock: Service, token: str) -> None:
    assert airlock.browser().get(HERE).status_code == 303
    assert airlock.with_token(token).get("datasets/survey/linkage").status_code == 401
    assert with_token(airlock, token).get(HERE).status_code == 401
