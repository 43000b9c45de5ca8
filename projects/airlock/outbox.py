"""Files that an author drops into the ``outbox/`` of the workspace become a draft.

Rules
-----
- A folder in the outbox is a group, by its name; what lies in the outbox itself is in the group without a name.
- ``supporting/`` in a group's folder holds its supporting files. There are no other folders below a group's.
- ``context.txt`` and ``controls.txt`` in a group's folder (or ``.md``) are the group's words, not files.
- What an editor or a notebook leaves behind (a name that begins with a dot or ends with ``~``) is passed over.
- The same content at the same place is taken once, ever: also when the draft it came into is gone by then.
- Another content at the same place takes the place of the first: in the draft, or in the request that was returned with
  it. Otherwise it comes into the author's draft from the outbox, or a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from saferoom.digests import sha256
from saferoom.errors import BadInputError, SaferoomError, StaleVersionError, TooManyError, UnavailableError
from saferoom.ids import Digest, EvaluationId, ProjectSlug, RequestId, Username
from saferoom.projects.airlock import drafts, files
from saferoom.projects.airlock.model import EvaluationRecord, Request
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.store import Selection
from saferoom.projects.airlock.uploads import Screened, Upload, check_size, tidy_name
from saferoom.projects.airlock.wanted import Wanted, WantedGroup

SUPPORTING = "supporting"
LONGEST_TEXT_BYTES = 64 * 1024
_WORDS = {"context.txt": "context", "context.md": "context", "controls.txt": "controls", "controls.md": "controls"}

Screen = Callable[[Upload], Screened]
"""Opens and screens a file in a room of its own."""


@dataclass(frozen=True)
class Dropped:
    """A file as it lies in the outbox.

    Attributes
    ----------
    folder : str
        The folders between the outbox and the file, joined by slashes; empty for the outbox itself.
    """

    folder: str
    name: str
    data: bytes = field(repr=False)


class Became(StrEnum):
    """What became of a dropped file."""

    DRAFTED = "drafted"
    REPLACED = "replaced"
    """It took the place of an earlier content."""
    KNOWN = "known"
    """The same content was taken from this place before."""
    PASSED_OVER = "passed_over"
    REFUSED = "refused"


@dataclass(frozen=True)
class Outcome:
    """What became of one dropped file, with the request it is part of, or why it was refused."""

    folder: str
    name: str
    became: Became
    request: RequestId | None = None
    message: str = ""


@dataclass(frozen=True)
class Place:
    """Where a dropped file belongs.

    Attributes
    ----------
    words : str
        ``context`` or ``controls`` where the file holds these; empty for every other file.
    """

    group: str
    supporting: bool
    name: str
    words: str = ""

    @property
    def key(self) -> str:
        """The one text that names the place."""
        return f"{self.group.casefold()}/{SUPPORTING if self.supporting else ''}/{self.name}"


def place_of(folder: str, name: str) -> Place | None:
    """Return where a dropped file belongs; None when it is passed over.

    Raises
    ------
    BadInputError
        There is no such place, or the name is none that a file can leave under.

    >>> place_of("Wages/supporting", "means.py")
    Place(group='Wages', supporting=True, name='means.py', words='')
    >>> place_of("Wages", "Context.txt").words, place_of("", ".hidden")
    ('context', None)
    """
    steps = [step for step in folder.split("/") if step]
    if name.startswith(".") or name.endswith("~") or any(step.startswith(".") for step in steps):
        return None
    supporting = bool(steps) and steps[-1].casefold() == SUPPORTING
    groups = steps[:-1] if supporting else steps
    if len(groups) > 1:
        raise BadInputError("a group's folder has no folders but supporting/; move the file up, or make a group of it")
    words = "" if supporting else _WORDS.get(name.casefold(), "")
    return Place(groups[0] if groups else "", supporting, name if words else tidy_name(name), words)


def mark_of(file: Dropped) -> tuple[str, Digest] | None:
    """Return by what a file of an outbox is known again; None when it is passed over."""
    place = place_of(file.folder, file.name)
    return None if place is None else (place.key, sha256(file.data))


def draft_files(
    parts: Parts, author: Username, project: ProjectSlug, dropped: Iterable[Dropped], screen: Screen
) -> tuple[Outcome, ...]:
    """Take what lies in an author's outbox into drafts; what was taken before is left alone.

    A file that is refused keeps no other out: its outcome says why.

    Raises
    ------
    StaleVersionError, TooManyError, UnavailableError
        It is not the file's fault, so nothing is said of it: bring it again.
    """
    with parts.store.reading() as tx:
        known = tx.dropped(author, project)
    outcomes = []
    for file in dropped:
        outcome, taken = _one(parts, (author, project), file, (known, screen))
        known |= taken
        outcomes.append(outcome)
    return tuple(outcomes)


# Not the file's fault: whoever brings it brings it again.
_LATER = (StaleVersionError, TooManyError, UnavailableError)
_Known = frozenset[tuple[str, Digest]]


def _one(
    parts: Parts, whose: tuple[Username, ProjectSlug], file: Dropped, means: tuple[_Known, Screen]
) -> tuple[Outcome, _Known]:
    known, screen = means
    nothing: _Known = frozenset()
    try:
        place = place_of(file.folder, file.name)
        if place is None:
            return Outcome(file.folder, file.name, Became.PASSED_OVER), nothing
        mark = (place.key, sha256(file.data))
        if mark in known:
            return Outcome(file.folder, file.name, Became.KNOWN), nothing
        request, became = _taken(parts, whose, (place, file), (mark, screen))
    except _LATER:
        raise
    except SaferoomError as error:
        return Outcome(file.folder, file.name, Became.REFUSED, None, error.message), nothing
    return Outcome(file.folder, file.name, became, request.id), frozenset({mark})


def _taken(
    parts: Parts,
    whose: tuple[Username, ProjectSlug],
    what: tuple[Place, Dropped],
    means: tuple[tuple[str, Digest], Screen],
) -> tuple[Request, Became]:
    (author, project), (place, file), (mark, screen) = whose, what, means
    target, old = _target(parts, author, project, place)
    if place.words:
        fresh, wanted = None, _with_words(target, whose, place, _text(file.data))
    else:
        check_size(file.data)
        upload = Upload(author, project, place.name, file.data)
        fresh = files.record(parts, upload, screen(upload))
        wanted = _with_file(target, whose, place, (fresh, old))
    if target is None:
        return drafts.draft(parts, wanted, dropped=(mark,)), Became.DRAFTED
    after = drafts.save(parts, target, wanted, target.version, dropped=(mark,))
    return after, Became.REPLACED if old else Became.DRAFTED


def _target(
    parts: Parts, author: Username, project: ProjectSlug, place: Place
) -> tuple[Request | None, EvaluationId | None]:
    """Return the request that a file comes into, and what it takes the place of."""
    open_ = Selection(author=author, project=project, states=frozenset({State.DRAFT, State.RETURNED}))
    with parts.store.reading() as tx:
        found = tuple(reversed(tx.requests(open_)))
        for request in found:
            if place.words and place.group and _has_group(request, place):
                return request, None
            for id_ in _at(drafts.content_of(request), place):
                record = tx.evaluation(id_)
                if record is not None and record.file is not None and record.file.name == place.name:
                    return request, id_
    return next((request for request in found if request.state is State.DRAFT), None), None


def _has_group(request: Request, place: Place) -> bool:
    return any(group.name.casefold() == place.group.casefold() for group in drafts.content_of(request).groups)


def _at(wanted: Wanted, place: Place) -> Sequence[EvaluationId]:
    if place.words:
        return ()
    groups = [group for group in wanted.groups if group.name.casefold() == place.group.casefold()]
    return [id_ for group in groups for id_ in (group.supporting if place.supporting else group.evaluations)]


def _with_file(
    target: Request | None,
    whose: tuple[Username, ProjectSlug],
    place: Place,
    files_: tuple[EvaluationRecord, EvaluationId | None],
) -> Wanted:
    fresh, old = files_
    wanted = _content(target, whose)
    if old is not None:
        return drafts.replaced(wanted, {old: fresh.id})
    return drafts.with_output(wanted, fresh.id, place.group, place.supporting)


def _with_words(target: Request | None, whose: tuple[Username, ProjectSlug], place: Place, text: str) -> Wanted:
    wanted = _content(target, whose)
    names = [group.name.casefold() for group in wanted.groups]
    groups = list(wanted.groups)
    if place.group.casefold() in names:
        number = names.index(place.group.casefold())
    else:
        number = len(groups)
        groups.append(WantedGroup(name=place.group))
    said = groups[number]
    groups[number] = replace(said, context=text) if place.words == "context" else replace(said, controls=text)
    kept = tuple(group for group in groups if group != WantedGroup())
    return replace(wanted, groups=kept)


def _content(target: Request | None, whose: tuple[Username, ProjectSlug]) -> Wanted:
    if target is not None:
        return drafts.content_of(target)
    return Wanted(*whose, title="", groups=(WantedGroup(),))


def _text(data: bytes) -> str:
    try:
        if len(data) <= LONGEST_TEXT_BYTES:
            return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    raise BadInputError("a group's words are UTF-8 text of at most 64 KiB")
