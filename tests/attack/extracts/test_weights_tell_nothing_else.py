"""Linkage weights as a way to learn what was not approved: another variable of each row, or something of other rows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from saferoom.hub.extraction import Chosen, Extraction, Target
from saferoom.hub.sealed_parquet import Seal, opened
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.extracts.matching import match_variables, weighings, with_match
from saferoom.projects.extracts.pseudonyms import LineageKey, PseudonymKey
from saferoom.projects.linkage.settling import UNLINKED

ROWS = 4000
WEIGH_BY = {"person": ("sex", "region", "ethnicity")}
DATASET = Dataset.model_validate(
    {
        "name": "pupils",
        "title": "Pupils",
        "owner": "olga",
        "source": "pupils.csv",
        "units": ["person_id"],
        "variables": [
            {"name": "person_id", "type": "text", "role": "id", "linked_through": "person"},
            {"name": "sex", "type": "text", "role": "quasi", "codelist": ["F", "M"], "identifies": "sex"},
            {"name": "region", "type": "text", "role": "quasi"},
            {"name": "ethnicity", "type": "text", "role": "sensitive"},
            {"name": "age", "type": "integer", "role": "quasi"},
        ],
    },
    strict=False,
)
LOST = {"white": 0.05, "asian": 0.3, "black": 0.5}


def rows(seed: int = 1) -> dict[str, list[object]]:
    rng = random.Random(seed)
    made: dict[str, list[object]] = {name: [] for name in ("person_id", "sex", "region", "ethnicity", "age")}
    bands: list[object] = []
    for number in range(ROWS):
        group = rng.choices(list(LOST), weights=(8, 2, 1))[0]
        for name, value in zip(
            made,
            (f"E{number}", rng.choice("FM"), rng.choice(("north", "south")), group, rng.randrange(90)),
            strict=True,
        ):
            made[name].append(value)
        lost = LOST[group] + (0.1 if made["sex"][-1] == "F" else 0.0)
        bands.append(UNLINKED if rng.random() < lost else "by a key")
    alone: list[object] = [None] * ROWS
    return made | {"match_weight_band": bands, "match_pass": alone, "linkage_weight": alone}


def weights(
    folder: Path, made: dict[str, list[object]], approved: Sequence[str], where: str | None = None
) -> dict[tuple[object, ...], set[float | None]]:
    """Return the weights in an extract, by the values of its approved columns and whether a row is linked."""
    schema = {"age": pa.int64(), "linkage_weight": pa.float64()}
    pq.write_table(
        pa.table({name: pa.array(values, schema.get(name, pa.string())) for name, values in made.items()}),
        folder / "joined.parquet",
    )
    columns = ("person_id", *approved, *(variable.name for variable in match_variables(DATASET)))
    work = Extraction(
        {"person_id": [PseudonymKey(bytes(range(32)))]}, {"person_id": LineageKey(bytes(range(32)))}, folder / "scratch"
    )
    seal = Seal(bytes(32), "p/pupils/1")
    target = Target(folder / "out.parquet", seal)
    chosen = Chosen(where, weighings(DATASET, columns, WEIGH_BY))
    try:
        work.extract(with_match(DATASET), columns, folder / "joined.parquet", target, chosen)
    finally:
        work.close()
    found: dict[tuple[object, ...], set[float | None]] = {}
    for row in opened(target.path, seal).read().to_pylist():
        key = (*(row[name] for name in approved), row["match_weight_band"])
        found.setdefault(key, set()).add(row["linkage_weight"])
    return found


@pytest.mark.parametrize("approved", [(), ("age",), ("sex",), ("sex", "region"), ("sex", "region", "ethnicity")])
def test_rows_that_look_alike_weigh_the_same(tmp_path: Path, approved: tuple[str, ...]) -> None:
    found = weights(tmp_path, rows(), approved)
    assert all(len(one) == 1 for one in found.values())
    assert all((one == {None}) == (key[-1] == UNLINKED) for key, one in found.items())
    different = {weight for one in found.values() for weight in one if weight is not None}
    assert len(different) > 1 if set(approved) & set(WEIGH_BY["person"]) else len(different) == 1


def test_variable_that_was_not_approved_changes_no_weight(tmp_path: Path) -> None:
    made = rows()
    first = weights(tmp_path, made, ("sex", "region"))
    mixed = made | {"ethnicity": random.Random(2).sample(made["ethnicity"], ROWS)}
    assert weights(tmp_path, mixed, ("sex", "region")) == first
    assert weights(tmp_path, made, ("sex", "region", "ethnicity")) != weights(
        tmp_path, mixed, ("sex", "region", "ethnicity")
    )


def test_rows_that_were_not_approved_change_no_weight(tmp_path: Path) -> None:
    made = rows()
    first = weights(tmp_path, made, ("sex",), "age >= 16")
    hidden = [UNLINKED if age < 16 else band for age, band in zip(made["age"], made["match_weight_band"], strict=True)]  # type: ignore[operator]
    assert weights(tmp_path, made | {"match_weight_band": hidden}, ("sex",), "age >= 16") == first


def test_where_nobody_approved_is_linked_nobody_has_a_weight(tmp_path: Path) -> None:
    made = rows() | {"match_weight_band": [UNLINKED] * ROWS}
    assert set().union(*weights(tmp_path, made, ("sex",)).values()) == {None}


def test_weight_of_the_owners_own_is_left_alone() -> None:
    own = DATASET.model_dump(mode="json")
    own["variables"].append({"name": "linkage_weight", "type": "number", "role": "weight"})
    assert weighings(Dataset.model_validate(own, strict=False), ("sex", "linkage_weight"), WEIGH_BY) == ()
