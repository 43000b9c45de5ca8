"""What happens to a running project: terms, refreshes, holds, another lead, the end."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, timedelta
from typing import Any

from saferoom.errors import IntegrityError, SaferoomError, WrongStateError
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.approvals.model import Terms
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.decision import forbidden
from saferoom.projects.life import permissions, refresh
from saferoom.projects.life.deciding import approval_of, put_approval, ruling, said_terms, settled
from saferoom.projects.life.model import ADMINISTRATORS, AmendmentState, Choice, Hold, Life, Wish
from saferoom.projects.life.parts import SYSTEM, Actor, Deed, Parts, reason_of
from saferoom.projects.life.permissions import Standing
from saferoom.projects.life.problems import Problem, refuse
from saferoom.projects.life.states import RUNNING, Action
from saferoom.projects.life.store import DatasetVersion, Selection
from saferoom.projects.paging import Cut

STAYS_OPEN = timedelta(days=30)
"""How long after its last day a project may still be given another one."""


class Running(Parts):
    """Projects that run, or pause."""

    def revise(
        self, owner: Actor, slug: ProjectSlug, dataset: DatasetName, terms: Terms, version: int | None = None
    ) -> Life:
        """Change one's terms; works at once. Variables beyond what the project asked for cannot be given."""
        with self.deed(owner, slug, Action.REVISE, version, dataset) as deed:
            before = approval_of(deed.tx.registry, slug, dataset)
            if before is None or before.ended_at is not None:
                raise WrongStateError(f"there is no approval of {dataset} for this project that could be revised")
            wish = deed.life.proposal.wish(dataset) or Wish(dataset=dataset)
            agreed = settled(self, deed, deed.tx.registry.dataset(dataset), terms, wish)
            put_approval(deed, dataset, agreed)
            made = ruling(deed, dataset, Choice.APPROVED, "terms revised", agreed)
            return deed.take({"dataset": dataset, "terms": said_terms(agreed)}, rulings=(*deed.life.rulings, made))

    def end_approval(
        self, actor: Actor, slug: ProjectSlug, dataset: DatasetName, reason: str, version: int | None = None
    ) -> Life:
        """End the approval of a dataset now; its extract is withdrawn within a minute."""
        with self.deed(actor, slug, Action.END_APPROVAL, version, dataset) as deed:
            said = reason_of(reason)
            before = approval_of(deed.tx.registry, slug, dataset)
            if before is None or before.ended_at is not None:
                raise WrongStateError(f"there is no approval of {dataset} for this project that could be ended")
            put_approval(deed, dataset, before.terms, ended_at=deed.at, held=None)
            made = ruling(deed, dataset, Choice.DECLINED, said)
            return deed.take({"dataset": dataset, "reason": said}, rulings=(*deed.life.rulings, made))

    def confirm_refresh(
        self,
        owner: Actor,
        slug: ProjectSlug,
        dataset: DatasetName,
        terms: Terms | None = None,
        version: int | None = None,
    ) -> Life:
        """Confirm that the approval covers the changed dataset; new extracts may be made from here."""
        with self.deed(owner, slug, Action.CONFIRM_REFRESH, version, dataset) as deed:
            before = approval_of(deed.tx.registry, slug, dataset)
            if before is None or before.held is None or before.ended_at is not None:
                raise WrongStateError(f"no change of {dataset} waits to be confirmed for this project")
            now = deed.tx.registry.dataset(dataset)
            then = described(deed.tx.versions(dataset), before.held)
            wish = _present(deed.life.proposal.wish(dataset) or Wish(dataset=dataset), refresh.present(now))
            given = terms or before.terms.model_copy(update=refresh.still(before.terms, now))
            agreed = settled(self, deed, now, given, wish)
            put_approval(deed, dataset, agreed, held=None)
            changed = [one.sentence for one in refresh.breaking(then, now, before)]
            wishes = tuple(wish if one.dataset == dataset else one for one in deed.life.proposal.datasets)
            return deed.take(
                {"dataset": dataset, "version": now.version, "changes": changed, "terms": said_terms(agreed)},
                rulings=(*deed.life.rulings, ruling(deed, dataset, Choice.APPROVED, "refresh confirmed", agreed)),
                proposal=deed.life.proposal.model_copy(update={"datasets": wishes}),
            )

    def hand_over(self, actor: Actor, slug: ProjectSlug, to: Username, version: int | None = None) -> Life:
        """Make another member the lead."""
        with self.deed(actor, slug, Action.HAND_OVER, version) as deed:
            if to not in deed.life.proposal.members:
                refuse([Problem("lead", "the lead is one of the project's people; add the person first")])
            return deed.take({"from": deed.life.lead, "lead": to}, lead=to)

    def pause(self, actor: Actor, slug: ProjectSlug, reason: str, version: int | None = None) -> Life:
        """Pause the project: rooms end within a minute, its data stay, nobody enters until every hold is lifted."""
        with self.deed(actor, slug, Action.PAUSE, version) as deed:
            said, side = reason_of(reason), self._side(deed, actor)
            if any(hold.side == side for hold in deed.life.holding):
                raise WrongStateError("you have paused this project already")
            hold = Hold(len(deed.life.holds) + 1, actor.name, side, said, deed.at)
            _put_paused(deed, paused=True)
            return deed.take({"reason": said, "side": side}, holds=(*deed.life.holds, hold), reason=said)

    def lift(self, actor: Actor, slug: ProjectSlug, version: int | None = None) -> Life:
        """Lift one's hold; the project runs again when no other one is left."""
        with self.deed(actor, slug, Action.LIFT, version) as deed:
            side = self._side(deed, actor)
            mine = {hold.number for hold in deed.life.holding if self._lifts(deed, side, hold)}
            if not mine:
                others = ", ".join(sorted({hold.side for hold in deed.life.holding}))
                forbidden(
                    "not-your-hold", f"whoever paused the project resumes it; it waits for {others}", permissions.RULE
                ).enforce()
            done: dict[str, Any] = {"lifted_at": deed.at, "lifted_by": actor.name}
            holds = tuple(replace(hold, **done) if hold.number in mine else hold for hold in deed.life.holds)
            life = deed.take({"side": side}, holds=holds)
            if life.holding:
                return life
            _put_paused(deed, paused=False)
            return deed.go_on(Action.RESUME, reason="")

    def close(self, actor: Actor, slug: ProjectSlug, reason: str, version: int | None = None) -> Life:
        """Close the project for good: rooms end within a minute, approvals end, the workspace is sealed after that."""
        with self.deed(actor, slug, Action.CLOSE, version) as deed:
            said = reason_of(reason)
            for approval in deed.tx.registry.approvals(slug):
                if approval.ended_at is None:
                    put_approval(deed, approval.dataset, approval.terms, ended_at=deed.at, held=None)
            before = deed.tx.registry.project(slug)
            deed.register("project", slug, before, before.model_copy(update={"active": False, "paused": False}))
            ended: dict[str, Any] = {
                "state": AmendmentState.WITHDRAWN,
                "since": deed.at,
                "reason": "the project was closed",
            }
            amendments = tuple(replace(one, **ended) if one.pending else one for one in deed.life.amendments)
            return deed.take({"reason": said}, reason=said, amendments=amendments)

    def expire(self) -> tuple[ProjectSlug, ...]:
        """Close every project whose last day was more than `STAYS_OPEN` ago; return them.

        From its last day on nobody enters it. It stays open for a while, so that another last day can be asked for.
        """
        before = (self.clock.now() - STAYS_OPEN).astimezone(UTC).date()
        done: list[ProjectSlug] = []
        for slug, ends in self._past(before):
            with suppress(SaferoomError):
                self.close(SYSTEM, slug, f"its last day was {ends}, and nobody has asked for another one")
                done.append(slug)
        return tuple(done)

    def _past(self, before: date) -> list[tuple[ProjectSlug, date]]:
        found: list[tuple[ProjectSlug, date]] = []
        number, pages = 1, 1
        with self.store.reading() as tx:
            while number <= pages:
                page = tx.listing(Selection(states=frozenset(RUNNING)), Cut(number))
                found += [(one.slug, one.ends) for one in page.items if one.ends is not None and one.ends < before]
                number, pages = number + 1, page.pages
        return found

    def _side(self, deed: Deed, actor: Actor) -> str:
        standing = self.standing(actor, deed.life, deed.tx.registry)
        return ADMINISTRATORS if Standing.ADMINISTRATOR in standing else str(actor.username)

    def _lifts(self, deed: Deed, side: str, hold: Hold) -> bool:
        """Tell whether `side` may lift a hold: its own, and an administrator those of owners who are none any more."""
        if hold.side == side:
            return True
        owners = {deed.tx.registry.dataset(wish.dataset).owner for wish in deed.life.proposal.datasets}
        return side == ADMINISTRATORS and hold.side not in owners


def described(versions: Sequence[DatasetVersion], number: int) -> Dataset:
    """Return the dataset as it was described in its version `number`.

    Raises
    ------
    IntegrityError
        There is no such version on record.
    """
    found = next((version.dataset for version in versions if version.number == number), None)
    if found is None:
        raise IntegrityError("an approval is held at a version of its dataset that is not on record")
    return found


def _put_paused(deed: Deed, *, paused: bool) -> None:
    before = deed.tx.registry.project(deed.life.slug)
    deed.register("project", deed.life.slug, before, before.model_copy(update={"paused": paused}))


def _present(wish: Wish, names: frozenset[str]) -> Wish:
    if wish.variables is None:
        return wish
    return wish.model_copy(update={"variables": tuple(name for name in wish.variables if name in names)})
