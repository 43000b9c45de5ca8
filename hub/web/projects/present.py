"""From a project's life to what its page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from saferoom.hub.web.texts import projects as texts
from saferoom.hub.web.texts.common import Sign
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName
from saferoom.projects.approvals.model import Approval, Terms
from saferoom.projects.life import alterations
from saferoom.projects.life.checks import standing_problems
from saferoom.projects.life.model import Amendment, Choice, Life, Ruling, Wish
from saferoom.projects.life.running import STAYS_OPEN
from saferoom.projects.life.states import FINAL, RUNNING, Action, State
from saferoom.projects.life.store import Line
from saferoom.projects.life.view import Refresh, View, Waiting


@dataclass(frozen=True)
class WaitingView:
    """Who has to act, what for, and since when."""

    who: str
    what: str
    since: datetime


@dataclass(frozen=True)
class DataView:
    """One dataset of a project.

    Attributes
    ----------
    deeds : tuple of (str, str)
        What the visitor can do now: the last part of its address, and its words.
    terms : tuple of str
        What holds, or was decided, one sentence each.
    """

    name: str
    title: str
    owner: str
    asked: str
    asked_rows: str
    sign: Sign
    reason: str
    terms: tuple[str, ...]
    refresh: Refresh | None
    deeds: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class StandingView:
    """Somebody of a proposal, and why they could not work in the project now."""

    username: str
    name: str
    lacks: tuple[str, ...]


@dataclass(frozen=True)
class AskView:
    """What one data owner decided about an amendment, or has to decide."""

    dataset: str
    sign: Sign
    reason: str
    deeds: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class AmendmentView:
    """An amendment of a project."""

    number: int
    sign: Sign
    by: str
    why: str
    what: tuple[str, ...]
    since: datetime
    reason: str
    asks: tuple[AskView, ...]
    deeds: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class LineView:
    """A project in a list."""

    line: Line
    sign: Sign
    waits: str


def line_view(line: Line) -> LineView:
    """Return a project as a list shows it."""
    waits = f"decision about {', '.join(line.waits)}" if line.waits else ""
    return LineView(line, texts.STATES[line.state], waits)


def waiting_view(one: Waiting) -> WaitingView:
    """Return who has to act in words."""
    return WaitingView(texts.WHO.get(one.who, one.who), one.what, one.since)


def standings(instance: Instance, life: Life) -> list[StandingView]:
    """Return the people of a proposal, for those who confirm them."""
    registry, now = instance.registry, instance.clock.now()
    return [
        StandingView(name, registry.person(name).display_name, tuple(p.message for p in lacks))
        for name in sorted(life.proposal.members)
        for lacks in [tuple(standing_problems(registry, name, now))]
    ]


def stations(life: Life) -> list[tuple[str, str]]:
    """Return the stations of a project's life, each with ``done``, ``here`` or ``ahead``."""
    reached = {State.RETURNED: State.DRAFT, State.PAUSED: State.ACTIVE}.get(life.state, life.state)
    if reached not in texts.LIFE:
        return []
    here = texts.LIFE.index(reached)
    marks = ["done"] * here + ["here"] + ["ahead"] * len(texts.LIFE)
    return [(texts.STATIONS[station], mark) for station, mark in zip(texts.LIFE, marks, strict=False)]


def terms_words(terms: Terms) -> tuple[str, ...]:
    """Return an owner's terms, one sentence each."""
    said = [f"until {terms.until}"]
    said.append("all variables" if terms.variables is None else f"variables {', '.join(terms.variables)}")
    said.append("all rows" if terms.rows is None else f"rows where {terms.rows}")
    said.append("outputs proven safe leave by themselves" if terms.automatic else "a person sees every output")
    if terms.checkers is not None:
        said.append(f"at least {terms.checkers} output checker{'s' if terms.checkers > 1 else ''}")
    if terms.sign_off:
        said.append("the data owner signs off each output")
    if terms.risk_appetite is not None:
        said.append(f"limits of {terms.risk_appetite.name}")
    if terms.budget is not None:
        said.append(f"privacy budget epsilon {terms.budget.epsilon}, delta {terms.budget.delta}")
    return tuple(said)


