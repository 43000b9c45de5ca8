"""Extracts get onto their projects' claims by the airlock, through pods of a simulated cluster, and leave them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
import yaml
from kubernetes_asyncio.client import Configuration
from tests.support import live_world
from tests.support.chart import Chart, Document
from tests.support.live_world import ALPHA, BETA
from tests.support.opened import frame, sealed
from tests.support.task_cluster import TaskApi, TaskNode, served
from tests.support.task_ends import SETTINGS

from saferoom.clock import SystemClock
from saferoom.hub.administration import Administration
from saferoom.hub.deliveries import delivering
from saferoom.hub.deliveries.delivering import Deliveries
from saferoom.hub.evaluator.pods.place import Pods
from saferoom.hub.home import Home
from saferoom.hub.watching.counts import REGISTRY
from saferoom.hub.wiring import Instance
from saferoom.projects.administration.documents import read_entries

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    folder = tmp_path_factory.mktemp("chart")
    values = folder / "values.yaml"
    projects = [{"name": name, "extracts": "1Gi", "workspace": "1Gi"} for name in (ALPHA, BETA)]
    values.write_text(yaml.safe_dump({"projects": projects}))
    return Chart.put_together(folder / "saferoom").documents("two-projects", "--values", str(values))


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    made = live_world.build(Home(tmp_path_factory.mktemp("deliveries") / "home"))
    yield made
    made.close()


@pytest.fixture
def api(documents: list[Document], tmp_path: Path) -> Iterator[TaskApi]:
    claims = tmp_path / "claims"
    claims.mkdir()
    made = TaskApi.of(documents, TaskNode(claims))
    with served(made):
        yield made


@pytest.fixture
def deliveries(instance: Instance, api: TaskApi, monkeypatch: pytest.MonkeyPatch) -> Deliveries:
    monkeypatch.setattr(delivering, "_AGAIN_SECONDS", 0.0)
    return Deliveries(instance, Pods(SETTINGS, lambda: Configuration(host=api.url)), lambda: [ALPHA, BETA])


def claim(api: TaskApi, project: str) -> Path:
    return api.tasks.claims / f"extracts-{project}"


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or path.is_file()}


def failed() -> float:
    value = REGISTRY.get_sample_value("saferoom_chores_failed_total")
    assert value is not None
    return value


def end_approval(instance: Instance, project: str) -> None:
    document = (
        f"kind: approval\nproject: {project}\ndataset: {live_world.DATASETS[project]}\ngranted_by: olga\n"
        f"until: {datetime.now(UTC).date()}\nended: true\n"
    )
    Administration(instance.database, SystemClock(), instance.signing_key, actor="test").apply(
        read_entries([(document, "test")])
    )


def test_a_rooms_data_is_what_it_would_be_on_one_machine(deliveries: Deliveries, api: TaskApi) -> None:
    deliveries.once()
    for project, dataset in live_world.DATASETS.items():
        folder = claim(api, project)
        assert names(folder) == {f"{dataset}.parquet", f"{dataset}/1/{dataset}.parquet"}
        expected = frame(deliveries.instance.home, project, dataset)
        pd.testing.assert_frame_equal(pd.read_parquet(folder / f"{dataset}.parquet"), expected)
        assert len(expected) == 400
    assert api.pods == {}


def test_pods_of_a_delivery_mount_their_own_projects_claim_alone(deliveries: Deliveries, api: TaskApi) -> None:
    deliveries.once()
    assert len(api.posted) == 4
    for pod in api.posted:
        project = pod["metadata"]["labels"]["saferoom/project"]
        claims = [one["persistentVolumeClaim"] for one in pod["spec"]["volumes"]]
        assert claims == [{"claimName": f"extracts-{project}"}]
        assert pod["metadata"]["name"].startswith("delivery-")


def test_a_claim_that_is_as_it_should_be_is_left_alone(deliveries: Deliveries, api: TaskApi) -> None:
    deliveries.once()
    begun = len(api.posted)
    deliveries.once()
    assert len(api.posted) == begun
    # A service that started again looks once, and sends nothing.
    Deliveries(deliveries.instance, deliveries.pods, deliveries.projects).once()
    assert len(api.posted) == begun + 2


def test_what_no_approval_covers_any_more_leaves_the_claim(deliveries: Deliveries, api: TaskApi) -> None:
    deliveries.once()
    end_approval(deliveries.instance, ALPHA)
    try:
        deliveries.once()
    finally:
        live_world.restore(deliveries.instance)
    assert names(claim(api, ALPHA)) == set()
    assert names(claim(api, BETA)) != set()


def test_a_project_without_extracts_has_an_empty_claim(deliveries: Deliveries, api: TaskApi) -> None:
    claim(api, "gamma").mkdir()
    (claim(api, "gamma") / "left").write_text("of another time")
    deliveries.projects = lambda: ["gamma"]
    deliveries.once()
    assert names(claim(api, "gamma")) == set()


def test_what_was_changed_on_the_claim_is_put_right_when_the_service_starts(
    deliveries: Deliveries, api: TaskApi
) -> None:
    deliveries.once()
    file = claim(api, ALPHA) / "births/1/births.parquet"
    good = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(good[:-1] + b"x")
    Deliveries(deliveries.instance, deliveries.pods, deliveries.projects).once()
    assert file.read_bytes() == good


def test_a_damaged_extract_is_delivered_to_nobody(deliveries: Deliveries, api: TaskApi) -> None:
    """What is on the claim was sound when it came, and stays."""
    stored = sealed(deliveries.instance.home, ALPHA, "births")
    good = stored.read_bytes()
    stored.chmod(0o600)
    stored.write_bytes(good[:100] + bytes([good[100] ^ 1]) + good[101:])
    before = failed()
    try:
        deliveries.once()
    finally:
        stored.write_bytes(good)
    assert not claim(api, ALPHA).exists() or names(claim(api, ALPHA)) == set()
    assert names(claim(api, BETA)) != set()
    assert failed() == before + 1


def test_a_cluster_that_takes_no_pod_is_asked_again(deliveries: Deliveries, api: TaskApi) -> None:
    api.full = True
    before = failed()
    deliveries.once()
    assert failed() == before + 2
    api.full = False
    deliveries.once()
    assert names(claim(api, ALPHA)) != set()


def test_a_delivery_that_was_cut_off_is_made_whole(deliveries: Deliveries, api: TaskApi) -> None:
    left = claim(api, ALPHA) / ".arriving" / "births" / "1" / "births.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half of it")
    deliveries.once()
    assert names(claim(api, ALPHA)) == {"births.parquet", "births/1/births.parquet"}


def test_a_project_that_waits_does_not_keep_others_waiting(
    deliveries: Deliveries, api: TaskApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "_AGAIN_SECONDS", 600.0)
    deliveries.projects = lambda: ["not a project", ALPHA]
    deliveries.once()
    deliveries.once()
    assert names(claim(api, ALPHA)) != set()


def test_settings_that_cannot_be_read_deliver_nothing(deliveries: Deliveries, api: TaskApi) -> None:
    before = failed()
    broken = Deliveries(deliveries.instance, deliveries.pods, lambda: SETTINGS.projects)
    broken.once()
    assert api.posted == []
    assert failed() == before + 1


@pytest.mark.parametrize(
    "said", ["", "[]", "{}", '{"missing": "births"}', '{"missing": ["other"]}', '{"missing": [7]}']
)
def test_a_delivery_that_is_not_understood_is_not_done(deliveries: Deliveries, api: TaskApi, said: str) -> None:
    api.tasks.program = f"print({said!r})"
    before = failed()
    deliveries.once()
    assert failed() == before + 2
