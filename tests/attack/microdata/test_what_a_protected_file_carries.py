"""Whoever has a protected file looks at all of its bytes: lists of categories, notes, the order of its rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from saferoom.disclosure.microdata.plans.plan import read_plan
from saferoom.disclosure.microdata.plans.runner import anonymise
from saferoom.disclosure.microdata.plans.seeds import Seed
from saferoom.hub.cli.main import build

SECRET = "Rumpelstiltskin"
SEED = Seed(b"s" * 16, b"t" * 16)
HIDE = "keys: [region, age]\nsteps:\n  - {method: local_suppression, k: 5}\nlimits: {k: 5}\n"
WHOLE = f"  - {{method: recode, columns: [region], groups: {{all: [north, south, {SECRET}]}}}}\n"


def people(*, ordered: bool = False) -> pa.Table:
    """Two hundred people by region, three of them in one that must not be told."""
    random = np.random.default_rng(1)
    region = pa.array(["north"] * 100 + ["south"] * 97 + [SECRET] * 3).dictionary_encode()
    region = pa.DictionaryArray.from_arrays(region.indices, region.dictionary, ordered=ordered)
    job = pa.DictionaryArray.from_arrays(pa.array(random.integers(0, 2, 200)), pa.array(["a", "b", SECRET + " 2"]))
    columns = {"region": region, "age": pa.array(random.integers(20, 24, 200)), "job": job}
    table = pa.table({**columns, "n": pa.array(np.arange(200.0))})
    fields = [field.with_metadata({"label": SECRET + " 3"}) for field in table.schema]
    return table.cast(pa.schema(fields, metadata={"note": SECRET + " 4"}))


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("plan", [HIDE, "keys: [region, age]\nsteps:\n" + WHOLE])
def test_a_value_that_was_hidden_is_nowhere_in_the_bytes_of_the_file(tmp_path: Path, plan: str, ordered: bool) -> None:
    pq.write_table(people(ordered=ordered), tmp_path / "people.parquet")
    (tmp_path / "plan.yaml").write_text(plan)
    out = tmp_path / "out.parquet"
    words = ["anonymise", str(tmp_path / "people.parquet"), str(tmp_path / "plan.yaml"), "--out", str(out)]
    result = CliRunner().invoke(build("anonymise"), words)
    assert result.exit_code == 0, result.output
    assert SECRET.encode() not in out.read_bytes()
    assert pq.read_table(out).column("job").to_pylist() == people().column("job").to_pylist()


@pytest.mark.parametrize("fidelity", ["low", "medium"])
def test_no_note_or_unused_category_goes_into_a_twin(tmp_path: Path, fidelity: str) -> None:
    pq.write_table(people(), tmp_path / "people.parquet")
    out = tmp_path / "twin.parquet"
    words = ["synthesise", str(tmp_path / "people.parquet"), "--fidelity", fidelity, "--keys", "region,age"]
    result = CliRunner().invoke(build("synthesise"), [*words, "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert SECRET.encode() not in out.read_bytes()


def test_categories_in_a_room_are_those_that_records_have() -> None:
    frame: Any = people().to_pandas()
    frame.attrs["note"] = SECRET
    made: Any = anonymise(frame, read_plan(HIDE, "plan"), SEED).frame
    assert list(made["region"].cat.categories) == ["north", "south"]
    assert not made.attrs


def _written(folder: Path, plan: str) -> tuple[pa.Table, str]:
    pq.write_table(people(), folder / "people.parquet")
    (folder / "plan.yaml").write_text(plan)
    out = folder / "out.parquet"
    words = ["anonymise", str(folder / "people.parquet"), str(folder / "plan.yaml"), "--out", str(out)]
    result = CliRunner().invoke(build("anonymise"), words)
    assert result.exit_code == 0, result.output
    return pq.read_table(out), " ".join(result.output.split())


def test_the_place_of_a_row_does_not_tell_who_hides_a_region(tmp_path: Path) -> None:
    """In a file sorted by region the last three are those of the smallest one, whatever is hidden."""
    made, said = _written(tmp_path, HIDE)
    assert made.column("region").to_pylist()[-3:] == [None] * 3
    assert "who knows that order knows who is who" in said
    untied, said = _written(tmp_path, HIDE + "rows: random\n")
    assert untied.column("n").to_pylist() != made.column("n").to_pylist()
    assert sorted(untied.to_pylist(), key=lambda row: row["n"]) == made.to_pylist()
    assert "who is who" not in said


def test_an_index_of_names_does_not_come_back_beside_rows_in_another_order() -> None:
    frame: Any = people().to_pandas().set_axis([f"{SECRET} {n}" for n in range(200)])
    made: Any = anonymise(frame, read_plan(HIDE + "rows: random\n", "plan"), SEED).frame
    assert list(made.index) == list(range(200))
    again: Any = anonymise(frame, read_plan(HIDE + "rows: random\n", "plan"), SEED).frame
    assert made.equals(again)
    other: Any = anonymise(frame, read_plan(HIDE + "rows: random\n", "plan"), Seed(b"u" * 16, b"t" * 16)).frame
    assert list(made["n"]) != list(other["n"])
