"""The evaluator process: one job from standard input, one answer to standard output, then the end."""

from __future__ import annotations

import os
import sys
import time

from saferoom.disclosure.checker import check, draw
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.remedies.search import Remedies
from saferoom.errors import SaferoomError
from saferoom.hub.evaluator.garbage import look_seldom
from saferoom.hub.evaluator.job import Job, write_answer


def judged(job: Job) -> Evaluation:
    """Do what `job` asks for: judge its query, or draw the noise that was paid for."""
    if job.draw is not None:
        return draw(parse_query(job.query), job.context(), job.draw)
    remedies = Remedies.from_now(time.monotonic)
    return check(parse_query(job.query), job.context(), remedies, clock=time.monotonic)


def main() -> None:
    """Judge the job on standard input.

    Libraries may write to standard output; only the answer may be read as one, so it is sent over a copy of it and
    everything else goes to standard error.
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    look_seldom()
    try:
        job = Job.from_bytes(sys.stdin.buffer.read())
        answer = write_answer(judged(job))
    except SaferoomError as error:
        answer = write_answer(error)
    with answers:
        answers.write(answer)


if __name__ == "__main__":
    main()
