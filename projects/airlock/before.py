"""What a request said the last time it was submitted, so that an output checker sees what has changed since.

An output belongs to the earlier one that it took the place of: by the same evaluation, by accepted advice, or else by
its place in a group of the same name. An output that no earlier one is left for is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saferoom.ids import EvaluationId
from saferoom.projects.airlock.model import Group, Output, Request, Round, Supporting


@dataclass(frozen=True)
class Before:
    """The last submission before the present one.

    Attributes
    ----------
    outputs : tuple of (Output, Output or None)
        Each output of now with the one it took the place of.
    supporting : tuple of (Supporting, Supporting or None)
        Each supporting file of now with the earlier one of the same name.
    gone : tuple of str
        Titles of outputs and supporting files that are no longer part of it.
    """

    round: Round
    outputs: tuple[tuple[Output, Output | None], ...] = ()
    supporting: tuple[tuple[Supporting, Supporting | None], ...] = ()
    gone: tuple[str, ...] = ()


def compare(request: Request, earlier: Round, outputs: Sequence[Output]) -> Before:
    """Return what `request` has in place of what it had in the round `earlier`, whose outputs were `outputs`."""
    left = list(outputs)
    taken = {one.taken_as: one.evaluation for one in request.advice if one.taken_as}
    found: dict[str, Output | None] = {}
    for known in (lambda now: now.evaluation, lambda now: taken.get(now.evaluation)):
        for now in request.outputs:
            if found.get(now.id) is None:
                found[now.id] = _take(left, known(now))
    for now in request.outputs:
        if found[now.id] is None:
            found[now.id] = _at(left, (now, request.groups), earlier.groups)
    files = {file.title: file for file in earlier.supporting}
    supporting = tuple((file, files.pop(file.title, None)) for file in request.supporting)
    gone = (*(output.title for output in left), *files)
    return Before(earlier, tuple((now, found[now.id]) for now in request.outputs), supporting, gone)


def _take(left: list[Output], evaluation: EvaluationId | None) -> Output | None:
    for output in left:
        if output.evaluation == evaluation:
            left.remove(output)
            return output
    return None


def _at(left: list[Output], now: tuple[Output, Sequence[Group]], groups: Sequence[Group]) -> Output | None:
    """Take the first output that is left in the group of the same name."""
    output, groups_now = now
    name = groups_now[output.group - 1].name
    for one in left:
        if groups[one.group - 1].name == name and (one.lane is output.lane):
            left.remove(one)
            return one
    return None
