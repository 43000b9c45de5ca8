"""Frames: a small JSON document with large arrays behind it, read without copying them.

Layout (whole numbers little-endian, everything at multiples of 8 bytes): ``srframe1``, the header's length in 8 bytes,
the header ``{"document": ..., "sizes": [...]}`` in UTF-8, then each array's bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from saferoom.errors import IntegrityError

_MAGIC = b"srframe1"
_STEP = 8
Segment = bytes | memoryview | NDArray[Any]
Found = TypeVar("Found")


def write_frame(document: Any, segments: Sequence[Segment]) -> bytes:
    """Return `document` (JSON-ready) and `segments` as one run of bytes."""
    views = [_bytes(segment) for segment in segments]
    head = json.dumps({"document": document, "sizes": [len(view) for view in views]}, allow_nan=False).encode()
    parts: list[bytes | memoryview] = [_MAGIC, len(head).to_bytes(_STEP, "little"), head, _padding(len(head))]
    for view in views:
        parts += [view, _padding(len(view))]
    return b"".join(parts)


def read_frame(data: bytes | memoryview) -> tuple[Any, list[memoryview]]:
    """Return what `write_frame` was given; the segments are views of `data`.

    Raises
    ------
    ValueError
        The bytes are no frame, or not all of one.
    """
    view = memoryview(data).toreadonly()
    if bytes(view[: len(_MAGIC)]) != _MAGIC:
        raise ValueError("no frame")
    start = len(_MAGIC) + _STEP
    length = int.from_bytes(view[len(_MAGIC) : start], "little")
    if length > len(view):
        raise ValueError("the frame is cut off")
    header = json.loads(bytes(view[start : start + length]))
    if not isinstance(header, dict) or set(header) != {"document", "sizes"}:
        raise ValueError("no frame")
    offset = start + length + len(_padding(length))
    segments = []
    for size in header["sizes"]:
        if type(size) is not int or not 0 <= size <= len(view) - offset:
            raise ValueError("the frame is cut off")
        segments.append(view[offset : offset + size])
        offset += size + len(_padding(size))
    if offset != len(view):
        raise ValueError("the frame has another length than it says")
    return header["document"], segments


def array_of(segment: memoryview, kind: str) -> NDArray[Any]:
    """Return a segment as a read-only array of numbers of `kind`, such as ``<u8``."""
    return np.frombuffer(segment, dtype=kind)


def guarded(read: Callable[[], Found], sentence: str) -> Found:
    """Return what `read` returns; whatever it finds malformed is an `IntegrityError` that says `sentence`."""
    try:
        return read()
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError):
        raise IntegrityError(sentence) from None


def _bytes(segment: Segment) -> bytes | memoryview:
    if not isinstance(segment, np.ndarray):
        return segment
    return np.ascontiguousarray(segment).reshape(-1).view(np.uint8).data if segment.size else b""


def _padding(length: int) -> bytes:
    return b"\0" * (-length % _STEP)
