"""``saferoom synthesise``: files in, twins out, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import csv, parquet
from tests.support.twin_world import people
from typer.testing import CliRunner

from saferoom.disclosure.microdata.files import read_records
from saferoom.disclosure.microdata.synthetic.check.closeness import Closeness
from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.cli.main import build

SECRET = "secret-isle"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    table = people(600)
    region = [SECRET, *table.column("region").to_pylist()[1:]]
    table = table.set_column(0, "region", pa.array(region)).append_column("person", pa.array(range(600)))
    path = tmp_path_factory.mktemp("twins") / "people.csv"
    csv.write_csv(table, path)
    return path


@pytest.fixture
def folder(file: Path, tmp_path: Path) -> Path:
    (tmp_path / "people.csv").write_bytes(file.read_bytes())
    return tmp_path


def run(folder: Path, *more: str, out: str = "twin.csv", data: str = "people.csv") -> str:
    arguments = ["synthesise", str(folder / data), "--out", str(folder / out), *more]
    result = CliRunner().invoke(build("synthesise"), arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def left(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


@pytest.mark.parametrize("fidelity", ["low", "medium"])
def test_a_twin_is_written_and_json_alone_is_printed(folder: Path, fidelity: str) -> None:
    options = ["--fidelity", fidelity, "--units", "person", "--keys", "region,age", "--sensitive", "pay", "--json"]
    document = json.loads(run(folder, *options))
    assert document["fidelity"] == fidelity
    assert document["disclosure"]["holds"] is True
    assert document["disclosure"]["keys"] == ["region", "age"]
    assert document["columns"]["person"]["role"] == "unit"
    assert document["may_be_public"] is (fidelity == "low")
    assert document["utility"]["propensity"]["pairs"]["ratio"] > 0
    before, made = read_records(folder / "people.csv"), read_records(folder / "twin.csv")
    assert made.column_names == before.column_names
    assert made.schema.types == before.schema.types
    assert abs(made.num_rows - 600) < 60
    assert SECRET not in json.dumps(document) + (folder / "twin.csv").read_text()
    assert left(folder) == {"people.csv", "twin.csv"}


def test_people_read_what_was_done_and_what_is_left(folder: Path) -> None:
    said = run(folder)
    assert "made-up records" in said
    assert "statistical disclosure check: " in said
    assert max(map(len, said.splitlines()[1:])) <= 100, "sentences are wrapped; the first line has the path"
    assert "Not kept: " in said
    assert SECRET not in said


def test_parquet_keeps_types(folder: Path) -> None:
    table: Any = people(300)
    parquet.write_table(table, folder / "people.parquet")
    run(folder, out="twin.parquet", data="people.parquet")
    assert parquet.read_schema(folder / "twin.parquet").types == table.schema.types


def test_a_seed_that_is_kept_makes_the_same_twin(folder: Path) -> None:
    first = json.loads(run(folder, "--json", "--seed", str(folder / "seed.json")))
    made = (folder / "twin.csv").read_bytes()
    again = json.loads(run(folder, "--json", "--seed", str(folder / "seed.json")))
    assert (folder / "twin.csv").read_bytes() == made
    assert first["seed_commitment"] == again["seed_commitment"]
    assert json.loads((folder / "seed.json").read_text())["seed"] not in json.dumps(first)
    run(folder)
    assert (folder / "twin.csv").read_bytes() != made


def test_a_plan_and_codelists(folder: Path) -> None:
    plan = "fidelity: low\nthreshold: 20\nrows: 100\nunits: [person]\ncolumns: {age: {role: category}}\n"
    (folder / "plan.yaml").write_text(plan)
    (folder / "codes.yaml").write_text(f"region: [north, south, east, west, {SECRET}]\nsex: {{f: female, m: male}}\n")
    options = ["--plan", str(folder / "plan.yaml"), "--codelists", str(folder / "codes.yaml"), "--keys", "sex"]
    document = json.loads(run(folder, *options, "--json"))
    assert document["records"] <= 100
    assert document["threshold"] == 20
    assert document["plan"]["units"] == ["person"]
    assert "codelist" in document["columns"]["region"]["note"]
    assert SECRET not in json.dumps(document)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--fidelity", "high"], "low or medium"),
        (["--keys", "nowhere"], "nowhere"),
        (["--units", "nobody"], "^units: there is no column nobody"),
        (["--units", "pay"], "whole numbers"),
        (["--keys", "person", "--units", "person"], "holds ids"),
        (["--keys", "sex", "--sensitive", "sex"], "only one of the two"),
        (["--keys", "sex,sex"], "named twice"),
        (["--threshold", "601"], "fewer statistical units"),
        (["--plan", "PLAN:fidelity: high"], "fidelity"),
        (["--plan", "PLAN:threshold: 2"], "threshold"),
        (["--plan", "PLAN:colour: red"], "colour"),
        (["--plan", "PLAN:columns: {nowhere: {role: text}}"], "nowhere"),
        (["--plan", "PLAN:columns: {pay: {role: number, codelist: [1]}}"], "codelist"),
        (["--plan", "PLAN:keys: [sex]", "--keys", "age"], "one of the two"),
        (["--plan", "PLAN:units: [person]\ncolumns: {person: {role: text}}"], "units"),
        (["--plan", "PLAN:order: [person]\nunits: [person]"], "holds ids"),
        (["--codelists", "PLAN:[a, b]"], "expected"),
        (["--codelists", "PLAN:region: 5"], "list of codes"),
        (["--codelists", "PLAN:region: [1, 2]"], "another kind"),
        (["--plan", "PLAN:limits: {closeness_excess: 2}"], "closeness_excess"),
    ],
)
def test_bad_input_writes_nothing_and_leaves_what_was_there(folder: Path, options: list[str], said: str) -> None:
    (folder / "twin.csv").write_text("as it was")
    if options[0] in ("--plan", "--codelists"):
        (folder / "plan.yaml").write_text(options[1].removeprefix("PLAN:"))
        options = [options[0], str(folder / "plan.yaml"), *options[2:]]
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(BadInputError, match=said) as caught:
        run(folder, *options, "--seed", str(folder / "seed.json"))
    assert SECRET not in caught.value.message
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("out", "data", "said"),
    [
        ("twin.xlsx", "people.csv", "must end in"),
        ("people.csv", "people.csv", "name another file"),
        ("no/twin.csv", "people.csv", "there is no folder"),
        ("twin.csv", "none.csv", "does not exist"),
    ],
)
def test_files_that_cannot_be_are_refused(folder: Path, out: str, data: str, said: str) -> None:
    before = left(folder)
    with pytest.raises(BadInputError, match=said):
        run(folder, out=out, data=data)
    assert left(folder) == before


def test_limits_that_do_not_hold_leave_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Closeness, "excess", 0.5)
    before = left(folder)
    with pytest.raises(BadInputError, match=r"lie nearer to people.*nothing is written"):
        run(folder)
    assert left(folder) == before


def test_a_failure_in_the_middle_of_writing_leaves_what_was_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "twin.csv").write_text("as it was")

    def broken(_table: pa.Table, file: Path, _options: object) -> None:
        file.write_text(f"half of {SECRET}")
        raise RuntimeError(SECRET)

    monkeypatch.setattr(csv, "write_csv", broken)
    with pytest.raises(UnavailableError, match="nothing was written") as caught:
        run(folder)
    assert SECRET not in caught.value.message
    assert (folder / "twin.csv").read_text() == "as it was"
    assert left(folder) == {"people.csv", "twin.csv"}


@pytest.mark.parametrize(
    ("options", "what"), [(["--keys", "sex,empty"], "keys"), (["--keys", "sex", "--sensitive", "empty"], "sensitive")]
)
def test_a_column_without_a_value_is_no_key_and_nothing_sensitive(folder: Path, options: list[str], what: str) -> None:
    table = csv.read_csv(folder / "people.csv")
    csv.write_csv(table.append_column("empty", pa.nulls(len(table), pa.string())), folder / "people.csv")
    (folder / "twin.csv").write_text("as it was")
    with pytest.raises(BadInputError, match=f"^{what}: every value of 'empty' is missing"):
        run(folder, *options)
    assert (folder / "twin.csv").read_text() == "as it was"
