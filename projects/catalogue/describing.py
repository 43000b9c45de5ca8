"""What a data owner tells about a dataset beside its variables: coverage, gaps, refreshes, where it came from."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from saferoom.policies.conform import ALLOWED
from saferoom.policies.models import PolicyModel
from saferoom.projects.catalogue.purposes import WebAddress
from saferoom.projects.fields import ColumnField, DatasetNameField, TitleField

LARGEST_WHOLE = 2**53 - 1
"""Every JSON reader keeps whole numbers up to here, so they are the same in manifests and in the store."""
NATIONS = {
    "GB-ENG": "England",
    "GB-NIR": "Northern Ireland",
    "GB-SCT": "Scotland",
    "GB-WLS": "Wales",
    "GB": "United Kingdom",
    "IE": "Ireland",
}
"""Names of the nations that are met most; others are called by their codes."""
NationField = Annotated[
    str,
    Field(
        pattern="^[A-Z]{2}(-[A-Z0-9]{1,3})?$",
        json_schema_extra={ALLOWED: "an ISO 3166 code, as GB-ENG, GB-SCT, GB-WLS, GB-NIR or IE"},
    ),
]
"""A nation by its ISO 3166 code."""


def in_order(first: date | None, last: date | None, sentence: str) -> None:
    """Raise `ValueError` with `sentence` where `last` is before `first`."""
    if first is not None and last is not None and last < first:
        raise ValueError(sentence)


class Coverage(PolicyModel):
    """Whom, where and when the data are about, as the catalogue tells it."""

    population: TitleField | None = None
    """Whom or what, as `adults living in private households`."""
    area: TitleField | None = None
    """Where, as `England and Wales`."""
    first: date | None = None
    """First day the data are about."""
    last: date | None = None
    """Last day the data are about; None while they go on."""
    records: Annotated[int, Field(ge=0, le=LARGEST_WHOLE)] | None = None
    """About how many records; what the owner makes public, never counted here."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        in_order(self.first, self.last, "the last day that the data cover is before the first")
        return self


class Quality(PolicyModel):
    """One thing that is known of the data's quality, as `match rate`: `98.1 % of records, lower for those under 20`."""

    what: TitleField
    known: TitleField


class Gap(PolicyModel):
    """Whom, where, when or what the data lack, although somebody would expect it."""

    what: TitleField
    """What is missing, as `pupils of independent schools`."""
    why: TitleField | None = None
    area: TitleField | None = None
    first: date | None = None
    last: date | None = None
    variables: tuple[ColumnField, ...] = ()
    """The variables it is about; none where it is about whole records."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        in_order(self.first, self.last, "the last day of a gap is before its first")
        return self


class Frequency(StrEnum):
    """How often new data come."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    TERMLY = "termly"
    TWICE_A_YEAR = "twice_a_year"
    YEARLY = "yearly"
    EVERY_TWO_YEARS = "every_two_years"
    EVERY_TEN_YEARS = "every_ten_years"
    IRREGULAR = "irregular"
    NEVER = "never"


class Refresh(PolicyModel):
    """When new versions come, and what happens then."""

    frequency: Frequency
    next: date | None = None
    """The day on which the next version is expected."""
    same_day: bool = True
    """Whether projects get it on the day it comes; otherwise once its data owner says so."""
    keep_versions: Annotated[int, Field(ge=1, le=20)] | None = None
    """How many versions of an extract stay, the newest included; None leaves it to the platform."""
    keep_until: date | None = None
    """Versions before the newest go after this day; None leaves it to their number."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.frequency is Frequency.NEVER and self.next is not None:
            raise ValueError("'next' is the day of the next version, but 'frequency: never' says that none comes")
        return self


class TwinReader(StrEnum):
    """Who may have the twin that is made when a delivery comes in."""

    OWNER = "owner"
    """The data owner and administrators."""
    SIGNED_IN = "signed_in"
    """Everybody who is signed in."""


class Twin(PolicyModel):
    """Made-up data in the shape of the dataset, for writing code before anything is approved."""

    open_to: TwinReader = TwinReader.OWNER
    """Who may have the twin that is made here from a delivery; it passed a disclosure check of its own."""
    url: WebAddress | None = None
    """Where it can be had."""
    made_with: TitleField | None = None
    """How it was made, as `each column drawn by itself`."""
    rows: Annotated[int, Field(ge=0, le=LARGEST_WHOLE)] | None = None


class Reference(PolicyModel):
    """Variables whose values are found in another dataset, as a pupil's school in the list of schools."""

    variables: Annotated[tuple[ColumnField, ...], Field(min_length=1, max_length=8)]
    dataset: DatasetNameField
    to: Annotated[tuple[ColumnField, ...], Field(min_length=1, max_length=8)] | None = None
    """The other dataset's variables, in the same order; left out, they are called the same."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The other dataset's variables."""
        return self.variables if self.to is None else self.to

    @model_validator(mode="after")
    def _as_many(self) -> Self:
        if len(self.targets) != len(self.variables):
            raise ValueError("a reference needs as many variables of the other dataset as of this one")
        return self
