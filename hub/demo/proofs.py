"""What anybody can check without the hub: bundles and the audit trail, by the command line as it is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from saferoom.hub.demo.checking import AIRLOCK
from saferoom.hub.demo.pages import Pages
from saferoom.hub.demo.stage import folder
from saferoom.hub.demo.steps import StepError, Steps
from saferoom.hub.drive import HubSession
from saferoom.hub.home import Home

_PRIVACY_CHECKS = {"certificates", "budgets"}


def bundles(steps: Steps, author: HubSession, home: Home, requests: Sequence[str]) -> None:
    """Download the bundles of `requests`, verify each offline, and check that one changed byte is noticed."""
    for number, request in enumerate(requests, start=1):
        path = folder(home) / f"bundle-{number}.zip"
        with steps.step(f"download bundle {number} and verify it offline") as step:
            path.write_bytes(Pages(author.http).download(f"{AIRLOCK}requests/{request}/bundle"))
            status, report = _saferoom("verify", str(path), "--key", str(home.verifying_key), "--json")
            step.expect(status == 0, f"it is not valid: {report.get('problem') or report}")
            step.note = f"{len(report['files'])} files, key {report['key_id'][:12]}"
    with steps.step("a bundle with one changed byte is not valid") as step:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        changed = path.with_name("changed.zip")
        changed.write_bytes(data)
        status, report = _saferoom("verify", str(changed), "--key", str(home.verifying_key), "--json")
        step.expect(status == 1, f"saferoom verify ended with status {status}, not 1")
        step.note = report["problem"]


def certificate(steps: Steps, author: HubSession, home: Home, request: str) -> None:
    """Download the bundle of a release with differential privacy, and compute its loss again from the certificate."""
    path = folder(home) / "bundle-private.zip"
    with steps.step("download the noisy numbers and verify their certificate offline, without data") as step:
        path.write_bytes(Pages(author.http).download(f"{AIRLOCK}requests/{request}/bundle"))
        status, report = _saferoom("verify", str(path), "--key", str(home.verifying_key), "--json")
        step.expect(status == 0, f"it is not valid: {report.get('problem') or report}")
        passed = {check["name"]: check["enforces"] for check in report["checks"] if check["passed"]}
        step.expect(set(passed) >= _PRIVACY_CHECKS, f"these checks alone were made: {', '.join(passed)}")
        (found,) = report["certificates"]
        step.note = f"{found['measure']} {found['loss']:g}, for every {found['unit']}; {passed['certificates']}"


def audit(home: Home) -> str:
    """Verify the audit trail of `home` and return what was found."""
    status, report = _saferoom("audit", "verify", "--home", str(home.root), "--json")
    if status != 0:
        raise StepError(f"the audit trail does not hold: {report}")
    return f"{report['links']} links, {report['signed_heads']} signed heads"


def _saferoom(*arguments: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-P", "-m", "saferoom.hub.cli.main", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=Path.home())
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        raise StepError(f"saferoom {arguments[0]} ended with status {done.returncode}: {done.stderr.strip()}") from None
