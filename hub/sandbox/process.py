"""Starting, watching and ending sandboxed processes."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from saferoom.errors import UnavailableError
from saferoom.hub.sandbox import bubblewrap, cgroups, seccomp
from saferoom.hub.sandbox.spec import Limits, Sandbox

LAUNCH = Path(__file__).with_name("launch.py")
_KEPT_STDERR_BYTES = 64 << 10
# Redirections a caller may give: an open file, or nothing.
Stream = int | IO[bytes] | None


@dataclass
class Running:
    """A sandbox that was started. `stop` (or `wait`, then `close`) must be called in the end."""

    process: subprocess.Popen[bytes]
    group: cgroups.Group = field(default_factory=cgroups.Group)

    def poll(self) -> int | None:
        """Return its exit status once it has ended."""
        return self.process.poll()

    def stop(self, grace_seconds: float = 5.0) -> None:
        """End every process of the sandbox and give its control groups back."""
        # Everything inside is bound to bubblewrap's life by the kernel.
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(grace_seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.close()

    def close(self) -> None:
        """Give the control groups back, ending what is left in them."""
        self.group.remove()


@dataclass(frozen=True)
class Completed:
    """What a sandboxed program left behind.

    Attributes
    ----------
    stderr : bytes
        The last 64 KiB it wrote to standard error. For the operator alone: it may contain data values.
    timed_out : bool
        It was ended because its time was over.
    """

    stdout: bytes
    returncode: int
    stderr: bytes = b""
    timed_out: bool = False


def start(
    sandbox: Sandbox,
    argv: Sequence[str],
    *,
    pass_fds: Sequence[int] = (),
    stdin: Stream = subprocess.DEVNULL,
    stdout: Stream = subprocess.DEVNULL,
    stderr: Stream = subprocess.DEVNULL,
) -> Running:
    """Start `argv` in `sandbox`; nothing of the caller is inherited but `pass_fds` and the three streams.

    It ends when the calling *thread* ends: call from a thread that outlives it.

    Raises
    ------
    UnavailableError
        The sandbox cannot be set up here; nothing was started.
    """
    with contextlib.ExitStack() as stack:
        filter_fd = stack.enter_context(memory_file(seccomp.program()))
        files = [(stack.enter_context(memory_file(text.encode())), path) for path, text in _etc(sandbox).items()]
        inside = bubblewrap.arguments(sandbox, filter_fd, files)
        group = cgroups.create(sandbox.name, sandbox.limits) if bubblewrap.is_root() else cgroups.Group()
        plan = json.dumps({"groups": [str(path) for path in group.procs], "limits": resource_limits(sandbox.limits)})
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LAUNCH), plan, *inside, *argv],
                env=dict(sandbox.environment),
                pass_fds=[filter_fd, *(descriptor for descriptor, _ in files), *pass_fds],
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            group.remove()
            raise UnavailableError(f"a sandbox could not be started: {error.strerror}") from error
        return Running(process, group)


def run(
    sandbox: Sandbox, argv: Sequence[str], input: bytes, timeout_seconds: float, *, pass_fds: Sequence[int] = ()
) -> Completed:
    """Run `argv` in `sandbox` to its end.

    Output is bounded by the sandbox's limit on the size of a file, time by `timeout_seconds`.
    """
    with memory_file(input) as stdin, memory_file() as stdout, memory_file() as stderr:
        running = start(sandbox, argv, pass_fds=pass_fds, stdin=stdin, stdout=stdout, stderr=stderr)
        timed_out = False
        try:
            returncode = running.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            running.stop(grace_seconds=0.5)
        returncode = running.process.returncode
        return Completed(content_of(stdout), returncode, end_of(stderr), timed_out)


def resource_limits(limits: Limits) -> dict[str, int]:
    """Return the limits that `launch.py` sets for a process and what it starts, by the names of `resource`."""
    wanted = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": limits.file_bytes, "RLIMIT_NOFILE": limits.open_files}
    if not bubblewrap.is_root():
        # Without control groups at least each process by itself is bounded.
        wanted["RLIMIT_DATA"] = limits.memory_bytes
    return wanted


def _etc(sandbox: Sandbox) -> dict[str, str]:
    uid = bubblewrap.user_id(sandbox)
    return {
        "/etc/passwd": f"researcher:x:{uid}:{uid}::{sandbox.directory}:/bin/sh\n",
        "/etc/group": f"researcher:x:{uid}:\n",
        "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    }


@contextlib.contextmanager
def memory_file(content: bytes = b"") -> Iterator[int]:
    """Yield a file in memory: evidence never touches a disk on its way."""
    descriptor = os.memfd_create("saferoom", os.MFD_CLOEXEC)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def end_of(descriptor: int) -> bytes:
    """Return what of a process's standard error is kept."""
    return os.pread(descriptor, _KEPT_STDERR_BYTES, max(0, os.fstat(descriptor).st_size - _KEPT_STDERR_BYTES))


def content_of(descriptor: int) -> bytes:
    """Return all that was written to a file in memory."""
    size = os.fstat(descriptor).st_size
    parts = []
    offset = 0
    while offset < size and (part := os.pread(descriptor, size - offset, offset)):
        parts.append(part)
        offset += len(part)
    return b"".join(parts)
