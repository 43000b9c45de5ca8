"""What if the evaluator process is taken over, dies or hangs: it never passes anything, and sees nothing to steal."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from saferoom.disclosure.history.memory import Memory
from saferoom.errors import BadInputError, SaferoomError, UnavailableError
from saferoom.hub.evaluator import runner
from saferoom.hub.evaluator.job import Job
from saferoom.hub.evaluator.places import Sandboxes
from saferoom.hub.evaluator.runner import judge
from saferoom.hub.home import Home
from saferoom.hub.sandbox import Bind, Limits
from saferoom.policies.models import ReleaseRoute, RiskAppetite

JOB = Job({"statistic": "frequency"}, RiskAppetite(), ReleaseRoute(), (), Memory.empty(), {})
PASS: dict[str, Any] = {
    "query": {"statistic": "frequency"},
    "verdict": "pass",
    "findings": [],
    "table": {"columns": ["count"], "rows": [[1]]},
    "protected": None,
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.prepare()
    (made.keys / "signing.pem").write_text("secret")
    return made


def evaluate(home: Home, program: str, monkeypatch: pytest.MonkeyPatch, seconds: float = 20.0) -> None:
    """Let `program` play the evaluator, in the evaluator's own sandbox."""
    monkeypatch.setattr(runner, "COMMAND", (sys.executable, "-P", "-c", program))
    judge(Sandboxes(home), JOB, (), seconds)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"pass",
        b"\x00\xff",
        b"[]",
        b"{}",
        b"null",
        b'{"evaluation": null}',
        b'{"evaluation": {}}',
        b'{"evaluation": "pass"}',
        b'{"verdict": "pass"}',
        json.dumps({"evaluation": PASS}).encode(),
        json.dumps({"evaluation": PASS, "refused": {"bad_input": True, "message": "no"}}).encode(),
        json.dumps({"evaluation": PASS}).encode() * 2,
        b'{"refused": "no"}',
        b'{"refused": {"bad_input": "yes", "message": "no"}}',
        b'{"refused": {"bad_input": true, "message": 7}}',
        b"[" * 100_000,
    ],
)
def test_answer_that_is_no_evaluation_is_never_a_pass(home: Home, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    program = f"import sys; sys.stdout.buffer.write({said!r})" if len(said) < 1000 else "print('[' * 100_000)"
    with pytest.raises(UnavailableError, match="nothing was judged"):
        evaluate(home, program, monkeypatch)


@pytest.mark.parametrize(
    "program",
    [
        "import os; os.abort()",
        "import sys; sys.exit(3)",
        "raise SystemExit('a value: 17')",
        "import ctypes; ctypes.string_at(0)",
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    ],
)
def test_crash_is_never_a_pass_and_its_words_stay_inside(
    home: Home, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    with pytest.raises(UnavailableError, match="stopped unexpectedly") as error:
        evaluate(home, program, monkeypatch)
    assert "17" not in error.value.message


def test_answer_of_a_process_that_then_fails_does_not_count(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.dumps({"evaluation": PASS})
    with pytest.raises(UnavailableError, match="stopped unexpectedly"):
        evaluate(home, f"import sys; print({said!r}, flush=True); sys.exit(1)", monkeypatch)


def test_evaluator_that_hangs_is_ended(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInputError, match="longer than 1 seconds"):
        evaluate(home, "import time; time.sleep(60)", monkeypatch, seconds=1.0)


def test_evaluator_that_eats_memory_is_ended(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "LIMITS", Limits(memory_bytes=200 << 20))
    with pytest.raises((BadInputError, UnavailableError)) as error:
        evaluate(home, "x = bytearray(1 << 30); x[:] = b'1' * len(x)", monkeypatch)
    assert error.value.http_status in (422, 503)


def test_evaluator_that_writes_without_end_is_ended(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "LIMITS", Limits(file_bytes=1 << 20))
    with pytest.raises(SaferoomError) as error:
        evaluate(home, "import sys\nwhile True: sys.stdout.write('x' * 65536)", monkeypatch)
    assert error.value.http_status == 503


def test_evaluator_sees_no_network_and_nothing_of_the_home(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program says in its refusal what it could reach; only its own extract may be among it."""
    extract = home.extracts / "survey.parquet"
    extract.write_bytes(b"rows")
    extract.chmod(0o444)
    program = f"""
import json, os, socket, sys
def can(what):
    try: what(); return True
    except OSError: return False
found = {{
    "extract": can(lambda: open("/data/survey.parquet", "rb").read()),
    "extract written": can(lambda: open("/data/survey.parquet", "ab")),
    "key": can(lambda: open({str(home.signing_key)!r})),
    "home": can(lambda: os.listdir({str(home.root)!r})),
    "shadow": can(lambda: open("/etc/shadow")),
    "data made": can(lambda: open("/data/other", "w")),
    "interfaces": [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line] != ["lo"],
    "dns": can(lambda: socket.getaddrinfo("example.invalid", 443)),
    "vsock": can(lambda: socket.socket(socket.AF_VSOCK)),
    "packet": can(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)),
    "secrets": [name for name in os.environ if "TOKEN" in name or "SAFEROOM" in name],
}}
reached = ",".join(sorted(name for name, reached in found.items() if reached))
print(json.dumps({{"refused": {{"bad_input": True, "message": reached}}}}))
"""
    monkeypatch.setattr(runner, "COMMAND", (sys.executable, "-P", "-c", program))
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "the-airlocks-own")
    with pytest.raises(BadInputError) as error:
        judge(Sandboxes(home), JOB, [Bind(extract, "/data/survey.parquet")], 20.0)
    assert error.value.message == "extract"
