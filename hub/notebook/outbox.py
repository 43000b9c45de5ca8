"""What became of the files in ``outbox/``, as the room's watcher wrote it down."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saferoom.hub.notebook import markup
from saferoom.hub.notebook.errors import RoomError

_OUTCOMES = ".outcomes.json"
_MOST_BYTES = 1 << 20
_HEAD = ("file", "what happened", "request", "why")
_SAYS = {
    "drafted": "in your draft",
    "replaced": "replaced the earlier one",
    "known": "taken before",
    "passed_over": "passed over",
    "refused": "refused",
    "waits": "waits",
}
_NONE = "Nothing is in the outbox. Put a file into the folder outbox/ and it becomes a draft within seconds."


@dataclass(frozen=True)
class Dropped:
    """One file of the outbox and what became of it."""

    file: str
    became: str
    message: str
    request: str


class Outbox(Sequence[Dropped]):
    """What became of each file in the outbox."""

    def __init__(self, items: Sequence[Dropped]) -> None:
        self._items = list(items)

    def __getitem__(self, index: Any) -> Any:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Dropped]:
        return iter(self._items)

    def _rows(self) -> list[tuple[str, ...]]:
        return [(x.file, _SAYS.get(x.became, x.became), x.request, markup.tidy(x.message)) for x in self._items]

    def __repr__(self) -> str:
        if not self._items:
            return _NONE
        return "\n".join(markup.columns_text([_HEAD, *self._rows()], left=len(_HEAD)))

    def _repr_html_(self) -> str:
        return markup.panel(markup.words_html(_HEAD, self._rows()) if self._items else markup.paragraph(_NONE))


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
