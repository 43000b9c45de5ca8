"""One chart for all its tests, and what each value set renders, rendered once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.support.chart import VALUE_SETS, Chart, Document


@pytest.fixture(scope="session")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Chart:
    return Chart.put_together(tmp_path_factory.mktemp("chart") / "saferoom")


@pytest.fixture(scope="session", params=VALUE_SETS)
def documents(request: pytest.FixtureRequest, chart: Chart) -> Sequence[Document]:
    return chart.documents(request.param)
