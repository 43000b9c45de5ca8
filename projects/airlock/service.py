"""The airlock as everybody calls it: the room's API, the pages for people, and the start-up of the service.

Each deed is one method, which decides first who may do it and in which state; then it writes, together with its audit
event. Authors' deeds are in `authoring`, those of output checkers and data owners in `reviewing`, lists in `listing`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from saferoom.audit import Event
from saferoom.disclosure.files.view import View
from saferoom.disclosure.history.memory import Memory
from saferoom.errors import IntegrityError, NotFoundError
from saferoom.ids import DatasetName, EvaluationId, OutputId, ProjectSlug, RequestId, Username
from saferoom.projects.airlock import deciding, earlier, files, permissions, releasing, settling, sheets
from saferoom.projects.airlock.access import file_in
from saferoom.projects.airlock.authoring import Authoring
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.files import FileJudgement
from saferoom.projects.airlock.model import EvaluationRecord, Lane, Left, Request
from saferoom.projects.airlock.overseeing import Overseeing
from saferoom.projects.airlock.permissions import Standing
from saferoom.projects.airlock.reviewing import Reviewing
from saferoom.projects.airlock.sheets import Content, Sheet
from saferoom.projects.airlock.states import Action, State
from saferoom.projects.airlock.store import Selection
from saferoom.projects.decision import Decision


@dataclass(frozen=True)
class Airlock(Authoring, Reviewing, Overseeing):
    """The one door out."""

    # What everybody concerned may see

    def request(self, viewer: Username, request_id: RequestId) -> Request:
        """Return a request as `viewer` may see it."""
        found, standing = self._seen(viewer, request_id)
        return self.shown_as(viewer, standing, found)

    def sheet(self, viewer: Username, request_id: RequestId) -> Sheet:
        """Return a request with everything that `viewer` may see of it, and what they can do to it now."""
        found, standing = self._seen(viewer, request_id)
        return sheets.sheet(self, found, self.shown_as(viewer, standing, found), standing)

    def abilities(self, viewer: Username, request_id: RequestId) -> Mapping[Action, Decision]:
        """Return what `viewer`, who may see a request, can do to it now; the system's own steps are not among it."""
        found, standing = self._seen(viewer, request_id)
        deeds = (action for action in Action if permissions.PERMITTED[action])
        return {action: permissions.decide(standing, action, found.state) for action in deeds}

    def view_of(self, content: Content) -> View:
        """Return what is shown of a file's content; nothing where it is not for whoever asked for the sheet."""
        return files.view(self, content.file) if content.file is not None and content.shown else View()

    def _seen(self, viewer: Username, request_id: RequestId) -> tuple[Request, frozenset[Standing]]:
        found = self.found(request_id)
        standing = self.standing(viewer, found)
        decision = permissions.may(standing, Action.VIEW)
        if not decision and Standing.DATA_OWNER in standing:
            shown = permissions.decide(standing, Action.VIEW_LEAVING, found.state)
            decision = shown if shown else permissions.may(standing, Action.VIEW)
        decision.enforce()
        return found, standing

    def judgement(self, viewer: Username, request_id: RequestId, output_id: OutputId) -> Judgement:
        """Return the declared statistic that an output is, or whose numbers it holds; for those who may see it all."""
        found = self.allowed(viewer, request_id, Action.VIEW)
        output = next((o for o in found.outputs if o.id == output_id), None)
        if output is None:
            raise NotFoundError("there is no such output in this request")
        with self.store.reading() as tx:
            known = files.known(self, tx, self.record_of(output.evaluation))
        if known is None:
            raise NotFoundError("nothing is known of the records behind this file")
        return known

    def file(
        self, viewer: Username, request_id: RequestId, id_: EvaluationId
    ) -> tuple[EvaluationRecord, FileJudgement, View]:
        """Return what was found in a file of a request, for those who may see the whole request.

        Its content is shown to output checkers, and to the author's side once it has left.
        """
        found = self.allowed(viewer, request_id, Action.VIEW)
        record = self.record_of(file_in(found, id_))
        judgement = files.load(self, record)
        supports = id_ in {file.evaluation for file in found.supporting}
        shown = Standing.CHECKER in self.standing(viewer, found) or (found.state is State.RELEASED and not supports)
        return record, judgement, files.view(self, judgement) if shown else View()

    def released_outputs(
        self, viewer: Username, ids: Collection[OutputId]
    ) -> Mapping[OutputId, tuple[Request, Judgement]]:
        """Return those of the released outputs that `viewer` may see wholly, with the statistics behind them."""
        if not ids:
            return {}
        with self.store.reading() as tx:
            found = tx.requests(Selection(outputs=frozenset(ids), states=frozenset({State.RELEASED})))
        return {
            output.id: (request, self.judgement(viewer, request.id, output.id))
            for request in found
            if self.can(viewer, Action.VIEW, request)
            for output in request.outputs
            if output.id in ids and output.lane is not Lane.FILE
        }

    def bundle(self, viewer: Username, request_id: RequestId) -> bytes:
        """Return the release bundle, byte for byte as it was signed; the download is recorded."""
        found = self.allowed(viewer, request_id, Action.VIEW_RELEASE)
        if found.release is None:
            raise IntegrityError(f"request {request_id} is released but has no release on record")
        data = self.vault.get(found.release.bundle)
        event = Event(viewer, "release.downloaded", found.id, {"bundle": found.release.bundle})
        with self.store.transaction() as tx:
            tx.download(found.id, viewer, self.clock.now(), event)
        return data

    def records_left(self, dataset: DatasetName) -> tuple[Left, ...]:
        """Return the record-level files of a dataset that have left, or are about to; for its data owner."""
        with self.store.reading() as tx:
            return tx.record_files(dataset)

    # What the service does by itself

    def memory_for(self, project: ProjectSlug, datasets: Sequence[DatasetName]) -> Memory:
        """Return everything released before from any of `datasets`, in every project, as `project` may be told."""
        with self.store.reading() as tx:
            return earlier.memory(self, tx, project, datasets)

    def resume(self) -> tuple[Request, ...]:
        """Finish every release that a crash or a block interrupted; called at start-up and a few times a minute."""
        deciding.retry(self)
        finished = releasing.resume(self)
        settling.settle_all(self)
        return finished
