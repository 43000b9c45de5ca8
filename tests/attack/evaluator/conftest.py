"""A simulated cluster with the chart's templates and rules, for attacks on tasks in pods."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.chart import Chart, Document
from tests.support.task_cluster import TaskApi, TaskNode, served
from tests.support.task_ends import PodEnd


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    return Chart.put_together(tmp_path_factory.mktemp("chart") / "saferoom").documents("two-projects")


@pytest.fixture
def api(documents: list[Document], tmp_path: Path) -> Iterator[TaskApi]:
    claims = tmp_path / "claims"
    claims.mkdir()
    made = TaskApi.of(documents, TaskNode(claims))
    with served(made):
        yield made


@pytest.fixture
def pods(api: TaskApi) -> PodEnd:
    return PodEnd(api)
