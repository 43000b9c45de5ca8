"""What every deed of the airlock begins with: is there such a request, who is asking, may they, and is it the time."""

from __future__ import annotations

from dataclasses import dataclass

from saferoom.errors import IntegrityError, NotFoundError
from saferoom.ids import EvaluationId, RequestId, Username
from saferoom.projects.airlock import permissions, views
from saferoom.projects.airlock.model import FILES, EvaluationRecord, Request
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.permissions import Standing
from saferoom.projects.airlock.states import Action
from saferoom.projects.decision import Decision
from saferoom.projects.people.entitlement import may_sign_in

NO_REQUEST = "there is no such request"
NO_FILE = "there is no such file in this request"


@dataclass(frozen=True)
class Access(Parts):
    """Decides before anything is done."""

    def can(self, viewer: Username, action: Action, request: Request) -> Decision:
        """Decide whether `viewer` can take `action` on `request` now, with the reason if not."""
        decision = may_sign_in(self.registry, viewer, self.clock.now())
        if not decision:
            return decision
        return permissions.decide(self.standing(viewer, request), action, request.state)

    def found(self, request_id: RequestId) -> Request:
        """Return a request as it is, whoever asks; what of it may be shown is decided elsewhere."""
        with self.store.reading() as tx:
            found = tx.request(request_id)
        if found is None:
            raise NotFoundError(NO_REQUEST)
        return found

    def allowed(self, person: Username, request_id: RequestId, action: Action) -> Request:
        """Return a request on which `person` may take `action` now; raise with the reason when not."""
        found = self.found(request_id)
        self.can(person, action, found).enforce()
        return found

    def record_of(self, evaluation_id: EvaluationId) -> EvaluationRecord:
        """Return the evaluation behind an output; it must be there."""
        with self.store.reading() as tx:
            record = tx.evaluation(evaluation_id)
        if record is None:
            raise IntegrityError("the evaluation behind this output is missing; nothing is released")
        return record

    def shown(self, viewer: Username, request: Request) -> Request:
        """Return `request` as `viewer` may see it."""
        return self.shown_as(viewer, self.standing(viewer, request), request)

    def shown_as(self, viewer: Username, standing: frozenset[Standing], request: Request) -> Request:
        """Return `request` as `viewer` may see it, who has `standing`."""
        if Standing.CHECKER in standing:
            return views.for_checker(request, viewer)
        if standing & {Standing.AUTHOR, Standing.MEMBER}:
            return views.for_author(request)
        return views.for_data_owner(request)


def file_in(request: Request, id_: EvaluationId) -> EvaluationId:
    """Return `id_` when it is a file of the request's current round."""
    named = {output.evaluation for output in request.outputs if output.lane in FILES}
    if id_ not in named | {file.evaluation for file in request.supporting}:
        raise NotFoundError(NO_FILE)
    return id_
