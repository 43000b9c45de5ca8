"""``saferoom query`` as other tools call it: exit statuses, one JSON document, sentences in place of tracebacks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.statistics_lab import Lab, people

from saferoom.errors import IntegrityError
from saferoom.hub.cli.history_folder import HistoryFolder
from saferoom.hub.cli.main import main

COUNTS = {"statistic": "frequency", "by": ["region", "sex"]}


@dataclass
class Shell:
    """Runs the command line in this process."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def run(self, query: Any, *words: str | Path) -> tuple[int, str, str]:
        file = self.folder / "q.json"
        file.write_text(query if isinstance(query, str) else json.dumps(query), encoding="utf-8")
        with pytest.raises(SystemExit) as caught:
            main(["query", str(file), *map(str, words)])
        out, err = self.capture.readouterr()
        return int(caught.value.code or 0), out, err


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys)


def isle(count: int) -> list[dict[str, Any]]:
    return people() + [{**people(1)[0], "person_id": 90_000 + i, "region": "Isle"} for i in range(count)]


def test_safe_table_exits_0_with_the_contracts_document_alone(shell: Shell, lab: Lab) -> None:
    code, out, err = shell.run(COUNTS, "--data", lab.csv(people()), "--unit", "person_id", "--json")
    document = json.loads(out)
    assert (code, err, set(document)) == (0, "", {"verdict", "findings", "table", "protected"})
    assert document["verdict"] == "pass"
    assert document["table"]["columns"] == ["region", "sex", "count"]
    assert len(document["table"]["rows"]) == 8


def test_unsafe_table_exits_20_and_tells_why_in_words(shell: Shell, lab: Lab) -> None:
    code, out, _ = shell.run(COUNTS, "--data", lab.parquet(isle(3)), "--unit", "person_id")
    assert code == 20
    assert "Verdict: fail" in out
    assert "! threshold" in out
    assert "Remedy:" in out


def test_data_without_a_unit_exits_10(shell: Shell, lab: Lab) -> None:
    code, out, _ = shell.run(COUNTS, "--data", lab.csv(people()), "--json")
    assert code == 10
    assert json.loads(out)["findings"][0]["rule"] == "units-unknown"


def test_protected_table_is_shown_in_place_of_the_exact_one(shell: Shell, lab: Lab) -> None:
    query = {**COUNTS, "protect": {"method": "suppress"}}
    code, out, _ = shell.run(query, "--data", lab.csv(isle(3)), "--unit", "person_id")
    assert code == 0
    shown = [line.split("│")[1:4] for line in out.splitlines() if "Isle" in line]
    assert shown
    assert {cells[2].strip() for cells in shown} == {"-"}


def test_long_table_is_cut_on_the_screen(shell: Shell, lab: Lab) -> None:
    code, out, _ = shell.run({"statistic": "frequency", "by": ["age"]}, "--data", lab.csv(people(9_000)))
    assert code == 10
    assert "more rows" in out


def test_two_datasets_are_named(shell: Shell, lab: Lab) -> None:
    jobs = lab.csv(
        [{"person_id": row["person_id"], "sector": "ab"[i % 2]} for i, row in enumerate(people())], "jobs.csv"
    )
    view = "select p.person_id, p.region, j.sector from people p join jobs j using (person_id)"
    query = {"from": "v", "views": {"v": view}, "statistic": "frequency", "by": ["region", "sector"]}
    data = lab.csv(people())
    code, _, _ = shell.run(query, "--data", f"people={data}", "--data", jobs, "--unit", "person_id", "--json")
    assert code == 0


def test_policy_is_a_packaged_name_or_a_file(shell: Shell, lab: Lab, tmp_path: Path) -> None:
    data = lab.csv(isle(12))
    query = {"statistic": "frequency", "by": ["region"]}
    own = tmp_path / "own.yaml"
    own.write_text("kind: risk-appetite\nname: own\nthreshold_units: 20\n")
    assert shell.run(query, "--data", data, "--unit", "person_id", "--policy", "default")[0] == 0
    assert shell.run(query, "--data", data, "--unit", "person_id", "--policy", own)[0] == 20
    own.write_text("kind: risk-appetite\nthreshold: 20\n")
    code, _, err = shell.run(query, "--data", data, "--policy", own)
    assert code == 2
    assert "own.yaml" in err
    assert shell.run(query, "--data", data, "--policy", "nowhere")[0] == 2
    assert shell.run(query, "--data", data, "--policy", tmp_path / "nowhere.yaml")[0] == 2


