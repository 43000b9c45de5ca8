"""Makes outputs of evaluations: each is read back, checked again, and rendered as the bytes that would leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError, NotFoundError, WrongStateError
from saferoom.ids import EvaluationId, OutputId
from saferoom.projects.airlock import evaluations, files, processed, quotes, record_rules, render, routing
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.model import DatasetVersion, EvaluationRecord, Group, Output, Supporting
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.store import Reading
from saferoom.projects.airlock.wanted import Wanted

MOST_BYTES = 64 * 2**20
"""Most bytes that leave in the files of one request."""


@dataclass(frozen=True)
class Prepared:
    """One output, judged, checked and rendered.

    Attributes
    ----------
    judgement : Judgement or None
        What is known of the records behind it; None for a file of which nothing is known.
    """

    record: EvaluationRecord
    judgement: Judgement | None
    output: Output

    def judged(self) -> routing.Judged:
        """Return what the route depends on."""
        obstacles = self.judgement.evaluation.automatic_obstacles if self.judgement else ()
        return routing.Judged(self.record.verdict, obstacles, self.output.lane)


def prepare(parts: Parts, wanted: Wanted, for_submission: bool) -> tuple[Prepared, ...]:
    """Return every output of `wanted`, numbered through its groups."""
    with parts.store.reading() as tx:
        records = [own(tx, wanted, id_) for id_ in wanted.evaluations]
    groups = [number for number, group in enumerate(wanted.groups, start=1) for _ in group.evaluations]
    made = []
    for number, (record, group) in enumerate(zip(records, groups, strict=True), start=1):
        one = (_statistic if record.file is None else _file)(parts, record, number, for_submission)
        made.append(replace(one, output=replace(one.output, group=group)))
    if sum(record.file.leaving_size for record in records if record.file) > MOST_BYTES:
        raise BadInputError(
            f"the files of one request are at most {MOST_BYTES // 2**20} MiB together; make several requests"
        )
    return tuple(made)


def own(tx: Reading, wanted: Wanted, id_: EvaluationId) -> EvaluationRecord:
    """Return an evaluation of the author's own in the project; to everybody else there is none."""
    record = tx.evaluation(id_)
    if record is None or (record.author, record.project) != (wanted.author, wanted.project):
        raise NotFoundError("there is no such evaluation of yours in this project")
    return record


def groups_of(parts: Parts, wanted: Wanted) -> tuple[Group, ...]:
    """Return the groups of `wanted` with their supporting files."""
    return tuple(
        Group(group.name, group.context, group.controls, _supporting(parts, wanted, group.supporting))
        for group in wanted.groups
    )


def _supporting(parts: Parts, wanted: Wanted, ids: Sequence[EvaluationId]) -> tuple[Supporting, ...]:
    with parts.store.reading() as tx:
        records = [own(tx, wanted, id_) for id_ in ids]
    for record in records:
        if record.file is None:
            raise BadInputError("only uploaded files can be supporting files; name statistics as outputs")
        files.load(parts, record)
    return tuple(Supporting(r.id, r.title, r.digest, r.file.content) for r in records if r.file)


def datasets(prepared: Sequence[Prepared]) -> tuple[DatasetVersion, ...]:
    """Return every dataset behind `prepared`, by name."""
    return tuple(sorted({d for p in prepared for d in p.record.datasets}, key=lambda d: d.name))


def file_names(prepared: Sequence[Prepared]) -> tuple[tuple[str, str], ...]:
    """Return the names of files, which are words of the researcher's too, each with what messages call it."""
    return tuple((f"name of output {p.output.position}", p.record.file.name) for p in prepared if p.record.file)


def _statistic(parts: Parts, record: EvaluationRecord, number: int, for_submission: bool) -> Prepared:
    judgement = evaluations.load(parts, record)
    evaluation = judgement.evaluation
    if for_submission:
        if processed.of(evaluation) is None:
            evaluations.check_current(parts, record, parts.clock.now())
            evaluations.check_datasets(parts, record, judgement)
        else:
            processed.check_current(parts, record, evaluation)
        if evaluation.verdict is Verdict.FAIL:
            remedies = dict.fromkeys(f.remedy for f in evaluation.findings if f.severity is Verdict.FAIL and f.remedy)
            advice = " ".join(remedies) or "Change the query and evaluate again."
            raise BadInputError(f"output {number} must not leave as it is (verdict: fail). {advice}")
    if evaluation.outgoing is None and not quotes.is_quote(evaluation):
        raise BadInputError(f"output {number} has no table that may leave; change the query and evaluate again")
    output = Output(
        id=OutputId(parts.ids("output")),
        round=0,
        position=number,
        evaluation=record.id,
        title=record.title,
        verdict=record.verdict,
        judged=record.digest,
        # Of a quote nothing is there yet that could leave: its numbers are drawn once they are paid for.
        files={suffix: parts.vault.put(data) for suffix, data in _leaving(evaluation)},
        lane=quotes.lane_of(evaluation),
    )
    return Prepared(record, judgement, output)


def _leaving(evaluation: Evaluation) -> Iterator[tuple[str, bytes]]:
    """Yield what leaves of a declared statistic: its table, and the chart that the trusted side drew of it."""
    if evaluation.outgoing is None:
        return
    yield "csv", render.to_csv(evaluation.outgoing)
    yield "xlsx", render.to_xlsx(evaluation.outgoing)
    if evaluation.picture is not None:
        yield "png", evaluation.picture.png
        yield "svg", evaluation.picture.svg


def _file(parts: Parts, record: EvaluationRecord, number: int, for_submission: bool) -> Prepared:
    judgement = files.load(parts, record)
    if for_submission:
        evaluations.check_current(parts, record, parts.clock.now())
        files.check_submittable(record, judgement, f"output {number}")
        if record.file is not None and record.file.by_plan is not None:
            with parts.store.reading() as tx:
                if said := record_rules.obstacle_of(parts, tx, record):
                    raise WrongStateError(f"output {number}: {said}")
    with parts.store.reading() as tx:
        known = files.known(parts, tx, record)
    return Prepared(record, known, files.output(parts, record, number))
