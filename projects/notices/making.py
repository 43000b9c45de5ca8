"""From what happened to what people are told: ids and fixed kinds, no words of anybody's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from saferoom.ids import ProjectSlug, Username
from saferoom.projects.airlock.records import Notice as Step
from saferoom.projects.ledger.accounts import address_of
from saferoom.projects.ledger.alerts import Alert
from saferoom.projects.ledger.model import AccountKind
from saferoom.projects.life.model import Told
from saferoom.projects.notices import kinds
from saferoom.projects.notices.model import About, Category, Notice, Subject
from saferoom.projects.people.emergencies import Emergency, State
from saferoom.projects.people.reminders import Ends, Message
from saferoom.projects.tokens.model import Token

_STAGE = {State.OPEN: "opened", State.ENDED: "ended", State.REVIEWED: "reviewed"}


def of_step(step: Step, version: int) -> list[Notice]:
    """Return the notices of a request's step; `version` is the request's after it."""
    category = kinds.of_request(step.kind, step.to.value)
    about = About(Subject.REQUEST, step.request, step.project)
    return [
        Notice(f"{step.kind}:{step.request}:{version}:{name}", name, step.kind, category, step.to.value, about, step.at)
        for name in step.recipients
    ]


def of_life(told: Iterable[Told], slug: ProjectSlug, version: int, kind: str, at: datetime) -> list[Notice]:
    """Return the notices of a step of a project's life; `version` is the life's after it."""
    about = About(Subject.PROJECT, slug, slug)
    category = kinds.of_project(kind)
    names = dict.fromkeys(one.to for one in told)
    return [Notice(f"{kind}:{slug}:{version}:{name}", name, kind, category, "project", about, at) for name in names]


def of_emergency(emergency: Emergency, people: Iterable[Username]) -> list[Notice]:
    """Return the notices of the step that `emergency` took last, to `people` and to whoever has the power."""
    stage = _STAGE[emergency.state]
    at = emergency.reviewed_at or emergency.ended_at or emergency.opened_at
    facts = {
        "who": emergency.username,
        "by": emergency.opened_by,
        "power": emergency.power.value.replace("-", " "),
        "until": f"{emergency.until:%Y-%m-%d %H:%M} UTC",
    }
    made = []
    for name in dict.fromkeys((*people, emergency.username)):
        mine = name == emergency.username
        about = About(Subject.STANDING) if mine else About(Subject.EMERGENCY, emergency.id)
        key = f"break-glass:{emergency.id}:{stage}:{name}"
        kind, side = f"break-glass.{stage}", "self" if mine else "watcher"
        made.append(Notice(key, Username(name), kind, Category.SECURITY, side, about, at, facts))
    return made


def of_tokens(kind: str, tokens: Sequence[Token], at: datetime) -> Notice:
    """Return the notice of one person's `tokens`, made or ended; their names are that person's words, and not told."""
    first = tokens[0]
    facts = {"scope": first.scope.value, "until": f"{first.expires_at:%Y-%m-%d}"} if kind == "token.made" else {}
    about, key = About(Subject.TOKENS), f"{kind}:{first.id}"
    return Notice(key, first.username, kind, Category.SECURITY, "self", about, at, facts)


def of_factor(kind: str, username: Username, id_: str, at: datetime) -> Notice:
    """Return the notice that a second factor of `username` changed, or was used in a way that a copy would be."""
    return Notice(f"{kind}:{id_}", username, kind, Category.SECURITY, "self", About(Subject.STANDING), at)


def of_alerts(alerts: Iterable[Alert], at: datetime) -> list[Notice]:
    """Return the notices of budgets that are spent up to a level, one for each person and limit."""
    made = []
    for alert in alerts:
        id_ = alert.account
        slug = ProjectSlug(id_.name.split("/")[0]) if id_.kind in (AccountKind.PROJECT, AccountKind.APPROVAL) else None
        about, facts = About(Subject.BUDGET, address_of(id_), slug), {"share": f"{alert.level} %", "budget": id_.words}
        key = f"{kinds.BUDGET}:{id_}:{alert.version}:{alert.level}"
        made += [
            Notice(f"{key}:{name}", name, kinds.BUDGET, Category.PROJECTS, "concerned", about, at, facts)
            for name in dict.fromkeys(alert.to)
        ]
    return made


def of_reminder(message: Message, at: datetime) -> Notice:
    """Return a reminder that something ends."""
    about, side = _about(message)
    facts = {"title": message.title, "body": message.body}
    return Notice(message.key, message.to, kinds.REMINDER, Category.ENDS, side, about, at, facts)


def _about(message: Message) -> tuple[About, str]:
    name = message.subject.split("/")[0]
    if message.ends in (Ends.PROJECT, Ends.APPROVAL):
        return About(Subject.PROJECT, name, ProjectSlug(name)), "project"
    if name == message.to:
        return About(Subject.STANDING), "self"
    return About(Subject.PERSON, name), "watcher"
