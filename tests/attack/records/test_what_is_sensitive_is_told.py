"""Ten who share a key, and all of one diagnosis: those who decide about a file are told, whatever the plan asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.airlock_world import MOBILITY, World, world
from tests.support.record_files import ANA, SURVEY, TEACHING, allow

from saferoom.hub.evaluator.runner import Evaluator
from saferoom.hub.recordfiles.runner import make
from saferoom.hub.store import tables


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A survey with a diagnosis that everybody in the east shares, and one that nobody has."""
    with world(tmp_path_factory.mktemp("sensitive")) as one:
        source: Path = one.home.sources / "survey.parquet"
        table = pq.read_table(source)
        region = table.column("region").to_pylist()
        illness = ["flu" if here == "east" else f"d{n % 7}" for n, here in enumerate(region)]
        table = table.append_column("diagnosis", pa.array(illness))
        pq.write_table(table.append_column("nothing", pa.nulls(len(table), pa.string())), source)
        with one.instance.database.transaction() as session:
            for place, name in enumerate(("diagnosis", "nothing"), start=4):
                more = {"name": name, "type": "text", "role": "sensitive"}
                session.add(tables.VariableRow(dataset="survey", position=place, **more))
        one.change(tables.DatasetRow, "survey", version="2")
        one.instance.extracts("system").provision(MOBILITY)
        allow(one, plan={**TEACHING, "columns": [*TEACHING["columns"], "diagnosis", "nothing"]})
        yield one


def test_what_whoever_knows_a_key_learns_is_told_to_those_who_decide(found: World) -> None:
    order = found.instance.airlock.record_plan(ANA, MOBILITY, SURVEY, "teaching-file")
    told = make(found.instance, Evaluator(found.instance), ANA, MOBILITY, order).told
    said = " ".join(told.sentences())
    assert "diagnosis: " in said
    assert "records share their key with those of the same value alone; who knows the key learns it." in said
    assert "wage: whoever share a key have" in said
    assert "nothing: " not in said
    assert "flu" not in said
    left = told.public()["risk"]["sensitive"]
    assert set(left) == {"wage", "diagnosis"}, "whoever has the file can count these, and nothing of before is said"
    assert {measure for one in left.values() for measure in one} == {"distinct", "closeness"}


def test_exact_wages_that_find_a_record_are_told_to_those_who_decide_and_new_labels_are_not(found: World) -> None:
    order = found.instance.airlock.record_plan(ANA, MOBILITY, SURVEY, "teaching-file")
    told = make(found.instance, Evaluator(found.instance), ANA, MOBILITY, order).told
    (said,) = [one for one in told.sentences() if one.startswith("No key variable")]
    assert "fewer than 9 others have the same: 'wage' (" in said
    assert "person_id" not in said
    assert "No key variable" not in str(told.public())
