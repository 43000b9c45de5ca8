"""Screens files that people upload, against their project's extracts, a few at a time."""

from __future__ import annotations

from saferoom.disclosure.files.view import View
from saferoom.hub.evaluator.turns import Turns
from saferoom.hub.filecheck.job import FileJob
from saferoom.hub.filecheck.runner import examine_files
from saferoom.hub.project_sources import every_version
from saferoom.hub.watching.checking import watched
from saferoom.hub.watching.counts import Check
from saferoom.hub.wiring import Instance
from saferoom.projects.airlock import evaluations, files
from saferoom.projects.airlock.uploads import Screened, Upload, check_size, tidy_name
from saferoom.projects.policies import effective


class Screener:
    """Opens and judges uploads.

    Parameters
    ----------
    at_once, waiting : int
        Most checks that run, and most that wait for their turn.
    waiting_each : int
        Most checks that one person has running or waiting.
    """

    def __init__(self, instance: Instance, *, at_once: int = 2, waiting: int = 20, waiting_each: int = 4) -> None:
        self._instance = instance
        self.turns = Turns(at_once, waiting, waiting_each, what="file checks")

    def screen(self, upload: Upload) -> Screened:
        """Return what is found in `upload`, judged by the strictest rules of all data its project may use.

        Raises
        ------
        BadInputError
            Its name or size is refused, or its query can no longer be computed. What its bytes hold is never an error.
        NotFoundError
            Its query is not a statistic of the same person in the same project.
        TooManyError
            Too many checks are waiting.
        UnavailableError, IntegrityError
            The check cannot run, or the extracts are not what was provisioned. Nothing was judged.
        """
        with watched(Check.FILE) as check:
            found = self._screened(upload)
            check.verdict = found.report.verdict
        return found

    def _screened(self, upload: Upload) -> Screened:
        name = tidy_name(upload.name)
        check_size(upload.data)
        airlock, project = self._instance.airlock, upload.project
        names = files.datasets_of(airlock, project)
        query = None
        if upload.query_of is not None:
            declared = files.statistic(airlock, upload.author, project, upload.query_of)
            query = evaluations.load(airlock, declared).evaluation.query.document()
        appetite, _ = effective(self._instance.registry, project, names)
        with self.turns.turn(upload.author), every_version(self._instance, project, names) as sources:
            job = FileJob([(name, upload.data)], sources, appetite.policy, query, views=True)
            (found,) = examine_files(job, place=self._instance.place)
        return Screened(found.report, found.view or View(), found.clean, found.matched)
