"""Runs evaluations: prepares the job, starts the sandboxed process, and believes nothing it cannot read."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError, SaferoomError, UnavailableError, WrongStateError
from saferoom.hub import keys
from saferoom.hub.evaluator.job import Job, read_answer
from saferoom.hub.evaluator.padding import padded, with_noise
from saferoom.hub.evaluator.places import Place, Task
from saferoom.hub.evaluator.turns import Turns
from saferoom.hub.home import Home
from saferoom.hub.project_sources import opened, source_of
from saferoom.hub.sandbox import Bind, Completed, Limits
from saferoom.hub.sandbox.spec import MEBIBYTE
from saferoom.hub.watching.checking import watched
from saferoom.hub.watching.counts import Check
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, Digest, ProjectSlug, Username
from saferoom.policies.models import ReleaseRoute, RiskAppetite
from saferoom.projects.airlock.drawing import Draw
from saferoom.projects.airlock.evaluations import NO_SNAPSHOT
from saferoom.projects.airlock.naming import datasets_named, versions_named
from saferoom.projects.policies import effective

_log = structlog.get_logger()
_INSIDE = "/data"
SNAPSHOT = "snapshot"
"""What a query calls the snapshot that comes with it."""
MOST_SNAPSHOT_BYTES = 64 * MEBIBYTE
COMMAND = (sys.executable, "-P", "-m", "saferoom.hub.evaluator")
# Its matrices are small: threads of linear algebra would wait for each other, on a busy machine ten times as long.
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108 - inside the sandbox
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
# Killed by the kernel, as bubblewrap or a shell reports it.
_KILLED = (-9, 137)
TIMEOUT_SECONDS = 60.0
LIMITS = Limits(
    memory_bytes=4096 * MEBIBYTE,
    processes=64,
    cpus=2.0,
    file_bytes=256 * MEBIBYTE,
    open_files=256,
    scratch_bytes=1024 * MEBIBYTE,
)


class Evaluator:
    """Computes and judges queries, a few at a time.

    Parameters
    ----------
    at_once, waiting : int
        Most evaluations that run, and most that wait for their turn.
    waiting_each : int
        Most evaluations that one person has running or waiting.
    """

    def __init__(self, instance: Instance, *, at_once: int = 2, waiting: int = 20, waiting_each: int = 4) -> None:
        self._instance = instance
        self.turns = Turns(at_once, waiting, waiting_each)

    def evaluate(
        self, author: Username, project: ProjectSlug, query: Mapping[str, Any], snapshot: bytes | None = None
    ) -> Evaluation:
        """Compute and judge `query` for `author` in `project`.

        Parameters
        ----------
        snapshot : bytes, optional
            A table made in the room, as Parquet; the query calls it ``snapshot``.

        Raises
        ------
        BadInputError
            The query is wrong, or asks for more than one evaluation may use.
        TooManyError
            Too many evaluations are waiting.
        WrongStateError
            An approval of data was given or ended meanwhile, or the rules were changed.
        UnavailableError, IntegrityError
            The evaluator failed, or the extracts are not what was provisioned. Nothing was judged.
        """
        with watched(Check.STATISTIC) as check:
            found = self._evaluated(author, project, query, snapshot)
            check.verdict = found.verdict
        return found

    def _evaluated(
        self, author: Username, project: ProjectSlug, query: Mapping[str, Any], snapshot: bytes | None
    ) -> Evaluation:
        noisy = with_noise(query)
        if noisy and snapshot is not None:
            raise BadInputError(NO_SNAPSHOT)
        with padded() if noisy else nullcontext():
            names, rules = self._terms(project, query, whole=snapshot is not None)
            with (
                self.turns.turn(author),
                claimed_table(self._instance.home, snapshot) as file,
                self._job(project, query, names, file) as job,
            ):
                found = judge(self._instance.place, *job)
        if (names, rules) != self._terms(project, query, whole=snapshot is not None):
            # The record is made with those of its own moment: it would leave an owner out, or name other rules.
            raise WrongStateError("the project's approvals or rules changed while the query was judged; evaluate again")
        return found

    @contextmanager
    def ready(
        self, author: Username, project: ProjectSlug, queries: Sequence[Mapping[str, Any]]
    ) -> Iterator[Sequence[Draw]]:
        """Wait for a turn and have everything at hand to draw the noise of `queries`.

        Raises as `evaluate` does, while nothing is paid for yet.
        """
        with self.turns.turn(author), ExitStack() as open_:
            found = ((query, self._datasets(project, query, whole=False)) for query in queries)
            jobs = [open_.enter_context(self._job(project, query, names, None)) for query, names in found]
            yield [partial(self._draw, *job) for job in jobs]

    @contextmanager
    def turn(
        self, author: Username, project: ProjectSlug, query: Mapping[str, Any]
    ) -> Iterator[tuple[Instance, Sequence[DatasetName]]]:
        """Wait for a turn, and say which datasets `query` may use."""
        names = self._datasets(project, query, whole=False)
        with self.turns.turn(author):
            yield self._instance, names

    @contextmanager
    def at_hand(
        self, author: Username, project: ProjectSlug, dataset: DatasetName
    ) -> Iterator[tuple[Job, Sequence[Bind]]]:
        """Wait for a turn and have one dataset's data open, with what it is judged by and no query."""
        with self.turns.turn(author), self._job(project, {}, [dataset], None) as job:
            yield job

    def _draw(self, job: Job, binds: Sequence[Bind], plan: Digest) -> Evaluation:
        try:
            with padded():
                return judge(self._instance.place, replace(job, draw=plan), binds)
        except Exception as error:
            # The sentence could tell of the data, so it goes nowhere; of what kind it is helps whoever runs this.
            _log.warning("noise was not drawn", plan=plan, reason=type(error).__name__)
            raise

    def _terms(
        self, project: ProjectSlug, query: Mapping[str, Any], *, whole: bool
    ) -> tuple[list[DatasetName], tuple[RiskAppetite, ReleaseRoute]]:
        """Return the datasets that `query` may use, and the rules that it is judged by."""
        names = self._datasets(project, query, whole=whole)
        appetite, route = effective(self._instance.registry, project, names)
        return names, (appetite.policy, route.policy)

    def _datasets(self, project: ProjectSlug, query: Mapping[str, Any], *, whole: bool) -> list[DatasetName]:
        """Return the datasets that `query` may use, by the same rule as the airlock's records.

        A snapshot may have been made from all of them (`whole`).
        """
        now = self._instance.clock.now()
        live = [a.dataset for a in self._instance.registry.approvals(project) if a.live(now)]
        if not live:
            raise BadInputError("no approval of data for this project holds today")
        return sorted(live) if whole else sorted(datasets_named(query, live))

    @contextmanager
    def _job(
        self, project: ProjectSlug, query: Mapping[str, Any], names: Sequence[DatasetName], snapshot: Path | None
    ) -> Iterator[tuple[Job, Sequence[Bind]]]:
        """Have a query's data open while the block runs."""
        instance = self._instance
        with opened(instance, project, names, versions_named(query, names)) as (lease, files):
            appetite, route = effective(instance.registry, project, names)
            sources = [source_of(file, Path(_INSIDE)) for file in files]
            binds = [Bind(lease.folder / name, f"{_INSIDE}/{name}") for file in files for name, _, _ in file.contents]
            if snapshot is not None:
                sources.append(_claimed(sources))
                binds.append(Bind(snapshot, str(sources[-1].path)))
            units = {unit for file in files for unit in file.units}
            crosswalks = {unit: instance.crosswalks.read(project, unit) for unit in sorted(units)}
            memory = instance.airlock.memory_for(project, names)
            secret = keys.cell_key_secret(instance.home)
            yield Job(query, appetite.policy, route.policy, sources, memory, crosswalks, secret), binds


