"""What data may be used for, and under which law.

Vocabulary
----------
purpose
    A field of research, from one list that proposals and gateways share, so that they can be compared.
legal gateway
    The law that lets data be shared for research. It may permit some purposes only, or exclude some.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from saferoom.policies.conform import ALLOWED
from saferoom.policies.models import PolicyModel
from saferoom.projects.fields import TitleField


class Purpose(StrEnum):
    """A field of research."""

    HEALTH = "health"
    SOCIAL_CARE = "social_care"
    EDUCATION = "education"
    WORK = "work"
    INCOME = "income"
    FAMILIES = "families"
    MOBILITY = "mobility"
    HOUSING = "housing"
    POPULATION = "population"
    JUSTICE = "justice"
    BUSINESS = "business"
    ENVIRONMENT = "environment"
    TRANSPORT = "transport"
    PUBLIC_SERVICES = "public_services"
    METHODS = "methods"
    COMMERCIAL = "commercial"


MEANINGS = {
    Purpose.HEALTH: "health and health care",
    Purpose.SOCIAL_CARE: "adult social care",
    Purpose.EDUCATION: "education and skills",
    Purpose.WORK: "work and pay",
    Purpose.INCOME: "income, poverty and benefits",
    Purpose.FAMILIES: "families, children and households",
    Purpose.MOBILITY: "social mobility and inequality",
    Purpose.HOUSING: "housing and homelessness",
    Purpose.POPULATION: "population and migration",
    Purpose.JUSTICE: "crime and justice",
    Purpose.BUSINESS: "businesses and the economy",
    Purpose.ENVIRONMENT: "environment and climate",
    Purpose.TRANSPORT: "transport and travel",
    Purpose.PUBLIC_SERVICES: "how public services work",
    Purpose.METHODS: "statistical methods and the quality of data",
    Purpose.COMMERCIAL: "commercial use",
}
"""Every purpose in words."""


def _each_once(purposes: tuple[Purpose, ...]) -> tuple[Purpose, ...]:
    return tuple(purpose for purpose in Purpose if purpose in purposes)


PurposesField = Annotated[tuple[Purpose, ...], AfterValidator(_each_once)]
"""Purposes in the order of their list, each once."""
WebAddress = Annotated[
    str,
    Field(
        pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]*)?$",
        max_length=500,
        json_schema_extra={ALLOWED: "an address that begins with https:// or http://"},
    ),
]


class Gateway(PolicyModel):
    """A legal gateway of a dataset."""

    law: TitleField
    """The law, as `Digital Economy Act 2017`."""
    section: TitleField | None = None
    """Its part, as `section 64`."""
    controller: TitleField | None = None
    """Who answers for the data under it, as `Department for Education`."""
    url: WebAddress | None = None
    permitted: Annotated[tuple[Purpose, ...], Field(min_length=1)] | None = None
    """The only purposes it permits; left out, every purpose that is not excluded."""
    excluded: tuple[Purpose, ...] = ()
    """Purposes that it excludes, as health."""

    @property
    def name(self) -> str:
        """The law and its part."""
        return self.law if self.section is None else f"{self.law}, {self.section}"

    @property
    def limits(self) -> bool:
        """Whether it permits some purposes and not others."""
        return self.permitted is not None or bool(self.excluded)

    def refused(self, purposes: Collection[Purpose]) -> tuple[Purpose, ...]:
        """Return those of `purposes` that it does not permit, in the order of the list of purposes."""
        allowed = set(Purpose if self.permitted is None else self.permitted) - set(self.excluded)
        return tuple(purpose for purpose in Purpose if purpose in purposes and purpose not in allowed)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, listed in (("permitted", self.permitted or ()), ("excluded", self.excluded)):
            if len(set(listed)) != len(listed):
                raise ValueError(f"'{name}' names a purpose twice")
        both = [purpose.value for purpose in self.permitted or () if purpose in self.excluded]
        if both:
            raise ValueError(f"the gateway permits and excludes '{both[0]}'; it can only do one of them")
        return self
