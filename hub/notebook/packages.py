"""What a room's project may install."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from saferoom.hub.notebook import markup
from saferoom.hub.notebook.connection import Connection

_HEAD = ("package", "versions")
_NONE = "No packages are allowed for this project yet; ask an administrator for those that you need."


@dataclass(frozen=True)
class Package:
    """A package and its versions, the newest first."""

    name: str
    versions: tuple[str, ...]


class Packages(Sequence[Package]):
    """What ``pip install`` finds in this room."""

    def __init__(self, items: Sequence[Package]) -> None:
        self._items = list(items)

    def __getitem__(self, index: Any) -> Any:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Package]:
        return iter(self._items)

    def _rows(self) -> list[tuple[str, ...]]:
        return [(one.name, ", ".join(one.versions)) for one in self._items]

    def __repr__(self) -> str:
        if not self._items:
            return _NONE
        return "\n".join(markup.columns_text([_HEAD, *self._rows()], left=len(_HEAD)))

    def _repr_html_(self) -> str:
        return markup.panel(markup.words_html(_HEAD, self._rows()) if self._items else markup.paragraph(_NONE))


def packages() -> Packages:
    """Return what this room's project may install with ``%pip install NAME``, besides what every room has.

    Raises
    ------
    RoomError
        This is no room, or the airlock does not answer.
    """
    listed = Connection.from_environment().get("/api/room/packages")
    return Packages([Package(one["name"], tuple(one["versions"])) for one in listed])
