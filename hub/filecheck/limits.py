"""How much of the machine a file check may use."""

from __future__ import annotations

from saferoom.hub.sandbox import Limits
from saferoom.hub.sandbox.spec import MEBIBYTE

FILE_SECONDS = 60.0
"""Most processor time for one file, the reading of the extract included."""

WAIT_SECONDS = 180.0
"""Longest time to wait for one file, on a machine that is busy with other things."""

MEMORY_BYTES = 1024 * MEBIBYTE
"""Memory of a check that knows no extract; with one it is `LIMITS.memory_bytes`."""

LIMITS = Limits(
    memory_bytes=2048 * MEBIBYTE,
    processes=64,
    cpus=2.0,
    file_bytes=256 * MEBIBYTE,
    open_files=256,
    scratch_bytes=256 * MEBIBYTE,
)


def bounds(*, with_extract: bool) -> dict[str, int]:
    """Return the limits that a check's process sets for itself, by the names of the `resource` module."""
    return {
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": LIMITS.open_files,
        "RLIMIT_DATA": LIMITS.memory_bytes if with_extract else MEMORY_BYTES,
    }
