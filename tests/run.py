"""What ``./saferoom test`` runs: the linters side by side, then every test; the same on a laptop and in CI.

Words after ``./saferoom test`` go to pytest; with any, only pytest runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CODE = ["src", "hub", "policies", "disclosure", "projects", "tests"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

CHECKS: dict[str, list[str]] = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy", "src", "tests"],
    "import-linter": ["lint-imports"],
    "codespell": ["codespell"],
    "yamllint": ["yamllint", "--strict", "."],
}


def run_check(name: str) -> tuple[str, int, str, float]:
    """Run one linter and return its name, status, output and seconds."""
    start = time.monotonic()
    command = CHECKS[name]
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    return name, done.returncode, done.stdout + done.stderr, time.monotonic() - start


def run_checks() -> bool:
    """Run all linters, two at a time; print only what a reader must mend."""
    good = True
    with ThreadPoolExecutor(max_workers=2) as pool:
        for name, status, output, seconds in pool.map(run_check, CHECKS):
            print(f"{'ok    ' if status == 0 else 'FAILED'} {name} ({seconds:.0f} s)", flush=True)
            if status:
                good = False
                print(output, flush=True)
    return good


def pytest_command(words: list[str]) -> list[str]:
    """Return the pytest command for all tests, or for `words`."""
    command = [str(BIN / "python"), "-P", "-m", "pytest"]
    if words:
        return command + words
    workers = max(2, os.cpu_count() or 2)
    command += ["-q", "-n", str(workers), "--dist", "loadgroup", "--cov", "--cov-report=term:skip-covered"]
    if not any(shutil.which(name) for name in BROWSERS):
        print(
            "NOT RUN HERE: the browser tests, because no Chromium is installed and installing one needs root "
            "(Debian, Ubuntu: apt-get install chromium).",
            flush=True,
        )
        command += ["-m", "not browser"]
    return command


def main(words: list[str]) -> int:
    """Run the linters (unless pytest words are given) and the tests."""
    good = True if words else run_checks()
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    status = subprocess.run(pytest_command(words), cwd=ROOT, env=environment, check=False).returncode
    return 0 if good and status == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
