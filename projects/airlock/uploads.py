"""A file as somebody brings it from a workspace: how large it may be, how it may be called, what is found in it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from saferoom.disclosure.files.model import FileReport
from saferoom.disclosure.files.view import View
from saferoom.errors import BadInputError
from saferoom.ids import EvaluationId, ProjectSlug, Username
from saferoom.projects.airlock.layout import MEDIA_TYPES

LARGEST_BYTES = 16 * 2**20
"""Largest file, as it is uploaded and as it would leave."""
LONGEST_NAME = 150
_SUFFIXES = {
    "code": "txt",
    "jpeg": "jpg",
    "latex": "tex",
    "markdown": "md",
    "python": "py",
    "text": "txt",
}
# Characters that separate folders somewhere, or that nobody sees.
_SEPARATORS = frozenset("/\\:")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True)
class Upload:
    """A file as somebody brings it.

    Attributes
    ----------
    query_of : EvaluationId or None
        The declared statistic whose numbers the file is said to hold.
    """

    author: Username
    project: ProjectSlug
    name: str
    data: bytes = field(repr=False)
    query_of: EvaluationId | None = None


@dataclass(frozen=True)
class Screened:
    """What the trusted side found in an uploaded file.

    Attributes
    ----------
    clean : bytes or None
        The picture that the file is, drawn anew; it would leave in place of the file.
    matched : bool
        Every number in the file was compared with the statistic of the upload's query, and each is the same.
    """

    report: FileReport
    view: View
    clean: bytes | None = None
    matched: bool = False


def tidy_name(name: str) -> str:
    """Return the name of a file in Unicode's NFC form.

    Raises
    ------
    BadInputError
        It is empty, too long, a path, or has characters that nobody can see or that turn the order of others.
    """
    clean = unicodedata.normalize("NFC", name)
    if not clean or clean != clean.strip() or clean.startswith("."):
        raise BadInputError("the file's name is empty, or begins with a dot or with white space; rename the file")
    if len(clean) > LONGEST_NAME or len(clean.encode("utf-8", "replace")) > 250:
        raise BadInputError(f"the file's name is longer than {LONGEST_NAME} characters; shorten it")
    # Compatibility forms too: a full-width slash becomes a slash in some systems.
    if _SEPARATORS & set(unicodedata.normalize("NFKC", clean)):
        raise BadInputError("the file's name is a path; send the name alone, without slash, backslash or colon")
    if any(unicodedata.category(character) in _UNSEEN for character in clean):
        raise BadInputError("the file's name has a character that nobody can see; type it anew")
    return clean


def check_size(data: bytes) -> None:
    """Raise `BadInputError` when a file is too large, or has nothing in it."""
    if not data:
        raise BadInputError("the file is empty; upload one with something in it")
    if len(data) > LARGEST_BYTES:
        raise BadInputError(f"the file is larger than {LARGEST_BYTES // 2**20} MiB; make it smaller, or split it")


def suffix_of(kind: str) -> str:
    """Return what the name of a file of the type `kind` ends with in a bundle."""
    return _SUFFIXES.get(kind, kind)


def may_leave(suffix: str) -> bool:
    """Tell whether files with this suffix leave at all."""
    return suffix in MEDIA_TYPES
