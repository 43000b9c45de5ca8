"""What became of the files in ``outbox/``, as the room's watcher wrote it down."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from saferoom.hub.notebook import markup
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.listed import Listed

_OUTCOMES = ".outcomes.json"
_MOST_BYTES = 1 << 20
_SAYS = {
    "drafted": "in your draft",
    "replaced": "replaced the earlier one",
    "known": "taken before",
    "passed_over": "passed over",
    "refused": "refused",
    "waits": "waits",
}


@dataclass(frozen=True)
class Dropped:
    """One file of the outbox and what became of it."""

    file: str
    became: str
    message: str
    request: str


class Outbox(Listed[Dropped]):
    """What became of each file in the outbox."""

    head = ("file", "what happened", "request", "why")
    none = "Nothing is in the outbox. Put a file into the folder outbox/ and it becomes a draft within seconds."

    def _row(self, item: Dropped) -> tuple[str, ...]:
        return (item.file, _SAYS.get(item.became, item.became), item.request, markup.tidy(item.message))


def outbox() -> Outbox:
    """Return what became of the files in the room's ``outbox/``.

    Raises
    ------
    RoomError
        This is no room, or what the watcher wrote cannot be read.
    """
    folder = os.environ.get("SAFEROOM_OUTBOX", "")
    if not folder:
        raise RoomError("this works inside a room: sign in at the hub, open your project's room and run it there")
    try:
        with (Path(folder) / _OUTCOMES).open("rb") as file:
            listed = json.loads(file.read(_MOST_BYTES))
        return Outbox([Dropped(x["file"], x["became"], x["message"], x["request"]) for x in listed])
    except FileNotFoundError:
        return Outbox([])
    except (OSError, ValueError, KeyError, TypeError):
        raise RoomError("what became of the files in the outbox cannot be read; look at your requests' page") from None
