"""The file check's process: one job from standard input, a line for each file to standard output, then the end."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import IO

from saferoom.disclosure.files.checker import FileContext, examine
from saferoom.disclosure.files.view import clean_copy, view_of
from saferoom.disclosure.queries.model import parse_query
from saferoom.errors import SaferoomError
from saferoom.hub.filecheck.job import READY, Examination, FileJob, handed, refusal
from saferoom.hub.filecheck.limits import FILE_SECONDS, WAIT_SECONDS, bounds
from saferoom.hub.sandbox.spec import MEBIBYTE

_HANDED = Path("/tmp/handed")  # noqa: S108 - a folder of the sandbox's own
_COPIED_BYTES = 4 * MEBIBYTE


def main() -> None:
    """Check the files of the job on standard input.

    Libraries may write to standard output; only the answers may be read as such, so they are sent over a copy of it
    and everything else goes to standard error. The clock ends the process, whatever it is busy with; the files whose
    lines are written by then keep their reports.
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # Said before anything of the job is read: without it the sandbox did not start, and no file is to blame.
    answers.write(READY)
    answers.flush()
    with answers:
        try:
            job = FileJob.from_bytes(sys.stdin.buffer.read())
            _limit(with_extract=bool(job.sources))
            _check(_received(job), answers)
        except SaferoomError as error:
            answers.write(refusal(error.message))


def _limit(*, with_extract: bool) -> None:
    """Bound this process by itself, also where no control group does."""
    for name, value in bounds(with_extract=with_extract).items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (bounded, bounded))


def _received(job: FileJob) -> FileJob:
    """Copy the extracts that came as open files, because this process may not open them by their names."""
    sources = []
    for source in job.sources:
        descriptor = handed(source.path)
        place = source.path
        if descriptor is not None:
            place = _HANDED / str(descriptor) / source.path.name
            place.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(descriptor, "rb") as origin, place.open("wb") as copy:
                shutil.copyfileobj(origin, copy, _COPIED_BYTES)
        sources.append(replace(source, path=place))
    return replace(job, sources=sources)


def _check(job: FileJob, answers: IO[bytes]) -> None:
    query = None if job.query is None else parse_query(job.query)
    context = FileContext(sources=tuple(job.sources), policy=job.policy, query=query)
    for name, data in job.files:
        signal.setitimer(signal.ITIMER_PROF, FILE_SECONDS)
        signal.setitimer(signal.ITIMER_REAL, WAIT_SECONDS)
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
