"""What output checkers are told of blank and of rounded cells where nothing adds up to them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.statistics_lab import Lab, people

from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.queries.model import parse_query
from saferoom.policies.models import RiskAppetite

COUNTS = {"statistic": "frequency", "by": ["region", "sex"]}
ISLE = [{**people()[0], "person_id": 900_000 + i, "region": "Isle", "sex": "FM"[i % 2]} for i in range(6)]


def audit(lab: Lab, protect: dict[str, Any]) -> dict[str, Any]:
    judged = lab.check({**COUNTS, "protect": protect}, people() + ISLE)
    assert "audit" not in judged.document()
    return dict(judged.evidence["audit"])


def test_blank_cells_are_reported_with_what_anybody_can_tell(lab: Lab) -> None:
    found = audit(lab, {"method": "suppress"})
    assert (found["method"], found["holds"], found["layers"]) == ("suppress", True, ["units"])
    cells = {tuple(cell["cell"]): cell for cell in found["cells"]}
    assert set(cells) == {("Isle", "F"), ("Isle", "M")}
    assert all(cell["status"] == "u" and cell["before"] == {"count": 3} for cell in cells.values())
    assert all(cell["intervals"] == [[0, 3, None]] for cell in cells.values())


@pytest.mark.parametrize("base", [5, 10])
def test_rounded_cells_are_within_the_interval_reported(lab: Lab, base: int) -> None:
    found = audit(lab, {"method": "round", "base": base})
    assert found["method"] == "round"
    assert len(found["cells"]) > 2
    for cell in found["cells"]:
        ((low, value, high),) = cell["intervals"]
        assert low <= value <= (float("inf") if high is None else high)
        assert cell["status"] == "u" or high - low <= base - 1


@pytest.mark.parametrize("protect", [{"method": "significant", "digits": 2}, {"method": "cell_key"}])
@pytest.mark.parametrize("weight", [None, "w"])
def test_changed_means_are_reported_with_intervals_of_means(
    lab: Lab, protect: dict[str, Any], weight: str | None
) -> None:
    rows = [{**row, "w": 1.5 + row["person_id"] % 3} for row in people()]
    # One of a few has most of what they earn, so that the rule for totals asks for an interval.
    isle = [
        {**rows[0], "person_id": 900_000 + i, "region": "Isle", "pay": 9e5 if i == 0 else 20_000} for i in range(12)
    ]
    query = {"statistic": "mean", "measure": "pay", "by": ["region"], "protect": protect, "weight": weight}
    asked = parse_query({key: value for key, value in query.items() if value is not None})
    judged = check(asked, Context([lab.source(rows + isle)], RiskAppetite(), secret=bytes(32)))
    found = judged.evidence["audit"]
    assert found["layers"] == ["mean"]
    cells = {tuple(cell["cell"]): cell for cell in found["cells"]}
    assert ("Isle",) in cells
    for cell in cells.values():
        ((low, value, high),) = cell["intervals"]
        assert value == pytest.approx(cell["before"]["mean"])
        assert low <= value <= high
        shown = cell["after"]["mean"]
        assert shown is None or low <= shown <= high
