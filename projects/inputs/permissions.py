"""Who sees what people have kernels run: output checkers outside the project everything, its people their own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from saferoom.errors import NotFoundError
from saferoom.ids import Username
from saferoom.projects.people.model import Person, Role

UNKNOWN = "there is no such project, or none whose inputs you may see"


@dataclass(frozen=True)
class Sight:
    """Whose inputs somebody sees.

    Attributes
    ----------
    only : Username or None
        That one person's alone; None for everybody's.
    """

    only: Username | None


def sight(person: Person, members: Collection[Username], former: Collection[Username]) -> Sight:
    """Return whose inputs of a project `person` sees.

    Whoever is, or was, a member checks nothing of the project, and sees what they ran themselves.

    Parameters
    ----------
    person : Person
        With the roles that count now.

    Raises
    ------
    NotFoundError
        None; whether there is such a project is not told.
    """
    if person.active and (person.username in members or person.username in former):
        return Sight(person.username)
    if person.active and Role.OUTPUT_CHECKER in person.roles:
        return Sight(None)
    raise NotFoundError(UNKNOWN)
