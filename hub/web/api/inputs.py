"""What people had kernels run: to output checkers outside the project."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime

from saferoom.hub.web.api.documents import Document, Listed, listed
from saferoom.hub.web.api.routing import Caller, On, PageNumber
from saferoom.hub.web.api.routing import router as routes
from saferoom.ids import Username
from saferoom.projects.inputs.model import Input, Kind
from saferoom.projects.inputs.service import LONGEST_SEARCH
from saferoom.projects.inputs.store import Wanted
from saferoom.projects.paging import Cut

router = routes("inputs")


class RunInput(Document):
    """Something that a person had a kernel run."""

    seq: int
    """Its number in the project."""
    at: datetime
    person: str
    kernel: str
    """The id of the kernel; empty where the address named none."""
    kind: Kind
    text: str
    """What was run; its beginning where `cut` says so."""
    bytes: int
    """How long the whole text was, in UTF-8."""
    sha256: str
    """Of the whole text; of the message where it could not be read."""
    cut: bool


class RunInputs(Listed[RunInput]):
    """One page of a project's inputs, the newest first."""

    read_to: datetime | None
    """A search that could not read everything says back to when it came; ask again for what was run `before` that."""


@router.get("/projects/{slug}/inputs")
def inputs(
    who: Caller,
    on: On,
    slug: str,
    q: Annotated[str, Query(max_length=LONGEST_SEARCH)] = "",
    person: Annotated[str, Query(max_length=30)] = "",
    before: AwareDatetime | None = None,
    page: PageNumber = 1,
) -> RunInputs:
    """List what people had kernels run in a project's rooms, to output checkers outside it; the look is recorded.

    Members see their own on the page alone: no program is told what its person ran.
    """
    found = on.inputs.look(
        who, slug, Wanted(Username(person) if person else None, before), q, Cut(page), by_program=True
    )
    lines = listed(found.page.map(_document), RunInput)
    return RunInputs(**{name: getattr(lines, name) for name in Listed.model_fields}, read_to=found.read_to)


def _document(one: Input) -> RunInput:
    line, heard = one.line, one.heard
    return RunInput(seq=line.seq, at=line.at, person=line.person, **vars(heard))
