"""The chart's templates and rules, a simulated cluster where they are installed, and both places of tasks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.chart import Chart, Document
from tests.support.task_cluster import TaskApi, TaskNode, served
from tests.support.task_ends import End, PodEnd, SandboxEnd

ENDS = ["sandboxes", pytest.param("pods", marks=[pytest.mark.helm, pytest.mark.xdist_group("helm")])]


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    return Chart.put_together(tmp_path_factory.mktemp("chart") / "saferoom").documents("two-projects")


@pytest.fixture
def api(documents: list[Document], tmp_path: Path) -> Iterator[TaskApi]:
    """A cluster of its own for each test, as many of them spoil it."""
    claims = tmp_path / "claims"
    claims.mkdir()
    made = TaskApi.of(documents, TaskNode(claims))
    with served(made):
        yield made


@pytest.fixture(params=ENDS)
def end(request: pytest.FixtureRequest, tmp_path: Path) -> End:
    if request.param == "sandboxes":
        return SandboxEnd(tmp_path)
    return PodEnd(request.getfixturevalue("api"))


@pytest.fixture
def pods(api: TaskApi) -> PodEnd:
    return PodEnd(api)
