"""Between rows and records of what people do to a request; no rule is decided here."""

from __future__ import annotations

from dataclasses import asdict

from saferoom.hub.store.airlock_records import (
    AdviceRow,
    ClaimRow,
    CommentRow,
    ReleaseRow,
    SampleRow,
    SignOffRow,
    VoteRow,
    WithdrawalRow,
)
from saferoom.ids import DatasetName, Digest, EvaluationId, OutputId, ProjectSlug, ReleaseId, RequestId, Username
from saferoom.projects.airlock.records import (
    Advice,
    AuditFinding,
    Cause,
    Choice,
    Claim,
    Comment,
    Release,
    Sample,
    SignOff,
    Vote,
    Withdrawal,
)
from saferoom.projects.airlock.states import Party


def vote_row(vote: Vote) -> VoteRow:
    """Return the row of a vote."""
    return VoteRow(**{**asdict(vote), "choice": vote.choice.value, "seal": dict(vote.seal)})


def read_vote(row: VoteRow) -> Vote:
    """Return the vote of a row."""
    return Vote(Username(row.by), OutputId(row.output), Choice(row.choice), row.comment, row.at, row.round, row.seal)


def comment_row(comment: Comment) -> CommentRow:
    """Return the row of a comment."""
    return CommentRow(**asdict(comment))


def read_comment(row: CommentRow) -> Comment:
    """Return the comment of a row."""
    output = OutputId(row.output) if row.output else None
    evaluation = EvaluationId(row.evaluation) if row.evaluation else None
    return Comment(Username(row.by), row.body, row.public, output, row.at, row.round, evaluation, row.group)


def sign_off_row(sign_off: SignOff) -> SignOffRow:
    """Return the row of a sign-off."""
    return SignOffRow(**{**asdict(sign_off), "datasets": list(sign_off.datasets)})


def read_sign_off(row: SignOffRow) -> SignOff:
    """Return the sign-off of a row."""
    datasets = tuple(DatasetName(name) for name in row.datasets)
    return SignOff(Username(row.by), datasets, row.signed, row.comment, row.at, row.round, row.seal)


def read_claim(row: ClaimRow) -> Claim:
    """Return the claim of a row."""
    return Claim(Username(row.by), row.at, row.until)


def advice_row(advice: Advice) -> AdviceRow:
    """Return the row of a piece of advice."""
    return AdviceRow(**{**asdict(advice), "patch": dict(advice.patch)})


def read_advice(row: AdviceRow) -> Advice:
    """Return the advice of a row."""
    return Advice(
        round=row.round,
        output=OutputId(row.output),
        evaluation=EvaluationId(row.evaluation),
        patch=row.patch,
        words=row.words,
        by=Username(row.by),
        at=row.at,
        taken_as=EvaluationId(row.taken_as) if row.taken_as else None,
    )


def release_row(release: Release) -> ReleaseRow:
    """Return the row of a release."""
    return ReleaseRow(**asdict(release))


def read_release(row: ReleaseRow) -> Release:
    """Return the release of a row."""
    return Release(ReleaseId(row.id), RequestId(row.request), Digest(row.bundle), row.at)


def withdrawal_row(withdrawal: Withdrawal) -> WithdrawalRow:
    """Return the row of a withdrawal."""
    changed = {
        "cause": withdrawal.cause.value,
        "party": withdrawal.party.value,
        "statement": dict(withdrawal.statement),
    }
    return WithdrawalRow(**{**asdict(withdrawal), **changed})


def read_withdrawal(row: WithdrawalRow) -> Withdrawal:
    """Return the withdrawal of a row."""
    return Withdrawal(
        release=ReleaseId(row.release),
        request=RequestId(row.request),
        cause=Cause(row.cause),
        explanation=row.explanation,
        by=Username(row.by),
        party=Party(row.party),
        at=row.at,
        statement=row.statement,
    )


def sample_row(sample: Sample) -> SampleRow:
    """Return the row of a sample."""
    return SampleRow(**{**asdict(sample), "finding": sample.finding.value if sample.finding else None})


def read_sample(row: SampleRow) -> Sample:
    """Return the sample of a row."""
    return Sample(
        release=ReleaseId(row.release),
        request=RequestId(row.request),
        project=ProjectSlug(row.project),
        drawn_at=row.drawn_at,
        one_in=row.one_in,
        proof=row.proof,
        finding=AuditFinding(row.finding) if row.finding else None,
        by=Username(row.by) if row.by else None,
        comment=row.comment,
        at=row.at,
    )
