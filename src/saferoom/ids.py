"""Names of things. Ids are opaque, unguessable and never reused; slugs are chosen by people."""

from __future__ import annotations

import re
import secrets
from typing import NewType

from saferoom.errors import BadInputError

Username = NewType("Username", str)
ProjectSlug = NewType("ProjectSlug", str)
DatasetName = NewType("DatasetName", str)
EvaluationId = NewType("EvaluationId", str)
RequestId = NewType("RequestId", str)
OutputId = NewType("OutputId", str)
ReleaseId = NewType("ReleaseId", str)
Digest = NewType("Digest", str)
"""Lower-case hexadecimal SHA-256 of some bytes."""

# JupyterHub allows named servers of 1-30 characters; a project is one named server.
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){0,29}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def new_id(prefix: str) -> str:
    """Return a fresh opaque id: `prefix`, a hyphen and 120 random bits in base 32 (lower case)."""
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    return f"{prefix}-" + "".join(secrets.choice(alphabet) for _ in range(24))


def project_slug(text: str) -> ProjectSlug:
    """Check that `text` can name a project: 1-30 of a-z, 0-9 and single inner hyphens."""
    if not _SLUG.fullmatch(text):
        raise BadInputError(
            "a project's name must be 1 to 30 lower-case letters, digits or single hyphens between them"
        )
    return ProjectSlug(text)


def username(text: str) -> Username:
    """Check that `text` can name a person: the same form as a project's name."""
    if not _SLUG.fullmatch(text):
        raise BadInputError("a user name must be 1 to 30 lower-case letters, digits or single hyphens between them")
    return Username(text)


def dataset_name(text: str) -> DatasetName:
    """Check that `text` can name a dataset: a letter, then letters, digits or underscores, 63 at most."""
    if not _NAME.fullmatch(text):
        raise BadInputError(
            "a dataset's name must start with a lower-case letter and have only lower-case letters, digits "
            "and underscores (63 at most)"
        )
    return DatasetName(text)
