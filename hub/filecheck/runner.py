"""Runs file checks: one sandboxed process after the other until every file has its report."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from saferoom.disclosure.files.model import FileReport
from saferoom.disclosure.files.view import View
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.errors import BadInputError
from saferoom.hub.filecheck.job import Examination, FileJob, read_refusal
from saferoom.hub.filecheck.limits import FILE_SECONDS, LIMITS
from saferoom.hub.sandbox import Bind, Completed, Sandbox, run

_log = structlog.get_logger()
_INSIDE = Path("/data")
COMMAND = (sys.executable, "-P", "-m", "saferoom.hub.filecheck")
# Without a hub around it a check borrows the id that owns nothing.
_NOBODY = 65534
_START_SECONDS = 30.0
# Killed by the kernel for its memory, and by its own clock, as bubblewrap or a shell reports them.
_KILLED = (-9, 137)
_CLOCK = (-14, 142)


def screen_files(job: FileJob, identity: int | None = None) -> list[FileReport]:
    """Return the report on each file of `job`, in their order; see `examine_files`."""
    return [found.report for found in examine_files(job, identity)]


def examine_files(job: FileJob, identity: int | None = None) -> list[Examination]:
    """Open and screen the files of `job` in sandboxed processes that see the job's sources and nothing else.

    Parameters
    ----------
    identity : int or None
        The user id of the processes, when this one runs as root.

    Raises
    ------
    BadInputError
        No file can be checked: an extract cannot be read, or the query does not fit it.
    UnavailableError
        A sandbox cannot be set up here.
    """
    found: list[Examination] = []
    binds, job = _inside(job)
    while len(found) < len(job.files):
        rest = job.rest(len(found))
        done = _run(rest, binds, identity)
        found += _read(rest, done)
        if len(found) < len(job.files):
            found.append(_died(job.files[len(found)][0], done))
    return found


def _inside(job: FileJob) -> tuple[tuple[Bind, ...], FileJob]:
    """Return the sources' places inside the sandbox, and the job that names them."""
    places = [_INSIDE / str(number) / source.path.name for number, source in enumerate(job.sources)]
    binds = tuple(Bind(source.path.resolve(), str(place)) for source, place in zip(job.sources, places, strict=True))
    sources = tuple(replace(source, path=place) for source, place in zip(job.sources, places, strict=True))
    return binds, replace(job, sources=sources)


def _run(job: FileJob, binds: Sequence[Bind], identity: int | None) -> Completed:
    if os.geteuid() == 0 and identity is None:
        identity = _NOBODY
    sandbox = Sandbox(
        name=f"filecheck-{secrets.token_hex(6)}",
        identity=identity,
        read_only=tuple(binds),
        environment={"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", "MPLCONFIGDIR": "/tmp"},  # noqa: S108
        limits=LIMITS,
    )
    return run(sandbox, COMMAND, job.to_bytes(), _START_SECONDS + FILE_SECONDS * len(job.files))


def _read(job: FileJob, done: Completed) -> list[Examination]:
    """Return what the process said of the job's first files, up to the first line that is not an examination."""
    lines = done.stdout.split(b"\n")[:-1]
    found: list[Examination] = []
    for line, (name, _) in zip(lines, job.files, strict=False):
        if message := read_refusal(line):
            raise BadInputError(message)
        try:
            found.append(Examination.from_line(line, name))
        except ValueError:
            break
    return found


def _died(name: str, done: Completed) -> Examination:
    """Return the examination of the file at which a process ended; what it wrote may hold values and is not kept."""
    _log.warning("file check died", returncode=done.returncode, stderr_bytes=len(done.stderr))
    if done.timed_out or done.returncode in _CLOCK:
        why = f"took longer than {FILE_SECONDS:.0f} seconds to check"
    elif done.returncode in _KILLED:
        why = "needs more memory than a check may use"
    else:
        why = "stopped the program that reads it"
    finding = Finding(
        rule="unreadable",
        risk=Risk.UNPROVEN,
        severity=Verdict.FAIL,
        cells=(),
        message=f"{name} {why}, so nothing in it could be checked",
        remedy="Save it in a plain format (CSV, PNG, PDF), make it smaller, and upload it again.",
    )
    return Examination(FileReport(name, "unknown", Verdict.FAIL, (finding,)), View())
