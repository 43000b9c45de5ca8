"""Between the airlock's rows and its records; no rule is decided here."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from saferoom.disclosure.verdict import Verdict
from saferoom.hub.store.airlock_tables import (
    CommentRow,
    EvaluationRow,
    NoticeRow,
    OutputRow,
    ReleaseRow,
    RequestRow,
    RoundRow,
    VoteRow,
)
from saferoom.ids import DatasetName, Digest, EvaluationId, OutputId, ProjectSlug, ReleaseId, RequestId, Username
from saferoom.projects.airlock.model import (
    Approval,
    Choice,
    Comment,
    DatasetVersion,
    EvaluationRecord,
    Lane,
    Notice,
    Output,
    Release,
    Request,
    Round,
    Route,
    Supporting,
    UploadedFile,
    Vote,
)
from saferoom.projects.airlock.states import Party, State


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
    row.title, row.context, row.controls = request.title, request.context, request.controls
    row.automatic, row.checkers = request.automatic, request.checkers
    row.created_at, row.updated_at = request.created_at, request.updated_at
    row.datasets = _datasets(request.datasets)
    row.waits_because, row.warnings = list(request.waits_because), list(request.warnings)
    row.supporting = [asdict(file) for file in request.supporting]
    row.reason, row.blocked, row.seal = request.reason, request.blocked, dict(request.seal)


def read_request(row: RequestRow) -> Request:
    """Return the request of a row, with the outputs and votes of its current round and all comments."""
    return Request(
        id=RequestId(row.id),
        author=Username(row.author),
        project=ProjectSlug(row.project),
        state=State(row.state),
        round=row.round,
        title=row.title,
        context=row.context,
        controls=row.controls,
        automatic=row.automatic,
        checkers=row.checkers,
        created_at=row.created_at,
        updated_at=row.updated_at,
        datasets=_read_datasets(row.datasets),
        waits_because=tuple(row.waits_because),
        warnings=tuple(row.warnings),
        reason=row.reason,
        blocked=row.blocked,
        seal=row.seal,
        approval=_approval(row),
        version=row.version,
        outputs=tuple(_output(output) for output in row.outputs if output.round == row.round),
        supporting=_supporting(row.supporting),
        votes=tuple(_vote(vote) for vote in row.votes if vote.round == row.round),
        earlier_votes=tuple(_vote(vote) for vote in row.votes if vote.round != row.round),
        rounds=tuple(_round(kept) for kept in row.rounds),
        comments=tuple(_comment(comment) for comment in row.comments),
        release=_release(row.release) if row.release else None,
    )


def round_row(row: RequestRow) -> RoundRow:
    """Return the row that keeps the words and the supporting files of the request's current round."""
    return RoundRow(
        round=row.round,
        title=row.title,
        context=row.context,
        controls=row.controls,
        at=row.updated_at,
        supporting=row.supporting,
    )


def output_row(output: Output) -> OutputRow:
    """Return the row of an output."""
    return OutputRow(**{**asdict(output), "verdict": output.verdict.value, "lane": output.lane.value})


def vote_row(vote: Vote) -> VoteRow:
    """Return the row of a vote."""
    return VoteRow(**{**asdict(vote), "choice": vote.choice.value})


def comment_row(comment: Comment) -> CommentRow:
    """Return the row of a comment."""
    return CommentRow(**asdict(comment))


def release_row(release: Release) -> ReleaseRow:
    """Return the row of a release."""
    return ReleaseRow(**asdict(release))


def notice_row(notice: Notice) -> NoticeRow:
    """Return the row of a notice."""
    return NoticeRow(**{**asdict(notice), "to": notice.to.value})


def read_notice(row: NoticeRow) -> Notice:
    """Return the notice of a row."""
    return Notice(
        RequestId(row.request), ProjectSlug(row.project), Party(row.to), Username(row.author), row.message, row.at
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
    )


def _supporting(document: list[dict[str, str]]) -> tuple[Supporting, ...]:
    return tuple(
        Supporting(EvaluationId(item["evaluation"]), item["title"], Digest(item["judged"]), Digest(item["content"]))
        for item in document
    )


def _round(row: RoundRow) -> Round:
    return Round(row.round, row.title, row.context, row.controls, row.at, _supporting(row.supporting))


def _approval(row: RequestRow) -> Approval | None:
    if row.release_id is None or row.approved_at is None or row.link_seq is None or row.link_digest is None:
        return None
    return Approval(ReleaseId(row.release_id), row.approved_at, row.link_seq, Digest(row.link_digest))


def _output(row: OutputRow) -> Output:
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
    )


def _vote(row: VoteRow) -> Vote:
    return Vote(Username(row.by), OutputId(row.output), Choice(row.choice), row.comment, row.at, row.round)


def _comment(row: CommentRow) -> Comment:
    output = OutputId(row.output) if row.output else None
    return Comment(Username(row.by), row.body, row.public, output, row.at, row.round)


def _release(row: ReleaseRow) -> Release:
    return Release(ReleaseId(row.id), RequestId(row.request), Digest(row.bundle), row.at)
