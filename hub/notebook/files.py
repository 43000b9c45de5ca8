"""Files that go from a room to the airlock: a table, a figure or a log that was made elsewhere than by a query.

The airlock opens and screens a file on the trusted side; at best it needs two output checkers. A file that holds the
numbers of a declared statistic says so with ``result=``: then each number is compared with the one computed again.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union
from urllib.parse import urlencode

from saferoom.disclosure.verdict import Finding, Verdict
from saferoom.hub.notebook import markup
from saferoom.hub.notebook.connection import Connection
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.layout import SYMBOLS
from saferoom.hub.notebook.reading import Route, read_finding, read_route
from saferoom.hub.notebook.results import Result

if TYPE_CHECKING:
    from saferoom.hub.notebook.submissions import Submission

MOST_BYTES = 16 * 2**20
"""The airlock's limit, known here so that a large file is refused before it is sent."""

Source = Union[str, "os.PathLike[str]", bytes, Any]
_SENTENCES = {
    Verdict.PASS: "Every number in it was computed again",
    Verdict.REVIEW: "Output checkers must look at it before it leaves",
    Verdict.FAIL: "Must not leave as it is",
}


class File:
    """A file at the airlock, as it was screened. Changing this object, or the file in the room, changes nothing there.

    Attributes
    ----------
    id, name, type : str
        Its id at the airlock, its name, and what its content is.
    verdict : Verdict
        ``review`` at best, unless it holds the numbers of a declared statistic.
    findings : tuple of Finding
        What was found, exactly where, and what would mend it.
    """

    def __init__(self, connection: Connection, answer: object) -> None:
        self._connection = connection
        try:
            if not isinstance(answer, Mapping):
                raise TypeError("not a mapping")
            self.id = str(answer["id"])
            self.name = str(answer["file"])
            self.type = str(answer["type"])
            self.verdict = Verdict(answer["verdict"])
            self.findings: tuple[Finding, ...] = tuple(read_finding(item) for item in answer["findings"])
            self.route: Route = read_route(answer["route"])
            self.holds_statistic = bool(answer.get("evaluation"))
        except (KeyError, TypeError, ValueError):
            raise RoomError("the airlock's answer was not understood; restart the room so that both match") from None

    def release(
        self, *, title: str = "", context: str = "", controls: str = "", supporting: Sequence[Source] = ()
    ) -> Submission:
        """Ask for this file's release; see `saferoom.release`."""
        from saferoom.hub.notebook.submissions import release

        return release([], files=[self], supporting=supporting, title=title, context=context, controls=controls)

    def _standing(self) -> tuple[str, list[str]]:
        if self.verdict is Verdict.FAIL:
            return "On release: refused, because a finding says that it must not leave.", []
        return self.route.sentence(), [markup.tidy(reason) for reason in self.route.reasons]

    def __repr__(self) -> str:
        sentence, reasons = self._standing()
        lines = [f"{SYMBOLS[self.verdict]} {_SENTENCES[self.verdict]}: {self.name} ({self.type}) · {self.id}"]
        lines += [*markup.findings_text(self._plain()), sentence, *(f"  - {reason}" for reason in reasons)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return markup.panel(
            markup.banner(self.verdict, _SENTENCES[self.verdict], f"{self.name} ({self.type}) · {self.id}"),
            markup.findings_html(self._plain()),
            markup.because(*self._standing()),
        )

    def _plain(self) -> list[Finding]:
        # The message says where; the cells are for pages that show the file beside it.
        return [Finding(f.rule, f.risk, f.severity, (), f.message, f.remedy) for f in self.findings]


def upload(source: Source, *, name: str = "", result: Result | None = None) -> File:
    """Send a file to the airlock and return what was found in it. Nothing leaves by this.

    Parameters
    ----------
    source : path, bytes, figure or frame
        A file of the room; or its content with a `name`; or a Matplotlib figure (sent as PNG) or a pandas frame (sent
        as CSV).
    name : str
        What the file is called; the name it has in the room when left out.
    result : Result
        The declared statistic whose numbers the file holds; each is compared with the one computed again.

    Raises
    ------
    RoomError
        The file cannot be read or is too large, or the airlock refuses it.
    """
    connection = Connection.from_environment()
    own_name, data = _content(source)
    called = name or own_name
    if not called:
        raise RoomError('give the file a name: saferoom.upload(..., name="table.csv")')
    if len(data) > MOST_BYTES:
        raise RoomError(f"{called} is larger than {MOST_BYTES // 2**20} MiB; make it smaller, or split it")
    sys.stdout.write(f"{called} ({_size(len(data))}) goes to the airlock and is checked there ...\n")
    sys.stdout.flush()
    asked = {"name": called} | ({"evaluation": result.id} if result is not None else {})
    return File(connection, connection.send(f"/api/room/files?{urlencode(asked)}", data))


def uploads() -> list[File]:
    """Return the files that you have sent to the airlock from this project, newest first."""
    connection = Connection.from_environment()
    return [File(connection, item) for item in connection.get("/api/room/files")]


def as_files(sources: Sequence[Source] | Source) -> list[File]:
    """Return `sources` as files at the airlock: those that are not there yet are sent."""
    several = sources if isinstance(sources, list | tuple) else [sources]
    return [item if isinstance(item, File) else upload(item) for item in several]


def _content(source: Source) -> tuple[str, bytes]:
    """Return the name and the bytes of what is to be sent."""
    if isinstance(source, bytes | bytearray | memoryview):
        return "", bytes(source)
    if isinstance(source, str | os.PathLike):
        return _read(Path(source))
    if callable(figure := getattr(source, "savefig", None)):
        target = io.BytesIO()
        figure(target, format="png")
        return "figure.png", target.getvalue()
    if callable(frame := getattr(source, "to_csv", None)):
        return "table.csv", str(frame()).encode()
    raise RoomError("upload takes a file's path, bytes with a name, a Matplotlib figure or a pandas frame")


def _read(path: Path) -> tuple[str, bytes]:
    try:
        if path.is_dir():
            raise RoomError(f"{path.name} is a folder; send its files, or a ZIP file of them")
        if path.stat().st_size > MOST_BYTES:
            raise RoomError(f"{path.name} is larger than {MOST_BYTES // 2**20} MiB; make it smaller, or split it")
        with path.open("rb") as file:
            return path.name, file.read(MOST_BYTES + 1)
    except (OSError, ValueError):
        raise RoomError(f"{path.name or 'the file'} does not exist or cannot be read") from None


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{max(1, count // 1024)} KiB"
