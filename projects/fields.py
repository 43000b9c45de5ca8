"""Field types that several records share, each with the words for what is allowed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.policies.conform import ALLOWED

# The same forms as `saferoom.ids` checks; a test compares them.
_SLUG = {
    "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$",
    "max_length": 30,
    "json_schema_extra": {ALLOWED: "1 to 30 lower-case letters, digits or single hyphens between them"},
}

UsernameField = Annotated[Username, Field(**_SLUG)]
ProjectSlugField = Annotated[ProjectSlug, Field(**_SLUG)]
DatasetNameField = Annotated[
    DatasetName,
    Field(
        pattern="^[a-z][a-z0-9_]{0,62}$",
        json_schema_extra={ALLOWED: "a lower-case letter, then lower-case letters, digits or underscores (63 at most)"},
    ),
]
ColumnField = Annotated[
    str,
    Field(
        pattern="^[A-Za-z][A-Za-z0-9_]{0,62}$",
        json_schema_extra={ALLOWED: "a letter, then letters, digits or underscores (63 at most)"},
    ),
]
"""A variable's name. What appears in releases is plain by construction."""
TitleField = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
