"""Runs the tests of what the proxy hears, with the Node.js that the hub uses."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import saferoom.hub.jupyter.programs as programs

_PROXY = Path(programs.__file__).with_name("proxy")


@pytest.mark.parametrize("name", ["inputs", "logs", "recording"])
def test_what_browsers_send_to_kernels_is_heard_and_recorded(name: str) -> None:
    done = subprocess.run(
        [str(programs.node()), "--test", "--test-reporter=tap", str(Path(__file__).with_name(f"{name}.test.mjs"))],
        env={**os.environ, "PROXY": _PROXY.as_uri(), "MODULES": str(programs.proxy_modules())},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "# fail 0" in done.stdout


@pytest.mark.parametrize(
    ("recorder", "secret"),
    [
        ("", ""),
        ("off", "s" * 64),
        ("run/recorder", ""),
        ("http://airlock:8002", ""),
        ("http://airlock:8002", "s" * 31),
        ("http://airlock", "s" * 64),
        ("http://airlock:8002/else", "s" * 64),
        ("https://airlock:8002", "s" * 64),
        ("ftp://airlock:8002", "s" * 64),
    ],
)
def test_proxy_without_a_recorder_does_not_start(recorder: str, secret: str) -> None:
    settings = {
        "SAFEROOM_PROXY_MODULES": "/nowhere",
        "SAFEROOM_PROXY_SECRET": "x",
        "SAFEROOM_RECORDER": recorder,
        "SAFEROOM_RECORDER_SECRET": secret,
    }
    done = subprocess.run(
        [str(programs.node()), str(_PROXY / "guard.mjs")], env=settings, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr == "guard.mjs is started by Saferoom's hub only\n"
