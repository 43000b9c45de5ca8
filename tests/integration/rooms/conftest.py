"""An instance, the chart's settings and rules for its projects, and both ends of a room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.support import live_world
from tests.support.admission import Rules
from tests.support.chart import Chart, Document, of_kind
from tests.support.cluster_api import ClusterApi
from tests.support.live_world import ALPHA, BETA
from tests.support.room_ends import Pods, Sandboxes
from tests.support.whole_cluster import sign_in_file

from saferoom.hub.home import Home
from saferoom.hub.jupyter.desk import Desk
from saferoom.hub.wiring import Instance


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    made = live_world.build(Home(tmp_path_factory.mktemp("rooms") / "home"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    """What the chart renders for the instance's projects."""
    folder = tmp_path_factory.mktemp("chart")
    values = folder / "values.yaml"
    projects = [{"name": name, "extracts": "1Gi", "workspace": "1Gi"} for name in (ALPHA, BETA)]
    values.write_text(yaml.safe_dump({"projects": projects, "rooms": {"most": 4, "devices": {"nvidia.com/gpu": 1}}}))
    return Chart.put_together(folder / "saferoom").documents("two-projects", "--values", str(values))


@pytest.fixture(scope="module")
def settings(documents: list[Document], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the chart mounts into the hub."""
    (found,) = [one for one in of_kind(documents, "ConfigMap") if one["metadata"]["name"] == "saferoom-rooms"]
    file = tmp_path_factory.mktemp("settings") / "rooms.json"
    file.write_text(found["data"]["rooms.json"])
    return file


@pytest.fixture(scope="module")
def sign_in(documents: list[Document], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file by which people sign in, as the chart mounts it into the hub: with passwords and codes kept here."""
    return sign_in_file(documents, tmp_path_factory.mktemp("sign-in"))


@pytest.fixture(scope="module")
def rules(documents: list[Document]) -> Rules:
    return Rules.named(documents, "saferoom-rooms-pods")


@pytest.fixture
def desk(instance: Instance) -> Desk:
    return Desk(instance)


@pytest.fixture
def pods(desk: Desk, rules: Rules, settings: Path, monkeypatch: pytest.MonkeyPatch) -> Pods:
    return Pods(desk, monkeypatch, ClusterApi(rules), settings)


@pytest.fixture
def sandboxes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Sandboxes:
    return Sandboxes(desk, monkeypatch)
