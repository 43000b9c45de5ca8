"""What goes over a pod's standard input, and what comes back over its standard output.

To the pod: the length of an *order* (8 bytes, big-endian), the order as JSON, the bytes of its files one behind the
other, and the task's own standard input. Nothing has to be closed for it to be whole, and a part is never taken for it.

From the pod: the length of the answer, and the answer, sealed under the order's key: nodes keep the output of
containers in files, which a cluster's logging reads.

The pod then waits for its standard input to be closed, so that nothing is lost at its end; where that happens earlier,
there is nobody left to answer to, and it ends at once.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any

from saferoom.disclosure.history.frames import guarded, read_frame, write_frame
from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.evaluator.places import Task
from saferoom.hub.sandbox import Completed, Limits
from saferoom.hub.store.cipher import AtRest

LENGTH = struct.Struct(">Q")
FOLDER = PurePosixPath("/data")
PIECE_BYTES = 32 << 10
"""As much as other clients of Kubernetes send at once."""
_MOST_ORDER_BYTES = 1 << 20
_ABOUT = {"purpose": "saferoom/pod-answer/1"}
_SEALING_BYTES = 1 << 20
"""More than sealing and what is kept of standard error add to an answer."""


@dataclass(frozen=True)
class Order:
    """What a pod is to do.

    Attributes
    ----------
    words : list of str
        The arguments of the interpreter.
    limits : mapping of str to number
        As `saferoom.hub.sandbox.Limits`.
    files : list of (str, int)
        Where each file goes, and its size in bytes.
    given : int
        The size of the task's own input, in bytes.
    key : str
        What the answer is sealed with: 32 bytes, base64.
    """

    words: list[str]
    seconds: float
    limits: Mapping[str, Any]
    environment: Mapping[str, str]
    files: list[tuple[str, int]]
    given: int
    key: str = field(repr=False)

    @classmethod
    def read(cls, take: Callable[[int], bytes]) -> Order:
        """Read an order; `take` returns exactly as many bytes as it is asked for.

        Raises
        ------
        BadInputError
            It is none, or a file of it would be elsewhere than below ``/data``.
        """
        (length,) = LENGTH.unpack(take(LENGTH.size))
        if length > _MOST_ORDER_BYTES:
            raise BadInputError("a pod was given an order that is too long")
        try:
            order = cls(**json.loads(take(length)))
            if not all(_below(place) and size >= 0 for place, size in order.files) or order.given < 0:
                raise BadInputError("a pod was given an order with a file that is not below /data")
            Limits(**order.limits)
        except (ValueError, TypeError, AttributeError, RecursionError):
            raise BadInputError("a pod was given an order that it does not understand") from None
        return order

    @property
    def cipher(self) -> AtRest:
        """What the answer is sealed with."""
        return AtRest(base64.b64decode(self.key, validate=True))


def _below(place: str) -> bool:
    path = PurePosixPath(place)
    return path.is_relative_to(FOLDER) and path != FOLDER and ".." not in path.parts


def handed(task: Task, key: bytes) -> Iterator[bytes]:
    """Yield what a pod is given for `task`, in pieces; files are read as they go.

    Raises
    ------
    UnavailableError
        A file became shorter meanwhile.
    """
    with ExitStack() as stack:
        files = [(stack.enter_context(bind.source.open("rb")), bind.target) for bind in task.files]
        sizes = [stream.seek(0, 2) for stream, _ in files]
        order = Order(
            words=list(task.command[1:]),
            seconds=task.seconds,
            limits=asdict(task.limits),
            environment=dict(task.environment),
            files=[(target, size) for (_, target), size in zip(files, sizes, strict=True)],
            given=len(task.given),
            key=base64.b64encode(key).decode("ascii"),
        )
        head = json.dumps(asdict(order)).encode()
        yield LENGTH.pack(len(head))
        yield from _pieces(head)
        for (stream, _), size in zip(files, sizes, strict=True):
            stream.seek(0)
            yield from _read(stream, size)
        yield from _pieces(task.given)


def _read(stream: IO[bytes], size: int) -> Iterator[bytes]:
    while size > 0:
        piece = stream.read(min(size, PIECE_BYTES))
        if not piece:
            raise UnavailableError("a file became shorter while an evaluation was given it; try again")
        size -= len(piece)
        yield piece


def size_of(task: Task) -> int:
    """Return about how many bytes `handed` yields."""
    return len(task.given) + sum(bind.source.stat().st_size for bind in task.files)


def most_answered(limits: Limits) -> int:
    """Return how many bytes the longest answer can have that a task within its limits gives."""
    return limits.file_bytes + _SEALING_BYTES


def _pieces(data: bytes) -> Iterator[bytes]:
    view = memoryview(data)
    for start in range(0, len(view), PIECE_BYTES):
        yield bytes(view[start : start + PIECE_BYTES])


def sealed_answer(done: Completed, cipher: AtRest) -> bytes:
    """Write how a task ended."""
    document = {"returncode": done.returncode, "timed_out": done.timed_out}
    sealed = cipher.seal(write_frame(document, [done.stdout, done.stderr]), _ABOUT)
    return LENGTH.pack(len(sealed)) + sealed


def open_answer(sealed: bytes, cipher: AtRest) -> Completed:
    """Read what `sealed_answer` wrote, without its length.

    Raises
    ------
    IntegrityError
        It was sealed with another key, changed, or is not all of it.
    """
    return guarded(lambda: _completed(cipher.open(sealed, _ABOUT)), "what a pod answered is damaged")


def _completed(frame: bytes) -> Completed:
    document, (stdout, stderr) = read_frame(frame)
    returncode, timed_out = document["returncode"], document["timed_out"]
    if type(returncode) is not int or type(timed_out) is not bool:
        raise ValueError("no answer")
    return Completed(bytes(stdout), returncode, bytes(stderr), timed_out)