def test_history_is_committed_and_compared(shell: Shell, lab: Lab, tmp_path: Path) -> None:
    rows = people()
    data = ("--data", lab.csv(rows), "--unit", "person_id")
    history = tmp_path / "new" / "history"
    fewer = {**COUNTS, "where": f"pay < {max(row['pay'] for row in rows)}"}
    assert shell.run(COUNTS, *data, "--history", history, "--commit")[0] == 0
    files = [path for path in history.rglob("*") if path.is_file()]
    assert len(files) == 5, "a key, a head, an entry, its body and its units"
    assert all(path.stat().st_mode & 0o077 == 0 for path in (history, *history.rglob("*")))
    assert not any(b"region" in path.read_bytes() for path in files)
    code, out, _ = shell.run(fewer, *data, "--history", history, "--json")
    assert code == 20
    assert json.loads(out)["findings"][0]["rule"] == "differencing"
    assert shell.run(COUNTS, *data, "--history", history)[0] == 0
    # A failed table does not leave, so it is not remembered either.
    assert shell.run(fewer, *data, "--history", history, "--commit")[0] == 20
    assert [path for path in history.rglob("*") if path.is_file()] == files


def test_history_that_is_not_there_or_damaged_stops_the_check(shell: Shell, lab: Lab, tmp_path: Path) -> None:
    data = ("--data", lab.csv(people()), "--unit", "person_id")
    assert shell.run(COUNTS, *data, "--history", tmp_path / "nowhere")[0] == 2
    assert shell.run(COUNTS, *data, "--commit")[0] == 2
    (tmp_path / "h").mkdir()
    (tmp_path / "h" / "history.saferoom").write_bytes(b"of an earlier version")
    code, _, err = shell.run(COUNTS, *data, "--history", tmp_path / "h")
    assert code == 2
    assert "earlier version" in err
    (tmp_path / "file").write_text("x")
    assert shell.run(COUNTS, *data, "--history", tmp_path / "file", "--commit")[0] == 2


DAMAGES: dict[str, Callable[[Path], object]] = {
    "key lost": lambda h: (h / "memory.key").unlink(),
    "key of another folder": lambda h: (h / "memory.key").write_bytes(b"k" * 32),
    "last entry left out": lambda h: (h / "entries" / "00000002").unlink(),
    "first entry left out": lambda h: (h / "entries" / "00000001").unlink(),
    "entries swapped": lambda h: _swap(h / "entries" / "00000001", h / "entries" / "00000002"),
    "entry twice": lambda h: shutil.copy(h / "entries" / "00000002", h / "entries" / "00000001"),
    "head lost": lambda h: (h / "head").unlink(),
    "head and last entry lost": lambda h: _lose(h / "head", h / "entries" / "00000002"),
    "head and all entries lost": lambda h: _lose(h / "head", h / "entries"),
    "entries lost": lambda h: shutil.rmtree(h / "entries"),
    "a byte of the vault": lambda h: _spoil(next(p for p in (h / "vault").rglob("*") if p.is_file())),
    "the vault lost": lambda h: shutil.rmtree(h / "vault"),
    "head that counts fewer": lambda h: (h / "head").write_bytes((h / "entries" / "00000001").read_bytes()),
}


