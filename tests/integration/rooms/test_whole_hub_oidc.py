"""The hub of a cluster with sign-in through an institution: npm's oidc-provider, the chart's settings, a room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.support.admission import Rules
from tests.support.chart import Chart
from tests.support.live import free_port
from tests.support.live_world import ALPHA, PASSWORD
from tests.support.oidc import CLIENT, LINKED, SECRET, Browser, ProviderProcess, alert
from tests.support.whole_cluster import Whole, running, sign_in_file

from saferoom.hub.drive import HubSession
from saferoom.hub.store.sign_in_links import Identity
from saferoom.hub.wiring import Instance
from saferoom.ids import Username

pytestmark = [pytest.mark.helm, pytest.mark.oidc, pytest.mark.xdist_group("helm")]


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def provider(port: int) -> Iterator[ProviderProcess]:
    back = f"http://127.0.0.1:{port}/hub/oauth_callback"
    made = ProviderProcess(free_port(), [{"client_id": CLIENT, "client_secret": SECRET, "redirect_uris": [back]}])
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def sign_in(provider: ProviderProcess, port: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the chart mounts, but for addresses: of loopback, and so without TLS."""
    folder = tmp_path_factory.mktemp("sign-in")
    chart = Chart.put_together(tmp_path_factory.mktemp("chart") / "saferoom")
    chosen = folder / "chosen.yaml"
    chosen.write_text(yaml.safe_dump({"signIn": {"oidc": {"name": "Example University", "clientId": CLIENT}}}))
    file = sign_in_file(chart.documents("production", "--values", str(chosen)), folder)
    found = yaml.safe_load(file.read_text())
    found["sign_in"] |= {"issuer": provider.issuer, "public_url": f"http://127.0.0.1:{port}"}
    file.write_text(yaml.safe_dump(found))
    secret = folder / "client-secret"
    secret.write_text(SECRET)
    # As a mounted Secret.
    secret.chmod(0o440)
    return file


@pytest.fixture(scope="module")
def whole(
    instance: Instance, rules: Rules, settings: Path, sign_in: Path, provider: ProviderProcess, port: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Whole]:  # fmt: skip
    instance.sign_in_links.link(Username("ana"), Identity(provider.issuer, LINKED["ana"]), actor="setup")
    files = {"rooms": settings, "sign-in": sign_in}
    with running(instance, rules, files, tmp_path_factory.mktemp("whole"), port) as made:
        yield made


def test_a_person_signs_in_through_the_provider_and_works_in_a_pod(whole: Whole) -> None:
    with Browser(whole.url) as browser:
        browser.sign_in(LINKED["ana"])
        assert browser.inside()
        room = browser.session("ana").start_room(ALPHA)
        assert room.execute("print('in a pod')").text == "in a pod\n"
        assert list(whole.api.pods) == ["room-ana--alpha"]


def test_who_is_not_linked_or_had_no_second_factor_stays_outside(whole: Whole, instance: Instance) -> None:
    """Attack: an account that says it is Ana, and a linked one with a password alone."""
    instance.sign_in_links.link(Username("carla"), Identity(_issuer(whole), LINKED["carla"]), actor="setup")
    for account in ("a-2001", LINKED["carla"]):
        with Browser(whole.url) as browser:
            page = browser.sign_in(account)
            assert alert(page)
            assert not browser.inside()


def test_passwords_kept_here_let_nobody_in(whole: Whole) -> None:
    with HubSession(whole.url) as session:
        session.http.get("/hub/login")
        fields = {"username": "ana", "password": PASSWORD, "totp": "000000", "_xsrf": session.xsrf("/hub/")}
        session.http.post("/hub/login", data=fields)
        assert session.http.get("/hub/home").url.path != "/hub/home"


def _issuer(whole: Whole) -> str:
    return str(yaml.safe_load(whole.files["sign-in"].read_text())["sign_in"]["issuer"])
