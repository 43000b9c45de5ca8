"""Hostile plans and files: no name, path or value gets into SQL, out of the folder, or into a message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet
from tests.support.linkage import FIELDS, People, people, plan_of, write_csv

from saferoom.errors import BadInputError
from saferoom.hub.cli.main import main
from saferoom.projects.linkage.engine_duckdb import opened
from saferoom.projects.linkage.linking import link
from saferoom.projects.linkage.plan import read_plan

HOSTILE = (
    "x'); drop table linkage_prepared; --",
    'a"b',
    "select",
    "surname_1",
    "{c}",
    "名 前",
    "{0.__class__}",
    "%s $1 ?",
)


@pytest.fixture(scope="module")
def some() -> People:
    return people(40, 9, errors=0.05, moved=0.0)


def run(folder: Path, plan: Any) -> int:
    (folder / "plan.yaml").write_text(json.dumps(plan), encoding="utf-8")
    try:
        main(["link", str(folder / "plan.yaml"), "--out", str(folder / "out"), "--json"])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def linked(folder: Path) -> set[tuple[str, str]]:
    rows = parquet.read_table(folder / "out" / "pairs.parquet").to_pylist()
    return {(row["record_id_l"], row["record_id_r"]) for row in rows if row["linked"]}


def test_hostile_names_of_columns_sources_and_files_are_names(tmp_path: Path, some: People) -> None:
    names = dict(zip(FIELDS, HOSTILE, strict=False))
    names |= {"rid": HOSTILE[6], "area": HOSTILE[7]}
    for name, rows in ((HOSTILE[0], some.left), ("*.csv", some.right)):
        renamed = [{names[k]: v for k, v in row.items()} for row in rows]
        write_csv(tmp_path / f"{name.replace('/', '')}.csv", renamed, tuple(renamed[0]))
    plan = plan_of(HOSTILE[0], "*.csv", one_to_one=True, groups=[names["area"]])
    plan["fields"] = {names[column]: kind for column, kind in FIELDS.items()}
    plan["datasets"] = [
        {"name": HOSTILE[0], "file": f"{HOSTILE[0]}.csv", "id": names["rid"]},
        {"name": "o'ther", "file": "*.csv.csv", "id": names["rid"]},
    ]
    assert run(tmp_path, plan) == 0
    assert len(linked(tmp_path) & some.truth) >= len(some.truth) - 1
    sources = set(parquet.read_table(tmp_path / "out" / "spine.parquet")["source"].to_pylist())
    assert sources == {HOSTILE[0], "o'ther"}


@pytest.mark.parametrize("value", ["'); drop table x; --", "\u202e=cmd|' /C calc'!A0\U0001f600", "x" * 20_000])
def test_hostile_values_are_values(tmp_path: Path, some: People, value: str) -> None:
    for name, rows in (("a", some.left), ("b", some.right)):
        spoilt = [{**row, "surname": value, "address": value} if i < 3 else row for i, row in enumerate(rows)]
        write_csv(tmp_path / f"{name}.csv", [{k: v.replace("\u0000", "") for k, v in row.items()} for row in spoilt])
    assert run(tmp_path, plan_of("a", "b", one_to_one=True)) == 0
    assert len(linked(tmp_path) & some.truth) >= len(some.truth) - 6


def test_plan_reads_no_file_but_its_datasets(tmp_path: Path, some: People) -> None:
    (tmp_path / "secret.csv").write_text("rid,given\n1,Secret\n")
    write_csv(tmp_path / "a.csv", some.left)
    write_csv(tmp_path / "b.csv", some.right)
    plan = read_plan(json.dumps(plan_of("a", "b")), "p")
    with opened(plan, tmp_path) as (connection, _):
        import duckdb

        for sql in (
            f"select * from read_csv('{tmp_path}/secret.csv')",
            f"copy (select 1) to '{tmp_path}/out.csv'",
            "install httpfs",
            "set enable_external_access = true",
            "attach 'x.db'",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(sql)
    assert not (tmp_path / "out.csv").exists()


def test_glob_in_a_file_name_reads_one_file(tmp_path: Path, some: People, capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(tmp_path / "a1.csv", some.left)
    write_csv(tmp_path / "b.csv", some.right)
    plan = plan_of("a", "b")
    plan["datasets"][0]["file"] = "a*.csv"
    assert run(tmp_path, plan) == 2
    assert "does not exist" in capsys.readouterr().err


@pytest.mark.parametrize(
    "file", ["/dev/zero", "/proc/self/environ", "/dev/stdin", ".", "\x00.csv", "a.csv/../../b.csv"]
)
def test_what_is_no_data_file_is_refused(tmp_path: Path, some: People, file: str) -> None:
    write_csv(tmp_path / "b.csv", some.right)
    plan = plan_of("a", "b")
    plan["datasets"][0]["file"] = file
    assert run(tmp_path, plan) == 2
    assert not (tmp_path / "out").exists()


def test_output_through_a_link_is_refused(tmp_path: Path, some: People) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "elsewhere")
    write_csv(tmp_path / "a.csv", some.left)
    write_csv(tmp_path / "b.csv", some.right)
    assert run(tmp_path, plan_of("a", "b")) == 2
    assert not list((tmp_path / "elsewhere").iterdir())


def test_error_inside_tells_no_value_and_writes_nothing(
    tmp_path: Path, some: People, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from saferoom.projects.linkage import linking

    def broken(*_: Any, **__: Any) -> None:
        raise ValueError(f"could not convert {some.left[0]['surname']}")

    monkeypatch.setattr(linking, "decide", broken)
    write_csv(tmp_path / "a.csv", some.left)
    write_csv(tmp_path / "b.csv", some.right)
    assert run(tmp_path, plan_of("a", "b")) == 1
    said = capsys.readouterr()
    assert "ValueError" in said.err
    assert some.left[0]["surname"] not in said.err + said.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv", "plan.yaml"]


def test_one_value_that_everybody_has_does_not_make_all_pairs(tmp_path: Path) -> None:
    rows = [{"rid": str(i), "given": "Ann", "surname": "Smith", "dob": f"19{50 + i % 40}-01-01"} for i in range(3000)]
    write_csv(tmp_path / "a.csv", rows)
    write_csv(tmp_path / "b.csv", rows)
    plan = read_plan(json.dumps({**plan_of("a", "b"), "limits": {"pairs": 50_000, "block": 1000}}), "p")
    with opened(plan, tmp_path) as (connection, records):
        made = link(connection, records, plan)
    assert made.counts["candidate_pairs"] <= 50_000


def test_ids_of_records_say_nothing_to_the_model(tmp_path: Path, some: People) -> None:
    write_csv(tmp_path / "a.csv", some.left)
    write_csv(tmp_path / "b.csv", some.right)
    plan = read_plan(json.dumps(plan_of("a", "b")), "p")
    with opened(plan, tmp_path) as (connection, records):
        text = json.dumps(link(connection, records, plan).model)
    assert not [row["rid"] for row in some.left + some.right if row["rid"] in text]
    assert not [row["surname"] for row in some.left if row["surname"].casefold() in text.casefold()]


def test_relation_without_an_id_or_field_is_refused(tmp_path: Path, some: People) -> None:
    write_csv(tmp_path / "a.csv", some.left)
    write_csv(tmp_path / "b.csv", some.right)
    plan = read_plan(json.dumps(plan_of("a", "b")), "p")
    with opened(plan, tmp_path) as (connection, records):
        connection.execute("create table bare as select record_id, given from linkage_records_0")
        with pytest.raises(BadInputError, match="the dataset 'a' has no column 'surname'"):
            link(connection, {**records, "a": "bare"}, plan)
