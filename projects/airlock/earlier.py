"""Everything released before, and what new outputs would give away beside it.

An output is judged against the releases known when it was evaluated. Between then and its own release others may have
left, and outputs of one request leave together: so everything is compared once more inside the very transaction that
lets it go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from saferoom.clock import isoformat
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.contributors import Contributors
from saferoom.disclosure.history.differencing import judge
from saferoom.disclosure.history.measures import Column
from saferoom.disclosure.history.memory import Memory, Release, is_noisy
from saferoom.disclosure.history.undone import undone
from saferoom.errors import IntegrityError
from saferoom.ids import DatasetName, OutputId, ProjectSlug
from saferoom.projects.airlock import files, quotes
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.model import Lane, Request
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.remembering import Entry, Told
from saferoom.projects.airlock.store import Reading, Remembered


def memory(parts: Parts, tx: Reading, project: ProjectSlug, datasets: Sequence[DatasetName]) -> Memory:
    """Return what was released, or is about to be, from any of `datasets`, in every project and version.

    Parameters
    ----------
    project : ProjectSlug
        Who asks; other projects' releases come without title and query.

    Raises
    ------
    IntegrityError
        The store or the vault no longer holds what was released: nothing can be compared, so nothing may be judged.
    """
    entries, left = _entries(parts, tx)
    chosen = {entry.number for entry in entries if entry.number in left and set(entry.told.datasets) & set(datasets)}
    return parts.archive.memory(entries, chosen, project)


def _entries(parts: Parts, tx: Reading) -> tuple[tuple[Entry, ...], frozenset[int]]:
    """Return all entries, and the numbers of those whose outputs have left or are about to."""
    kept = tx.remembered()
    if tx.forgotten() or [row.number for row in kept] != list(range(1, len(kept) + 1)):
        raise IntegrityError(
            "the memory of releases lacks something that was released, so nothing can be judged or released; restore "
            "the store from a backup"
        )
    entries = parts.archive.open(row.entry for row in kept)
    if [entry.told.id for entry in entries] != [row.output for row in kept]:
        raise IntegrityError("the memory of releases was changed; nothing can be judged or released")
    return entries, frozenset(row.number for row in kept if row.left)


def remember(parts: Parts, tx: Reading, request: Request) -> tuple[Remembered, ...]:
    """Return the entries of what leaves with `request`, its bytes durably in the vault.

    The transaction that approves the request writes them: so they are there if and only if it may leave.
    """
    entries, _ = _entries(parts, tx)
    found = []
    for output in request.outputs:
        record = tx.evaluation(output.evaluation)
        if record is None:
            raise IntegrityError(f"an evaluation behind request {request.id} is missing; nothing is released")
        judgement = files.known(parts, tx, record)
        if judgement is None:
            continue
        at = isoformat(parts.clock.now())
        told = Told(output.id, judgement.evaluation.title, request.project, at, judgement.datasets)
        entry = parts.archive.add(entries, judgement.evaluation, told)
        entries = (*entries, entry)
        found.append(Remembered(entry.number, output.id, parts.archive.seal(entry)))
    return tuple(found)


def recheck(parts: Parts, tx: Reading, project: ProjectSlug, judged: Mapping[int, Judgement]) -> tuple[str, ...]:
    """Return what speaks against letting `judged` leave together now, in sentences; empty when nothing does.

    Parameters
    ----------
    judged : mapping of int to Judgement
        What is known of the records behind each output, by the output's position.

    Notes
    -----
    Each output is compared with everything released and with the outputs before it in the same request. What its
    evaluation already said is not repeated, unless a release that it was not judged beside takes part: two releases can
    be called alike, and those of other projects all are. Of what is differentially private nobody knows who is behind
    it: what it tells beside other releases is bounded by its loss.
    """
    datasets = sorted({name for judgement in judged.values() for name in judgement.datasets})
    found = memory(parts, tx, project, datasets)
    reasons: list[str] = []
    for number, judgement in sorted(judged.items()):
        evaluation = judgement.evaluation
        if not evaluation.contributors.parts and quotes.lane_of(evaluation) is not Lane.PRIVACY:
            reasons.append(f"output {number} cannot be compared with other releases: who is behind it is not known")
        reasons += [f"output {number}: {message}" for message in _news(judgement, found)]
        found = found.with_evaluation(evaluation)
    return tuple(dict.fromkeys(reasons))


def unheard(parts: Parts, tx: Reading, request: Request, judged: Mapping[int, Judgement]) -> tuple[str, ...]:
    """Return what releases made since the request's round began add, in sentences.

    They count although the same sentence was said before: output checkers who approved beside one release that may not
    be named have not seen another. Entries are told apart by their numbers: two may be of the same moment, and a
    clock can be set back.
    """
    entries, left = _entries(parts, tx)
    began = request.rounds[-1].remembered
    since = {entry.told.id for entry in entries if entry.number in left and entry.number > began}
    if not since:
        return ()
    found = memory(parts, tx, request.project, sorted({name for one in judged.values() for name in one.datasets}))
    reasons: list[str] = []
    for number, judgement in sorted(judged.items()):
        told = [one for one in undone(judgement.evaluation.canonical, found) if one.release in since]
        reasons += [f"output {number}: {one.finding.message}" for one in told]
        later = judge(judgement.evaluation.contributors, found, judgement.rules)
        if any(one.release in since for combined in later.combinations for one in combined.earlier):
            reasons += [f"output {number}: {finding.message}" for finding in later.findings]
    return tuple(dict.fromkeys(reasons))


def laid_out(
    parts: Parts, tx: Reading, request: Request, judged: Mapping[OutputId, Judgement]
) -> Mapping[OutputId, Evaluation]:
    """Return the evaluations with the combinations that tell something now, for who checks `request`.

    What left since an output was evaluated, and the outputs before it in the same request, are not in its own evidence.

    Parameters
    ----------
    judged : mapping of OutputId to Judgement
        What is known of the records behind each output, in the order of the outputs.
    """
    found = memory(parts, tx, request.project, sorted({name for one in judged.values() for name in one.datasets}))
    shown = {}
    for id_, judgement in judged.items():
        evaluation = shown[id_] = judgement.evaluation
        if found.since(evaluation.evidence).releases:
            later = judge(evaluation.contributors, found, judgement.rules)
            shown[id_] = replace(evaluation, evidence={**evaluation.evidence, **later.evidence()})
        beside = Release(id_, evaluation.title, Contributors.none(), request.project, isoformat(parts.clock.now()))
        found = found.with_evaluation(evaluation, beside)
    return shown


def _news(judgement: Judgement, found: Memory) -> Iterator[str]:
    """Yield what the releases in `found` add to what an evaluation said."""
    evaluation = judgement.evaluation
    fresh = found.since(evaluation.evidence)
    yield from (one.finding.message for one in undone(evaluation.canonical, fresh))
    if is_noisy(evaluation):
        return
    later = judge(evaluation.contributors, found, judgement.rules)
    ids = {release.id for release in fresh.releases}
    takes_part = any(earlier.release in ids for combined in later.combinations for earlier in combined.earlier)
    known = set() if takes_part else {finding.message for finding in evaluation.findings}
    doubts = judge(evaluation.contributors, fresh, judgement.rules, shares=_Unknown(evaluation.canonical)).findings
    for finding in (*later.findings, *doubts):
        if finding.message not in known:
            yield finding.message


@dataclass(frozen=True)
class _Unknown:
    """Computes nothing: where the data would have to be looked at again, a person decides."""

    query: Mapping[str, Any]

    def new(self) -> Sequence[Column]:
        """Return one column, of nobody."""
        nobody = np.zeros(0)
        return [Column("", (), nobody.astype(np.int64), nobody.astype(np.uint64), nobody)]

    def earlier(self, query: Mapping[str, Any]) -> Sequence[Column] | None:  # noqa: ARG002
        """Return nothing."""
        return None
