"""A person as ``saferoom admin apply`` reads it: short, for quick starts; what the records say is made of it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from saferoom.policies.models import PolicyModel
from saferoom.projects.fields import TitleField, UsernameField
from saferoom.projects.people.model import EmailField, Person, Role, Training, needed_training


class PersonDocument(PolicyModel):
    """A person as an administrator writes it; what is left out stays as the records say."""

    username: UsernameField
    display_name: TitleField
    roles: Annotated[frozenset[Role], Field(min_length=1)]
    email: EmailField | None = None
    accreditation_expires: date | None = None
    """Last day (UTC) of the accreditation, in the place of a full record."""
    training_expires: date | None = None
    """Last day (UTC) of all the training that the roles need, in the place of full records."""
    active: bool | None = None
    """False closes the account, true opens it again; left out, a closed account stays closed."""

    def applied(self, before: Person | None) -> Person:
        """Return the person as it will be; what this leaves out stays as it was `before`."""
        given = self.model_fields_set
        trainings = dict(before.trainings) if before else {}
        if "training_expires" in given:
            for kind in needed_training(self.roles) or (Training.SAFE_RESEARCHER,):
                trainings.pop(kind, None)
                if self.training_expires is not None:
                    trainings[kind] = self.training_expires
        accredited = before.accreditation_expires if before else None
        return Person(
            username=self.username,
            display_name=self.display_name,
            roles=self.roles,
            email=self.email if "email" in given or not before else before.email,
            accreditation_expires=self.accreditation_expires if "accreditation_expires" in given else accredited,
            trainings=trainings,
            active=self.active if self.active is not None else not before or before.active,
            powers=before.powers if before else (),
        )
