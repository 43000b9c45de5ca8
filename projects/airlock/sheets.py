"""A request with everything that one person may see of it, read at once: what a page of it is made from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from saferoom.errors import IntegrityError
from saferoom.ids import EvaluationId
from saferoom.projects.airlock import before, earlier, files, permissions
from saferoom.projects.airlock.before import Before
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.files import FileJudgement
from saferoom.projects.airlock.model import EvaluationRecord, Request
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.permissions import Standing
from saferoom.projects.airlock.states import OWNER, Action, Party, State
from saferoom.projects.airlock.store import Reading
from saferoom.projects.decision import Decision


@dataclass(frozen=True)
class Content:
    """An output or supporting file, and what was found in it.

    Attributes
    ----------
    statistic : Judgement or None
        What is known of the records behind it.
    file : FileJudgement or None
        None for a declared statistic.
    shown : bool
        Whether what is in the file is shown to who asked, too.
    """

    record: EvaluationRecord
    statistic: Judgement | None
    file: FileJudgement | None = None
    shown: bool = False


Contents = Mapping[EvaluationId, Content]


@dataclass(frozen=True)
class Sheet:
    """A request as one person may see it.

    Attributes
    ----------
    can : mapping of Action to Decision
        What that person can do to it now.
    contents : mapping of EvaluationId to Content
        Of its outputs and supporting files; nothing for those who may not see the whole request.
    before : Before or None
        The submission before this one, for output checkers.
    earlier : mapping of EvaluationId to Content
        What was in that submission and has changed.
    """

    request: Request
    standing: frozenset[Standing]
    can: Mapping[Action, Decision]
    contents: Contents = field(default_factory=dict)
    before: Before | None = None
    earlier: Contents = field(default_factory=dict)


def sheet(parts: Parts, found: Request, shown: Request, standing: frozenset[Standing]) -> Sheet:
    """Return all that somebody with `standing` may see of `found`, which they see as `shown`."""
    can = {action: permissions.decide(standing, action, found.state) for action in Action}
    if not can[Action.VIEW]:
        return Sheet(shown, standing, can)
    supporting = {file.evaluation for file in found.supporting}
    checks, left = Standing.CHECKER in standing, found.state is State.RELEASED
    ids = {output.evaluation for output in found.outputs} | supporting
    with parts.store.reading() as tx:
        contents = _contents(parts, tx, ids, lambda id_: checks or (left and id_ not in supporting))
        known = _before(found, tx) if checks else None
        if checks and found.warnings and OWNER[found.state] is Party.CHECKERS:
            contents = _beside_others(parts, tx, found, contents)
        return Sheet(shown, standing, can, contents, known, _contents(parts, tx, _changed(known), lambda _: True))


def _contents(
    parts: Parts, tx: Reading, ids: Collection[EvaluationId], shown: Callable[[EvaluationId], bool]
) -> Contents:
    return {id_: _content(parts, tx, id_, shown(id_)) for id_ in ids}


def _content(parts: Parts, tx: Reading, id_: EvaluationId, shown: bool) -> Content:
    record = tx.evaluation(id_)
    if record is None:
        raise IntegrityError("the evaluation behind this output is missing; nothing is released")
    file = files.load(parts, record) if record.file is not None else None
    return Content(record, files.known(parts, tx, record), file, shown and file is not None)


def _beside_others(parts: Parts, tx: Reading, found: Request, contents: Contents) -> Contents:
    """Return `contents` with what its statistics tell beside whatever has left by now, and beside one another."""
    known = {output.id: statistic for output in found.outputs if (statistic := contents[output.evaluation].statistic)}
    now = earlier.laid_out(parts, tx, found, known)
    renewed = {
        output.evaluation: replace(
            contents[output.evaluation], statistic=replace(known[output.id], evaluation=now[output.id])
        )
        for output in found.outputs
        if output.id in now
    }
    return {**contents, **renewed}


def _before(found: Request, tx: Reading) -> Before | None:
    if len(found.rounds) < 2:
        return None
    last = found.rounds[-2]
    return before.compare(found, last, tx.outputs_of(found.id, last.number))


def _changed(known: Before | None) -> frozenset[EvaluationId]:
    if known is None:
        return frozenset()
    pairs = [(new.evaluation, old.evaluation) for new, old in known.outputs if old is not None]
    pairs += [(new.evaluation, old.evaluation) for new, old in known.supporting if old is not None]
    return frozenset(old for new, old in pairs if old != new)
