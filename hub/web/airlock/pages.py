"""The page of one request, for whoever looks at it, and what can be taken from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from saferoom.digests import sha256
from saferoom.errors import NotFoundError
from saferoom.hub.web.airlock import frames, present_files, sides
from saferoom.hub.web.airlock.commands import Placed
from saferoom.hub.web.airlock.lists import OWN_WORDS, SEEN, STATE_WORDS, Glance, Someone
from saferoom.hub.web.shell.downloads import attached
from saferoom.hub.web.shell.identity import Visitor, framed_visitor
from saferoom.hub.web.shell.navigation import QUEUE, RELEASES, REQUESTS, SIGN_OFFS
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import page
from saferoom.ids import EvaluationId, OutputId, RequestId
from saferoom.projects.airlock import model
from saferoom.projects.airlock.states import State

router = APIRouter(prefix="/requests/{request_id}")
Framed = Annotated[Visitor, Depends(framed_visitor)]
Forms = Mapping[str, Placed[Any]]
_HERE = {"check": QUEUE.path, "sign": SIGN_OFFS.path, "own": REQUESTS.path, "release": RELEASES.path}


@router.get("")
def one_request(request: Request, request_id: str, who: Someone) -> Response:
    """Show a request: to those who judge with everything they judge by, to others with where it stands."""
    return shown(request, who, RequestId(request_id), {})


def shown(request: Request, who: Visitor, request_id: RequestId, forms: Forms, status: int = 200) -> Response:
    """Return a request's page.

    Parameters
    ----------
    forms : mapping of str to Placed
        Forms of the page that could not be taken, by their places, with what was typed.
    """
    instance = parts_of(request).instance
    sheet = instance.airlock.sheet(who.username, request_id)
    item = sheet.request
    side, values = sides.values(instance, who, sheet)
    values |= {
        "item": item,
        "forms": sides.Forms(forms),
        "wait": instance.airlock.wait(item),
        "seen": item.state.value,
        "moved": False,
        "released": item.state is State.RELEASED,
        "frame_key": lambda file: frames.key(who.session, item.id, file),
        **sides.WORDS,
        **_words(item, who),
    }
    return page(request, sides.TEMPLATES[side], who, status=status, here=_HERE[side], **values)


@router.get("/status")
def status(request: Request, request_id: str, who: Glance, seen: str = "") -> Response:
    """Show where a request stands, for a page that asks by itself."""
    airlock = parts_of(request).instance.airlock
    item = airlock.request(who.username, RequestId(request_id))
    kept = seen if SEEN.fullmatch(seen) else ""
    values: dict[str, Any] = {"item": item, "wait": airlock.wait(item), "seen": kept, "moved": kept != item.state.value}
    return page(request, "airlock/status.html", None, **values, **_words(item, who))


@router.get("/bundle")
def bundle(request: Request, request_id: str, who: Someone) -> Response:
    """Hand out the signed bundle of a released request."""
    data = parts_of(request).instance.airlock.bundle(who.username, RequestId(request_id))
    return attached(data, f"saferoom-{sha256(data)[:12]}.zip", "application/zip")


@router.get("/withdrawal")
def withdrawal(request: Request, request_id: str, who: Someone) -> Response:
    """Hand out the signed statement that a release is withdrawn."""
    found = parts_of(request).instance.airlock.request(who.username, RequestId(request_id)).withdrawal
    if found is None:
        raise NotFoundError("this release is not withdrawn")
    data = json.dumps(dict(found.statement), sort_keys=True, indent=1).encode()
    return attached(data, f"withdrawal-{sha256(data)[:12]}.json", "application/json")


@router.get("/files/{file_id}")
def file(request: Request, request_id: str, file_id: str, who: Someone) -> Response:
    """Hand out a file that waits to be checked, to output checkers; a browser stores it and never shows it."""
    airlock = parts_of(request).instance.airlock
    suffix, data = airlock.download_file(who.username, RequestId(request_id), EvaluationId(file_id))
    return attached(data, f"unchecked-{sha256(data)[:12]}.{suffix}")


@router.get("/leaving/{output_id}/{suffix}")
def leaving(request: Request, request_id: str, output_id: str, suffix: str, who: Someone) -> Response:
    """Hand out the very bytes that are about to leave, to the data owners who sign."""
    airlock = parts_of(request).instance.airlock
    found = airlock.leaving(who.username, RequestId(request_id), OutputId(output_id)).files
    if suffix not in found:
        raise NotFoundError("no such file leaves with this output")
    data = found[suffix]
    return attached(data, f"about-to-leave-{sha256(data)[:12]}.{suffix}")


@router.get("/files/{file_id}/shown")
def framed_file(request: Request, request_id: str, file_id: str, who: Framed) -> Response:
    """Show what was read out of a file, inside a frame of the request's own page."""
    id_, file_ = RequestId(request_id), EvaluationId(file_id)
    frames.check_frame(request, who.session, id_, file_)
    instance = parts_of(request).instance
    found, findings = sides.content(instance, who.username, id_, file_)
    return frames.frame(request, "airlock/frame.html", view=present_files.content(found, findings))


def _words(item: model.Request, who: Visitor) -> Mapping[str, Any]:
    return OWN_WORDS if item.author == who.username else STATE_WORDS
