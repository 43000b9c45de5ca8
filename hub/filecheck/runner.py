"""Runs file checks: one sandboxed process after the other until every file has its report."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from saferoom.disclosure.files.model import FileReport
from saferoom.disclosure.files.openers.base import shown
from saferoom.disclosure.files.view import View
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.evaluator.places import Place, Task
from saferoom.hub.filecheck.job import READY, Examination, FileJob, handed_place, read_refusal
from saferoom.hub.filecheck.limits import FILE_SECONDS, LIMITS, WAIT_SECONDS
from saferoom.hub.sandbox import Bind, Completed, Sandbox, run
from saferoom.hub.sandbox.spec import MEBIBYTE

_log = structlog.get_logger()
_INSIDE = Path("/data")
COMMAND = (sys.executable, "-P", "-m", "saferoom.hub.filecheck")
# Without a hub around it a check borrows the id that owns nothing.
_NOBODY = 65534
_START_SECONDS = 30.0
# Killed by the kernel for its memory, and by its own clocks, as bubblewrap or a shell reports them.
_KILLED = (-9, 137)
_CLOCK = (-14, 142, -27, 155)
# Files that share a process: a large one has its own, so that what it needs is not taken from others.
_TOGETHER_BYTES = 16 * MEBIBYTE
_TOGETHER_FILES = 50
# Threads of numeric libraries reserve memory that counts against the limit.
_ENVIRONMENT = {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "2", "PYTHONDONTWRITEBYTECODE": "1"}
_BOXED = {**_ENVIRONMENT, "PATH": "/usr/bin:/bin", "HOME": "/tmp", "MPLCONFIGDIR": "/tmp"}  # noqa: S108 - inside
UNPROTECTED = (
    "NOT enforced: on this machine no sandbox can be made ({reason}); the files were opened in an ordinary process of "
    "your own, bounded in memory and time, which could reach your files and the network if a reader had a flaw"
)

Tell = Callable[[str], None]


@dataclass(frozen=True)
class _Given:
    """What the processes of a job see, and who they are.

    Attributes
    ----------
    binds, descriptors
        What they see and are given of the extracts.
    scratch_bytes : int
        Room for copies of extracts that come as open files.
    """

    identity: int | None
    binds: tuple[Bind, ...] = ()
    descriptors: tuple[int, ...] = ()
    scratch_bytes: int = LIMITS.scratch_bytes


def screen_files(job: FileJob, identity: int | None = None, tell: Tell | None = None) -> list[FileReport]:
    """Return the report on each file of `job`, in their order; see `examine_files`."""
    return [found.report for found in examine_files(job, identity, tell)]


def examine_files(
    job: FileJob, identity: int | None = None, tell: Tell | None = None, place: Place | None = None
) -> list[Examination]:
    """Open and screen the files of `job` in sandboxed processes that see the job's sources and nothing else.

    Parameters
    ----------
    identity : int or None
        The user id of the processes, when this one runs as root.
    tell : callable or None
        For a person who checks files of their own: where no sandbox can be made, an ordinary process is used, bounded
        in memory and time, and `tell` is given the sentence that says what is not enforced. None: there is no check.
    place : Place or None
        An instance's, which has identities of its own; None for a person without an instance.

    Raises
    ------
    BadInputError
        No file can be checked: an extract cannot be read, or the query does not fit it.
    UnavailableError
        A sandbox cannot be set up here.
    """
    if os.geteuid() == 0 and identity is None:
        identity = _NOBODY
    runner = _Runner(identity, tell, place)
    found: list[Examination] = []
    for start, stop in _batches(job):
        found += runner.examine(job.part(start, stop))
    return found


def _batches(job: FileJob) -> Iterator[tuple[int, int]]:
    """Yield which files share a process; files that a query may let pass never do."""
    start, held = 0, 0
    for position, (_, data) in enumerate(job.files):
        full = held + len(data) > _TOGETHER_BYTES or position - start >= _TOGETHER_FILES or job.query is not None
        if position > start and full:
            yield start, position
            start, held = position, 0
        held += len(data)
    if job.files:
        yield start, len(job.files)


class _Runner:
    """Runs the processes of one job, and remembers when this machine cannot make a sandbox."""

    def __init__(self, identity: int | None, tell: Tell | None, place: Place | None) -> None:
        self._identity = None if place is not None else identity
        self._tell = tell
        self._place = place
        self._sandboxed = True

    def examine(self, job: FileJob) -> list[Examination]:
        """Return what is found in each file."""
        found: list[Examination] = []
        while len(found) < len(job.files):
            rest = job.part(len(found), len(job.files))
            done = self._run(rest)
            found += _read(rest, done)
            if len(found) < len(job.files):
                found.append(_died(job.files[len(found)][0], done))
        return found

    def _run(self, job: FileJob) -> Completed:
        if self._sandboxed:
            try:
                done = self._in_sandbox(job)
                if done.stdout.startswith(READY):
                    return done
                reason = _reason(done)
            except UnavailableError as error:
                reason = error.message
            if self._tell is None:
                raise UnavailableError(f"files cannot be checked on this machine: {reason}")
            self._sandboxed = False
            self._tell(UNPROTECTED.format(reason=reason))
        done = _unsandboxed(job)
        if not done.stdout.startswith(READY):
            raise UnavailableError("the process that checks files could not be started; nothing was judged")
        return done

    def _in_sandbox(self, job: FileJob) -> Completed:
        with contextlib.ExitStack() as stack:
            given, job = _inside(job, self._identity, stack)
            limits = replace(LIMITS, scratch_bytes=given.scratch_bytes, file_bytes=given.scratch_bytes)
            if self._place is not None:
                task = Task("filecheck", COMMAND, job.to_bytes(), _seconds(job), given.binds, limits, _BOXED)
                return self._place.run(task)
            sandbox = Sandbox(
                name=f"filecheck-{secrets.token_hex(6)}",
                identity=given.identity,
                read_only=given.binds,
                environment=_BOXED,
                limits=limits,
            )
            return run(sandbox, COMMAND, job.to_bytes(), _seconds(job), pass_fds=given.descriptors)


def _inside(job: FileJob, identity: int | None, stack: contextlib.ExitStack) -> tuple[_Given, FileJob]:
    """Return what the sandbox is given of the sources, and the job that names them as they are seen inside."""
    binds, descriptors, sources, copied = [], [], [], 0
    for number, source in enumerate(job.sources):
        origin = source.path.resolve()
        if identity is not None and not origin.stat().st_mode & stat.S_IROTH:
            # Another user's process may not open it by its name, so it is given the open file.
            stream = stack.enter_context(origin.open("rb"))
            os.set_inheritable(stream.fileno(), True)
            descriptors.append(stream.fileno())
            copied += origin.stat().st_size
            place = handed_place(stream.fileno(), source.path.name)
        else:
            place = _INSIDE / str(number) / source.path.name
            binds.append(Bind(origin, str(place)))
        sources.append(replace(source, path=place))
    made = _Given(identity, tuple(binds), tuple(descriptors), LIMITS.scratch_bytes + copied)
    return made, replace(job, sources=sources)


def _unsandboxed(job: FileJob) -> Completed:
    """Run a job in an ordinary process, which bounds itself."""
    environment = {**_ENVIRONMENT, "PATH": "/usr/bin:/bin", "HOME": os.environ.get("HOME", "/")}
    try:
        done = subprocess.run(
            COMMAND, input=job.to_bytes(), capture_output=True, timeout=_seconds(job), env=environment, check=False
        )
    except subprocess.TimeoutExpired as error:
        return Completed(error.stdout or READY, -9, timed_out=True)
    return Completed(done.stdout, done.returncode, done.stderr)


def _seconds(job: FileJob) -> float:
    return _START_SECONDS + WAIT_SECONDS * len(job.files)


def _reason(done: Completed) -> str:
    # Nothing of any file was read by then, so no data can be in it; only bubblewrap wrote this.
    said = [line for line in done.stderr.decode(errors="replace").splitlines() if line.startswith("bwrap:")]
    return said[-1] if said else "its process did not start"


def _read(job: FileJob, done: Completed) -> list[Examination]:
    """Return what the process said of the job's first files, up to the first line that is not an examination."""
    lines = done.stdout.removeprefix(READY).split(b"\n")[:-1]
    found: list[Examination] = []
    for line, (name, _) in zip(lines, job.files, strict=False):
        if message := read_refusal(line):
            raise BadInputError(message)
        try:
            found.append(Examination.from_line(line, name))
        except (ValueError, RecursionError):
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
        message=f"{shown(name)} {why}, so nothing in it could be checked.",
        remedy="Save it in a plain format (CSV, PNG, PDF), make it smaller, and check it again.",
    )
    return Examination(FileReport(name, "unknown", Verdict.FAIL, (finding,)), View())
