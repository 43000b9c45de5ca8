"""``saferoom check`` as other tools call it: exit statuses, one JSON document, sentences in place of tracebacks."""

from __future__ import annotations

import io
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.statistics_lab import Lab, people

from saferoom.hub.cli.main import main

TABLE = b"region,n,mean_pay\nN,1005,25010.0\nS,995,24870.0\n"
PICKLE = b"\x80\x04K\x01."


@dataclass
class Shell:
    """Runs the command line in this process; files are checked in theirs."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def write(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def run(self, *words: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main(["check", *map(str, words)])
        out, err = self.capture.readouterr()
        return int(caught.value.code or 0), out, err


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys)


def test_worst_file_decides_and_json_is_the_contracts_document_alone(shell: Shell) -> None:
    code, out, _ = shell.run(shell.write("t.csv", TABLE), shell.write("m.pkl", PICKLE), "--json")
    document = json.loads(out)
    assert (code, set(document), document["verdict"]) == (20, {"verdict", "files"}, "fail")
    assert [(f["file"], f["type"], f["verdict"]) for f in document["files"]] == [
        ("t.csv", "csv", "review"),
        ("m.pkl", "pickle", "fail"),
    ]
    assert all(set(file) == {"file", "type", "verdict", "findings"} for file in document["files"])
    for finding in document["files"][1]["findings"]:
        assert set(finding) == {"rule", "risk", "severity", "cells", "message", "remedy"}


def test_folder_stands_for_each_file_in_it_and_people_read_why(shell: Shell) -> None:
    shell.write("out/a/t.csv", TABLE)
    shell.write("out/n.txt", b"Only (n = 3) remained.\n")
    code, out, _ = shell.run("out")
    assert code == 20
    assert "out/a/t.csv (csv): review" in out
    assert "! stated-low-count" in out
    assert "Remedy:" in out
    assert "Verdict: fail (2 files: 1 fail, 1 review)" in out


def test_people_read_lines_of_names_and_places_that_no_terminal_obeys(shell: Shell) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("in/[red]low[/red].csv", "region,n\nN,500\nIsle,3\n")
    paths = [shell.write("a\x1b[31m\u202e.csv", TABLE), shell.write("p.zip", held.getvalue())]
    code, out, _ = shell.run(*paths)
    assert code == 20
    assert "a?[31m?.csv (csv): fail" in out
    assert "low-count: in in/[red]low[/red].csv, the whole file, row 3 column 2" in " ".join(out.split())
    assert not any(line != line.rstrip() or not line.isprintable() for line in out.splitlines())


def test_files_of_one_name_are_told_apart_by_their_paths(shell: Shell) -> None:
    shell.write("a/t.csv", TABLE)
    shell.write("b/t.csv", b"region,n\nN,500\nIsle,3\n")
    code, out, _ = shell.run("a/t.csv", "b/t.csv", "--json")
    assert code == 20
    assert [(f["file"], f["verdict"]) for f in json.loads(out)["files"]] == [("a/t.csv", "review"), ("b/t.csv", "fail")]


def test_pipe_in_a_folder_is_refused_and_not_left_out(shell: Shell, tmp_path: Path) -> None:
    shell.write("out/t.csv", TABLE)
    os.mkfifo(tmp_path / "out/pipe")
    code, out, err = shell.run("out", "--json")
    assert (code, json.loads(out)["error"]["message"]) == (2, "out/pipe is not a file")
    assert "out/pipe is not a file" in err


def test_records_of_a_private_extract_fail(shell: Shell, tmp_path: Path) -> None:
    data = Lab(tmp_path).csv(people())
    data.chmod(0o600)
    leak = "\n".join(["key,value", *(f"{row['person_id']},{row['pay']}" for row in people()[:90])])
    code, out, _ = shell.run(
        shell.write("l.csv", leak.encode()), "--data", data, "--unit", "person_id", "--json"
    )  # fmt: skip
    assert code == 20
    assert "values-of-the-extract" in {f["rule"] for f in json.loads(out)["files"][0]["findings"]}


def test_file_that_its_query_explains_passes(shell: Shell, tmp_path: Path) -> None:
    rows = people()
    data = Lab(tmp_path).parquet(rows)
    query = shell.write("q.yaml", b"statistic: frequency\nby: [region]\n")
    counts = {region: sum(row["region"] == region for row in rows) for region in "ENSW"}
    table = "region,count\n" + "".join(f"{region},{count}\n" for region, count in counts.items())
    words = ("--data", data, "--unit", "person_id", "--query", query, "--json")
    code, out, _ = shell.run(shell.write("t.csv", table.encode()), *words)
    assert (code, json.loads(out)["verdict"], json.loads(out)["files"][0]["findings"]) == (0, "pass", [])
    assert shell.run(shell.write("u.csv", table.encode() + b"X,12\n"), *words)[0] == 10


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["missing.csv"], "the file missing.csv does not exist"),
        (["t.csv", "--unit", "person_id"], "--unit names a column of --data"),
        (["t.csv", "--query", "q.yaml"], "--query is computed from --data"),
        (["t.csv", "--data", "nowhere.csv"], "nowhere"),
        (["t.csv", "--data", "t.csv", "--unit", "person_id"], "person_id"),
        (["t.csv", "--policy", "nowhere.yaml"], "nowhere.yaml"),
        (["empty"], "the folder empty holds no files"),
    ],
)
def test_bad_input_exits_2_with_a_sentence(shell: Shell, words: list[str], said: str) -> None:
    shell.write("t.csv", TABLE)
    shell.write("q.yaml", b"statistic: frequency\nby: [region]\n")
    (shell.folder / "empty").mkdir()
    code, out, err = shell.run(*words, "--json")
    assert code == 2
    assert said in err
    assert said in json.loads(out)["error"]["message"]
    assert "Traceback" not in err


def test_query_that_does_not_fit_the_data_is_bad_input(shell: Shell, tmp_path: Path) -> None:
    query = shell.write("q.yaml", b"statistic: frequency\nby: [nowhere]\n")
    data = Lab(tmp_path).parquet(people())
    code, _, err = shell.run(shell.write("t.csv", TABLE), "--data", data, "--query", query)
    assert code == 2
    assert "nowhere" in err
