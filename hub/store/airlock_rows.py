"""Between the airlock's rows and its records; no rule is decided here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from saferoom.disclosure.verdict import Verdict
from saferoom.hub.store.airlock_record_rows import (
    read_advice,
    read_claim,
    read_comment,
    read_release,
    read_sample,
    read_sign_off,
    read_vote,
    read_withdrawal,
)
from saferoom.hub.store.airlock_tables import EvaluationRow, OutputRow, RequestDatasetRow, RequestRow, RoundRow
from saferoom.ids import DatasetName, Digest, EvaluationId, OutputId, ProjectSlug, ReleaseId, RequestId, Username
from saferoom.projects.airlock.model import (
    Approval,
    ByPlan,
    DatasetVersion,
    Draft,
    EvaluationRecord,
    Group,
    Lane,
    Output,
    Request,
    Round,
    Route,
    Supporting,
    UploadedFile,
)
from saferoom.projects.airlock.states import State

RISK = {Verdict.PASS: 0, Verdict.REVIEW: 1, Verdict.FAIL: 2}
"""How a request's worst verdict is kept, so that lists can be ordered by it."""
_LANES = (Lane.PRIVACY, Lane.DECLARED, Lane.LIFTED, Lane.FILE, Lane.RECORDS)


def evaluation_row(record: EvaluationRecord) -> EvaluationRow:
    """Return the row of an evaluation."""
    return EvaluationRow(
        id=record.id,
        author=record.author,
        project=record.project,
        title=record.title,
        verdict=record.verdict.value,
        digest=record.digest,
        rules=record.rules,
        datasets=_datasets(record.datasets),
        route=asdict(record.route),
        created_at=record.created_at,
        expires_at=record.expires_at,
        file=asdict(record.file) if record.file else None,
        seal=dict(record.seal),
    )


def read_evaluation(row: EvaluationRow) -> EvaluationRecord:
    """Return the evaluation of a row."""
    return EvaluationRecord(
        id=EvaluationId(row.id),
        author=Username(row.author),
        project=ProjectSlug(row.project),
        title=row.title,
        verdict=Verdict(row.verdict),
        digest=Digest(row.digest),
        rules=Digest(row.rules),
        datasets=_read_datasets(row.datasets),
        route=Route(row.route["automatic"], tuple(row.route["reasons"]), row.route["checkers"]),
        created_at=row.created_at,
        expires_at=row.expires_at,
        file=_file(row.file) if row.file else None,
        seal=row.seal,
    )


def write_request(row: RequestRow, request: Request) -> None:
    """Put the changing part of `request` into its row; what it appends is added elsewhere."""
    row.author, row.project = request.author, request.project
    row.state, row.round = request.state.value, request.round
    row.title, row.groups = request.title, [asdict(group) for group in request.groups]
    row.draft = _draft_document(request.draft) if request.draft else None
    row.automatic, row.checkers = request.automatic, request.checkers
    row.sign_off, row.third_asked = list(request.sign_off), request.third_asked
    row.created_at, row.updated_at = request.created_at, request.updated_at
    row.since, row.submitted_at = request.since, request.submitted_at
    row.datasets = _datasets(request.datasets)
    row.waits_because, row.warnings = list(request.waits_because), list(request.warnings)
    row.reason, row.blocked, row.seal = request.reason, request.blocked, dict(request.seal)
    row.risk = RISK[Verdict.worst(output.verdict for output in request.outputs)]
    row.lane, row.output_count = worst_lane(request.outputs).value, len(request.outputs)


def worst_lane(outputs: Sequence[Output]) -> Lane:
    """Return the lane of which least is known."""
    return max((output.lane for output in outputs), key=_LANES.index, default=Lane.DECLARED)


def dataset_rows(request: Request) -> list[RequestDatasetRow]:
    """Return the rows by which requests are found from a dataset they use."""
    names = sorted({dataset.name for dataset in request.datasets} | set(request.sign_off))
    return [RequestDatasetRow(request=request.id, dataset=name, signs=name in request.sign_off) for name in names]


