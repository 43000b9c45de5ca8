"""Signed statements about what was judged, so that a changed row is noticed as surely as a changed byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from saferoom.clock import isoformat
from saferoom.digests import sha256
from saferoom.errors import IntegrityError
from saferoom.ids import RequestId
from saferoom.projects.airlock.model import EvaluationRecord, Lane, Output, Request
from saferoom.projects.airlock.records import SignOff, Vote
from saferoom.signing import SigningKey, VerifyingKey

EVALUATION_TYPE = "application/vnd.saferoom.evaluation+json"
SUBMISSION_TYPE = "application/vnd.saferoom.submission+json"
VOTE_TYPE = "application/vnd.saferoom.vote+json"
SIGN_OFF_TYPE = "application/vnd.saferoom.sign-off+json"


def evaluation_claims(record: EvaluationRecord) -> dict[str, Any]:
    """Return what the seal of an evaluation states."""
    claims = {
        "id": record.id,
        "author": record.author,
        "project": record.project,
        "title": record.title,
        "verdict": record.verdict.value,
        "digest": record.digest,
        "rules": record.rules,
        "datasets": {dataset.name: dataset.version for dataset in record.datasets},
        "created_at": isoformat(record.created_at),
        "expires_at": isoformat(record.expires_at),
    }
    if record.file is None:
        return claims
    file = asdict(record.file)
    if record.file.by_plan is None:
        # As files were sealed before there were plans: what was sealed must hold.
        del file["by_plan"]
    return {**claims, "file": file}


def submission_claims(request: Request) -> dict[str, Any]:
    """Return what the seal of one round of a request states: the words, the files, and how it may leave."""
    claims = {
        "id": request.id,
        "author": request.author,
        "project": request.project,
        "round": request.round,
        **_words(request),
        "automatic": request.automatic,
        "checkers": request.checkers,
        "datasets": {dataset.name: dataset.version for dataset in request.datasets},
        "outputs": [_output(output) for output in request.outputs],
    }
    if request.sign_off:
        claims["sign_off"] = list(request.sign_off)
    return claims


def _words(request: Request) -> dict[str, Any]:
    # One group without a name is stated as requests were sealed before there were groups: what was sealed must hold.
    if len(request.groups) == 1 and not request.groups[0].name:
        words = {"title": request.title, "context": request.context, "controls": request.controls}
        stated: dict[str, Any] = {"words": {name: sha256(text.encode()) for name, text in words.items()}}
        return stated | ({"supporting": [asdict(file) for file in request.supporting]} if request.supporting else {})
    groups = [
        {
            "name": sha256(group.name.encode()),
            "context": sha256(group.context.encode()),
            "controls": sha256(group.controls.encode()),
            "supporting": [asdict(file) for file in group.supporting],
        }
        for group in request.groups
    ]
    return {"words": {"title": sha256(request.title.encode())}, "groups": groups}


def _output(output: Output) -> dict[str, Any]:
    claims: dict[str, Any] = {
        "id": output.id,
        "evaluation": output.evaluation,
        "title": output.title,
        "verdict": output.verdict.value,
        "judged": output.judged,
    }
    if output.group != 1:
        claims["group"] = output.group
    if output.lane is Lane.DECLARED:
        # As the first version sealed them: what it sealed must hold today.
        return {**claims, **output.files}
    return {**claims, "lane": output.lane.value, "files": dict(output.files)}


def seal_evaluation(record: EvaluationRecord, key: SigningKey) -> dict[str, Any]:
    """Return the seal of `record`."""
    return key.seal_json(evaluation_claims(record), EVALUATION_TYPE)


def seal_submission(request: Request, key: SigningKey) -> dict[str, Any]:
    """Return the seal of the current round of `request`."""
    return key.seal_json(submission_claims(request), SUBMISSION_TYPE)


def vote_claims(request: RequestId, vote: Vote) -> dict[str, Any]:
    """Return what the seal of a vote states."""
    return {
        "request": request,
        "round": vote.round,
        "by": vote.by,
        "output": vote.output,
        "choice": vote.choice.value,
        "comment": sha256(vote.comment.encode()),
        "at": isoformat(vote.at),
    }


def sign_off_claims(request: RequestId, word: SignOff) -> dict[str, Any]:
    """Return what the seal of a data owner's word states."""
    return {
        "request": request,
        "round": word.round,
        "by": word.by,
        "datasets": list(word.datasets),
        "signed": word.signed,
        "comment": sha256(word.comment.encode()),
        "at": isoformat(word.at),
    }


def seal_vote(request: RequestId, vote: Vote, key: SigningKey) -> Vote:
    """Return `vote` with its seal."""
    return replace(vote, seal=key.seal_json(vote_claims(request, vote), VOTE_TYPE))


def seal_sign_off(request: RequestId, word: SignOff, key: SigningKey) -> SignOff:
    """Return a data owner's `word` with its seal."""
    return replace(word, seal=key.seal_json(sign_off_claims(request, word), SIGN_OFF_TYPE))


def check_words(request: Request, votes: Iterable[Vote], key: VerifyingKey) -> None:
    """Raise `IntegrityError` unless `votes`, and the signatures of the round, were given by deeds of this instance."""
    for vote in votes:
        _check(vote.seal, vote_claims(request.id, vote), key, VOTE_TYPE, f"a vote on request {request.id}")
    for word in request.sign_offs:
        what = f"a data owner's word on request {request.id}"
        _check(word.seal, sign_off_claims(request.id, word), key, SIGN_OFF_TYPE, what)


def check_evaluation(record: EvaluationRecord, key: VerifyingKey) -> None:
    """Raise `IntegrityError` unless `record` is what was judged."""
    _check(record.seal, evaluation_claims(record), key, EVALUATION_TYPE, f"the record of evaluation {record.id}")


def check_submission(request: Request, key: VerifyingKey) -> None:
    """Raise `IntegrityError` unless the current round of `request` is what was submitted."""
    _check(request.seal, submission_claims(request), key, SUBMISSION_TYPE, f"request {request.id}")


def _check(seal: Mapping[str, Any], claims: Any, key: VerifyingKey, payload_type: str, what: str) -> None:
    try:
        stated = key.open_json(seal, payload_type)
    except IntegrityError as error:
        raise IntegrityError(f"{what} has no valid seal; nothing is released") from error
    if stated != claims:
        raise IntegrityError(f"{what} was changed in the database after it was sealed; nothing is released")
