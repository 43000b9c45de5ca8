"""The file check's process: it ends, is killed, cannot start, or may not open the extract by its name."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.ordinary import as_ordinary_user

from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.filecheck import FileJob, runner, screen_files
from saferoom.hub.sandbox.bubblewrap import bubblewrap

_GOOD = b"region,n\nNorth,100\nSouth,120\n"


def _program(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Put a program in the place of the file check's process; files called ``bad`` do what `body` says."""
    text = (
        "import os, sys, time, signal\n"
        "from saferoom.hub.filecheck import __main__ as worker\n"
        "real = worker.examine\n"
        "def examine(name, data, context):\n"
        f"    if name.startswith('bad'):\n        {body}\n"
        "    return real(name, data, context)\n"
        "worker.examine = examine\nworker.main()\n"
    )
    monkeypatch.setattr(runner, "COMMAND", (sys.executable, "-P", "-c", text))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "needs more memory"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "stopped the program"),
        ("os._exit(0)", "stopped the program"),
        ("signal.setitimer(signal.ITIMER_REAL, 0.2); time.sleep(30)", "took longer than"),
        ("[os.write(d, b'nonsense\\n') for d in range(3, 9) if os.path.exists(f'/proc/self/fd/{d}')]", "stopped"),
    ],
)
def test_file_that_ends_the_process_fails_by_name_and_others_keep_their_reports(
    monkeypatch: pytest.MonkeyPatch, body: str, said: str
) -> None:
    _program(monkeypatch, body)
    reports = screen_files(FileJob([("a.csv", _GOOD), ("bad.csv", _GOOD), ("c.csv", _GOOD)]))
    assert [report.verdict for report in reports] == [Verdict.REVIEW, Verdict.FAIL, Verdict.REVIEW]
    assert reports[1].findings[0].message.startswith("bad.csv ")
    assert said in reports[1].findings[0].message


def test_process_asked_for_all_memory_is_bounded_and_the_file_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _program(monkeypatch, "held = bytearray(1500 << 20)")
    (report,) = screen_files(FileJob([("bad.csv", _GOOD)]))
    assert report.verdict is Verdict.FAIL
    assert "bad.csv" in report.findings[0].message


def test_sandbox_has_no_network_and_sees_no_other_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    body = (
        f"import socket; seen = os.path.exists({str(secret)!r}); "
        "reached = socket.socket().connect_ex(('1.1.1.1', 80)) == 0; os._exit(7) if seen or reached else None"
    )
    _program(monkeypatch, body)
    (report,) = screen_files(FileJob([("bad.csv", _GOOD)]))
    assert report.verdict is Verdict.REVIEW


def test_machine_without_sandbox_checks_nothing_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise UnavailableError("bubblewrap is missing")

    monkeypatch.setattr(runner, "run", none)
    with pytest.raises(UnavailableError, match="bubblewrap is missing"):
        screen_files(FileJob([("a.csv", _GOOD)]))


def test_machine_without_sandbox_tells_a_person_what_is_not_enforced(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise UnavailableError("bubblewrap is missing")

    monkeypatch.setattr(runner, "run", none)
    said: list[str] = []
    reports = screen_files(FileJob([("a.csv", _GOOD), ("b.pkl", b"\x80\x04.")]), tell=said.append)
    assert [report.verdict for report in reports] == [Verdict.REVIEW, Verdict.FAIL]
    assert len(said) == 1
    assert "NOT enforced" in said[0]
    assert "bubblewrap is missing" in said[0]


def test_ordinary_process_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise UnavailableError("bubblewrap is missing")

    monkeypatch.setattr(runner, "run", none)
    _program(monkeypatch, "held = bytearray(1500 << 20)")
    (report,) = screen_files(FileJob([("bad.csv", _GOOD)]), tell=lambda _: None)
    assert report.verdict is Verdict.FAIL


def test_program_that_cannot_start_blames_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "COMMAND", (sys.executable, "-c", "raise SystemExit(1)"))
    with pytest.raises(UnavailableError, match=r"could not be started|cannot be checked"):
        screen_files(FileJob([("a.csv", _GOOD)]), tell=lambda _: None)


def test_extract_that_only_its_owner_may_read_is_handed_over(tmp_path: Path) -> None:
    extract = tmp_path / "people.csv"
    extract.write_text("person_id,pay\n" + "".join(f"P{number:05},{number * 7}\n" for number in range(200)))
    extract.chmod(0o600)
    source = Source("people", extract, ("person_id",), columns_known=False)
    (report,) = screen_files(FileJob([("out.csv", b"who,pay\nP00007,49\nP00008,56\n")], (source,)))
    assert report.verdict is Verdict.FAIL


def test_extract_that_cannot_be_read_is_bad_input_not_a_verdict(tmp_path: Path) -> None:
    extract = tmp_path / "people.parquet"
    extract.write_bytes(b"PAR1 but nothing else PAR1")
    extract.chmod(0o644)
    with pytest.raises(BadInputError):
        screen_files(FileJob([("out.csv", b"a,n\nx,100\ny,120\n")], (Source("people", extract, ("a",)),)))


def test_large_files_and_files_with_a_query_do_not_share_a_process() -> None:
    small = [(f"{number}.csv", _GOOD) for number in range(4)]
    large = [("large.csv", bytes(20 << 20))]
    assert list(runner._batches(FileJob([*small, *large, *small]))) == [(0, 4), (4, 5), (5, 9)]
    assert list(runner._batches(FileJob(small, query={"statistic": "frequency"}))) == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert list(runner._batches(FileJob([]))) == []


def _checked_by(before: list[str], file: Path) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-P", "-m", "saferoom.hub.cli.main", "check", str(file), "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def open_file_of_all() -> Iterator[Path]:
    """Return a file that every user of the machine may read."""
    folder = Path(tempfile.mkdtemp(prefix="saferoom-open-", dir="/tmp"))
    folder.chmod(0o755)
    file = folder / "a.csv"
    file.write_bytes(_GOOD)
    file.chmod(0o644)
    yield file
    shutil.rmtree(folder)


def test_ordinary_user_checks_files_in_a_sandbox(open_file_of_all: Path) -> None:
    done = _checked_by(as_ordinary_user(), open_file_of_all)
    assert (done.returncode, done.stderr) == (10, "")
    assert '"verdict": "review"' in done.stdout


def test_ordinary_user_without_sandbox_is_told_what_is_not_enforced(open_file_of_all: Path) -> None:
    within = [str(bubblewrap()), "--dev-bind", "/", "/", "--unshare-user", "--disable-userns", "--"]
    done = _checked_by([*as_ordinary_user(), *within], open_file_of_all)
    assert done.returncode == 10
    assert "NOT enforced" in done.stderr
    assert '"verdict": "review"' in done.stdout
