"""A made-up delivery of pupils and its description, which tests spoil in one way at a time."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from saferoom.hub.catalogue.checking import check_delivery
from saferoom.projects.catalogue.checks.report import Check, DeliveryReport, Kind, Status
from saferoom.projects.catalogue.model import Dataset

TODAY = date(2026, 11, 23)
ROWS = 400
GIVEN, FAMILY = ("Oliver", "Amina", "Brian", "Chloe", "Declan"), ("Smith", "Patel", "Kowalski", "Okafor", "Murphy")
Row = dict[str, Any]


def pupils(**changes: Any) -> Dataset:
    """The description: a pupil's identifiers, sex, points, a remark, and the school."""
    values: dict[str, Any] = {
        "name": "pupils",
        "title": "Pupils",
        "owner": "olga",
        "source": "pupils.csv",
        "units": ["person_id", "school"],
        "key": ["pupil"],
        "variables": [
            {"name": "person_id", "type": "text", "role": "id", "linked_through": "person"},
            {"name": "pupil", "type": "text", "role": "direct", "identifies": "id"},
            {"name": "given_name", "type": "text", "role": "direct", "identifies": "given_name"},
            {"name": "surname", "type": "text", "role": "direct", "identifies": "surname"},
            {"name": "born", "type": "text", "role": "direct", "identifies": "date"},
            {"name": "school", "type": "integer", "role": "id"},
            {"name": "sex", "type": "text", "role": "quasi", "identifies": "sex", "codelist": ["F", "M"]},
            {"name": "points", "type": "number", "role": "sensitive"},
            {"name": "left_on", "type": "date"},
            {"name": "meals", "type": "boolean"},
            {"name": "remark", "type": "text"},
        ],
    }
    return Dataset.model_validate(values | changes, strict=False)


def delivery(seed: int = 1, rows: int = ROWS) -> list[Row]:
    """Return rows in which there is nothing to find."""
    drawn = random.Random(seed)
    return [
        {
            "pupil": f"P{number:06d}",
            "given_name": drawn.choice(GIVEN),
            "surname": drawn.choice(FAMILY),
            "born": f"{drawn.randint(1995, 2010)}-{drawn.randint(1, 12):02d}-{drawn.randint(1, 28):02d}",
            "school": drawn.randint(1, 20),
            "sex": drawn.choice("FM"),
            "points": round(drawn.gauss(50, 10), 2),
            "left_on": f"{drawn.randint(2011, 2026)}-07-{drawn.randint(1, 31):02d}",
            "meals": drawn.choice(("true", "false")),
            "remark": drawn.choice(("moved school", "late return", "", "repeated a year")),
        }
        for number in range(rows)
    ]


def written(folder: Path, rows: list[Row], name: str = "delivery.csv") -> Path:
    """Write rows as CSV."""
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def checked(
    folder: Path, spoil: Callable[[list[Row]], Any] | None = None, dataset: Dataset | None = None, **options: Any
) -> DeliveryReport:
    """Check the delivery after `spoil` changed its rows."""
    rows = delivery()
    if spoil is not None:
        spoil(rows)
    return check_delivery(written(folder, rows), dataset or pupils(), today=TODAY, **options)


def found(report: DeliveryReport, kind: Kind, status: Status) -> list[Check]:
    """Return the checks of a kind that ended so."""
    return [check for check in report.checks if (check.kind, check.status) == (kind, status)]
