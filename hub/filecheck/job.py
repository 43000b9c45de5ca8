"""What goes into a file check's process and what comes out."""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from saferoom.disclosure.files.model import FileReport
from saferoom.disclosure.files.view import View
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.errors import BadInputError
from saferoom.policies.models import RiskAppetite

_LENGTH = struct.Struct(">Q")
_SOURCES = TypeAdapter(tuple[Source, ...])
READY = b'{"ready": true}\n'
"""The first line of a process that started as it should."""
_HANDED = Path("/handed")
_NOT_UNDERSTOOD = "the file check was handed a job it does not understand"


@dataclass(frozen=True)
class FileJob:
    """Files and everything they are judged by.

    Attributes
    ----------
    files : sequence of (str, bytes)
        Names and contents.
    sources : sequence of Source
        The extracts they were made from, as far as they are known.
    query : mapping or None
        What the files are said to hold; it is parsed inside the sandbox.
    views : bool
        Whether to give back what a page shows of each file, and pictures drawn anew.
    """

    files: Sequence[tuple[str, bytes]] = field(repr=False)
    sources: Sequence[Source] = ()
    policy: RiskAppetite = field(default_factory=RiskAppetite)
    query: Mapping[str, Any] | None = None
    views: bool = False

    def to_bytes(self) -> bytes:
        """Write the job: the length of a JSON document, the document, and the files one behind the other."""
        document = {
            "files": [[name, len(data)] for name, data in self.files],
            "sources": _SOURCES.dump_python(tuple(self.sources), mode="json"),
            "policy": self.policy.model_dump_json(),
            "query": None if self.query is None else dict(self.query),
            "views": self.views,
        }
        head = json.dumps(document, allow_nan=False).encode()
        return b"".join([_LENGTH.pack(len(head)), head, *(data for _, data in self.files)])

    @classmethod
    def from_bytes(cls, data: bytes) -> FileJob:
        """Read what `to_bytes` wrote; anything else is a `BadInputError`."""
        try:
            (length,) = _LENGTH.unpack_from(data)
            start = _LENGTH.size + length
            document = json.loads(data[_LENGTH.size : start])
            files = []
            for name, size in document["files"]:
                files.append((str(name), data[start : start + size]))
                start += size
            if start != len(data):
                raise BadInputError(_NOT_UNDERSTOOD)
            return cls(
                files=files,
                sources=_SOURCES.validate_python(document["sources"]),
                policy=RiskAppetite.model_validate_json(document["policy"]),
                query=document["query"],
                views=document["views"] is True,
            )
        except (ValueError, KeyError, TypeError, ValidationError, struct.error):
            raise BadInputError(_NOT_UNDERSTOOD) from None

    def part(self, start: int, stop: int) -> FileJob:
        """Return the job with its files from `start` up to `stop` alone."""
        return replace(self, files=self.files[start:stop])


@dataclass(frozen=True)
class Examination:
    """What was found in one file.

    Attributes
    ----------
    view : View or None
        What a page shows of it, where the job asked for views.
    clean : bytes or None
        The picture that the file is, drawn anew (PNG).
    matched : bool
        Every number in it is one of the job's query, computed again.
    """

    report: FileReport
    view: View | None = None
    clean: bytes | None = None
    matched: bool = False

    def to_line(self) -> bytes:
        """Write the examination as one line."""
        document = {
            "report": self.report.document(),
            "view": self.view.to_json() if self.view else None,
            "clean": base64.b64encode(self.clean).decode("ascii") if self.clean is not None else None,
            "matched": self.matched,
        }
        return json.dumps(document, allow_nan=False).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes, name: str) -> Examination:
        """Read what `to_line` wrote about the file `name`; raise `ValueError` for anything else."""
        document = json.loads(line)
        try:
            clean = document["clean"]
            found = cls(
                report=_report(document["report"]),
                view=None if document["view"] is None else View.from_json(document["view"]),
                clean=None if clean is None else base64.b64decode(clean, validate=True),
                matched=document["matched"] is True,
            )
        except (KeyError, TypeError, AttributeError, binascii.Error) as error:
            raise ValueError("not an examination") from error
        if found.report.file != name:
            raise ValueError("about another file")
        return found


def handed_place(descriptor: int, name: str) -> Path:
    """Return the path that stands for an open file which the process is given in place of a name."""
    return _HANDED / str(descriptor) / name


def handed(path: Path) -> int | None:
    """Return the open file that `handed_place` stands for; None for any other path."""
    return int(path.parent.name) if path.parent.parent == _HANDED and path.parent.name.isdigit() else None


def refusal(message: str) -> bytes:
    """Write why no file at all can be checked: an extract that cannot be read, a query that does not fit it."""
    return json.dumps({"refused": message}).encode() + b"\n"


def read_refusal(line: bytes) -> str:
    """Return the message that `refusal` wrote; empty for any other line."""
    try:
        document = json.loads(line)
    except ValueError:
        return ""
    message = document.get("refused") if isinstance(document, dict) and len(document) == 1 else None
    return message if isinstance(message, str) else ""


def _report(document: Mapping[str, Any]) -> FileReport:
    findings = tuple(
        Finding(
            rule=str(item["rule"]),
            risk=Risk(item["risk"]),
            severity=Verdict(item["severity"]),
            cells=tuple(tuple(cell) for cell in item["cells"]),
            message=str(item["message"]),
            remedy=str(item["remedy"]),
        )
        for item in document["findings"]
    )
    return FileReport(str(document["file"]), str(document["type"]), Verdict(document["verdict"]), findings)
