"""Runs the proxy's own unit tests with the Node.js that the hub uses."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import saferoom.hub.jupyter.programs as programs


def test_headers_of_rooms_pass_their_tests() -> None:
    headers = Path(programs.__file__).with_name("proxy") / "headers.mjs"
    done = subprocess.run(
        [str(programs.node()), "--test", "--test-reporter=tap", str(Path(__file__).with_name("headers.test.mjs"))],
        env={**os.environ, "HEADERS": headers.as_uri()},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "# fail 0" in done.stdout
