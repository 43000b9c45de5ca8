"""What goes into the process that makes a record-level file, and what comes out; both are frames."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.frames import read_frame, write_frame
from saferoom.errors import BadInputError, SaferoomError, UnavailableError
from saferoom.hub.evaluator.job import Job

NOT_UNDERSTOOD = "the answer about a record-level file was not understood; nothing was made and nothing can be released"


@dataclass(frozen=True)
class RecordJob:
    """One plan and all that it needs.

    Attributes
    ----------
    job : Job
        The dataset's extract, the rules, and what was released before; without a query.
    plan : mapping
        The data owner's plan.
    least_units : int
        Fewest units behind a combination of key variables.
    seed, salt : bytes
        Drawn outside.
    """

    job: Job
    plan: Mapping[str, Any]
    least_units: int
    seed: bytes = field(repr=False)
    salt: bytes = field(repr=False)

    def to_bytes(self) -> bytes:
        """Write the job for the process's standard input."""
        document = {"plan": dict(self.plan), "least_units": self.least_units}
        return write_frame(document, [self.job.to_bytes(), self.seed, self.salt])

    @classmethod
    def from_bytes(cls, data: bytes) -> RecordJob:
        """Read what `to_bytes` wrote; anything else is a `BadInputError`."""
        try:
            document, (job, seed, salt) = read_frame(data)
            return cls(Job.from_bytes(job), document["plan"], document["least_units"], bytes(seed), bytes(salt))
        except (ValueError, KeyError, TypeError):
            raise BadInputError("the process was handed a job it does not understand") from None


@dataclass(frozen=True)
class Made:
    """A protected file.

    Attributes
    ----------
    csv : bytes
        What leaves.
    told : mapping
        What `saferoom.projects.record_plans.made.Told` is read from.
    evaluation : Evaluation
        The table of the file's key combinations, with who is behind each and what it tells beside earlier releases.
    """

    csv: bytes = field(repr=False)
    told: Mapping[str, Any]
    evaluation: Evaluation


def write_answer(outcome: Made | SaferoomError) -> bytes:
    """Write what was made, or the sentence that says why nothing was."""
    if isinstance(outcome, Made):
        evaluation = json.dumps(outcome.evaluation.to_json(), allow_nan=False).encode()
        return write_frame({"told": dict(outcome.told)}, [outcome.csv, evaluation])
    return write_frame({"refused": outcome.message, "bad_input": outcome.http_status == 422}, [])


def read_answer(data: bytes) -> Made:
    """Read what `write_answer` wrote.

    Raises
    ------
    BadInputError
        The plan cannot be done, or its limits do not hold; the message is the sentence.
    UnavailableError
        Nothing was made for another reason, or the answer is none.
    """
    try:
        document, segments = read_frame(data)
        if "refused" in document:
            said, bad = document["refused"], document["bad_input"]
            known = isinstance(said, str) and isinstance(bad, bool)
            refusal = (BadInputError(said) if bad else UnavailableError(said)) if known else None
        else:
            refusal = None
            csv, evaluation = segments
            return Made(bytes(csv), document["told"], Evaluation.from_json(json.loads(bytes(evaluation))))
    except (SaferoomError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UnavailableError(NOT_UNDERSTOOD) from None
    raise refusal or UnavailableError(NOT_UNDERSTOOD)
