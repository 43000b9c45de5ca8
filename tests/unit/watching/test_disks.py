"""What is answered when a disk takes nothing."""

from __future__ import annotations

import asyncio
import errno

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from saferoom.errors import SaferoomError
from saferoom.hub.web.shell.disks import disk_error


async def refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, SaferoomError)
    return PlainTextResponse(error.message, status_code=error.http_status)


def answered(error: Exception) -> Response:
    async def work() -> Response:
        return await disk_error(refused)(Request({"type": "http"}), error)

    return asyncio.run(work())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EFBIG, errno.EIO])
def test_a_disk_that_takes_nothing_is_said_without_its_place(number: int) -> None:
    error = OSError(number, "words", "/srv/saferoom/data-of-somebody")
    answer = answered(error)
    assert answer.status_code == 503
    assert b"disk" in bytes(answer.body)
    assert b"somebody" not in bytes(answer.body)


@pytest.mark.parametrize("error", [FileNotFoundError(errno.ENOENT, "gone"), PermissionError(errno.EACCES, "no")])
def test_any_other_error_of_the_system_is_a_defect(error: OSError) -> None:
    with pytest.raises(type(error)):
        answered(error)
