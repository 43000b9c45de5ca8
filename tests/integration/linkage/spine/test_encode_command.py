"""``saferoom encode`` from a key to links between two custodians' files, and everything that is refused."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.encoded_people import people

from saferoom.hub.cli.main import main

_PLAN = {
    "file": "people.csv",
    "id": "number",
    "fields": {"given": "given_name", "family": "surname", "born": "date", "sex": "sex"},
}


def _run(*words: object) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main(["encode", *map(str, words)])
    return int(ended.value.code or 0), out.getvalue(), err.getvalue()


def _custodian(folder: Path, prefix: str, rows: slice, errors: float, **changes: Any) -> Path:
    folder.mkdir()
    columns = people(400, 7, errors)
    with (folder / "people.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["number", *columns])
        for number in range(400)[rows]:
            writer.writerow([f"{prefix}{number}", *(columns[name][number] for name in columns)])
    plan = folder / "plan.json"
    plan.write_text(json.dumps({**_PLAN, **changes}))
    return plan


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("custodians")
    _custodian(folder / "left", "a", slice(0, 300), 0.0)
    _custodian(folder / "right", "b", slice(100, 400), 0.1)
    assert _run("--new-key", folder / "key")[0] == 0
    for side in ("left", "right"):
        said = _run(folder / side / "plan.json", "--key-file", folder / "key", "--out", folder / f"{side}.parquet")
        assert said[0] == 0, said
    return folder


def test_two_custodians_files_are_linked_by_who_has_no_key(world: Path, tmp_path: Path) -> None:
    status, said, _ = _run("--link", world / "left.parquet", world / "right.parquet", "--out", tmp_path / "l", "--json")
    assert status == 0
    found = json.loads(said)
    links = pq.read_table(tmp_path / "l").to_pylist()
    assert found["links"] == len(links)
    right = sum(one["record_id_l"][1:] == one["record_id_r"][1:] for one in links)
    assert right / len(links) > 0.98
    assert right > 180


def test_an_encoded_file_has_no_identifier_and_not_the_order_of_the_custodians(world: Path) -> None:
    table = pq.read_table(world / "left.parquet")
    assert table.column_names == ["record_id", "encoding"]
    whole = (world / "left.parquet").read_bytes().lower()
    assert not any(str(name).encode() in whole for name in people(400, 7)["family"] if len(str(name)) > 6)
    numbers = [int(record[1:]) for record in table.column("record_id").to_pylist()]
    assert sorted(numbers) == list(range(300))
    assert sum(abs(a - b) == 1 for a, b in itertools.pairwise(numbers)) < 10


def test_the_key_file_is_private_and_never_overwritten(world: Path) -> None:
    assert (world / "key").stat().st_mode & 0o077 == 0
    status, _, said = _run("--new-key", world / "key")
    assert (status, "never overwritten" in said) == (2, True)


def test_files_of_different_keys_or_settings_are_not_compared(world: Path, tmp_path: Path) -> None:
    _run("--new-key", tmp_path / "other")
    _run(world / "left" / "plan.json", "--key-file", tmp_path / "other", "--out", tmp_path / "other.parquet")
    status, _, said = _run("--link", world / "right.parquet", tmp_path / "other.parquet", "--out", tmp_path / "links")
    assert status == 2
    assert "different keys, fields or settings" in said
    assert not (tmp_path / "links").exists()


def _key(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_what_is_no_key_or_open_to_others_is_refused(world: Path, tmp_path: Path) -> None:
    plan = world / "left" / "plan.json"
    for text, mode, wanted in (
        ("ab" * 32, 0o644, "chmod 600"),
        ("ab" * 31, 0o600, "at least 32 bytes"),
        ("secret", 0o600, "hexadecimal digits alone"),
    ):
        key = _key(tmp_path / "key", text, mode)
        status, _, said = _run(plan, "--key-file", key, "--out", tmp_path / "out")
        assert (status, wanted in said, text in said) == (2, True, False), said
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"fields": {"given": "first_name"}}, "given_name"),
        ({"fields": {"nothing": "text"}}, "has no column 'nothing'"),
        ({"file": "nowhere.csv"}, "does not exist"),
        ({"id": "sex"}, "cannot be one of the fields"),
        ({"id": "sex", "fields": {"family": "surname"}}, "several rows for 2 of its record_id"),
        ({"columns": {"colour": "x"}}, "renames 'colour'"),
        ({"bits": 100}, "bits"),
        ({"salt": "birthplace"}, "'salt' names the column 'birthplace'"),
        ({"salt": {"column": "born", "form": "sound"}}, "has no form 'sound'"),
        ({"colour": 1}, "colour"),
    ],
)
def test_plans_that_cannot_be_are_refused_with_a_sentence(
    world: Path, tmp_path: Path, changes: dict[str, Any], wanted: str
) -> None:
    plan = world / "left" / f"{tmp_path.name}.json"
    plan.write_text(json.dumps({**_PLAN, **changes}))
    status, _, said = _run(plan, "--key-file", world / "key", "--out", tmp_path / "out")
    assert (status, wanted in said) == (2, True), said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_a_salted_plan_says_so_and_others_of_that_salt_can_be_linked(world: Path, tmp_path: Path) -> None:
    plan = world / "left" / "salted.json"
    plan.write_text(json.dumps({**_PLAN, "salt": {"column": "born", "form": "year"}, "balance": True}))
    status, said, _ = _run(plan, "--key-file", world / "key", "--out", tmp_path / "out", "--json")
    assert status == 0
    found = json.loads(said)
    assert (found["salt"], found["records"], found["missing"]["given"]) == ("born (year)", 300, 0)
    assert len(pq.read_table(tmp_path / "out").column("encoding")[0].as_py()) == 256


def test_damaged_and_foreign_files_are_refused(world: Path, tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes((world / "left.parquet").read_bytes()[:-20])
    for bad in (tmp_path / "x.parquet", world / "left" / "people.csv", tmp_path / "nowhere"):
        status, _, said = _run("--link", world / "left.parquet", bad, "--out", tmp_path / "links")
        assert (status, "not a file that `saferoom encode` wrote" in said) == (2, True), said


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([], "give a plan with --key-file"),
        (["--new-key", "k", "--out", "o"], "makes a secret and nothing else"),
        (["plan", "--link", "a", "b", "--out", "o"], "needs no plan and no key"),
        (["--link", "a", "b"], "--out is missing"),
        (["plan", "--key-file", "k", "--out", "/nowhere/at/all"], "folder does not exist"),
    ],
)
def test_options_that_do_not_go_together_are_refused(words: list[str], wanted: str) -> None:
    status, _, said = _run(*words)
    assert (status, wanted in said) == (2, True), said


def test_a_file_without_a_record_is_refused(world: Path, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("number,given,family,born,sex\n")
    (tmp_path / "plan.json").write_text(json.dumps(_PLAN))
    status, _, said = _run(tmp_path / "plan.json", "--key-file", world / "key", "--out", tmp_path / "out")
    assert (status, "has no record" in said) == (2, True), said
    assert not (tmp_path / "out").exists()


def test_an_existing_file_is_never_overwritten_and_people_are_told_in_words(world: Path, tmp_path: Path) -> None:
    plan, key = world / "left" / "plan.json", world / "key"
    status, said, _ = _run(plan, "--key-file", key, "--out", tmp_path / "out")
    assert (status, "records: 300" in said) == (0, True)
    before = (tmp_path / "out").read_bytes()
    status, _, said = _run(plan, "--key-file", key, "--out", tmp_path / "out")
    assert (status, "there is a file of that name already" in said) == (2, True)
    assert (tmp_path / "out").read_bytes() == before


def test_an_encoded_file_with_a_record_twice_is_refused(world: Path, tmp_path: Path) -> None:
    table = pq.read_table(world / "left.parquet")
    pq.write_table(pa.concat_tables([table.slice(0, 299), table.slice(0, 1)]), tmp_path / "x.parquet")
    status, _, said = _run("--link", tmp_path / "x.parquet", world / "right.parquet", "--out", tmp_path / "links")
    assert (status, "or it is damaged" in said) == (2, True), said


def test_what_goes_wrong_inside_is_told_without_any_value(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("topsecret")

    monkeypatch.setattr("saferoom.projects.linkage.bloom_files.read_encoded", broken)
    left = world / "left.parquet"
    status, _, said = _run("--link", left, left, "--out", tmp_path / "links")
    assert (status, "RuntimeError" in said, "topsecret" in said) == (1, True, False)
    assert list(tmp_path.iterdir()) == []
