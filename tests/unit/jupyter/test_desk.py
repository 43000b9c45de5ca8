"""The front desk and the authenticator, with a real store."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyotp
import pytest
from tests.support import live_world
from tests.support.live_world import ALPHA, BETA, PASSWORD, SECRET
from tests.support.opened import sealed
from tornado.web import HTTPError

from saferoom.errors import IntegrityError
from saferoom.hub.home import Home
from saferoom.hub.jupyter.authenticator import FROM_PROXY, LocalAuthenticator
from saferoom.hub.jupyter.config import _first_page
from saferoom.hub.jupyter.desk import Desk
from saferoom.hub.jupyter.programs import AIRLOCK_PREFIX
from saferoom.hub.jupyter.refusal import refused
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.database import Database
from saferoom.hub.wiring import Instance
from saferoom.ids import Username
from saferoom.projects.decision import forbidden
from saferoom.projects.people.emergencies import EmergencyForm
from saferoom.projects.people.model import Power
from saferoom.projects.people.permissions import Actor
from saferoom.projects.people.records import TrainingForm


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    made = live_world.build(Home(tmp_path_factory.mktemp("desk") / "home"))
    yield made
    made.close()


@pytest.fixture
def desk(instance: Instance) -> Desk:
    return Desk(instance)


PROXY = "only-the-proxy"


def authenticator(desk: Desk) -> LocalAuthenticator:
    return LocalAuthenticator(desk=desk, proxy_secret=PROXY, manage_groups=True, allow_all=True)


def handler(secret: str = PROXY) -> Any:
    request = SimpleNamespace(headers={FROM_PROXY: secret}, remote_ip="127.0.0.1")
    return SimpleNamespace(request=request, hub=SimpleNamespace(base_url="/hub/"), _set_cookie=lambda *_, **__: None)


def sign_in(desk: Desk, username: str, password: str = PASSWORD, secret: str = PROXY) -> Any:
    desk._instance.credentials.set_password(username, PASSWORD, totp_secret=SECRET)  # type: ignore[arg-type]
    data = {"username": username, "password": password, "totp": pyotp.TOTP(SECRET).now()}
    return asyncio.run(authenticator(desk).authenticate(handler(secret), data))


def test_sign_in_gives_groups_and_never_the_hubs_administration(desk: Desk) -> None:
    model = sign_in(desk, "ana")
    assert model == {"name": "ana", "admin": False, "groups": [ALPHA], "user_info": {"display_name": "Ana Alvarez"}}


@pytest.mark.parametrize(("username", "status"), [("lena", 403), ("ana", 401)])
def test_sign_in_is_refused_with_the_decisions_status(desk: Desk, username: str, status: int) -> None:
    with pytest.raises(HTTPError) as caught:
        sign_in(desk, username, PASSWORD if username == "lena" else "wrong")
    assert caught.value.status_code == status


def test_sign_in_that_did_not_come_through_the_proxy_is_not_even_tried(desk: Desk) -> None:
    for secret in ("", "guess"):
        with pytest.raises(HTTPError) as caught:
            sign_in(desk, "ana", secret=secret)
        assert caught.value.status_code == 403


def test_sign_in_without_any_field_is_refused(desk: Desk) -> None:
    with pytest.raises(HTTPError) as caught:
        asyncio.run(authenticator(desk).authenticate(handler(), None))
    assert caught.value.status_code == 401


def test_refresh_keeps_people_in_good_standing_and_nobody_else(desk: Desk) -> None:
    auth = authenticator(desk)
    assert asyncio.run(auth.refresh_user(SimpleNamespace(name="ana")))
    assert asyncio.run(auth.refresh_user(SimpleNamespace(name="lena"))) is False
    assert asyncio.run(auth.refresh_user(SimpleNamespace(name="nobody"))) is False


@pytest.mark.parametrize(
    ("username", "project", "code"),
    [
        ("ana", ALPHA, "ok"),
        ("ana", BETA, "not-a-member"),
        ("ana", "nowhere", "not-a-member"),
        ("ana", "../beta", "not-a-member"),
        ("lena", ALPHA, "accreditation-expired"),
        ("carla", ALPHA, "not-a-researcher"),
        ("nobody", ALPHA, "unknown-person"),
    ],
)
def test_entering_a_room_is_decided_by_the_registry(desk: Desk, username: str, project: str, code: str) -> None:
    assert desk.may_enter(username, project).code == code


def test_cards_show_a_persons_projects(desk: Desk) -> None:
    (card,) = asyncio.run(desk.cards("ana"))
    assert (card.slug, card.title, card.reason) == (ALPHA, "Project alpha", "")
    assert asyncio.run(desk.cards("carla")) == []


@pytest.mark.parametrize(
    ("name", "page"),
    [("ana", "/hub/home"), ("", ""), *((name, AIRLOCK_PREFIX) for name in ("stranger", "carla", "olga"))],
)
def test_people_begin_where_their_work_is(desk: Desk, name: str, page: str) -> None:
    user = SimpleNamespace(name=name) if name else None
    assert _first_page(desk, SimpleNamespace(current_user=user)) == page


def test_reason_of_an_ended_room_is_told_until_it_is_started_again(desk: Desk) -> None:
    desk.note_end("ana", ALPHA, forbidden("x", "It had to be.", "x"))
    assert desk.ended("ana", ALPHA) == "It had to be."
    assert desk.endings("ana") == {ALPHA: "It had to be."}
    assert desk.endings("ben") == {}
    desk.note_start("ana", ALPHA)
    assert desk.ended("ana", ALPHA) == ""


def test_desk_is_one_even_when_configuration_is_copied(desk: Desk) -> None:
    assert copy.deepcopy({"desk": desk})["desk"] is desk


def test_extracts_are_checked_before_they_are_shown(desk: Desk) -> None:
    with desk.extracts(ALPHA) as lease:
        assert {path.name for path in lease.folder.rglob("*") if path.is_file()} == {"births.parquet"}
    extract = sealed(desk.home, ALPHA, "births")
    extract.chmod(0o600)
    extract.write_bytes(extract.read_bytes()[:-1])
    with pytest.raises(IntegrityError, match="not the one in its manifest"):
        desk.extracts(ALPHA)


def test_refusal_shows_the_sentence_whatever_characters_it_has() -> None:
    error = refused(forbidden("x", "Wait 100% of 15 minutes.", "x"))
    assert error.status_code == 403
    assert error.get_message() == "Wait 100% of 15 minutes."


def test_home_of_the_desk_is_the_instances(desk: Desk, instance: Instance) -> None:
    assert desk.home == instance.home
    assert isinstance(desk.home.root, Path)


def test_desk_tells_administrators_and_data_owners_of_break_glass_acts(tmp_path: Path) -> None:
    instance = live_world.build(Home(tmp_path / "home"))
    desk, root = Desk(instance), Actor.operator("admin:root")
    assert desk.emergencies("olga") == desk.emergencies("") == desk.emergencies("nobody") == ()
    days = {"granted": "2026-01-01", "expires": "2035-12-31"}
    said = {"course": "output-checker", "body": "School", "evidence": "No. 7"}
    form = TrainingForm.model_validate(days | said, strict=False)
    instance.people.train(root, Username("ana"), form)
    reason = "The only checker is ill and it cannot wait."
    wanted = EmergencyForm(username=Username("ana"), power=Power.OUTPUT_CHECKER, hours=1, reason=reason)
    made = instance.people.break_glass(root, wanted)
    assert [one.id for one in desk.emergencies("olga")] == [made.id]
    assert desk.emergencies("ana") == ()
    assert "Output checking" in [entry.words for entry in desk.links("ana", "", "/a/", "/hub/")]
    instance.close()


def forged(instance: Instance) -> int:
    with instance.database.reading() as session:
        return session.query(AuditLinkRow).filter_by(action="sign-in.forged").count()


def test_sign_in_past_the_proxy_is_written_down_once_a_minute_and_refused_each_time(
    instance: Instance, desk: Desk
) -> None:
    """Only a room can try it; it could also try to fill the audit trail."""
    before = forged(instance)
    for _ in range(3):
        with pytest.raises(HTTPError, match="Sign in with the form"):
            asyncio.run(authenticator(desk).authenticate(handler("guessed"), {"username": "ana"}))
    assert forged(instance) == before + 1


def test_sign_in_past_the_proxy_is_refused_also_where_it_cannot_be_written_down(instance: Instance) -> None:
    lost = Database("sqlite:////nowhere/at/all.sqlite", patience=0.1)
    with pytest.raises(HTTPError, match="Sign in with the form"):
        asyncio.run(authenticator(Desk(replace(instance, database=lost))).authenticate(handler("x"), {}))
    lost.dispose()
