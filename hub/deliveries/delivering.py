"""Keeps projects' claims as their extracts are: looked at again and again, so that nothing has to be told.

A claim is settled when the service starts, and whenever the project's signed manifest is another one than it was then.
What was withdrawn is taken away first, before anything that takes time.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import Any

import structlog

from saferoom.digests import sha256
from saferoom.errors import SaferoomError, UnavailableError, WrongStateError
from saferoom.hub.deliveries.settling import ARRIVING, Wanted
from saferoom.hub.evaluator.places import Task
from saferoom.hub.evaluator.pods.cluster import Shape
from saferoom.hub.evaluator.pods.handing import FOLDER
from saferoom.hub.evaluator.pods.place import Pods
from saferoom.hub.extract_keys import Part
from saferoom.hub.opened_extracts import Lease
from saferoom.hub.sandbox import Bind, Limits
from saferoom.hub.sandbox.spec import MEBIBYTE
from saferoom.hub.watching.counts import CHORES_FAILED
from saferoom.hub.wiring import Instance
from saferoom.ids import ProjectSlug
from saferoom.projects.extracts.manifest import MANIFEST_FILE

_log = structlog.get_logger()
EVERY_SECONDS = 20.0
_AGAIN_SECONDS = 60.0
"""How long a project waits whose claim could not be settled."""
_SETTLE_SECONDS = 3600.0
_COMMAND = (sys.executable, "-P", "-m", "saferoom.hub.deliveries.settling")
_LIMITS = Limits(memory_bytes=256 * MEBIBYTE, file_bytes=16 * MEBIBYTE, open_files=256)
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
_NOTHING = ""


@dataclass
class Deliveries:
    """Settles the claims of an instance's projects.

    Attributes
    ----------
    projects : callable
        Returns the projects that have claims now.
    """

    instance: Instance
    pods: Pods
    projects: Callable[[], Sequence[str]]
    _settled: dict[ProjectSlug, str] = field(default_factory=dict)
    _again: dict[ProjectSlug, float] = field(default_factory=dict)

    async def run(self) -> None:
        """Look at all claims until cancelled."""
        while True:
            await asyncio.to_thread(self.once)
            await asyncio.sleep(EVERY_SECONDS)

    def once(self) -> None:
        """Settle every claim that is not known to be as it should; what fails is logged and tried again later."""
        try:
            projects = [ProjectSlug(name) for name in self.projects()]
        except SaferoomError as error:
            self._failed("all", error)
            return
        for project in projects:
            if time.monotonic() < self._again.get(project, 0.0):
                continue
            try:
                self._look(project)
            except Exception as error:
                # Whatever it is: the other projects, and the next time, must not be lost to it.
                self._failed(project, error)
                self._again[project] = time.monotonic() + _AGAIN_SECONDS

    def _failed(self, project: str, error: Exception) -> None:
        reason = error.message if isinstance(error, SaferoomError) else type(error).__name__
        _log.error("extracts not delivered", project=project, reason=reason)
        CHORES_FAILED.inc()

    def _look(self, project: ProjectSlug) -> None:
        # Approvals end by themselves, without anybody's doing.
        self.instance.extracts("system").prune(project)
        seen = self._manifest(project)
        if self._settled.get(project) == seen:
            return
        self.deliver(project)
        self._settled[project] = seen
        _log.info("extracts delivered", project=project)

    def _manifest(self, project: ProjectSlug) -> str:
        """Return what tells one state of a project's extracts from another."""
        try:
            return sha256((self.instance.home.extracts / project / MANIFEST_FILE).read_bytes())
        except FileNotFoundError:
            return _NOTHING

    def deliver(self, project: ProjectSlug) -> None:
        """Make a project's claim hold its extracts and nothing else.

        Raises
        ------
        IntegrityError
            An extract is not what was provisioned; the claim stays as it was.
        UnavailableError
            There is no pod, or the claim did not take everything.
        """
        try:
            lease = self.instance.opened_extracts.lease(project)
        except WrongStateError:
            if self._manifest(project) != _NOTHING:
                raise
            self._settle(project, {}, {}, None)
            return
        with lease:
            files, links = wanted(lease)
            missing = self._settle(project, files, links, None)
            if missing and self._settle(project, files, links, lease.folder, missing):
                raise UnavailableError(f"the claim of {project} did not take its extracts; see whether it is full")

    def _settle(
        self,
        project: ProjectSlug,
        files: Wanted,
        links: Mapping[str, str],
        folder: Path | None,
        sent: Sequence[str] = (),
    ) -> list[str]:
        """Have a pod settle the claim, with the files `sent` of `folder`; return what the claim lacks."""
        told = json.dumps({"files": files, "links": links}).encode()
        binds = [Bind(folder / name, str(FOLDER / ARRIVING / name)) for name in sent] if folder else []
        task = Task("delivery", _COMMAND, told, _SETTLE_SECONDS, binds, _LIMITS, _ENVIRONMENT)
        shape = Shape("delivery", {"saferoom/project": project}, f"extracts-{project}")
        done = self.pods.run(task, shape)
        if done.timed_out or done.returncode != 0:
            raise UnavailableError(f"the claim of {project} was not settled: its pod ended with {done.returncode}")
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            missing: Any = json.loads(done.stdout)["missing"]
            if isinstance(missing, list) and set(missing) <= set(files):
                return missing
        raise UnavailableError(f"what the delivery to the claim of {project} answered was not understood")


def wanted(lease: Lease) -> tuple[dict[str, tuple[str, int]], dict[str, str]]:
    """Return the files and links that a room sees: the newest of every dataset, and the tables of changed ids."""
    parts: tuple[Part, ...] = (*lease.manifest.newest, *lease.manifest.changes)
    files = {}
    for name in (name for part in parts for name, _, _ in part.contents):
        with (lease.folder / name).open("rb") as file:
            files[name] = (file_digest(file, "sha256").hexdigest(), file.seek(0, 2))
    return files, {f"{part.dataset}.parquet": part.file for part in lease.manifest.newest}


def deliveries_of(instance: Instance) -> Deliveries:
    """Return what keeps the claims of a cluster where `instance` runs."""
    pods = instance.place
    if not isinstance(pods, Pods):
        raise UnavailableError("extracts are delivered where tasks have pods; SAFEROOM_EVALUATIONS has to be pods")
    return Deliveries(instance, pods, lambda: pods.settings.projects)