@dataclass(frozen=True)
class ProjectPage:
    """Gathers what the page of one project shows to one visitor."""

    instance: Instance
    view: View

    @property
    def life(self) -> Life:
        """The project."""
        return self.view.life

    def values(self) -> dict[str, Any]:
        """Return the page's values."""
        life = self.life
        return {
            "life": life,
            "sign": texts.STATES[life.state],
            "means": texts.MEANS[life.state],
            "stations": stations(life),
            "waiting": [waiting_view(one) for one in self.view.waiting()],
            "final": life.state in FINAL,
            "closes_on": self._closes_on(),
            "people": [(name, self._name(name)) for name in sorted(life.proposal.members)],
            "datasets": self._datasets(),
            "amendments": [self._amendment(one) for one in reversed(life.amendments)],
            "holds": life.holding,
            "may_edit": self.view.may(Action.EDIT),
            "may_amend": self.view.may(Action.AMEND),
        }

    def _closes_on(self) -> date | None:
        ends, today = self.life.proposal.ends, self.instance.clock.now().date()
        past = self.life.state in RUNNING and ends is not None and ends < today
        return ends + STAYS_OPEN if past and ends is not None else None

    def _name(self, username: str) -> str:
        return self.instance.registry.person(username).display_name  # type: ignore[arg-type]

    def _datasets(self) -> list[DataView]:
        return [self._dataset(wish) for wish in self.life.proposal.datasets]

    def _dataset(self, wish: Wish) -> DataView:
        found = self.view.datasets[wish.dataset]
        approval, ruling = self.view.approvals.get(wish.dataset), self.life.ruling(wish.dataset)
        terms = approval.terms if approval is not None else None if ruling is None else ruling.terms
        return DataView(
            name=wish.dataset,
            title=found.title,
            owner=found.owner,
            asked="all variables" if wish.variables is None else ", ".join(wish.variables) or "no variable yet",
            asked_rows=wish.rows or "all rows",
            sign=_sign(approval, ruling),
            reason="" if ruling is None else ruling.reason,
            terms=() if terms is None else terms_words(terms),
            refresh=self.view.refreshes.get(wish.dataset),
            deeds=self._deeds(_DATA_DEEDS, wish.dataset, approval),
        )

    def _deeds(
        self, deeds: Mapping[str, tuple[Action, str]], dataset: DatasetName, approval: Approval | None
    ) -> tuple[tuple[str, str], ...]:
        found = []
        for path, (action, words) in deeds.items():
            if path in ("return", "decline") and deeds is _DATA_DEEDS and self.life.state is not State.SUBMITTED:
                continue  # decided: from here on it is about the people, with deeds of their own
            if path == "refresh" and (approval is None or approval.held is None):
                continue
            if path in ("revise", "end") and (approval is None or approval.ended_at is not None):
                continue
            if self.view.may(action, dataset):
                found.append((path, words))
        return tuple(found)

    def _amendment(self, amendment: Amendment) -> AmendmentView:
        ruled = self.life.ruled(amendment)
        asks = tuple(self._ask(amendment, name, ruled.get(name)) for name in amendment.asks)
        deeds = []
        for path, (action, words, state) in _AMENDMENT_DEEDS.items():
            fits = amendment.pending and state in (None, amendment.state.value)
            allowed = (self.view.may_about_people if path in ABOUT_PEOPLE else self.view.may)(action)
            if fits and allowed:
                deeds.append((path, words))
        return AmendmentView(
            number=amendment.number,
            sign=texts.AMENDMENTS[amendment.state],
            by=amendment.by,
            why=amendment.why,
            what=alterations.words(amendment.change),
            since=amendment.since,
            reason=amendment.reason,
            asks=asks,
            deeds=tuple(deeds),
        )

    def _ask(self, amendment: Amendment, dataset: DatasetName, ruling: Ruling | None) -> AskView:
        sign = texts.UNDECIDED if ruling is None else texts.CHOICES[ruling.choice]
        deeds: tuple[tuple[str, str], ...] = ()
        if ruling is None and amendment.pending:
            deeds = self._deeds(_ASK_DEEDS, dataset, None)
        return AskView(dataset, sign, "" if ruling is None else ruling.reason, deeds)


def _sign(approval: Approval | None, ruling: Ruling | None) -> Sign:
    if approval is not None and approval.ended_at is not None:
        return texts.ENDED
    if approval is not None and approval.held is not None:
        return texts.HELD
    if approval is not None:
        return texts.CHOICES[Choice.APPROVED]
    return texts.UNDECIDED if ruling is None else texts.CHOICES[ruling.choice]


ABOUT_PEOPLE = frozenset({"confirm", "refuse"})
"""Deeds on an amendment that decide about the people whom it brings in."""

_DATA_DEEDS: dict[str, tuple[Action, str]] = {
    "approve": (Action.APPROVE, "Decide: approve"),
    "return": (Action.ASK_CHANGES, "Ask for changes"),
    "decline": (Action.DECLINE, "Decline"),
    "refresh": (Action.CONFIRM_REFRESH, "Confirm the changes of the dataset"),
    "revise": (Action.REVISE, "Change the terms"),
    "end": (Action.END_APPROVAL, "End the approval"),
}
_ASK_DEEDS: dict[str, tuple[Action, str]] = {
    "agree": (Action.APPROVE_AMENDMENT, "Agree"),
    "decline": (Action.DECLINE_AMENDMENT, "Decline"),
}
_AMENDMENT_DEEDS: dict[str, tuple[Action, str, str | None]] = {
    "confirm": (Action.CONFIRM_AMENDMENT, "Confirm the people", "confirming"),
    "refuse": (Action.DECLINE_AMENDMENT, "Decline the people", "confirming"),
    "withdraw": (Action.WITHDRAW_AMENDMENT, "Withdraw the amendment", None),
}
