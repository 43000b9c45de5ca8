"""What the forms of the airlock's pages ask for, field by field."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, Field

from saferoom.hub.web.shell.forms import Command, Form
from saferoom.policies.models import PolicyModel
from saferoom.projects.airlock.checking import LONGEST_COMMENT
from saferoom.projects.airlock.records import AuditFinding, Cause, Choice
from saferoom.projects.airlock.screening import LONGEST
from saferoom.projects.airlock.wanted import LONGEST_NAME, MOST_GROUPS, MOST_OUTPUTS, MOST_SUPPORTING

_Words = Annotated[str, Field(max_length=LONGEST_COMMENT)]
_Needed = Annotated[str, Field(min_length=1, max_length=LONGEST_COMMENT)]
_Id = Annotated[str, Field(max_length=100)]
_Round = Annotated[int | None, Field(ge=0, description="The submission that was looked at; another one is refused.")]


class Nothing(PolicyModel):
    """A form that is a button."""


class VoteForm(PolicyModel):
    """A vote on one output."""

    choice: Choice
    comment: _Words = ""


class ReturnForm(PolicyModel):
    """The return of a request to its author."""

    comment: _Needed
    round: _Round = None
    advise: tuple[_Id, ...] = ()
    """Outputs whose cheapest safe variant goes with it."""


class ReasonForm(PolicyModel):
    """A deed that needs a reason."""

    comment: _Needed
    round: _Round = None


class RemarkForm(PolicyModel):
    """A deed with a remark that may be left out."""

    comment: _Words = ""
    round: _Round = None


class Audience(StrEnum):
    """Who reads a comment."""

    OWN_SIDE = "own_side"
    BOTH_SIDES = "both_sides"


class CommentForm(PolicyModel):
    """A comment on a request, or on one of its groups or outputs."""

    body: _Needed
    about: _Id = ""
    """``group:2`` or ``output:ID``; empty for the whole request."""
    audience: Audience


class WithdrawalForm(PolicyModel):
    """The withdrawal of a release."""

    cause: Cause
    explanation: _Needed


class AuditForm(PolicyModel):
    """What was found in a release that was drawn."""

    finding: AuditFinding
    comment: _Words = ""


class StartForm(PolicyModel):
    """A new draft."""

    project: Annotated[str, Field(max_length=60)]
    title: Annotated[str, Field(max_length=LONGEST["title"])] = ""


class GroupRow(PolicyModel):
    """A group of a draft; `number` is that of its row, by which outputs name it."""

    number: Annotated[int, Field(ge=0, le=100)]
    name: Annotated[str, Field(max_length=LONGEST_NAME)] = ""
    context: Annotated[str, Field(max_length=LONGEST["context"])] = ""
    controls: Annotated[str, Field(max_length=LONGEST["controls"])] = ""


class Part(StrEnum):
    """What an output is in a draft."""

    LEAVES = "leaves"
    SUPPORTS = "supports"
    OUT = "out"


class OutputRow(PolicyModel):
    """A statistic or file of a draft: in which group, and whether it would leave."""

    evaluation: _Id
    group: Annotated[int, Field(ge=0, le=100)] = 0
    part: Part = Part.LEAVES


class DraftForm(PolicyModel):
    """All of what an author works on."""

    version: int
    title: Annotated[str, Field(max_length=LONGEST["title"])] = ""
    groups: Annotated[tuple[GroupRow, ...], Field(max_length=MOST_GROUPS)] = ()
    outputs: Annotated[tuple[OutputRow, ...], Field(max_length=MOST_OUTPUTS + MOST_SUPPORTING)] = ()


class AddForm(PolicyModel):
    """One more statistic or file for a draft."""

    version: int
    evaluation: _Id
    group: Annotated[str, Field(max_length=LONGEST_NAME)] = ""
    supporting: bool = False


class SubmitForm(PolicyModel):
    """The submission of a draft as it was seen."""

    version: int


@dataclass(frozen=True)
class Placed(Form[Command]):
    """A form of which a page has several: `place` keeps the ids of their fields apart."""

    place: str = ""

    def id(self, name: str) -> str:
        """Return a field's id in the page."""
        return f"{self.place}-{super().id(name)}"


def placed(form: Form[Any], place: str) -> Placed[BaseModel]:
    """Return `form` as the one at `place`."""
    return Placed(**{one.name: getattr(form, one.name) for one in fields(Form)}, place=place)
