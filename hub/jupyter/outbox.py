"""Watches a room's ``outbox/``: what is put there goes to the airlock, where it becomes a draft of this room's person.

It runs inside the room, in the notebook server, and sends files as ``saferoom.upload`` does: over the room's socket,
with the room's token. So it is trusted with nothing. Whoever stops or changes it harms nobody else: the airlock takes
person and project from the token, and opens and screens every byte that comes on its own side.

Each person has an outbox of their own: ``/room/outbox`` is a link to ``/outbox``, which leads in every room to the
folder of whoever the room belongs to. So a file becomes the draft of the person who put it there, although the
workspace is shared.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Any, Protocol
from urllib.parse import urlencode

from saferoom.errors import BadInputError
from saferoom.hub.jupyter.outbox_folder import MOST_FILES, ChangedError, Found, Mark, look, made, opened, read
from saferoom.hub.jupyter.room_terms import OUTBOX, OUTBOX_FOLDER, OUTBOX_LINK

STATUS = "WHAT-HAPPENED.txt"
"""What the watcher writes for people; it is never sent."""
OUTCOMES = ".outcomes.json"
"""The same for ``saferoom.outbox()``."""
_EVERY_SECONDS = 1.5
_AGAIN_SECONDS = 30.0
_LATER = frozenset({0, 401, 403, 404, 409, 429, 500, 502, 503})
_log = logging.getLogger(__name__)

_HEAD = """\
Files that you put into this folder become a draft at the airlock, within seconds. Nobody else sees it until you
submit it there: open "My requests" on the hub's pages. Only you put files here; other members have an outbox of theirs.

  outbox/table.csv               an output
  outbox/Wages/table.csv         an output in the group "Wages"
  outbox/Wages/supporting/x.py   a supporting file: output checkers see it, and it never leaves
  outbox/Wages/context.txt       what the numbers are and what they are for
  outbox/Wages/controls.txt      what was done to protect the people behind them

