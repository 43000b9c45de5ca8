"""What a researcher does: evaluate, draft, submit, and take back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.files.model import FileReport
from saferoom.errors import NotFoundError
from saferoom.ids import DatasetName, EvaluationId, ProjectSlug, RequestId, Username
from saferoom.projects.airlock import (
    advising,
    checking,
    drafts,
    evaluations,
    files,
    outbox,
    paying,
    processing,
    quotes,
    record_files,
    releasing,
    settling,
    submission,
    views,
)
from saferoom.projects.airlock.access import Access
from saferoom.projects.airlock.advising import Evaluate
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.model import EvaluationRecord, Request
from saferoom.projects.airlock.outbox import Dropped, Outcome, Screen
from saferoom.projects.airlock.record_files import Made, Order
from saferoom.projects.airlock.screening import Words
from saferoom.projects.airlock.states import Action
from saferoom.projects.airlock.store import Selection
from saferoom.projects.airlock.uploads import Screened, Upload
from saferoom.projects.airlock.wanted import Wanted, WantedGroup
from saferoom.projects.people.entitlement import may_enter, may_sign_in
from saferoom.projects.record_plans.model import RecordPlan


@dataclass(frozen=True)
class Authoring(Access):
    """A researcher's deeds."""

    def record_evaluation(
        self, author: Username, project: ProjectSlug, evaluation: Evaluation, snapshot: bytes | None = None
    ) -> EvaluationRecord:
        """Store what the trusted side judged for `author` in `project`; the record says how it would leave."""
        return evaluations.record(self, author, project, evaluation, snapshot)

    def record_file(self, upload: Upload, screened: Screened) -> EvaluationRecord:
        """Store a file that the trusted side screened for its author; nobody else sees it until it is submitted."""
        return files.record(self, upload, screened)

    def record_plans(self, author: Username, project: ProjectSlug) -> tuple[RecordPlan, ...]:
        """Return the plans by which record-level files may leave from `project` today."""
        may_enter(self.registry, author, project, self.clock.now()).enforce()
        return record_files.open_plans(self, project)

    def record_plan(self, author: Username, project: ProjectSlug, dataset: DatasetName, name: str) -> Order:
        """Return the order by which `author` may have a record-level file made; raise when there is none."""
        return record_files.chosen(self, author, project, dataset, name)

    def keep_records(
        self, author: Username, project: ProjectSlug, order: Order, made: Made
    ) -> tuple[EvaluationRecord, FileReport]:
        """Store a record-level file that the trusted side made; nobody else sees it until it is submitted."""
        record = record_files.record(self, author, order, project, made)
        return record, files.load(self, record).report

    def files_of(self, author: Username, project: ProjectSlug) -> tuple[tuple[EvaluationRecord, FileReport], ...]:
        """Return the author's latest uploads in `project`, newest first, each with what was found in it."""
        may_sign_in(self.registry, author, self.clock.now()).enforce()
        with self.store.reading() as tx:
            found = tx.files(author, project, files.MOST_LISTED)
        return tuple((record, files.load(self, record).report) for record in found)

    def statistics_of(self, author: Username, project: ProjectSlug) -> tuple[EvaluationRecord, ...]:
        """Return the author's latest declared statistics in `project`, newest first; quotes, and not their results."""
        may_sign_in(self.registry, author, self.clock.now()).enforce()
        with self.store.reading() as tx:
            found = tx.statistics(author, project, files.MOST_LISTED)
        return tuple(record for record in found if quotes.key_of(record.id) is None)

    def dropped_before(self, author: Username, project: ProjectSlug, file: Dropped) -> bool:
        """Tell whether the same content was taken from the same place of the author's outbox before."""
        with self.store.reading() as tx:
            return outbox.mark_of(file) in tx.dropped(author, project)

    def title(self, author: Username, project: ProjectSlug, id_: EvaluationId) -> str:
        """Return the title of one of the author's own statistics, or the name of a file."""
        with self.store.reading() as tx:
            found = tx.evaluation(id_)
        if found is None or (found.author, found.project) != (author, project):
            raise NotFoundError("there is no such evaluation of yours in this project")
        return found.title

    def evaluation(self, author: Username, evaluation_id: EvaluationId) -> Judgement:
        """Return one of the author's own evaluations."""
        with self.store.reading() as tx:
            record = tx.evaluation(evaluation_id)
        if record is None or record.author != author or record.file is not None:
            raise NotFoundError("there is no such evaluation of yours")
        return evaluations.load(self, record)

    def evaluated(
        self, author: Username, project: ProjectSlug, evaluation_id: EvaluationId
    ) -> tuple[EvaluationRecord, Judgement]:
        """Return the record of one of the author's own evaluations in `project`, and what was judged or drawn.

        Raises
        ------
        WrongStateError
            It is about the data as they are, and no longer holds: an approval may have ended since. What was drawn with
            noise was paid for, and stays.
        """
        with self.store.reading() as tx:
            record = tx.evaluation(evaluation_id)
        if record is None or record.file is not None or (record.author, record.project) != (author, project):
            raise NotFoundError("there is no such evaluation of yours in this project")
        judgement = evaluations.load(self, record)
        if not quotes.is_drawn(judgement.evaluation):
            evaluations.check_current(self, record, self.clock.now())
        return record, judgement

    def refusal(self, record: EvaluationRecord, evaluation: Evaluation) -> str | None:
        """Return why the budget would not be enough for a quote now, empty when it would; None of other statistics."""
        return paying.refusal(self, record, evaluation) if quotes.is_quote(evaluation) else None

    def process(
        self, author: Username, project: ProjectSlug, source: EvaluationId, steps: object
    ) -> tuple[EvaluationRecord, Evaluation]:
        """Return what declared steps make of numbers with differential privacy that have left; see `processing`."""
        return processing.process(self, author, project, source, steps)

    # Drafts

    def draft(
        self, author: Username, project: ProjectSlug, evaluation_ids: Sequence[EvaluationId], words: Words
    ) -> Request:
        """Keep a request that is not submitted yet; `submit_again` submits it."""
        return drafts.draft(self, Wanted.of(author, project, evaluation_ids, words))

    def draft_groups(
        self, author: Username, project: ProjectSlug, title: str, groups: Sequence[WantedGroup]
    ) -> Request:
        """Keep a request with groups that is not submitted yet; `submit_draft` submits it."""
        return views.for_author(drafts.draft(self, Wanted(author, project, title, tuple(groups))))

    def draft_files(
        self, author: Username, project: ProjectSlug, dropped: Iterable[Dropped], screen: Screen
    ) -> tuple[Outcome, ...]:
        """Take what lies in the author's outbox into drafts; calling it again changes nothing.

        Parameters
        ----------
        screen : callable
            Opens and screens one file in a room of its own.
        """
        may_enter(self.registry, author, project, self.clock.now()).enforce()
        return outbox.draft_files(self, author, project, dropped, screen)

    def save(
        self, author: Username, request_id: RequestId, version: int, title: str, groups: Sequence[WantedGroup]
    ) -> Request:
        """Change a draft, or what will be submitted next of a returned request.

        Raises
        ------
        WrongStateError
            Somebody changed it after `version`; nothing is written.
        """
        found = self.allowed(author, request_id, Action.EDIT)
        wanted = Wanted(author, found.project, title, tuple(groups))
        return views.for_author(drafts.save(self, found, wanted, version))

    def add(
        self,
        author: Username,
        request_id: RequestId,
        version: int,
        evaluation_id: EvaluationId,
        group: str = "",
        supporting: bool = False,
    ) -> Request:
        """Add a statistic or a file to a group of a draft; the group is made when there is none."""
        found = self.allowed(author, request_id, Action.EDIT)
        wanted = drafts.with_output(drafts.content_of(found), evaluation_id, group.strip(), supporting)
        return views.for_author(drafts.save(self, found, wanted, version))

    def remove(self, author: Username, request_id: RequestId, version: int, evaluation_id: EvaluationId) -> Request:
        """Take a statistic or a file out of a draft."""
        found = self.allowed(author, request_id, Action.EDIT)
        wanted = drafts.without_output(drafts.content_of(found), evaluation_id)
        return views.for_author(drafts.save(self, found, wanted, version))

    def discard(self, author: Username, request_id: RequestId) -> Request:
        """Discard a draft, or what was changed of a returned request since it was returned."""
        found = self.allowed(author, request_id, Action.EDIT)
        return views.for_author(drafts.forget(self, found))

    # Submitting

    def submit(
        self,
        author: Username,
        project: ProjectSlug,
        evaluation_ids: Sequence[EvaluationId],
        title: str,
        context: str,
        controls: str,
        supporting: Sequence[EvaluationId] = (),
    ) -> Request:
        """Ask for the release of judged outputs and files. What may leave by itself has left when this returns."""
        return self._submit(Wanted.of(author, project, evaluation_ids, Words(title, context, controls), supporting))

    def submit_groups(
        self, author: Username, project: ProjectSlug, title: str, groups: Sequence[WantedGroup]
    ) -> Request:
        """Ask for the release of judged outputs and files in groups; otherwise as `submit`."""
        return self._submit(Wanted(author, project, title, tuple(groups)))

    def submit_again(
        self, author: Username, request_id: RequestId, evaluation_ids: Sequence[EvaluationId], words: Words
    ) -> Request:
        """Submit a draft, or a request that was returned; a new round begins and no earlier vote counts."""
        found = self.allowed(author, request_id, Action.SUBMIT)
        kept = tuple(file.evaluation for file in found.supporting)
        return self._submit(Wanted.of(author, found.project, evaluation_ids, words, kept), request_id)

    def submit_draft(self, author: Username, request_id: RequestId, version: int) -> Request:
        """Submit a draft, or a returned request, as its author has put it together."""
        found = self.allowed(author, request_id, Action.SUBMIT)
        return self._submit(drafts.content_of(found), request_id, version)

    def accept_advice(self, author: Username, request_id: RequestId, evaluate: Evaluate) -> Request:
        """Accept what came with a return: the changed queries are evaluated, and the request is submitted again.

        Where it cannot be submitted as it is then, the changed outputs are kept in what the author works on.

        Parameters
        ----------
        evaluate : callable
            Evaluates a query of the author's in the request's project.
        """
        found = self.allowed(author, request_id, Action.EDIT)
        wanted, taken = advising.take(self, found, evaluate)
        saved = drafts.save(self, found, wanted, found.version, taken=taken)
        return self._submit(drafts.content_of(saved), request_id, saved.version)

    def _submit(self, wanted: Wanted, again: RequestId | None = None, version: int | None = None) -> Request:
        return views.for_author(releasing.finish(self, submission.submit(self, wanted, again, version)))

    def withdraw(self, author: Username, request_id: RequestId) -> Request:
        """Take a request back; possible until it is released."""
        found = self.allowed(author, request_id, Action.WITHDRAW)
        return views.for_author(settling.settle(self, checking.withdraw(self, author, found)))

    def requests_of(
        self, author: Username, project: ProjectSlug | None = None, most: int | None = None
    ) -> tuple[Request, ...]:
        """Return the author's own requests (of one project), newest first (at most `most` of them)."""
        may_sign_in(self.registry, author, self.clock.now()).enforce()
        with self.store.reading() as tx:
            found = tx.requests(Selection(author=author, project=project, newest=most))
        return tuple(views.for_author(request) for request in reversed(found))