def _claimed(sources: Sequence[Source]) -> Source:
    """Return the snapshot as a source: it may carry the ids of any unit of the project's data."""
    if any(source.name.lower() == SNAPSHOT for source in sources):
        raise BadInputError(f"a dataset of the project is called {SNAPSHOT}, so that no snapshot can be told from it")
    units = tuple(dict.fromkeys(unit for source in sources for unit in source.units))
    return Source(SNAPSHOT, Path(_INSIDE) / f"{SNAPSHOT}.snapshot.parquet", units, claimed=True)


@contextmanager
def claimed_table(home: Home, data: bytes | None) -> Iterator[Path | None]:
    """Put a snapshot's bytes where a sandbox can be given them, for as long as the block runs.

    Only their beginning is looked at here; they are read inside the sandbox.
    """
    if data is None:
        yield None
        return
    if len(data) > MOST_SNAPSHOT_BYTES:
        raise BadInputError(f"the snapshot is larger than {MOST_SNAPSHOT_BYTES >> 20} MiB; leave columns or rows out")
    if data[:4] != b"PAR1":
        raise BadInputError("the snapshot is not a Parquet file")
    with tempfile.TemporaryDirectory(dir=home.run, prefix="snapshot-") as folder:
        file = Path(folder) / "table.parquet"
        file.write_bytes(data)
        # The folder is closed; the sandbox, which runs as somebody else, is given the file alone.
        file.chmod(0o444)
        yield file


def judge(place: Place, job: Job, files: Sequence[Bind], timeout_seconds: float = TIMEOUT_SECONDS) -> Evaluation:
    """Have `job` done by a process that sees `files` and nothing else, and return what it found."""
    return read_answer(answered(place, COMMAND, job.to_bytes(), files, timeout_seconds))


def answered(
    place: Place,
    command: Sequence[str],
    job: bytes,
    files: Sequence[Bind],
    timeout_seconds: float = TIMEOUT_SECONDS,
    what: tuple[str, str] = ("the query", "ask for fewer cells or simpler views"),
) -> bytes:
    """Have `command` run with `job` where it sees `files` and nothing else, and return what it wrote.

    Parameters
    ----------
    what : tuple of (str, str)
        What messages call the work, and what to do when it needs too much.
    """
    done = place.run(Task("evaluator", command, job, timeout_seconds, files, LIMITS, _ENVIRONMENT))
    if done.timed_out:
        raise BadInputError(f"{what[0]} took longer than {timeout_seconds:.0f} seconds; {what[1]}")
    if done.returncode != 0:
        raise _died(done, what)
    return done.stdout


def _died(done: Completed, what: tuple[str, str]) -> SaferoomError:
    """Say why the process ended without an answer. What it wrote may hold values: only its length is logged."""
    _log.warning("evaluator died", returncode=done.returncode, stderr_bytes=len(done.stderr))
    if done.returncode in _KILLED:
        return BadInputError(f"{what[0]} needs more memory than an evaluation may use; {what[1]}")
    return UnavailableError("the evaluator stopped unexpectedly; nothing was judged and nothing can be released")
