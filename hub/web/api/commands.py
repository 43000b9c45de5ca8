"""What calls take, and what is said of a body that does not fit."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from saferoom.errors import BadInputError
from saferoom.hub.web.airlock.commands import Audience
from saferoom.ids import EvaluationId, OutputId
from saferoom.policies.conform import describe, schema_at
from saferoom.policies.models import PolicyModel
from saferoom.projects.airlock.checking import LONGEST_COMMENT
from saferoom.projects.airlock.screening import LONGEST
from saferoom.projects.airlock.wanted import LONGEST_NAME, MOST_GROUPS, MOST_OUTPUTS, MOST_SUPPORTING, WantedGroup
from saferoom.projects.fields import ProjectSlugField

_Command = TypeVar("_Command", bound=BaseModel)
_Id = Annotated[str, Field(min_length=1, max_length=100)]


class GroupBody(PolicyModel):
    """Outputs that belong together, with what their author says about them."""

    name: Annotated[str, Field(max_length=LONGEST_NAME)] = ""
    context: Annotated[str, Field(max_length=LONGEST["context"])] = ""
    controls: Annotated[str, Field(max_length=LONGEST["controls"])] = ""
    outputs: Annotated[tuple[_Id, ...], Field(max_length=MOST_OUTPUTS)] = ()
    """Evaluations and files that would leave."""
    supporting: Annotated[tuple[_Id, ...], Field(max_length=MOST_SUPPORTING)] = ()
    """Files that output checkers see and that stay."""

    def wanted(self) -> WantedGroup:
        """Return the group as the airlock takes it."""
        leaving, kept = (tuple(EvaluationId(id_) for id_ in ids) for ids in (self.outputs, self.supporting))
        return WantedGroup(leaving, self.context, self.controls, self.name, kept)


_Groups = Annotated[tuple[GroupBody, ...], Field(min_length=1, max_length=MOST_GROUPS)]
_Title = Annotated[str, Field(max_length=LONGEST["title"])]


class DraftBody(PolicyModel):
    """A new draft."""

    project: ProjectSlugField
    title: _Title = ""
    groups: _Groups = (GroupBody(),)


class SaveBody(PolicyModel):
    """A draft as it is from now on; `version` is the one that was read."""

    version: int
    title: _Title = ""
    groups: _Groups


class CommentBody(PolicyModel):
    """A comment on a request, or on one of its outputs or groups."""

    body: Annotated[str, Field(min_length=1, max_length=LONGEST_COMMENT)]
    audience: Audience
    output: _Id | None = None
    group: Annotated[str, Field(max_length=LONGEST_NAME)] | None = None

    def output_id(self) -> OutputId | None:
        """Return the output that it is about, None when it is about none."""
        return None if self.output is None else OutputId(self.output)


def read_command(model: type[_Command], body: bytes) -> _Command:
    """Return the JSON in `body` as a `model`; what is wrong is said without a word of what was sent."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        # One at a time is enough for a program; the first is the one whose correction may settle the others.
        problem = error.errors(include_url=False, include_input=False)[0]
    raise _refusal(model.model_json_schema(), problem)


def _refusal(schema: dict[str, Any], problem: Any) -> BadInputError:
    known = _names(schema)
    # A key that was sent is not repeated, only names of our own.
    place = [part for part in problem["loc"] if isinstance(part, int) or part in known]
    field = ".".join(str(part) for part in place)
    if problem["type"] == "value_error":
        return BadInputError(str(problem["ctx"]["error"]), field=field)
    if problem["type"] == "missing":
        return BadInputError(f"'{field}' is missing", field=field)
    if problem["type"] == "extra_forbidden":
        return BadInputError("the body has a key that this call does not take", field=field)
    allowed = describe(schema_at(place, schema), schema) if place else ""
    said = f"'{field}' must be {allowed}" if allowed else "the body was not understood"
    return BadInputError(said, field=field)


def _names(schema: Any) -> frozenset[str]:
    """Return every name of a property in `schema`."""
    if isinstance(schema, list):
        return frozenset().union(*(_names(part) for part in schema))
    if not isinstance(schema, dict):
        return frozenset()
    own = schema.get("properties", {})
    return frozenset(own if isinstance(own, dict) else ()).union(*(_names(part) for part in schema.values()))