def read_request(row: RequestRow) -> Request:
    """Return the request of a row, with the outputs and votes of its current round and all comments."""
    draft = _draft(row.draft) if row.draft else None
    outputs = tuple(read_output(output) for output in row.outputs if output.round == row.round)
    votes = [read_vote(vote) for vote in row.votes]
    sign_offs = [read_sign_off(sign_off) for sign_off in row.sign_offs]
    return Request(
        id=RequestId(row.id),
        author=Username(row.author),
        project=ProjectSlug(row.project),
        state=State(row.state),
        round=row.round,
        title=row.title,
        automatic=row.automatic,
        checkers=row.checkers,
        created_at=row.created_at,
        updated_at=row.updated_at,
        since=row.since or row.updated_at,
        submitted_at=row.submitted_at,
        groups=_groups(row.groups),
        datasets=_read_datasets(row.datasets),
        sign_off=tuple(DatasetName(name) for name in row.sign_off),
        third_asked=row.third_asked,
        waits_because=tuple(row.waits_because),
        warnings=tuple(row.warnings),
        reason=row.reason,
        blocked=row.blocked,
        seal=row.seal,
        approval=_approval(row),
        version=row.version,
        outputs=draft.outputs if draft is not None and row.round == 0 else outputs,
        draft=draft,
        votes=tuple(vote for vote in votes if vote.round == row.round),
        earlier_votes=tuple(vote for vote in votes if vote.round != row.round),
        sign_offs=tuple(one for one in sign_offs if one.round == row.round),
        earlier_sign_offs=tuple(one for one in sign_offs if one.round != row.round),
        rounds=tuple(_round(kept) for kept in row.rounds if kept.round > 0),
        comments=tuple(read_comment(comment) for comment in row.comments),
        claims=tuple(read_claim(claim) for claim in row.claims),
        advice=tuple(read_advice(advice) for advice in row.advice),
        release=read_release(row.release) if row.release else None,
        withdrawal=read_withdrawal(row.withdrawal) if row.withdrawal else None,
        sample=read_sample(row.sample) if row.sample else None,
    )


def round_row(row: RequestRow, remembered: int = 0) -> RoundRow:
    """Return the row that keeps the words of the request's current round, and when it began.

    Parameters
    ----------
    remembered : int, optional
        The number of the last entry in the memory of releases.
    """
    return RoundRow(
        round=row.round,
        title=row.title,
        groups=row.groups,
        at=row.updated_at,
        lane=row.lane,
        automatic=row.automatic,
        submitted_at=row.submitted_at,
        remembered=remembered,
    )


def decide_round(row: RoundRow, decision: str, at: datetime) -> None:
    """Note in a round's row when and how it was decided."""
    row.decision, row.decided_at = decision, at
    row.seconds = round((at - row.submitted_at).total_seconds()) if row.submitted_at else None


def output_row(output: Output) -> OutputRow:
    """Return the row of an output."""
    return OutputRow(**_output_document(output))


def _output_document(output: Output) -> dict[str, Any]:
    return {**asdict(output), "verdict": output.verdict.value, "lane": output.lane.value}


def _draft_document(draft: Draft) -> dict[str, Any]:
    return {
        "title": draft.title,
        "groups": [asdict(group) for group in draft.groups],
        "outputs": [_output_document(output) for output in draft.outputs],
    }


def _draft(document: Mapping[str, Any]) -> Draft:
    outputs = tuple(read_output(OutputRow(**item)) for item in document["outputs"])
    return Draft(document["title"], _groups(document["groups"]), outputs)


def _groups(document: Sequence[Mapping[str, Any]]) -> tuple[Group, ...]:
    return tuple(
        Group(item["name"], item["context"], item["controls"], _supporting(item["supporting"])) for item in document
    )


def _datasets(datasets: tuple[DatasetVersion, ...]) -> list[dict[str, str]]:
    return [{"name": dataset.name, "version": dataset.version} for dataset in datasets]


def _read_datasets(document: list[dict[str, str]]) -> tuple[DatasetVersion, ...]:
    return tuple(DatasetVersion(DatasetName(item["name"]), item["version"]) for item in document)


def _file(document: dict[str, Any]) -> UploadedFile:
    declared = document["declared"]
    return UploadedFile(
        name=document["name"],
        type=document["type"],
        size=document["size"],
        content=Digest(document["content"]),
        leaving=Digest(document["leaving"]),
        leaving_size=document["leaving_size"],
        suffix=document["suffix"],
        declared=EvaluationId(declared) if declared else None,
        by_plan=read_by_plan(document["by_plan"]) if document.get("by_plan") else None,
    )


def read_by_plan(document: Mapping[str, Any]) -> ByPlan:
    """Return what a record-level file was made by."""
    return ByPlan(
        dataset=DatasetName(document["dataset"]),
        name=document["name"],
        plan=Digest(document["plan"]),
        draws=document["draws"],
        terms=Digest(document["terms"]),
        known=Digest(document["known"]),
    )


def _supporting(document: Sequence[Mapping[str, str]]) -> tuple[Supporting, ...]:
    return tuple(
        Supporting(EvaluationId(item["evaluation"]), item["title"], Digest(item["judged"]), Digest(item["content"]))
        for item in document
    )


def _round(row: RoundRow) -> Round:
    return Round(row.round, row.title, _groups(row.groups), row.at, row.remembered)


def _approval(row: RequestRow) -> Approval | None:
    if row.release_id is None or row.approved_at is None or row.link_seq is None or row.link_digest is None:
        return None
    return Approval(ReleaseId(row.release_id), row.approved_at, row.link_seq, Digest(row.link_digest))


def read_output(row: OutputRow) -> Output:
    """Return the output of a row."""
    return Output(
        id=OutputId(row.id),
        round=row.round,
        position=row.position,
        evaluation=EvaluationId(row.evaluation),
        title=row.title,
        verdict=Verdict(row.verdict),
        judged=Digest(row.judged),
        files={suffix: Digest(digest) for suffix, digest in row.files.items()},
        lane=Lane(row.lane),
        group=row.group,
    )
