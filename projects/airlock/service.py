"""The airlock as everybody calls it: the room's API, the pages for people, and the start-up of the service.

Each method decides first who may do it and in which state; then it writes, together with its audit event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from saferoom.audit import Event
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.files.model import FileReport
from saferoom.disclosure.files.view import View
from saferoom.disclosure.history.memory import Memory
from saferoom.errors import IntegrityError, NotFoundError
from saferoom.ids import DatasetName, EvaluationId, OutputId, ProjectSlug, RequestId, Username
from saferoom.projects.airlock import (
    checking,
    earlier,
    evaluations,
    files,
    permissions,
    releasing,
    review,
    submission,
)
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.files import FileJudgement
from saferoom.projects.airlock.model import Choice, EvaluationRecord, Lane, Notice, Request
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.permissions import Standing
from saferoom.projects.airlock.screening import Words
from saferoom.projects.airlock.states import OWNER, Action, Party, State
from saferoom.projects.airlock.store import Selection
from saferoom.projects.airlock.submission import Wanted
from saferoom.projects.airlock.uploads import Screened, Upload
from saferoom.projects.decision import Decision
from saferoom.projects.people.entitlement import may_check, may_sign_in

_NO_REQUEST = "there is no such request"
_NO_FILE = "there is no such file in this request"
_CHECKERS_STATES = frozenset(state for state in State if OWNER[state] is Party.CHECKERS)


def _file_in(request: Request, id_: EvaluationId) -> EvaluationId:
    """Return `id_` when it is a file of the request's current round."""
    named = {output.evaluation for output in request.outputs if output.lane is not Lane.DECLARED}
    if id_ not in named | {file.evaluation for file in request.supporting}:
        raise NotFoundError(_NO_FILE)
    return id_


