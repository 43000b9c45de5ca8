"""``saferoom anonymise``: files in, files out, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv, parquet
from typer.testing import CliRunner

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.cli.main import build, main

PLAN = "keys: [region, sex]\nsteps:\n  - {method: local_suppression, k: 3}\n"
ROWS = [("north", "f")] * 5 + [("north", "m")] * 4 + [("secret-isle", "f")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = ["region,sex,code", *(f"{region},{sex},007" for region, sex in ROWS)]
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "plan.yaml").write_text(PLAN)
    return tmp_path


def run(folder: Path, *more: str, out: str = "out.csv", data: str = "people.csv") -> str:
    arguments = ["anonymise", str(folder / data), str(folder / "plan.yaml"), "--out", str(folder / out), *more]
    result = CliRunner().invoke(build("anonymise"), arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def left(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_a_protected_file_is_written_and_json_alone_is_printed(folder: Path) -> None:
    document = json.loads(run(folder, "--json"))
    assert document["risk"]["after"]["below_k"]["3"] == 0
    assert document["steps"][0]["hidden"] == 1
    assert "secret-isle" not in json.dumps(document)
    made = csv.read_csv(folder / "out.csv", convert_options=csv.ConvertOptions(column_types={"code": pa.string()}))
    assert made.num_rows == 10
    assert made.column("code").to_pylist() == ["007"] * 10
    assert left(folder) == {"people.csv", "plan.yaml", "out.csv"}


def test_people_read_what_was_done(folder: Path) -> None:
    said = run(folder)
    assert "1 value hidden (region 1) for 1 record below k" in said
    assert "records below k = 3" in said


def test_parquet_in_and_out(folder: Path) -> None:
    parquet.write_table(csv.read_csv(folder / "people.csv"), folder / "people.parquet")
    run(folder, out="out.parquet", data="people.parquet")
    made = parquet.read_table(folder / "out.parquet")
    assert made.column("region").null_count + made.column("sex").null_count == 1


def test_a_seed_that_is_kept_gives_the_same_commitment(folder: Path) -> None:
    first = json.loads(run(folder, "--json", "--seed", str(folder / "seed.json")))
    again = json.loads(run(folder, "--json", "--seed", str(folder / "seed.json")))
    assert first["seed_commitment"] == again["seed_commitment"]
    assert first["seed_commitment"] != json.loads(run(folder, "--json"))["seed_commitment"]
    assert (folder / "seed.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((folder / "seed.json").read_text())["seed"] not in json.dumps(first)


@pytest.mark.parametrize(
    ("plan", "out", "said"),
    [
        ("keys: [region]\nsteps: []\n", "out.csv", "'steps' must be a list, and not an empty one"),
        ("keys: [region]\n", "out.csv", "'steps' is missing; it must be a list$"),
        ("keys: [nowhere]\nsteps: [{method: local_suppression, k: 3}]\n", "out.csv", "nowhere"),
        ("keys: [region]\nsteps: [{method: local_suppression, k: 11}]\n", "out.csv", "only 10 records"),
        (PLAN, "out.xlsx", "must end in"),
        (PLAN, "people.csv", "name another file"),
        (PLAN, "no/out.csv", "there is no folder"),
    ],
)
def test_bad_input_writes_nothing_and_leaves_what_was_there(folder: Path, plan: str, out: str, said: str) -> None:
    (folder / "plan.yaml").write_text(plan)
    (folder / "out.csv").write_text("as it was")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(BadInputError, match=said) as caught:
        run(folder, "--seed", str(folder / "seed.json"), out=out)
    assert "secret-isle" not in caught.value.message
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_whoever_stops_the_work_is_told_and_nothing_is_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(_table: pa.Table, file: Path, _options: object) -> None:
        file.write_text("half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr("pyarrow.csv.write_csv", stopped)
    before = left(folder)
    with pytest.raises(SystemExit) as caught:
        main(
            ["anonymise", *(str(folder / name) for name in ("people.csv", "plan.yaml")), "--out", str(folder / "o.csv")]
        )
    assert (caught.value.code, left(folder)) == (130, before)
    assert capsys.readouterr().err == "saferoom: stopped before it was done; nothing is half-written\n"


def test_a_failure_in_the_middle_of_writing_leaves_what_was_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "out.csv").write_text("as it was")

    def broken(_table: pa.Table, file: Path, _options: object) -> None:
        file.write_text("half of secret-isle")
        raise RuntimeError("secret-isle")

    monkeypatch.setattr(csv, "write_csv", broken)
    with pytest.raises(UnavailableError, match="nothing was written") as caught:
        run(folder)
    assert "secret-isle" not in caught.value.message
    assert (folder / "out.csv").read_text() == "as it was"
    assert left(folder) == {"people.csv", "plan.yaml", "out.csv"}


def test_what_is_no_seed_is_refused(folder: Path) -> None:
    (folder / "seed.json").write_text('{"seed": "00", "salt": "00"}')
    with pytest.raises(BadInputError, match="at least 16 bytes"):
        run(folder, "--seed", str(folder / "seed.json"))
    (folder / "seed.json").write_text("nothing")
    with pytest.raises(BadInputError, match="is not a seed"):
        run(folder, "--seed", str(folder / "seed.json"))
