"""Labels of categories as they are written."""

from __future__ import annotations

import json

from tests.support.statistics_lab import Lab


def test_infinite_numbers_are_missing_categories(lab: Lab) -> None:
    rows = [{"person_id": i, "level": (1.0, float("inf"), float("nan"))[i % 3]} for i in range(90)]
    judged = lab.check({"statistic": "frequency", "by": ["level"]}, rows)
    assert judged.table.rows == ((1, 30), (None, 60))
    assert json.dumps(judged.to_json(), allow_nan=False)
