"""How the tests ended, by file, for ``saferoom satre``, and how long each took: kept below the checkout, each file's
newest run."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from saferoom.hub.evidence.satre import RESULTS

ROOT = Path(__file__).resolve().parents[2]


class Recorder:
    """Counts reports, and writes them beside those of files that did not run this time."""

    def __init__(self, path: Path = ROOT / RESULTS) -> None:
        self._path = path
        self._files: dict[str, Counter[str]] = {}
        self._seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a report."""
        name = report.nodeid.split("::", 1)[0]
        self._seconds[name] = self._seconds.get(name, 0.0) + report.duration
        if report.failed or (report.skipped and report.when != "teardown") or report.when == "call":
            self._files.setdefault(name, Counter())[report.outcome] += 1

    def pytest_sessionfinish(self) -> None:
        """Write what was counted."""
        if not self._files:
            return
        try:
            before = json.loads(self._path.read_text(encoding="utf-8"))
            kept = {
                key: {name: value for name, value in before.get(key, {}).items() if (ROOT / name).is_file()}
                for key in ("files", "seconds")
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            kept = {"files": {}, "seconds": {}}
        document = {
            "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            "commit": _commit(),
            "files": {**kept["files"], **{name: dict(counts) for name, counts in self._files.items()}},
            "seconds": {**kept["seconds"], **{name: round(self._seconds[name], 2) for name in self._files}},
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(document, sort_keys=True), encoding="utf-8")


def _commit() -> str:
    """Return which commit was tested, and whether files had been changed since; empty outside of a checkout."""
    try:
        asked = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
        return subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
