"""People and their roles.

Vocabulary
----------
accredited researcher
    Somebody a body outside Saferoom accredited to work with de-identified data, until a date.
training
    Safe researcher (or output checker) training, valid until a date.
role
    What somebody may be in Saferoom. One person may hold several; rules about own outputs hold all the same.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from saferoom.policies.models import PolicyModel
from saferoom.projects.fields import TitleField, UsernameField


class Role(StrEnum):
    """What a person may be."""

    RESEARCHER = "researcher"
    OUTPUT_CHECKER = "output-checker"
    DATA_OWNER = "data-owner"
    ADMINISTRATOR = "administrator"


class Person(PolicyModel):
    """Somebody known to this instance."""

    username: UsernameField
    display_name: TitleField
    roles: Annotated[frozenset[Role], Field(min_length=1)]
    accreditation_expires: date | None = None
    """Last day (UTC) of the accreditation."""
    training_expires: date | None = None
    """Last day (UTC) on which the training counts."""
    active: bool = True
    """False closes the account without forgetting the person."""
