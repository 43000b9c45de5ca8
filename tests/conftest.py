"""Shared by all tests: heavy tests stay together on one worker, and nothing talks beyond this machine."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from tests.support.live import live as live
from tests.support.results import Recorder

if TYPE_CHECKING:
    from tests.support.postgres import Server

HEAVY = ("live", "browser", "packaging", "postgres", "spark")
"""The first of these that a test is marked with names its group."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the pictures of ``docs/images`` be written anew; they are taken and looked at in any case."""
    parser.addoption("--screenshots", action="store_true", help="write the pictures that the how-to guides show")


def pytest_configure(config: pytest.Config) -> None:
    """Have extracts opened in a folder of this run, which goes with it; what tests kill leaves files there.

    Workers share the cores: threads of linear algebra on top of them only wait for each other.
    """
    if not hasattr(config, "workerinput"):
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ.setdefault(name, "1")
        shared = Path("/dev/shm")
        made = Path(tempfile.mkdtemp(prefix="saferoom-tests-", dir=shared if shared.is_dir() else None))
        made.chmod(0o1777)  # hubs of other users use it, too
        os.environ["SAFEROOM_OPENED"] = str(made)
        config.add_cleanup(lambda: shutil.rmtree(made, ignore_errors=True))
        if not config.option.collectonly:
            config.pluginmanager.register(Recorder())


@pytest.fixture(scope="session", autouse=True)
def _homes_have_their_store_where_tests_have_it() -> Iterator[None]:
    """Let homes find their store on PostgreSQL where the tests' stores are there (``SAFEROOM_TEST_STORE``)."""
    from tests.support import empty_store

    from saferoom.hub.home import Home

    if not empty_store.ON_POSTGRES:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        named = os.environ.get
        address = property(
            lambda home: named("SAFEROOM_DATABASE_URL") or empty_store.address_of(home.root / "saferoom.sqlite")
        )
        patch.setattr(Home, "database_url", address)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that share a running hub, a browser or a PostgreSQL on one worker, so that it is started once."""
    for item in items:
        group = _heavy(item)
        if group:
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: not _heavy(item))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for garbage among what tests make alone: modules and the tests themselves stay until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Put the settings of logs back: a command that a test runs in this process makes its own."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """End the browser before any test that is none of its own."""
    if item.get_closest_marker("browser") is None and "browser" not in item.path.parts:
        _end_browser()


def pytest_sessionfinish() -> None:
    """End the browser where its tests came last, and let what was kept from the collector be cleared away, too."""
    _end_browser()
    gc.unfreeze()


def _end_browser() -> None:
    chromium = sys.modules.get("tests.support.chromium")
    if chromium is not None:
        chromium.end()


def _heavy(item: pytest.Item) -> str | None:
    return next((name for name in HEAVY if item.get_closest_marker(name)), None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Keep each file's tests together too, so that what they share is made once."""
    from tests.support.scheduling import FilesAndGroups

    return FilesAndGroups(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL of this worker's own."""
    from tests.support.postgres import Server

    server = Server()
    yield server
    server.close()
