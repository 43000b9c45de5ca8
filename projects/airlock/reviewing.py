"""What output checkers and data owners do: look, claim, vote, return, sign, audit, withdraw a release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from saferoom.audit import Event
from saferoom.disclosure.remedies.model import Suggestion
from saferoom.errors import NotFoundError
from saferoom.ids import EvaluationId, OutputId, RequestId, Username
from saferoom.projects.airlock import (
    advising,
    checking,
    files,
    permissions,
    releasing,
    settling,
    signing_off,
    states,
    views,
    withdrawing,
)
from saferoom.projects.airlock.access import NO_FILE, Access, file_in
from saferoom.projects.airlock.checking import Ending, Remark
from saferoom.projects.airlock.model import AuditFinding, Cause, Choice, Request
from saferoom.projects.airlock.signing_off import Leaving
from saferoom.projects.airlock.states import Action, Party


@dataclass(frozen=True)
class Reviewing(Access):
    """The deeds of those who decide."""

    def claim(self, checker: Username, request_id: RequestId) -> Request:
        """Say "I am looking at this"; others see it, and are kept from nothing."""
        found = self.allowed(checker, request_id, Action.CLAIM)
        return views.for_checker(checking.claim(self, checker, found), checker)

    def unclaim(self, checker: Username, request_id: RequestId) -> Request:
        """Say that one is not looking at it any more."""
        found = self.allowed(checker, request_id, Action.CLAIM)
        return views.for_checker(checking.unclaim(self, checker, found), checker)

    def vote(
        self, checker: Username, request_id: RequestId, output_id: OutputId, choice: Choice, comment: str = ""
    ) -> Request:
        """Vote on one output. The vote that completes the approvals releases the request."""
        self.allowed(checker, request_id, Action.VOTE)
        voted = checking.vote(self, checker, request_id, checking.Opinion(output_id, Choice(choice), comment))
        return views.for_checker(releasing.finish(self, voted), checker)

    def suggestions(self, checker: Username, request_id: RequestId) -> Mapping[OutputId, Suggestion]:
        """Return the cheapest safe variant of each output that has one, for "return with this suggestion"."""
        return advising.offered(self, self.allowed(checker, request_id, Action.DOWNLOAD_FILE))

    def return_to_author(
        self,
        checker: Username,
        request_id: RequestId,
        comment: str,
        advise: Sequence[OutputId] = (),
        seen: int | None = None,
    ) -> Request:
        """Give the request back with a comment that says what to change.

        Parameters
        ----------
        advise : sequence of OutputId
            Outputs of which the cheapest safe variant goes with it, for the author to accept.
        seen : int, optional
            The submission that was looked at; a `StaleVersionError` when there is a newer one.
        """
        found = checking.as_seen(self.allowed(checker, request_id, Action.RETURN), seen)
        row = states.check(found.state, Action.RETURN, Party.CHECKERS)
        more = Ending(advice=advising.chosen(self, found, checker, advise))
        return checking.end_turn(self, found, row, Remark(checker, comment, True), more)

    def reject(self, checker: Username, request_id: RequestId, comment: str, seen: int | None = None) -> Request:
        """Refuse the request for good, with a comment that says why; `seen` as in `return_to_author`."""
        found = checking.as_seen(self.allowed(checker, request_id, Action.REJECT), seen)
        row = states.check(found.state, Action.REJECT, Party.CHECKERS)
        return settling.settle(self, checking.end_turn(self, found, row, Remark(checker, comment, True)))

    def comment(
        self,
        person: Username,
        request_id: RequestId,
        body: str,
        public: bool = True,
        output_id: OutputId | None = None,
        group: str | None = None,
    ) -> Request:
        """Add a comment on a request, a group or an output; a private one stays on the side of who made it."""
        found = self.allowed(person, request_id, Action.COMMENT)
        side = permissions.acting(self.standing(person, found), Action.COMMENT, found.state)
        after = checking.comment(self, found, Remark(person, body, public, output_id, group), side)
        return self.shown(person, after)

    def download_file(self, checker: Username, request_id: RequestId, id_: EvaluationId) -> tuple[str, bytes]:
        """Return a file of a request for an output checker: its suffix and the bytes that would leave; recorded."""
        found = self.allowed(checker, request_id, Action.DOWNLOAD_FILE)
        record = self.record_of(file_in(found, id_))
        files.load(self, record)
        if record.file is None:
            raise NotFoundError(NO_FILE)
        data = self.vault.get(record.file.leaving)
        with self.store.transaction() as tx:
            payload = {"file": record.id, "bytes": record.file.leaving}
            tx.record(Event(checker, "file.downloaded", found.id, payload))
        return record.file.suffix, data

    # What a data owner does

    def leaving(self, viewer: Username, request_id: RequestId, output_id: OutputId) -> Leaving:
        """Return what leaves of one output, and what was found in it; for data owners once the checkers approve."""
        return signing_off.leaving(self, self.allowed(viewer, request_id, Action.VIEW_LEAVING), output_id)

    def sign_off(self, owner: Username, request_id: RequestId, comment: str = "", seen: int | None = None) -> Request:
        """Sign what leaves, for the datasets of one's own; the last signature lets the request leave.

        `seen` as in `return_to_author`: nobody signs what was put in the place of what they looked at.
        """
        self.allowed(owner, request_id, Action.SIGN_OFF)
        return self.shown(owner, releasing.finish(self, signing_off.sign(self, owner, request_id, comment, seen)))

    def refuse_sign_off(self, owner: Username, request_id: RequestId, comment: str, seen: int | None = None) -> Request:
        """Return the request to its author instead of signing it; `seen` as in `return_to_author`."""
        found = checking.as_seen(self.allowed(owner, request_id, Action.REFUSE_SIGN_OFF), seen)
        return views.for_data_owner(signing_off.refuse(self, owner, found, comment))

    # What happens after a release

    def withdraw_release(self, person: Username, request_id: RequestId, cause: Cause, explanation: str) -> Request:
        """State, signed and for everybody, that a release is withdrawn; those who took it are told."""
        self.allowed(person, request_id, Action.WITHDRAW_RELEASE)
        return self.shown(person, withdrawing.withdraw(self, person, request_id, Cause(cause), explanation))

    def audit(self, checker: Username, request_id: RequestId, finding: AuditFinding, comment: str = "") -> Request:
        """Say what was found in an automatic release that was drawn; one that should not have left is withdrawn."""
        self.allowed(checker, request_id, Action.AUDIT)
        after = withdrawing.audit(self, checker, request_id, AuditFinding(finding), comment)
        return views.for_checker(after, checker)
