"""The versions of a dataset that came in: what each is recognised by, and what is known of it.

A version is recorded once, when its file passed every check, and never changed.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from saferoom.policies.conform import ALLOWED
from saferoom.policies.models import PolicyModel
from saferoom.projects.catalogue.describing import LARGEST_WHOLE, in_order
from saferoom.projects.fields import DatasetNameField

VersionField = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$",
        json_schema_extra={ALLOWED: "1 to 40 letters, digits, dots, underscores or hyphens"},
    ),
]
"""What a version is called."""
_DIGEST = {ALLOWED: "a SHA-256 digest of 64 lower-case hexadecimal digits"}
DigestField = Annotated[str, Field(pattern="^[0-9a-f]{64}$", json_schema_extra=_DIGEST)]


class Version(PolicyModel):
    """One version of a dataset that came in."""

    dataset: DatasetNameField
    version: VersionField
    sha256: DigestField
    """Digest of the file as it was delivered; of a derived version, of its recipe and of what it was made of."""
    rows: Annotated[int, Field(ge=0, le=LARGEST_WHOLE)]
    first: date | None = None
    """First day the version is about."""
    last: date | None = None
    """Last day the version is about."""
    breaking: bool = False
    """Whether work with the version before could break, so that data owners were asked."""
    ingested_at: datetime
    linkage_model: DigestField | None = None
    """Digest of the model that linked it."""
    quality_pack: DigestField | None = None
    """Digest of the quality pack of its linkage."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        in_order(self.first, self.last, "the last day of a version is before its first")
        if self.ingested_at.tzinfo is None:
            raise ValueError("'ingested_at' needs a zone, as 2026-11-23T08:00:00Z")
        return self
