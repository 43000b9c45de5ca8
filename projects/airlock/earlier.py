"""Everything released before, and what new outputs would give away beside it.

An output is judged against the releases known when it was evaluated. Between then and its own release others may have
left, and outputs of one request leave together: so everything is compared once more inside the very transaction that
lets it go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from saferoom.disclosure.history.differencing import differencing
from saferoom.disclosure.history.memory import Memory
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.store import Reading


def memory(parts: Parts, tx: Reading, project: ProjectSlug, datasets: Sequence[DatasetName]) -> Memory:
    """Return what was released, or is about to be, from any of `datasets` in `project`.

    Raises
    ------
    IntegrityError
        The vault no longer holds what was released: nothing can be compared, so nothing may be judged.
    """
    found = Memory.empty()
    for digest in tx.released_evaluations(project, datasets):
        found = found.with_evaluation(Judgement.from_bytes(parts.vault.get(digest)).evaluation)
    return found


def recheck(parts: Parts, tx: Reading, project: ProjectSlug, judged: Mapping[int, Judgement]) -> tuple[str, ...]:
    """Return what speaks against letting `judged` leave together now, in sentences; empty when nothing does.

    Parameters
    ----------
    judged : mapping of int to Judgement
        What is known of the records behind each output, by the output's position.

    Notes
    -----
    Each output is compared with everything released and with the outputs before it in the same request. What its
    evaluation already said is not repeated.
    """
    datasets = sorted({name for judgement in judged.values() for name in judgement.datasets})
    found = memory(parts, tx, project, datasets)
    reasons: list[str] = []
    for number, judgement in sorted(judged.items()):
        evaluation = judgement.evaluation
        if not evaluation.contributors.parts:
            reasons.append(f"output {number} cannot be compared with other releases: who is behind it is not known")
        known = {finding.message for finding in evaluation.findings}
        later = differencing(evaluation.contributors, found, judgement.rules)
        reasons += [f"output {number}: {finding.message}" for finding in later if finding.message not in known]
        found = found.with_evaluation(evaluation)
    return tuple(dict.fromkeys(reasons))
