"""Break-glass deeds: open, end, let lapse, review. What a power means is `saferoom.projects.people.emergencies`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from saferoom.audit import Event
from saferoom.errors import NotFoundError
from saferoom.ids import Username
from saferoom.projects.decision import Decision, forbidden
from saferoom.projects.people import emergencies
from saferoom.projects.people.emergencies import Emergency, EmergencyForm, Judgement, ReviewForm, State, Step
from saferoom.projects.people.model import Role
from saferoom.projects.people.parts import Parts
from saferoom.projects.people.permissions import Action, Actor
from saferoom.projects.people.store import Transaction


def open_(parts: Parts, actor: Actor, form: EmergencyForm) -> Emergency:
    """Break the glass for somebody else, for hours."""
    username = form.username
    with parts.store.transaction() as tx:
        parts.allow(tx, actor, Action.BREAK_GLASS, username)
        tx.lock([username])
        dossier, now = parts.found(tx, username), parts.now()
        _lapse(parts, tx, username)
        earlier = tx.emergencies(username)
        emergencies.eligible(dossier.person, dossier.records, earlier, form.power, now).enforce()
        made = Emergency(
            id=parts.ids("emergency"),
            username=username,
            power=form.power,
            reason=form.reason,
            opened_by=actor.name,
            opened_at=now,
            until=now + timedelta(hours=form.hours),
        )
        payload = {"power": form.power.value, "until": made.until.isoformat(), "reason": form.reason}
        return _take(tx, made, Step.OPEN, Event(actor.name, "", "", payload))


def end(parts: Parts, actor: Actor, id_: str) -> Emergency:
    """End an emergency before its time."""
    with parts.store.transaction() as tx:
        parts.allow(tx, actor, Action.END_EMERGENCY)
        found = _found(tx, id_)
        emergencies.can(found, Step.END, parts.now()).enforce()
        ended = replace(found, ended_at=parts.now(), ended_by=actor.name)
        return _take(tx, ended, Step.END, Event(actor.name, "", "", {}))


def review(parts: Parts, actor: Actor, id_: str, form: ReviewForm) -> Emergency:
    """Judge an ended emergency; never by whoever opened it, or had the power."""
    with parts.store.transaction() as tx:
        parts.allow(tx, actor, Action.REVIEW_EMERGENCY)
        found = _found(tx, id_)
        may_review(actor, found).enforce()
        _check_senior(tx, actor, found)
        now = parts.now()
        emergencies.can(found, Step.REVIEW, now).enforce()
        if found.state is State.OPEN:
            found = _lapsed(tx, found)
        justified = form.judgement is Judgement.JUSTIFIED
        reviewed = replace(found, reviewed_at=now, reviewed_by=actor.name, justified=justified, findings=form.findings)
        payload = {"justified": justified, "findings": form.findings}
        return _take(tx, reviewed, Step.REVIEW, Event(actor.name, "", "", payload))


def may_review(actor: Actor, emergency: Emergency) -> Decision:
    """Decide whether `actor` is independent enough to review `emergency`."""
    involved = {_plain(emergency.opened_by), emergency.username}
    if _plain(actor.name) in involved:
        return forbidden(
            "not-independent", "A second administrator reviews: neither who broke the glass nor who had the power.",
            emergencies.RULE,
        )  # fmt: skip
    return Decision(allowed=True)


def _check_senior(tx: Transaction, actor: Actor, emergency: Emergency) -> None:
    """Refuse an administrator who became one afterwards: whoever broke the glass could have made that account."""
    if actor.username is None:
        return
    dossier = tx.dossier(actor.username)
    held = [one for one in (dossier.roles if dossier else ()) if one.role is Role.ADMINISTRATOR and not one.ended_at]
    if not any(one.since is None or one.since <= emergency.opened_at for one in held):
        forbidden(
            "not-senior", "Somebody reviews who was an administrator before the glass was broken.", emergencies.RULE
        ).enforce()


def sweep(parts: Parts) -> tuple[Emergency, ...]:
    """Write down the end of every emergency whose time is over; its power ended at that moment by itself."""
    with parts.store.transaction() as tx:
        return _lapse(parts, tx, None)


def _lapse(parts: Parts, tx: Transaction, username: Username | None) -> tuple[Emergency, ...]:
    over = [one for one in tx.emergencies(username, {State.OPEN}) if one.state_at(parts.now()) is State.ENDED]
    return tuple(_lapsed(tx, one) for one in over)


def _lapsed(tx: Transaction, found: Emergency) -> Emergency:
    ended = replace(found, ended_at=found.until, ended_by="system")
    return _take(tx, ended, Step.LAPSE, Event("system", "", "", {}))


def _take(tx: Transaction, after: Emergency, step: Step, event: Event) -> Emergency:
    """Write a step of the table with its event."""
    row = emergencies.row(None if step is Step.OPEN else after.state, step)
    saved = tx.save_emergency(replace(after, state=row.to))
    payload = {"emergency": after.id, **event.payload}
    tx.record(Event(event.actor, row.audit, f"person:{after.username}", payload))
    return saved


def _found(tx: Transaction, id_: str) -> Emergency:
    found = tx.emergency(id_)
    if found is None:
        raise NotFoundError("There is no such break-glass act.")
    return found


def _plain(name: str) -> str:
    """Return a name as a person's: the machine's operator may have an account here as well."""
    return name.removeprefix("admin:")


def as_seen(emergency: Emergency, at: datetime) -> Emergency:
    """Return `emergency` as it stands at `at`, also when nobody wrote down yet that its time is over."""
    if emergency.state_at(at) is emergency.state:
        return emergency
    return replace(emergency, state=State.ENDED, ended_at=emergency.until, ended_by="system")
