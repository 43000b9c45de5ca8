"""The folder that ACRO's ``finalise`` writes, read as what somebody claims.

Statuses, outcomes and summaries in it were made in the researcher's own process. They are not even kept: what a session
says is which files there are, by which command each was made, and what its author has to say about it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from saferoom.digests import sha256
from saferoom.disclosure.acro.commands import Document, reconstruct
from saferoom.errors import BadInputError

RESULTS = "results.json"
OWN_FILES = frozenset({RESULTS, "config.json"})
"""Files of a session that ACRO wrote about itself."""
MOST_RESULTS = 200
MOST_BYTES = 10_000_000
_CHECKSUMS = "checksums/"
_NOT_FOR_RELEASE = "DONT_RELEASE"
_ANALYSES = {
    "FrequencyTable": "frequency",
    "Mean": "mean",
    "Sum": "sum",
    "Median": "median",
    "StandardDeviation": "std",
    "Minimum": "min",
    "Maximum": "max",
}


class _Model(BaseModel):
    # Other keys may come with other versions; none of them is used.
    model_config = ConfigDict(frozen=True, extra="ignore")


class _File(_Model):
    name: Annotated[str, Field(min_length=1, max_length=255)]


class _Fair(_Model):
    dependent: str = ""
    independent: list[str] = Field(default_factory=list)


class _Result(_Model):
    uid: Annotated[str, Field(max_length=200)]
    type: Annotated[str, Field(max_length=50)]
    files: Annotated[list[_File], Field(max_length=50)]
    command: str = ""
    summary: str = ""
    comments: list[str] = Field(default_factory=list)
    exception: str = ""
    fair: _Fair = _Fair()


class _Results(_Model):
    version: Annotated[str, Field(max_length=50)]
    results: Annotated[dict[str, _Result], Field(max_length=MOST_RESULTS)]


@dataclass(frozen=True)
class Result:
    """One output of a session.

    Attributes
    ----------
    type : str
        ``table``, ``regression``, ``survival plot``, ``histogram``, ``custom``; as claimed.
    files : tuple of str
        Names of its files in the folder.
    words : str
        Its author's comments and request for an exception.
    """

    uid: str
    type: str
    files: tuple[str, ...]
    command: str
    words: str
    _about: _Result

    def queries(self, columns: Mapping[str, bool]) -> tuple[Document, ...]:
        """Return the query documents that compute what it holds; none when that cannot be told.

        Parameters
        ----------
        columns : mapping of str to bool
            The dataset's columns; true for those that hold texts.
        """
        return reconstruct(self.command, columns) or _from_description(self._about, columns)


@dataclass(frozen=True)
class Session:
    """A finalised ACRO session.

    Attributes
    ----------
    unlisted : tuple of str
        Files of the folder that no output names.
    altered : tuple of str
        Files whose checksum is not the one that ACRO wrote, or that have none.
    """

    version: str
    results: tuple[Result, ...]
    unlisted: tuple[str, ...]
    altered: tuple[str, ...]


def is_session(names: Mapping[str, Any] | frozenset[str]) -> bool:
    """Say whether a folder with files of these names is a finalised session."""
    return RESULTS in names and any(name.startswith(_CHECKSUMS) or name == "config.json" for name in names)


def read_session(files: Mapping[str, bytes]) -> Session:
    """Return what a finalised folder says.

    Parameters
    ----------
    files : mapping of str to bytes
        Content by name relative to the folder; ``checksums/NAME.txt`` included.

    Raises
    ------
    BadInputError
        When ``results.json`` is missing, unreadable, or names files that are not there.
    """
    claimed = _parse(files.get(RESULTS))
    results = [
        Result(
            uid=item.uid,
            type=item.type,
            files=tuple(file.name for file in item.files),
            command=item.command,
            words=" ".join(text for text in (*item.comments, item.exception) if text.strip()),
            _about=item,
        )
        for item in claimed.results.values()
        # ACRO puts its own notes for checkers there; they hold exact numbers and are no output.
        if _NOT_FOR_RELEASE not in item.uid
    ]
    named = {name for item in claimed.results.values() for name in (file.name for file in item.files)}
    for name in sorted({name for result in results for name in result.files}):
        if name not in files or "/" in name:
            raise BadInputError("results.json names a file that is not in the folder; finalise the session again")
    present = {name for name in files if not name.startswith(_CHECKSUMS)}
    listed = {name for result in results for name in result.files}
    return Session(
        version=claimed.version,
        results=tuple(results),
        unlisted=tuple(sorted(present - named - OWN_FILES)),
        altered=tuple(sorted(name for name in listed if not _matches(files, name))),
    )


def _parse(data: bytes | None) -> _Results:
    if data is None:
        raise BadInputError("the folder has no results.json; give the folder that ACRO's finalise() wrote")
    if len(data) > MOST_BYTES:
        raise BadInputError("results.json is larger than 10 MB")
    try:
        return _Results.model_validate(json.loads(data))
    except (ValueError, RecursionError, ValidationError):
        raise BadInputError("results.json was not understood; finalise the session again with ACRO 1.0") from None


def _matches(files: Mapping[str, bytes], name: str) -> bool:
    written = files.get(f"{_CHECKSUMS}{name}.txt", b"").strip()
    return written == sha256(files[name]).encode()


def _from_description(about: _Result, columns: Mapping[str, bool]) -> tuple[Document, ...]:
    """Guess the query from what ACRO says about a table; a wrong guess yields other numbers and is dropped."""
    statistic = _ANALYSES.get(about.summary.partition(":")[0].strip())
    by, measure = about.fair.independent, about.fair.dependent
    if about.type != "table" or statistic is None or not by or not set(by) <= set(columns):
        return ()
    if statistic == "frequency":
        return ({"statistic": statistic, "by": by},)
    return ({"statistic": statistic, "measure": measure, "by": by},) if measure in columns else ()
