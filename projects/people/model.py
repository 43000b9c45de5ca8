"""People, their roles, and what a role needs.

Vocabulary
----------
accredited researcher
    Somebody a body outside Saferoom accredited to work with de-identified data, until a date.
training
    Safe researcher or output checker training, valid until a date.
role
    What somebody may be in Saferoom. One person may hold several; rules about own outputs hold all the same.
power
    What a break-glass act gives somebody for hours; see `saferoom.projects.people.emergencies`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, model_validator

from saferoom.policies.conform import ALLOWED
from saferoom.policies.models import PolicyModel
from saferoom.projects.fields import TitleField, UsernameField


class Role(StrEnum):
    """What a person may be."""

    RESEARCHER = "researcher"
    OUTPUT_CHECKER = "output-checker"
    DATA_OWNER = "data-owner"
    ADMINISTRATOR = "administrator"
    CLERICAL_REVIEWER = "clerical-reviewer"
    """Sees what identifies two records and decides whether they are of one person; works with no data besides."""


class Training(StrEnum):
    """What a person may be trained as."""

    SAFE_RESEARCHER = "safe-researcher"
    OUTPUT_CHECKER = "output-checker"


class Power(StrEnum):
    """What a break-glass act gives for hours."""

    OUTPUT_CHECKER = "output-checker"
    """The role, to somebody with valid output checker training."""
    REINSTATEMENT = "reinstatement"
    """An accreditation or training that lapsed a short while ago counts again."""


NEED_ACCREDITATION = frozenset({Role.RESEARCHER})
NEED_TRAINING: Mapping[Role, Training] = {
    Role.RESEARCHER: Training.SAFE_RESEARCHER,
    Role.OUTPUT_CHECKER: Training.OUTPUT_CHECKER,
}

EmailField = Annotated[
    str,
    Field(
        # Plain on purpose: nothing that could begin another header or name a second recipient.
        pattern=r"^[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$",
        max_length=200,
        json_schema_extra={ALLOWED: "an e-mail address such as rosa@example.org"},
    ),
]


def needed_training(roles: Iterable[Role]) -> tuple[Training, ...]:
    """Return the kinds of training that `roles` need, each once."""
    return tuple(kind for role, kind in NEED_TRAINING.items() if role in set(roles))


class HeldPower(PolicyModel):
    """A power somebody has between two moments."""

    power: Power
    since: datetime
    until: datetime

    def live(self, at: datetime) -> bool:
        """Tell whether the power counts at `at`."""
        return self.since <= at < self.until


class Person(PolicyModel):
    """Somebody known to this instance, with what the records say today.

    `training_expires` may be given in the place of `trainings`: it stands for every kind of training the roles need.
    """

    username: UsernameField
    display_name: TitleField
    roles: Annotated[frozenset[Role], Field(min_length=1)]
    email: EmailField | None = None
    accreditation_expires: date | None = None
    """Last day (UTC) of the accreditation that lasts longest."""
    trainings: dict[Training, date] = Field(default_factory=dict)
    """Last day (UTC) on which each kind of training counts."""
    active: bool = True
    """False closes the account without forgetting the person."""
    powers: tuple[HeldPower, ...] = ()
    """What break-glass acts gave and nobody has ended early."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, values: Any) -> Any:
        if not isinstance(values, dict) or "training_expires" not in values:
            return values
        given = dict(values)
        expires = given.pop("training_expires")
        kinds = needed_training(given.get("roles") or ()) or (Training.SAFE_RESEARCHER,)
        return {"trainings": dict.fromkeys(kinds, expires) if expires is not None else {}} | given

    @property
    def training_expires(self) -> date | None:
        """Last day on which all the training holds that the roles need; None when some is missing."""
        needed = [self.trainings.get(kind) for kind in needed_training(self.roles)] or list(self.trainings.values())
        known = [day for day in needed if day is not None]
        return min(known) if known and len(known) == len(needed) else None

    def roles_at(self, at: datetime) -> frozenset[Role]:
        """Return the roles that count at `at`, break-glass included."""
        given = {Role.OUTPUT_CHECKER for held in self.powers if held.power is Power.OUTPUT_CHECKER and held.live(at)}
        return self.roles | given

    def reinstated(self, at: datetime) -> bool:
        """Tell whether a break-glass act lets lapsed records count at `at`."""
        return any(held.power is Power.REINSTATEMENT and held.live(at) for held in self.powers)
