"""What is answered when a disk of the service takes nothing: it says so, instead of calling it a defect."""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable

import structlog
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import UnavailableError
from saferoom.hub.web.shell.logs import where
from saferoom.hub.web.texts.errors import NO_ROOM

_log = structlog.get_logger()
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO})
"""What the system says of a disk that is full, read-only or broken."""
_Answer = Callable[[Request, Exception], Awaitable[Response]]


def disk_error(refused: _Answer) -> _Answer:
    """Return what answers an error of the system: of a full disk as `refused` does, any other is a defect."""

    async def answer(request: Request, error: Exception) -> Response:
        if not isinstance(error, OSError) or error.errno not in _FULL:
            raise error
        _log.error("disk takes nothing", **where(error))
        return await refused(request, UnavailableError(NO_ROOM))

    return answer
