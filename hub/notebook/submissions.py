"""Release requests as their author sees them from a room."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saferoom.hub.notebook import markup
from saferoom.hub.notebook.asking import read_evaluation
from saferoom.hub.notebook.connection import Connection
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.files import File, Source, as_files
from saferoom.hub.notebook.listed import Listed
from saferoom.hub.notebook.results import Result


class Submission:
    """One release request, as it was when it was asked for; `refresh` asks again.

    Attributes
    ----------
    id, title, state, reason : str
        The request's id and title, where it stands, and why.
    waiting_for : str
        Whose turn it is; empty when nobody needs to act.
    waits_because : list of str
        Why a person is needed; empty when the request leaves by itself.
    url : str
        The request's page at the hub.
    """

    def __init__(self, connection: Connection, answer: Mapping[str, Any]) -> None:
        self._connection = connection
        self._drawn: tuple[Result, ...] = ()
        self._read(answer)

    def _read(self, answer: object) -> None:
        if not isinstance(answer, Mapping) or "id" not in answer or "state" not in answer:
            raise RoomError("the airlock's answer was not understood; restart the room so that both match")
        self.document = dict(answer)
        self.id = str(answer["id"])
        self.state = str(answer["state"])
        self.title = _text(answer.get("title"))
        self.reason = _text(answer.get("reason")) or _text(answer.get("message"))
        self.waiting_for = _text(answer.get("waiting_for"))
        self.waits_because = [str(item) for item in answer.get("waits_because") or ()]
        self.url = _text(answer.get("url"))
        self.comments = [_comment(item) for item in answer.get("comments") or ()]

    def refresh(self) -> Submission:
        """Ask the airlock where the request stands now, and return it."""
        self._read(self._connection.get(f"/api/room/requests/{self.id}"))
        return self

    @property
    def results(self) -> tuple[Result, ...]:
        """The statistics of the request as they were judged or, with differential privacy, drawn."""
        return tuple(
            read_evaluation(self._connection, str(output["evaluation"]))
            for output in self.document.get("outputs") or ()
            if output.get("lane") in _STATISTICS
        )

    def show_drawn(self) -> None:
        """Let the request show the numbers that were drawn for it; without them where they cannot be had now."""
        with contextlib.suppress(RoomError):
            self._drawn = tuple(result for result in self.results if result.privacy is not None)

    def _standing(self) -> tuple[str, list[str]]:
        """Return where the request stands, and why it does not move on by itself."""
        if self.state in _BEING_CHECKED and self.waits_because:
            return f"Waits for {self.waiting_for}, because:", [markup.tidy(reason) for reason in self.waits_because]
        waits = f" Waits for {self.waiting_for}." if self.waiting_for else ""
        return f"{markup.tidy(self.reason)}{waits}".strip(), []

    def standing(self) -> str:
        """Return where the request stands, and why, in one line."""
        sentence, reasons = self._standing()
        return " ".join([sentence, *reasons])

    def __repr__(self) -> str:
        sentence, reasons = self._standing()
        lines = [f"{self.title or 'Release request'} · {state_words(self.state)} · {self.id}", sentence]
        lines += [f"  - {reason}" for reason in reasons]
        lines += [f"Comment by {comment}" for comment in self.comments]
        lines += [f"Page at the hub: {self.url}"] if self.url else []
        return "\n".join([*lines, *(f"\n{result!r}" for result in self._drawn)])

    def _repr_html_(self) -> str:
        kind = {"released": "pass", "rejected": "fail"}.get(self.state, "review")
        return markup.panel(
            markup.notice(kind, f"{self.title or 'Release request'}: {state_words(self.state)}", self.id),
            markup.because(*self._standing()),
            *(markup.paragraph(f"Comment by {comment}") for comment in self.comments),
            # As text: a room's page may not open other pages of the hub.
            *([markup.paragraph(f"Page at the hub: {self.url}")] if self.url else []),
            *(result._repr_html_() for result in self._drawn),
        )


class Submissions(Listed[Submission]):
    """The project's release requests of this person, newest first."""

    head = ("request", "title", "state", "what now, and why")
    none = "No release requests yet. Evaluate a statistic and call .release(context=..., controls=...) on its result."

    def _row(self, item: Submission) -> tuple[str, ...]:
        return (item.id, item.title, state_words(item.state), item.standing())


# The airlock's states in which it is the output checkers' turn.
_BEING_CHECKED = ("submitted", "partly_reviewed", "reviewed")
_STATISTICS = ("declared", "privacy")


def state_words(state: str) -> str:
    """Return a state as words: ``partly_reviewed`` becomes ``partly reviewed``."""
    return state.replace("_", " ").replace("-", " ")


@dataclass(frozen=True)
class Wanted:
    """What is asked for together."""

    results: Sequence[object]
    files: Sequence[File] = ()
    supporting: Sequence[File] = ()


def submit(connection: Connection, wanted: Wanted, *, title: str, context: str, controls: str) -> Submission:
    """Ask for the release of what is wanted as one request."""
    results = [result for result in wanted.results if isinstance(result, Result)]
    if len(results) != len(wanted.results) or not (results or wanted.files):
        raise RoomError("release takes results of saferoom.table, crosstab, mean and the like, or files, at least one")
    names = [*(result.title for result in results), *(file.name for file in wanted.files)]
    body: dict[str, Any] = {
        "title": title or names[0],
        "context": context,
        "controls": controls,
        "outputs": [result.id for result in results],
    }
    if wanted.files:
        body["files"] = [file.id for file in wanted.files]
    if wanted.supporting:
        body["supporting"] = [file.id for file in wanted.supporting]
    made = Submission(connection, connection.post("/api/room/requests", body))
    if any(result.privacy is not None for result in results):
        made.show_drawn()
    return made


def release(
    results: Result | Sequence[Result] = (),
    *,
    files: Source | Sequence[Source] = (),
    supporting: Source | Sequence[Source] = (),
    title: str = "",
    context: str = "",
    controls: str = "",
) -> Submission:
    """Ask for the release of results and files as one request.

    Parameters
    ----------
    results : Result or sequence of Result
        What should leave; all of it is judged again together.
    files : file or sequence of files
        Files that should leave, as `saferoom.upload` takes or returns them; output checkers look at each.
    supporting : file or sequence of files
        Files that help output checkers to judge, such as code; they stay inside.
    title : str
        What the request is called; the airlock's generated title when left out.
    context : str
        What the numbers are and what they are for; output checkers read it.
    controls : str
        What was done to protect the people behind the numbers.
    """
    group = [results] if isinstance(results, Result) else list(results)
    wanted = Wanted(group, as_files(files), as_files(supporting))
    return submit(Connection.from_environment(), wanted, title=title, context=context, controls=controls)


def requests() -> Submissions:
    """Return your latest 100 release requests of this project, with their states and reasons; the pages list all."""
    connection = Connection.from_environment()
    return Submissions([Submission(connection, item) for item in connection.get("/api/room/requests")])


def request(id: str) -> Submission:
    """Return one release request by its id."""
    connection = Connection.from_environment()
    if not str(id).replace("-", "").isalnum():
        raise RoomError("a request's id looks like req-abc...; saferoom.requests() lists yours")
    return Submission(connection, connection.get(f"/api/room/requests/{id}"))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _comment(item: Any) -> str:
    if isinstance(item, Mapping):
        who = _text(item.get("author")) or _text(item.get("by"))
        text = _text(item.get("text")) or _text(item.get("comment"))
        return f"{who}: {text}" if who else text
    return str(item)
