"""The hub's configuration on a cluster, and what ends it at its start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.chart import Chart, Document, pods
from tests.support.whole_cluster import sign_in_file
from traitlets.config import Config

from saferoom.errors import BadInputError
from saferoom.hub.jupyter import cluster, kubernetes
from saferoom.hub.jupyter.cluster import Cluster, PodSettings
from saferoom.hub.jupyter.entitled import WAIT_SECONDS

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]

SERVICES = {
    "HUB_SERVICE_HOST": "10.0.0.81",
    "HUB_SERVICE_PORT": "8081",
    "AIRLOCK_SERVICE_HOST": "fd00::82",
    "AIRLOCK_SERVICE_PORT_ROOMS": "8001",
}


@pytest.fixture
def environment(settings: Path, sign_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The hub's pod, as the chart and Kubernetes make it."""
    for name, value in {**SERVICES, "SAFEROOM_ROOMS_SETTINGS": str(settings)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SAFEROOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SAFEROOM_PROXY_SECRET", "p" * 64)
    monkeypatch.setenv("SAFEROOM_SIGN_IN_SETTINGS", str(sign_in))
    return monkeypatch


@pytest.fixture
def provider(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the chart mounts where people sign in through their institution, with the client's secret beside it."""
    chart = Chart.put_together(tmp_path_factory.mktemp("chart") / "saferoom")
    folder = tmp_path / "sign-in"
    folder.mkdir()
    (folder / "client-secret").write_text("s\n")
    (folder / "client-secret").chmod(0o440)
    return sign_in_file(chart.documents("production"), folder)


def test_the_hub_is_set_up_by_the_chart_alone(environment: pytest.MonkeyPatch) -> None:
    c = Config()
    kubernetes.configure(c)
    assert c.JupyterHub.spawner_class is kubernetes.PodRoomSpawner
    # Whoever comes when all are taken waits for a turn, and JupyterHub refuses nobody by itself.
    assert c.PodRoomSpawner.waiting.limits.most == 4
    assert c.PodRoomSpawner.start_timeout > WAIT_SECONDS + c.PodRoomSpawner.start_seconds
    assert (c.JupyterHub.concurrent_spawn_limit, c.JupyterHub.active_server_limit) == (0, 0)
    assert c.JupyterHub.tornado_settings["cookie_options"]["secure"] is True
    assert c.LocalAuthenticator.proxy_secret == "p" * 64
    assert c.PodRoomSpawner.namespace == "saferoom-rooms"
    assert c.PodRoomSpawner.server_token_scopes == [
        "users:activity!user",
        "access:servers!server",
        "access:services!service=airlock",
    ]
    assert c.LocalAuthenticator.desk.factors.party.origin == "https://saferoom.example.org"
    assert "admin_access" not in c.JupyterHub
    assert c.PodRoomSpawner.cluster.doors.airlock == "http://[fd00::82]:8001"
    # Its places and services are the sub-chart's to say.
    assert not {"bind_url", "hub_bind_url", "db_url", "services", "cookie_secret_file"} & set(c.JupyterHub)


def test_the_chart_gives_what_the_hub_reads(documents: list[Document]) -> None:
    hub = next(pod for pod in pods(documents) if pod.name == "hub")
    (container,) = hub.containers
    told = {one["name"] for one in container["env"]}
    assert {"SAFEROOM_HOME", "SAFEROOM_KEYS", "SAFEROOM_DATABASE_URL", cluster.SECRET} <= told
    mounted = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
    assert mounted[str(cluster.SETTINGS.parent)] == "rooms"
    assert mounted[str(cluster.SIGN_IN.parent)] == "sign-in"
    assert hub.spec.get("enableServiceLinks", True)


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("value", ["", "hub", "70000", "10.0.0.1/8", "-1"])
def test_an_address_that_is_none_stops_the_hub_with_the_settings_name(settings: Path, name: str, value: str) -> None:
    services = {**SERVICES, "SAFEROOM_ROOMS_SETTINGS": str(settings)}
    with pytest.raises(BadInputError, match=name):
        Cluster.from_environment({**services, name: value})
    with pytest.raises(BadInputError, match=name):
        Cluster.from_environment({key: one for key, one in services.items() if key != name})


@pytest.mark.parametrize("secret", ["", "short"])
def test_a_proxys_secret_that_can_be_guessed_stops_the_hub(environment: pytest.MonkeyPatch, secret: str) -> None:
    environment.setenv("SAFEROOM_PROXY_SECRET", secret)
    with pytest.raises(SystemExit, match="saferoom: SAFEROOM_PROXY_SECRET"):
        kubernetes.configure(Config())


def test_people_sign_in_through_the_provider_that_the_chart_names(
    provider: Path, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("SAFEROOM_SIGN_IN_SETTINGS", str(provider))
    c = Config()
    kubernetes.configure(c)
    assert c.JupyterHub.authenticator_class.__name__ == "OidcAuthenticator"
    how = c.OidcAuthenticator.desk.settings
    assert (how.issuer, how.client_id) == ("https://id.example.org/realms/main", "saferoom")
    assert (how.name, how.second_factor, how.acr_values) == ("University of Example", "claim", ("mfa",))
    assert c.OidcAuthenticator.oauth_callback_url == "https://saferoom.example.org/hub/oauth_callback"
    assert how.client_secret() == "s"


@pytest.mark.parametrize(
    ("was", "is_", "named"),
    [
        ("method: oidc", "method: none", "method"),
        ("issuer: https://", "issuer: http://", "issuer"),
        ("acr_values:", "acr_value:", "acr_value"),
        ("clock_skew_seconds: 60", "clock_skew_seconds: 600", "clock_skew_seconds"),
    ],
)
def test_wrong_sign_in_stops_the_hub_with_the_settings_name(
    provider: Path, environment: pytest.MonkeyPatch, was: str, is_: str, named: str
) -> None:
    text = provider.read_text()
    assert was in text
    provider.write_text(text.replace(was, is_))
    environment.setenv("SAFEROOM_SIGN_IN_SETTINGS", str(provider))
    with pytest.raises(SystemExit, match=rf"saferoom: (.|\n)*{named}"):
        kubernetes.configure(Config())


def test_a_sign_in_without_its_files_stops_the_hub(provider: Path, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SAFEROOM_SIGN_IN_SETTINGS", str(provider))
    provider.with_name("client-secret").unlink()
    with pytest.raises(SystemExit, match="client_secret_file"):
        kubernetes.configure(Config())
    provider.unlink()
    with pytest.raises(SystemExit, match=r"saferoom\.yaml is not there; the chart mounts it into the hub"):
        kubernetes.configure(Config())


WRONG: dict[str, Any] = {
    "namespace": "Rooms",
    "image": "registry.example.org/saferoom/room:latest",
    "pull_secrets": "registry",
    "instance": "",
    "projects": ["Alpha_1"],
    "most": 0,
    "memory": "lots",
    "cpu": 2,
    "scratch": "-1Gi",
    "devices": [],
    "start_seconds": "300",
    "runtime_class": None,
    "node_selector": {"a": 1},
    "tolerations": {},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_setting_that_is_wrong_missing_or_unknown_is_named(settings: Path, tmp_path: Path, name: str) -> None:
    good = json.loads(settings.read_text())
    file = tmp_path / "rooms.json"
    missing = {key: one for key, one in good.items() if key != name}
    for bad, word in (({**good, name: WRONG[name]}, name), (missing, name), ({**good, f"{name}_": 1}, f"{name}_")):
        file.write_text(json.dumps(bad))
        with pytest.raises(BadInputError, match=f"rooms.json is not what the chart writes: .*{word}"):
            PodSettings.read(file)
    assert set(WRONG) == set(PodSettings.model_fields) == set(good)


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00"])
def test_settings_that_are_none_stop_the_hub(tmp_path: Path, content: str) -> None:
    (tmp_path / "rooms.json").write_text(content)
    with pytest.raises(BadInputError, match="not what the chart writes"):
        PodSettings.read(tmp_path / "rooms.json")
    with pytest.raises(BadInputError, match="the chart mounts it"):
        PodSettings.read(tmp_path / "none.json")