To take a file out of the draft, use the draft's page; to remove it here changes nothing there. A file with other
content under the same name takes the place of the first.
"""


class Way(Protocol):
    """How a file gets to the airlock."""

    def send(self, path: str, data: bytes) -> Any: ...


@dataclass(frozen=True)
class Line:
    """What became of one thing in the outbox.

    Attributes
    ----------
    mark : Mark
        The content it is about.
    again_at : float
        When to try once more, by the watcher's clock; infinite when it is settled.
    """

    place: str
    mark: Mark
    became: str = ""
    message: str = ""
    request: str = ""
    url: str = ""
    again_at: float = 0.0


_SETTLED = float("inf")


class Watch:
    """Looks at the outbox again and again, and sends what is new once it is not being written any more.

    Parameters
    ----------
    clock : callable
        Seconds that only go forward.
    """

    def __init__(self, root: Path, way: Way, clock: Callable[[], float] = time.monotonic) -> None:
        self._root, self._way, self._clock = root, way, clock
        self._seen: dict[str, Mark] = {}
        self._lines: dict[str, Line] = {}
        self._written = ""

    def step(self) -> None:
        """Look once; send what is new and has not changed since the look before."""
        found = look(self._root, own=(STATUS,))
        kept = found[:MOST_FILES]
        self._lines = {one.place: self._lines[one.place] for one in kept if one.place in self._lines}
        for one in kept:
            known = self._lines.get(one.place)
            settled = self._seen.get(one.place) == one.mark
            if settled and (known is None or known.mark != one.mark or known.again_at <= self._clock()):
                self._lines[one.place] = self._tried(one)
                self._tell(len(found) > MOST_FILES)
        self._seen = {one.place: one.mark for one in kept}
        self._tell(len(found) > MOST_FILES)

    def _tried(self, one: Found) -> Line:
        line = Line(one.place, one.mark, "refused", one.problem, again_at=_SETTLED)
        if one.problem:
            return line
        try:
            data = read(self._root, one)
        except ChangedError:
            return replace(line, became="waits", message="it is being written", again_at=self._clock())
        except BadInputError as error:
            return replace(line, message=error.message)
        return self._sent(one, line, data)

    def _sent(self, one: Found, line: Line, data: bytes) -> Line:
        from saferoom.hub.notebook.errors import RoomError

        asked = {"name": one.name} | ({"folder": "/".join(one.folder)} if one.folder else {})
        try:
            answer = self._way.send(f"/api/room/outbox?{urlencode(asked)}", data)
        except RoomError as error:
            if (error.status or 0) in _LATER:
                again = self._clock() + _AGAIN_SECONDS
                return replace(line, became="waits", message=f"{error}; it is tried again", again_at=again)
            return replace(line, message=str(error))
        return _answered(line, answer)

    def _tell(self, too_many: bool) -> None:
        """Write what happened beside the files, when it is news."""
        lines = list(self._lines.values())
        text = told(lines, too_many)
        if text == self._written:
            return
        document = [{"file": x.place, "became": x.became, "message": x.message, "request": x.request} for x in lines]
        with suppress(OSError):
            _write(self._root, STATUS, text.encode("utf-8", "replace"))
            _write(self._root, OUTCOMES, json.dumps(document).encode())
            self._written = text


def _answered(line: Line, answer: object) -> Line:
    if not isinstance(answer, Mapping):
        return replace(line, message="the airlock's answer was not understood; restart the room")
    said = {name: str(answer.get(name) or "") for name in ("became", "message", "request", "url")}
    return replace(line, **said)  # type: ignore[arg-type]


_SAYS = {
    "drafted": "is in your draft",
    "replaced": "took the place of the earlier one in your request",
    "known": "was taken before; nothing has changed",
    "passed_over": "is passed over: editors leave such files behind",
    "refused": "is refused",
    "waits": "waits",
}


def told(lines: list[Line], too_many: bool = False) -> str:
    """Return what happened, for people."""
    said = [_HEAD, "What happened:"]
    for line in lines:
        what = _SAYS.get(line.became, line.became)
        tail = f": {line.message}" if line.message else ""
        at = f" ({line.url or line.request})" if line.request else ""
        said.append(f"  {line.place} {what}{at}{tail}.")
    if not lines:
        said.append("  Nothing yet.")
    if too_many:
        said.append(f"  There are more than {MOST_FILES} files here; only the first {MOST_FILES} are looked at.")
    return "\n".join(said) + "\n"


def _write(root: Path, name: str, data: bytes) -> None:
    """Put a file of ours into the outbox, whole; what somebody put in its place is replaced and not followed."""
    with opened(root) as folder:
        temporary = f".{name}.new"
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)


def laid_out(root: Path, link: Path = Path(OUTBOX_LINK), target: str = OUTBOX) -> None:
    """Make this person's outbox and the workspace's link to it; what else is called so is moved aside."""
    made(root)
    try:
        if str(link.readlink()) == target:
            return
    except FileNotFoundError:
        pass
    except OSError:
        link.rename(link.with_name(f"{link.name} (not watched, {int(time.time())})"))
    else:
        link.unlink()
    with suppress(FileExistsError):
        link.symlink_to(target)


def start() -> None:
    """Watch this room's outbox from now on, in a thread that ends with the server."""
    root = os.environ.get(OUTBOX_FOLDER)
    if root:
        Thread(target=_watch, args=(Path(root),), name="outbox", daemon=True).start()


def _watch(root: Path) -> None:
    from saferoom.hub.notebook.connection import Connection

    watch = Watch(root, Connection.from_environment())
    while True:
        try:
            laid_out(root)
            watch.step()
        except Exception as error:
            # Whatever it is, the next file shall have its chance; the message could hold a name of somebody's.
            _log.warning("the outbox could not be looked at: %s", type(error).__name__)
        time.sleep(_EVERY_SECONDS)
