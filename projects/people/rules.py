"""What must hold about one person's roles, whoever writes them: a page, a command or a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from saferoom.ids import DatasetName
from saferoom.projects.people.model import Person, Role


def problems(person: Person, owned: Sequence[DatasetName]) -> Iterator[str]:
    """Yield what is wrong with `person`, who owns the datasets `owned`."""
    if Role.ADMINISTRATOR in person.roles and len(person.roles) > 1:
        yield (
            "an administrator may hold no other role: who registers people may not also use, own or check data; "
            "register a second account"
        )
    if Role.CLERICAL_REVIEWER in person.roles and len(person.roles) > 1:
        yield (
            "a clerical reviewer may hold no other role: who sees names may not also use, own or check data; "
            "register a second person"
        )
    if owned and (Role.DATA_OWNER not in person.roles or not person.active):
        yield (
            f"{person.username} owns {', '.join(owned)}, so must stay an active data-owner; "
            "give the dataset another owner first"
        )
