"""How much of the machine a file check may use."""

from __future__ import annotations

from saferoom.hub.sandbox import Limits
from saferoom.hub.sandbox.spec import MEBIBYTE

FILE_SECONDS = 60.0
"""Longest time for one file, the reading of the extract included."""

LIMITS = Limits(
    memory_bytes=2048 * MEBIBYTE,
    processes=64,
    cpus=2.0,
    file_bytes=256 * MEBIBYTE,
    open_files=256,
    scratch_bytes=256 * MEBIBYTE,
)
