"""What a room's project may install."""

from __future__ import annotations

from dataclasses import dataclass

from saferoom.hub.notebook.connection import Connection
from saferoom.hub.notebook.listed import Listed


@dataclass(frozen=True)
class Package:
    """A package and its versions, the newest first."""

    name: str
    versions: tuple[str, ...]


class Packages(Listed[Package]):
    """What ``pip install`` finds in this room."""

    head = ("package", "versions")
    none = "No packages are allowed for this project yet; ask an administrator for those that you need."

    def _row(self, item: Package) -> tuple[str, ...]:
        return (item.name, ", ".join(item.versions))


def packages() -> Packages:
    """Return what this room's project may install with ``%pip install NAME``, besides what every room has.

    Raises
    ------
    RoomError
        This is no room, or the airlock does not answer.
    """
    listed = Connection.from_environment().get("/api/room/packages")
    return Packages([Package(one["name"], tuple(one["versions"])) for one in listed])
