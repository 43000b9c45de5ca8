"""What calls about projects and people take, where no form of the domain's does."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from saferoom.policies.models import PolicyModel
from saferoom.projects.approvals.model import Terms
from saferoom.projects.fields import UsernameField
from saferoom.projects.life.model import Alteration, Proposal
from saferoom.projects.life.parts import LONGEST_REASON


class EditBody(PolicyModel):
    """A proposal as it is from now on; `version` is the one that was read."""

    version: int
    proposal: Proposal


class TermsBody(PolicyModel):
    """A data owner's terms; `version` is the project's that was read."""

    version: int
    terms: Terms


class OptionalTermsBody(PolicyModel):
    """A data owner's terms, null where those that hold stay; `version` is the project's that was read."""

    version: int
    terms: Terms | None = None


class ReasonBody(PolicyModel):
    """A reason; `version` is the project's that was read."""

    version: int
    reason: Annotated[str, Field(min_length=1, max_length=LONGEST_REASON)]


class VersionBody(PolicyModel):
    """A deed that needs no words; `version` is the project's that was read."""

    version: int


class AmendBody(PolicyModel):
    """Changes of a running project; what is left out stays."""

    version: int
    change: Alteration
    why: Annotated[str, Field(max_length=LONGEST_REASON)] = ""


class LeadBody(PolicyModel):
    """Another lead, one of the project's people; `version` is the project's that was read."""

    version: int
    lead: UsernameField


class DeputyBody(PolicyModel):
    """Until when somebody may break the glass in the administrators' place."""

    until: date
    """Last day (UTC)."""
