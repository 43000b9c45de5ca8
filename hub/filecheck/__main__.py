"""The file check's process: one job from standard input, a line for each file to standard output, then the end."""

from __future__ import annotations

import os
import signal
import sys
from typing import IO

from saferoom.disclosure.files.checker import FileContext, examine
from saferoom.disclosure.files.view import clean_copy, view_of
from saferoom.disclosure.queries.model import parse_query
from saferoom.errors import SaferoomError
from saferoom.hub.filecheck.job import Examination, FileJob, refusal
from saferoom.hub.filecheck.limits import FILE_SECONDS


def main() -> None:
    """Check the files of the job on standard input.

    Libraries may write to standard output; only the answers may be read as such, so they are sent over a copy of it
    and everything else goes to standard error. The clock ends the process, whatever it is busy with; the files whose
    lines are written by then keep their reports.
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with answers:
        try:
            _check(FileJob.from_bytes(sys.stdin.buffer.read()), answers)
        except SaferoomError as error:
            answers.write(refusal(error.message))


def _check(job: FileJob, answers: IO[bytes]) -> None:
    query = None if job.query is None else parse_query(job.query)
    context = FileContext(sources=tuple(job.sources), policy=job.policy, query=query)
    for name, data in job.files:
        signal.setitimer(signal.ITIMER_REAL, FILE_SECONDS)
        found = examine(name, data, context)
        examination = Examination(
            report=found.report,
            view=view_of(found.opened) if job.views else None,
            clean=clean_copy(found.report.type, found.opened) if job.views else None,
            matched=found.matched,
        )
        answers.write(examination.to_line())
        answers.flush()


if __name__ == "__main__":
    main()
