"""Everything that is wrong with what somebody wrote, each sentence with its field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from saferoom.errors import BadInputError


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and the field it is about, e.g. ``datasets.htv.variables``."""

    field: str
    message: str


class ProblemsError(BadInputError):
    """One or more fields are wrong; nothing was written."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(one.message for one in self.problems), field=self.problems[0].field)


def refuse(problems: Iterable[Problem]) -> None:
    """Raise `ProblemsError` when there are any."""
    found = tuple(problems)
    if found:
        raise ProblemsError(found)
