"""The rooms' API for the outbox: a file that was dropped into a room's ``outbox/`` becomes part of a draft.

The room itself sends what lies there (`saferoom.hub.jupyter.outbox`), over its own socket and with its own token. So
the trusted side never opens a folder that a room may write: there is no link to follow, no pipe to wait for, and no
file that changes between the check and the reading. What counts is the bytes that came.
"""

from __future__ import annotations

import contextlib
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from saferoom.errors import BadInputError, StaleVersionError
from saferoom.hub.web.room import answers
from saferoom.hub.web.room.api import Living
from saferoom.hub.web.shell.hub_auth import Resident
from saferoom.hub.web.shell.parts import Parts, parts_of
from saferoom.hub.web.shell.rates import Rate
from saferoom.projects.airlock.outbox import Dropped, Outcome, Screen
from saferoom.projects.airlock.uploads import Screened, Upload

PATH = "/api/room/outbox"
router = APIRouter(prefix=PATH)
_MEBIBYTE = 1 << 20
_LONGEST_FOLDER = 400
_LONGEST_NAME = 400
_TRIES = 3


@router.post("")
async def drop(request: Request, who: Living) -> dict[str, Any]:
    """Take one file of the outbox into a draft of its author's; the same file again changes nothing.

    ``?folder=`` says in which folder of the outbox it lies, ``?name=`` how it is called there.
    """
    parts = parts_of(request)
    parts.rates.spend(Rate.CALLS, who.username)
    folder, name = _asked(request)
    data = await parts.intake.read(request, who.username)
    outcome = await run_in_threadpool(_drop, parts, who, Dropped(folder, name, data))
    return answers.outcome(outcome, parts.page_url)


def _asked(request: Request) -> tuple[str, str]:
    pairs = request.query_params.multi_items()
    asked = dict(pairs)
    if len(asked) != len(pairs) or not set(asked) <= {"folder", "name"} or not asked.get("name"):
        raise BadInputError("name the file once, as ?name=...; ?folder=... says in which folder of the outbox it lies")
    folder, name = asked.get("folder", ""), asked["name"]
    if len(folder) > _LONGEST_FOLDER or len(name) > _LONGEST_NAME:
        raise BadInputError("the names of the file and its folders are too long; shorten them")
    if any(step in (".", "..") for step in folder.split("/")):
        raise BadInputError("a folder of the outbox has a name of its own, not . or ..")
    return folder, name


def _drop(parts: Parts, who: Resident, file: Dropped) -> Outcome:
    def screen(upload: Upload) -> Screened:
        parts.rates.spend(Rate.FILE_MEBIBYTES, upload.author, 1 + len(upload.data) // _MEBIBYTE)
        return parts.screener.screen(upload)

    if not _known(parts, who, file):
        parts.rates.spend(Rate.FILES, who.username)
    for _ in range(_TRIES - 1):
        with contextlib.suppress(StaleVersionError):
            # The author may be changing the draft on its page at the very moment.
            return _taken(parts, who, file, screen)
    return _taken(parts, who, file, screen)


def _taken(parts: Parts, who: Resident, file: Dropped, screen: Screen) -> Outcome:
    (outcome,) = parts.instance.airlock.draft_files(who.username, who.project, [file], screen)
    return outcome


def _known(parts: Parts, who: Resident, file: Dropped) -> bool:
    """Tell whether it was taken before, so that a room that starts anew spends nothing on what lies there."""
    try:
        return parts.instance.airlock.dropped_before(who.username, who.project, file)
    except BadInputError:
        return False