@dataclass(frozen=True)
class Airlock(Parts):
    """The one door out."""

    # What a researcher does

    def record_evaluation(
        self, author: Username, project: ProjectSlug, evaluation: Evaluation, snapshot: bytes | None = None
    ) -> EvaluationRecord:
        """Store what the trusted side judged for `author` in `project`; the record says how it would leave."""
        return evaluations.record(self, author, project, evaluation, snapshot)

    def record_file(self, upload: Upload, screened: Screened) -> EvaluationRecord:
        """Store a file that the trusted side screened for its author; nobody else sees it until it is submitted."""
        return files.record(self, upload, screened)

    def files_of(self, author: Username, project: ProjectSlug) -> tuple[tuple[EvaluationRecord, FileReport], ...]:
        """Return the author's latest uploads in `project`, newest first, each with what was found in it."""
        may_sign_in(self.registry, author, self.clock.now()).enforce()
        with self.store.reading() as tx:
            found = tx.files(author, project, files.MOST_LISTED)
        return tuple((record, files.load(self, record).report) for record in found)

    def title(self, author: Username, project: ProjectSlug, id_: EvaluationId) -> str:
        """Return the title of one of the author's own statistics, or the name of a file."""
        with self.store.reading() as tx:
            found = tx.evaluation(id_)
        if found is None or (found.author, found.project) != (author, project):
            raise NotFoundError("there is no such evaluation of yours in this project")
        return found.title

    def draft(
        self, author: Username, project: ProjectSlug, evaluation_ids: Sequence[EvaluationId], words: Words
    ) -> Request:
        """Keep a request that is not submitted yet; `submit_again` submits it."""
        return submission.draft(self, Wanted(author, project, tuple(evaluation_ids), words))

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
        words = Words(title, context, controls)
        wanted = Wanted(author, project, tuple(evaluation_ids), words, tuple(supporting))
        return review.for_author(releasing.finish(self, submission.submit(self, wanted)))

    def submit_again(
        self, author: Username, request_id: RequestId, evaluation_ids: Sequence[EvaluationId], words: Words
    ) -> Request:
        """Submit a draft, or a request that was returned; a new round begins and no earlier vote counts."""
        found = self._allowed(author, request_id, Action.SUBMIT)
        kept = tuple(file.evaluation for file in found.supporting)
        wanted = Wanted(author, found.project, tuple(evaluation_ids), words, kept)
        return review.for_author(releasing.finish(self, submission.submit(self, wanted, again=request_id)))

    def withdraw(self, author: Username, request_id: RequestId) -> Request:
        """Take a request back; possible until it is released."""
        found = self._allowed(author, request_id, Action.WITHDRAW)
        return review.for_author(checking.withdraw(self, author, found))

    def requests_of(self, author: Username, project: ProjectSlug | None = None) -> tuple[Request, ...]:
        """Return the author's own requests (of one project), newest first."""
        may_sign_in(self.registry, author, self.clock.now()).enforce()
        with self.store.reading() as tx:
            found = tx.requests(Selection(author=author, project=project))
        return tuple(review.for_author(request) for request in reversed(found))

    # What an output checker does

    def queue(self, checker: Username) -> tuple[Request, ...]:
        """Return the requests that `checker` may work on now, the longest waiting first."""
        may_check(self.registry, checker, self.clock.now()).enforce()
        with self.store.reading() as tx:
            found = tx.requests(Selection(states=_CHECKERS_STATES))
        mine = [request for request in found if Standing.CHECKER in self.standing(checker, request)]
        return tuple(review.for_checker(request, checker) for request in mine)

    def vote(
        self, checker: Username, request_id: RequestId, output_id: OutputId, choice: Choice, comment: str = ""
    ) -> Request:
        """Vote on one output. The vote that completes the approvals releases the request."""
        self._allowed(checker, request_id, Action.VOTE)
        voted = checking.vote(self, checker, request_id, checking.Opinion(output_id, Choice(choice), comment))
        return review.for_checker(releasing.finish(self, voted), checker)

    def return_to_author(self, checker: Username, request_id: RequestId, comment: str) -> Request:
        """Give the request back with a comment that says what to change."""
        found = self._allowed(checker, request_id, Action.RETURN)
        return checking.end_turn(self, checker, found, Action.RETURN, comment)

    def reject(self, checker: Username, request_id: RequestId, comment: str) -> Request:
        """Refuse the request for good, with a comment that says why."""
        found = self._allowed(checker, request_id, Action.REJECT)
        return checking.end_turn(self, checker, found, Action.REJECT, comment)

    def comment(
        self,
        person: Username,
        request_id: RequestId,
        body: str,
        public: bool = True,
        output_id: OutputId | None = None,
    ) -> Request:
        """Add a comment; a private one stays among the output checkers."""
        found = self._allowed(person, request_id, Action.COMMENT)
        after = checking.comment(self, found, checking.Remark(person, body, public, output_id))
        return self._shown(person, after)

    # What everybody concerned may see

    def can(self, viewer: Username, action: Action, request: Request) -> Decision:
        """Decide whether `viewer` can take `action` on `request` now, with the reason if not."""
        decision = may_sign_in(self.registry, viewer, self.clock.now())
        if not decision:
            return decision
        return permissions.decide(self.standing(viewer, request), action, request.state)

    def request(self, viewer: Username, request_id: RequestId) -> Request:
        """Return a request as `viewer` may see it."""
        found = self._found(request_id)
        standing = self.standing(viewer, found)
        released = found.state is State.RELEASED and Standing.DATA_OWNER in standing
        permissions.may(standing, Action.VIEW_RELEASE if released else Action.VIEW).enforce()
        return self._shown(viewer, found)

    def judgement(self, viewer: Username, request_id: RequestId, output_id: OutputId) -> Judgement:
        """Return the declared statistic that an output is, or whose numbers it holds; for those who may see it all."""
        found = self._allowed(viewer, request_id, Action.VIEW)
        output = next((o for o in found.outputs if o.id == output_id), None)
        if output is None:
            raise NotFoundError("there is no such output in this request")
        with self.store.reading() as tx:
            known = files.known(self, tx, self._record(output.evaluation))
        if known is None:
            raise NotFoundError("nothing is known of the records behind this file")
        return known

    def file(
        self, viewer: Username, request_id: RequestId, id_: EvaluationId
    ) -> tuple[EvaluationRecord, FileJudgement, View]:
        """Return what was found in a file of a request, for those who may see the whole request.

        Its content is shown to output checkers, and to the author's side once it has left.
        """
        found = self._allowed(viewer, request_id, Action.VIEW)
        record = self._record(_file_in(found, id_))
        judgement = files.load(self, record)
        supports = id_ in {file.evaluation for file in found.supporting}
        shown = Standing.CHECKER in self.standing(viewer, found) or (found.state is State.RELEASED and not supports)
        return record, judgement, files.view(self, judgement) if shown else View()

    def download_file(self, checker: Username, request_id: RequestId, id_: EvaluationId) -> tuple[str, bytes]:
        """Return a file of a request for an output checker: its suffix and the bytes that would leave; recorded."""
        found = self._allowed(checker, request_id, Action.DOWNLOAD_FILE)
        record = self._record(_file_in(found, id_))
        files.load(self, record)
        if record.file is None:
            raise NotFoundError(_NO_FILE)
        data = self.vault.get(record.file.leaving)
        with self.store.transaction() as tx:
            payload = {"file": record.id, "bytes": record.file.leaving}
            tx.record(Event(checker, "file.downloaded", found.id, payload))
        return record.file.suffix, data

    def evaluation(self, author: Username, evaluation_id: EvaluationId) -> Judgement:
        """Return one of the author's own evaluations."""
        with self.store.reading() as tx:
            record = tx.evaluation(evaluation_id)
        if record is None or record.author != author or record.file is not None:
            raise NotFoundError("there is no such evaluation of yours")
        return evaluations.load(self, record)

    def earlier_releases(self, viewer: Username, request_id: RequestId) -> tuple[Request, ...]:
        """Return what the same project released before from any of the same datasets, newest first."""
        found = self._allowed(viewer, request_id, Action.VIEW)
        names = {dataset.name for dataset in found.datasets}
        with self.store.reading() as tx:
            released = tx.requests(Selection(project=found.project, states=frozenset({State.RELEASED})))
        related = [r for r in released if r.id != found.id and names & {d.name for d in r.datasets}]
        return tuple(review.for_data_owner(request) for request in reversed(related))

    def releases(self, viewer: Username) -> tuple[Request, ...]:
        """Return every release that `viewer` may see, newest first: for data owners, members and checkers."""
        with self.store.reading() as tx:
            released = tx.requests(Selection(states=frozenset({State.RELEASED})))
        seen = [r for r in released if permissions.may(self.standing(viewer, r), Action.VIEW_RELEASE)]
        return tuple(review.for_data_owner(request) for request in reversed(seen))

    def bundle(self, viewer: Username, request_id: RequestId) -> bytes:
        """Return the release bundle, byte for byte as it was signed; the download is recorded."""
        found = self._allowed(viewer, request_id, Action.VIEW_RELEASE)
        if found.release is None:
            raise IntegrityError(f"request {request_id} is released but has no release on record")
        data = self.vault.get(found.release.bundle)
        with self.store.transaction() as tx:
            tx.record(Event(viewer, "release.downloaded", found.id, {"bundle": found.release.bundle}))
        return data

    def notices(self, viewer: Username, since: datetime) -> tuple[Notice, ...]:
        """Return what `viewer` was told at or after `since`, oldest first."""
        with self.store.reading() as tx:
            told = [(notice, tx.request(notice.request)) for notice in tx.notices(since)]
        sides = {Party.AUTHOR: Standing.AUTHOR, Party.CHECKERS: Standing.CHECKER}
        return tuple(n for n, about in told if about and sides[n.to] in self.standing(viewer, about))

    # What the service does by itself

    def memory_for(self, project: ProjectSlug, datasets: Sequence[DatasetName]) -> Memory:
        """Return everything released before from any of `datasets`, in every project, as `project` may be told."""
        with self.store.reading() as tx:
            return earlier.memory(self, tx, project, datasets)

    def resume(self) -> tuple[Request, ...]:
        """Finish every release that a crash or a block interrupted; called at start-up."""
        checking.retry(self)
        return releasing.resume(self)

    def _found(self, request_id: RequestId) -> Request:
        with self.store.reading() as tx:
            found = tx.request(request_id)
        if found is None:
            raise NotFoundError(_NO_REQUEST)
        return found

    def _allowed(self, person: Username, request_id: RequestId, action: Action) -> Request:
        found = self._found(request_id)
        self.can(person, action, found).enforce()
        return found

    def _record(self, evaluation_id: EvaluationId) -> EvaluationRecord:
        with self.store.reading() as tx:
            record = tx.evaluation(evaluation_id)
        if record is None:
            raise IntegrityError("the evaluation behind this output is missing; nothing is released")
        return record

    def _shown(self, viewer: Username, request: Request) -> Request:
        standing = self.standing(viewer, request)
        if Standing.CHECKER in standing:
            return review.for_checker(request, viewer)
        if standing & {Standing.AUTHOR, Standing.MEMBER}:
            return review.for_author(request)
        return review.for_data_owner(request)
