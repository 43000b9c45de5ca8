"""What has changed since a request was submitted the last time: queries, code, words, line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from saferoom.disclosure.files.view import View, seen
from saferoom.hub.web.airlock.present import as_yaml
from saferoom.hub.web.texts.common import several
from saferoom.ids import EvaluationId
from saferoom.projects.airlock.before import Before
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.wanted import texts_of

MOST_LINES = 3_000
"""Lines of each version that are compared; a longer text is named as cut, never cut silently."""
_AROUND = 3
Content = Callable[[EvaluationId], tuple[Judgement | None, View]]
"""Finds what is known of an evaluation, and what is shown of a file."""


@dataclass(frozen=True)
class Line:
    """One line of a comparison; `kind` is ``same``, ``added``, ``removed`` or ``gap``."""

    kind: str
    text: str


@dataclass(frozen=True)
class ChangeView:
    """What became of one thing since the last submission.

    Attributes
    ----------
    words : str
        What happened, in a few words.
    lines : tuple of Line
        What differs, with some lines around it.
    """

    words: str
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class ChangesView:
    """All changes: of outputs and supporting files by the ids of their evaluations, and of the author's words."""

    since: int
    items: Mapping[EvaluationId, ChangeView]
    texts: tuple[tuple[str, ChangeView], ...]
    gone: tuple[str, ...]


def changes(request: Request, before: Before, now: Content, earlier: Content) -> ChangesView:
    """Return what `request` has changed.

    Parameters
    ----------
    now, earlier : callable
        Find the contents of this version and of the last one.
    """
    pairs = [(new.evaluation, old.evaluation if old else None) for new, old in before.outputs]
    pairs += [(new.evaluation, old.evaluation if old else None) for new, old in before.supporting]
    items = {new: _change(new, old, now, earlier) for new, old in pairs}
    return ChangesView(before.round.number, items, tuple(_texts(request, before)), tuple(map(seen, before.gone)))


def _change(new: EvaluationId, old: EvaluationId | None, now: Content, earlier: Content) -> ChangeView:
    if old is None:
        return ChangeView("new in this submission")
    if old == new:
        return ChangeView("unchanged since the last submission")
    return _compared(_text(*earlier(old)), _text(*now(new)))


def _compared(before: str, after: str) -> ChangeView:
    lines = compare(before, after)
    if not lines:
        return ChangeView("judged anew since the last submission; what it says is the same")
    added, removed = (sum(line.kind == kind for line in lines) for kind in ("added", "removed"))
    return ChangeView(f"changed: {several(added, 'line')} added, {several(removed, 'line')} removed", lines)


def _text(judgement: Judgement | None, view: View) -> str:
    """Return what is compared: the query of a statistic, and the code, words and tables of a file."""
    parts = [as_yaml(judgement.evaluation.query)] if judgement else []
    parts += [f"# {passage.place}\n{passage.text}" for passage in view.passages]
    for grid in view.grids:
        rows = [grid.header, *grid.rows] if grid.header else list(grid.rows)
        parts.append(f"# {grid.place}\n" + "\n".join(" | ".join(map(str, row)) for row in rows))
    return "\n".join(parts)


def _texts(request: Request, before: Before) -> Iterator[tuple[str, ChangeView]]:
    old = dict(texts_of(before.round.title, before.round.groups))
    new = dict(texts_of(request.title, request.groups))
    for name in dict.fromkeys([*old, *new]):
        if old.get(name, "") != new.get(name, ""):
            yield name, _compared(old.get(name, ""), new.get(name, ""))


def compare(before: str, after: str) -> tuple[Line, ...]:
    """Return what differs between two texts, with a few lines around; nothing when they are the same.

    >>> [line.kind + " " + line.text for line in compare("a\\nb\\nc", "a\\nB\\nc")]
    ['same a', 'removed b', 'added B', 'same c']
    """
    old, new = _lines(before), _lines(after)
    if old == new:
        return ()
    found: list[Line] = []
    for number, group in enumerate(SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_AROUND)):
        if number:
            found.append(Line("gap", ""))
        for kind, start, stop, first, last in group:
            if kind == "equal":
                found += [Line("same", line) for line in old[start:stop]]
            else:
                found += [Line("removed", line) for line in old[start:stop]]
                found += [Line("added", line) for line in new[first:last]]
    return tuple(found)


def _lines(text: str) -> list[str]:
    lines = seen(text).split("\n") if text else []
    more = len(lines) - MOST_LINES
    return lines if more <= 0 else [*lines[:MOST_LINES], f"({several(more, 'more line')} not compared here)"]
