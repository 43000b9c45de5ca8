"""From people's records to what a page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from saferoom.hub.web.shell.parts import Parts
from saferoom.hub.web.texts import people as texts
from saferoom.hub.web.texts.common import Sign, when
from saferoom.projects.decision import Decision
from saferoom.projects.people.entitlement import requirements, standing
from saferoom.projects.people.model import Person, Power, Role, Training
from saferoom.projects.people.records import Accreditation, Dossier, Kind, Record
from saferoom.projects.people.store import HistoryLine


@dataclass(frozen=True)
class RecordView:
    """A record as a page shows it."""

    id: str
    what: str
    body: str
    granted: date | None
    expires: date
    evidence: str
    recorded: str
    sign: Sign
    ended: str
    open: bool


@dataclass(frozen=True)
class PersonView:
    """A person in a list.

    Attributes
    ----------
    why : str
        Why this person may not sign in; empty for those who may.
    next : date or None
        The first last day of what the roles need.
    """

    username: str
    name: str
    roles: str
    sign: Sign
    why: str
    next: date | None


def person_view(person: Person, at: datetime) -> PersonView:
    """Return somebody as the list shows them."""
    decision = standing(person, at)
    days = [last for _, _, last in requirements(person, at) if last is not None]
    roles = ", ".join(texts.ROLES[role].split(" (")[0].lower() for role in Role if role in person.roles)
    said = _about(decision, person)
    return PersonView(person.username, person.display_name, roles, sign_of(decision), said, min(days, default=None))


def sign_of(decision: Decision) -> Sign:
    """Return whether somebody may sign in, as a sign."""
    return Sign("pass", "✓", "may sign in") if decision else Sign("fail", "✕", "may not sign in")


def because(person: Person, decision: Decision, at: datetime) -> list[str]:
    """Return why somebody may, or may not, sign in: one sentence for each thing that counts."""
    if not decision:
        return [_about(decision, person)]
    said = ["The account is open."]
    for _, words, last in requirements(person, at):
        bridged = last is not None and last < at.astimezone(UTC).date()
        until = f"expired on {last}, and a break-glass act lets it count for now" if bridged else f"counts until {last}"
        said.append(f"The {words} {until}.")
    if len(said) == 1:
        said.append("The roles need neither accreditation nor training.")
    given = [held for held in person.powers if held.live(at) and held.power is Power.OUTPUT_CHECKER]
    said += [f"A break-glass act gives the role of output checker until {held.until:%H:%M} UTC." for held in given]
    return said


def _about(decision: Decision, person: Person) -> str:
    """Return a refusal, told to somebody else than the person concerned."""
    turned = {"Your ": "The ", " for you": f" for {person.username}", "; ask the administrator": ""}
    said = decision.reason
    for mine, theirs in turned.items():
        said = said.replace(mine, theirs)
    return said


def record_view(record: Record, at: datetime) -> RecordView:
    """Return a record as a page shows it."""
    if record.kind is Kind.ACCREDITATION:
        what = f"{texts.LEVELS[Accreditation(record.type)]} accreditation"
    else:
        what = texts.COURSES[Training(record.type)]
    ended = ""
    if record.ended_at is not None and record.ending is not None:
        why = texts.ENDINGS[record.ending]
        ended = f"{why}: {record.end_reason} ({record.ended_by}, {record.ended_at:%Y-%m-%d})"
    return RecordView(
        record.id,
        what,
        record.body,
        record.granted,
        record.expires,
        record.evidence,
        f"{record.recorded_by}, {record.recorded_at:%Y-%m-%d}",
        texts.RECORD_STATES[record.state(at)],
        ended,
        record.ended_at is None,
    )


def dossier_values(parts: Parts, dossier: Dossier) -> dict[str, Any]:
    """Return what the person's page shows of a dossier."""
    now = parts.instance.clock.now()
    decision = standing(dossier.person, now)
    return {
        "dossier": dossier,
        "person": dossier.person,
        "roles": [texts.ROLES[role].split(" (")[0] for role in Role if role in dossier.person.roles],
        "role_words": texts.ROLES,
        "sign": sign_of(decision),
        "because": because(dossier.person, decision, now),
        "records": [record_view(record, now) for record in dossier.records],
        "enrolled": parts.instance.credentials.enrolled(dossier.person.username),
    }


@dataclass(frozen=True)
class LineView:
    """One event as a page shows it."""

    at: datetime
    actor: str
    words: str
    subject: str
    details: list[str]


def line_view(line: HistoryLine) -> LineView:
    """Return an event in words; what it changed, field by field."""
    words = texts.ACTIONS.get(line.action, line.action.replace(".", " ").replace("_", " "))
    return LineView(line.at, line.actor, words, line.subject, [*_details(line.payload)])


_SHOWN = ("reason", "type", "body", "expires", "until", "power", "ending", "findings", "justified")


def _details(payload: Mapping[str, Any]) -> list[str]:
    changes = payload.get("changes")
    said = [
        f"{one['field']}: {_value(one.get('before'))} → {_value(one.get('after'))}"
        for one in (changes if isinstance(changes, list) else [])
        if isinstance(one, Mapping) and "field" in one
    ]
    return said + [f"{name}: {_value(_moment(payload[name]))}" for name in _SHOWN if name in payload]


def _moment(value: Any) -> Any:
    """Return a moment as a person reads it, anything else as it is."""
    try:
        return when(datetime.fromisoformat(value)) if isinstance(value, str) and "T" in value else value
    except ValueError:
        return value


def _value(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)