def _lose(*paths: Path) -> None:
    for path in paths:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _swap(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def _spoil(path: Path) -> None:
    data = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def test_history_with_anything_changed_or_left_out_stops_every_check(shell: Shell, lab: Lab, tmp_path: Path) -> None:
    data = ("--data", lab.csv(people()), "--unit", "person_id")
    for query in (COUNTS, {**COUNTS, "by": ["sex"]}):
        assert shell.run(query, *data, "--history", tmp_path / "whole", "--commit")[0] == 0
    for name, damage in DAMAGES.items():
        history = tmp_path / name
        shutil.copytree(tmp_path / "whole", history)
        damage(history)
        for write in (False, True):
            with pytest.raises(IntegrityError, match="--history: "), HistoryFolder(history).locked(write=write):
                pass
    code, out, err = shell.run(COUNTS, *data, "--history", history, "--commit", "--json")
    assert (code, list(json.loads(out))) == (1, ["error"])
    assert "Traceback" not in err


def test_commit_that_was_interrupted_before_it_was_counted_is_remembered(
    shell: Shell, lab: Lab, tmp_path: Path
) -> None:
    rows = people()
    data = ("--data", lab.csv(rows), "--unit", "person_id", "--history", tmp_path / "h")
    assert shell.run({**COUNTS, "by": ["sex"]}, *data, "--commit")[0] == 0
    head = (tmp_path / "h" / "head").read_bytes()
    assert shell.run(COUNTS, *data, "--commit")[0] == 0
    (tmp_path / "h" / "head").write_bytes(head)
    fewer = {**COUNTS, "where": f"pay < {max(row['pay'] for row in rows)}"}
    assert shell.run(fewer, *data)[0] == 20
    assert shell.run(COUNTS, *data, "--commit")[0] == 0
    assert len(list((tmp_path / "h" / "entries").iterdir())) == 3


BAD_DATA: dict[str, bytes] = {
    "empty.csv": b"",
    "header.csv": b"region,sex,person_id\n",
    "ragged.csv": b"region,sex,person_id\n1,2,3\n1,2,3,4,5\n",
    "short.csv": b"region,sex,person_id\n" + b"N,F,1\n" * 50 + b"N,F\n",
    "quotes.csv": b"region,sex,person_id\n" + b"N,F,1\n" * 50 + b'"N,F,5\n',
    "note.csv": b"# a note\nregion,sex,person_id\n" + b"N,F,1\n" * 50,
    "latin.csv": "region,sex,person_id\nn\xf6rd,F,1\n".encode("latin-1") * 5,
    "wide.csv": "region,sex,person_id\nN,F,1\n".encode("utf-16"),
    "binary.csv": b"region\0\1\2",
    "fake.parquet": b"not parquet at all",
    "cut.parquet": b"PAR1" + b"\0" * 50,
    "table.xlsx": b"PK",
    "noextension": b"region,sex\n",
}


@pytest.mark.parametrize("name", BAD_DATA)
def test_unreadable_data_is_a_sentence_and_exits_2(shell: Shell, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BAD_DATA[name])
    code, out, err = shell.run(COUNTS, "--data", name, "--json")
    assert code == 2
    assert "error" in json.loads(out)
    assert err.startswith("saferoom: the data file of ")
    assert "Traceback" not in err


@pytest.mark.parametrize("name", ["nowhere.csv", ".", "a=b=c.csv"])
def test_missing_data_is_a_sentence_and_exits_2(shell: Shell, name: str) -> None:
    assert shell.run(COUNTS, "--data", name)[0] == 2


def test_ordinary_csv_files_are_read(shell: Shell, lab: Lab, tmp_path: Path) -> None:
    words = ("--unit", "person_id", "--json")
    assert shell.run(COUNTS, "--data", lab.csv(people(), "semi.csv", delimiter=";"), *words)[0] == 0
    assert shell.run(COUNTS, "--data", lab.csv(people(), "tab.tsv", delimiter="\t"), *words)[0] == 0
    marked = tmp_path / "marked.CSV"
    marked.write_bytes(b"\xef\xbb\xbf" + lab.csv(people(), "plain.csv").read_bytes().replace(b"\r\n", b"\n"))
    assert shell.run(COUNTS, "--data", marked, *words)[0] == 0
    odd = tmp_path / "it's [a] *file*? .csv"
    odd.write_bytes(lab.csv(people(), "plain.csv").read_bytes())
    assert shell.run(COUNTS, "--data", odd, *words)[0] == 0


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({**COUNTS, "statistic": "vibes"}, ()),
        ({**COUNTS, "by": ["nowhere"]}, ()),
        ({**COUNTS, "surprise": 1}, ()),
        ("statistic: frequency\nby: [region]\nby: [sex]\n", ()),
        ("not a query", ()),
        (COUNTS, ("--unit", "persn_id")),
        (COUNTS, ("--data", "data.csv")),
    ],
)
def test_bad_query_or_unit_exits_2(shell: Shell, lab: Lab, query: Any, words: tuple[str, ...]) -> None:
    code, _, err = shell.run(query, "--data", lab.csv(people(60)), *words)
    assert code == 2
    assert err.startswith("saferoom: ")


def test_unknown_unit_comes_with_a_suggestion(shell: Shell, lab: Lab) -> None:
    _, _, err = shell.run(COUNTS, "--data", lab.csv(people(60)), "--unit", "persn_id")
    assert "did you mean person_id?" in err


def test_query_that_cannot_be_read_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "latin.yaml").write_bytes("title: \xf6".encode("latin-1"))
    (tmp_path / "large.yaml").write_bytes(b"#" * 2_000_000)
    for name in ("nowhere.yaml", "latin.yaml", "large.yaml", "."):
        with pytest.raises(SystemExit) as caught:
            main(["query", str(tmp_path / name), "--data", "x.csv"])
        assert caught.value.code == 2, name
    assert "Traceback" not in capsys.readouterr().err


def test_error_inside_the_checker_is_a_sentence_and_never_a_pass(
    shell: Shell, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("secret value 91000")

    monkeypatch.setattr("saferoom.disclosure.checker.check", broken)
    code, out, err = shell.run(COUNTS, "--data", lab.csv(people(60)))
    assert code == 1
    assert "nothing was judged" in err
    assert "secret" not in out + err
