"""``saferoom admin``: accounts, accreditation, training and deputies, one command for each deed of the pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from saferoom.hub.cli.instance import opened

if TYPE_CHECKING:
    from saferoom.hub.wiring import Instance
    from saferoom.ids import Username
    from saferoom.projects.people.permissions import Actor
    from saferoom.projects.people.records import Dossier

JSON = typer.Option(False, "--json", help="Print one JSON document.")
USER = typer.Argument(..., metavar="USER", help="The user name.")
_ROLES = typer.Option(None, "--role", help="researcher, output-checker, data-owner or administrator; may be repeated.")
_BODY = typer.Option(None, "--body", help="The scheme or body.")
_GRANTED = typer.Option(None, "--granted", help="The day it was granted, YYYY-MM-DD.")
_EXPIRES = typer.Option(None, "--expires", help="The last day on which it counts, YYYY-MM-DD.")
_EVIDENCE = typer.Option(None, "--evidence", help="Where the proof is: a number, a file's name, a letter's date.")
_REASON = typer.Option(None, "--reason", help="Why; kept in the audit trail.")


def register(group: typer.Typer) -> None:
    """Add the commands to ``saferoom admin``."""
    group.command("person")(person)
    group.command("person-history")(person_history)
    group.command("add-person")(add_person)
    group.command("edit-person")(edit_person)
    group.command("accredit")(accredit)
    group.command("train")(train)
    group.command("end-record")(end_record)
    group.command("close")(close)
    group.command("reopen")(reopen)
    group.command("name-deputy")(name_deputy)
    group.command("end-deputy")(end_deputy)
    group.command("reminders")(reminders)


@contextmanager
def acting() -> Iterator[tuple[Instance, Actor]]:
    """Open the instance in the name of the machine's operator."""
    from saferoom.projects.people.permissions import Actor

    with opened() as (instance, administration):
        yield instance, Actor.operator(administration.actor)


def person(username: str = USER, as_json: bool = JSON) -> None:
    """Show everything kept about somebody: standing, records, roles, projects."""
    from saferoom.hub.cli.commands import plain, print_json
    from saferoom.projects.people.entitlement import standing

    with acting() as (instance, actor):
        dossier = instance.people.dossier(actor, _name(username))
        decision = standing(dossier.person, instance.clock.now())
        if as_json:
            print_json(plain(dossier) | {"sign_in": decision.code})
            return
        print(f"{dossier.person.display_name} ({username}), {', '.join(sorted(dossier.person.roles))}")
        print(f"May sign in: {'yes' if decision else 'no. ' + decision.reason}")
        _show(instance, dossier)


def person_history(
    username: str = USER,
    page: int = typer.Option(1, "--page", min=1, help="Which page of 50, the newest first."),
    as_json: bool = JSON,
) -> None:
    """Show what happened to an account and by it: every event of the audit trail."""
    from saferoom.hub.cli.commands import plain, print_json
    from saferoom.hub.cli.text import table
    from saferoom.hub.web.api.people_documents import event_document
    from saferoom.projects.paging import Cut

    with acting() as (instance, actor):
        found = instance.people.history(actor, _name(username), Cut(page)).map(event_document)
    if as_json:
        print_json({"total": found.total, "events": plain(found.items)})
        return
    rows = [
        (f"{one.at:%Y-%m-%d %H:%M}", one.actor, one.words, one.subject, "; ".join(one.details)) for one in found.items
    ]
    print(table(("at (UTC)", "by", "what", "about", "details"), rows) if rows else "Nothing has happened.")
    if found.pages > 1:
        print(f"Page {found.number} of {found.pages}, {found.total:,} events.")


def add_person(
    username: str = USER,
    name: str = typer.Option(None, "--name", help="How the person is called."),
    email: str = typer.Option(None, "--email", help="For reminders and notices."),
    role: list[str] = _ROLES,
    as_json: bool = JSON,
) -> None:
    """Register somebody new."""
    from saferoom.hub.cli.commands import command
    from saferoom.projects.people.records import PersonForm

    form = command(PersonForm, {"username": username, "display_name": name, "email": email, "roles": role or []})
    with acting() as (instance, actor):
        made = instance.people.add(actor, form)
    _done(made, as_json, f"{username} is registered. Next: saferoom admin accredit, train and password {username}")


def edit_person(
    username: str = USER,
    name: str = typer.Option(None, "--name", help="How the person is called."),
    email: str | None = typer.Option(None, "--email", help="For reminders and notices; empty to forget it."),
    role: list[str] = _ROLES,
    as_json: bool = JSON,
) -> None:
    """Change somebody's name, address or roles; what is left out stays."""
    from saferoom.hub.cli.commands import command
    from saferoom.projects.people.records import PersonChange

    with acting() as (instance, actor):
        before = instance.people.dossier(actor, _name(username))
        kept = {"email": before.person.email if email is None else email or None, "version": before.version}
        wanted = {"display_name": name or before.person.display_name, "roles": role or before.person.roles}
        made = instance.people.edit(actor, _name(username), command(PersonChange, kept | wanted))
    _done(made, as_json, f"{username} is changed.")


def accredit(
    username: str = USER,
    level: str = typer.Option("full", "--level", help="full or provisional."),
    body: str = _BODY,
    granted: str = _GRANTED,
    expires: str = _EXPIRES,
    evidence: str = _EVIDENCE,
    as_json: bool = JSON,
) -> None:
    """Record an accreditation."""
    from saferoom.hub.cli.commands import command
    from saferoom.projects.people.records import AccreditationForm

    values = {"level": level, "body": body, "granted": granted, "expires": expires, "evidence": evidence}
    form = command(AccreditationForm, values)
    with acting() as (instance, actor):
        made = instance.people.accredit(actor, _name(username), form)
    _done(made, as_json, f"Recorded as {made.id}: {username} is accredited until {made.expires}.")


def train(
    username: str = USER,
    course: str = typer.Option(None, "--course", help="safe-researcher or output-checker."),
    body: str = _BODY,
    granted: str = _GRANTED,
    expires: str = _EXPIRES,
    evidence: str = _EVIDENCE,
    as_json: bool = JSON,
) -> None:
    """Record a training."""
    from saferoom.hub.cli.commands import command
    from saferoom.projects.people.records import TrainingForm

    values = {"course": course, "body": body, "granted": granted, "expires": expires, "evidence": evidence}
    form = command(TrainingForm, values)
    with acting() as (instance, actor):
        made = instance.people.train(actor, _name(username), form)
    _done(made, as_json, f"Recorded as {made.id}: the training of {username} counts until {made.expires}.")


def end_record(
    record: str = typer.Argument(..., metavar="RECORD", help="The record's id, from saferoom admin person."),
    ending: str = typer.Option("withdrawn", "--ending", help="withdrawn, mistake or replaced."),
    reason: str = _REASON,
    as_json: bool = JSON,
) -> None:
    """End an accreditation or a training before its last day."""
    from saferoom.hub.cli.commands import command
    from saferoom.projects.people.records import EndForm

    form = command(EndForm, {"ending": ending, "reason": reason})
    with acting() as (instance, actor):
        ended = instance.people.end_record(actor, record, form)
    _done(ended, as_json, f"The record has ended. Whoever needs it is out within a minute: {ended.username}.")


def close(username: str = USER, reason: str = _REASON, as_json: bool = JSON) -> None:
    """Close an account; sessions, rooms and tokens end within a minute."""
    made = _switch(username, reason, "close")
    _done(made, as_json, f"The account of {username} is closed. A running room ends within a minute.")


def reopen(username: str = USER, reason: str = _REASON, as_json: bool = JSON) -> None:
    """Open a closed account again."""
    made = _switch(username, reason, "reopen")
    _done(made, as_json, f"The account of {username} is open again.")


def name_deputy(
    username: str = USER,
    until: str = typer.Option(None, "--until", help="The last day, YYYY-MM-DD; a year from now at most."),
    as_json: bool = JSON,
) -> None:
    """Name somebody who may break the glass when no administrator can be reached."""
    from saferoom.hub.cli.commands import command
    from saferoom.projects.people.records import DeputyForm

    form = command(DeputyForm, {"username": username, "until": until})
    with acting() as (instance, actor):
        made = instance.people.name_deputy(actor, form)
    _done(made, as_json, f"{username} is a deputy for emergencies until {made.until}.")


def end_deputy(username: str = USER, as_json: bool = JSON) -> None:
    """End the naming of a deputy."""
    with acting() as (instance, actor):
        instance.people.end_deputy(actor, _name(username))
    _done({"username": username, "deputy": False}, as_json, f"{username} is no deputy any more.")


def reminders(as_json: bool = JSON) -> None:
    """Show what people are reminded of today: what ends soon, and what has ended."""
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.cli.text import table

    with acting() as (instance, _):
        messages = instance.people.messages()
    if as_json:
        print_json({"messages": messages})
    elif messages:
        print(table(("to", "about", "message"), [(one.to, one.title, one.body) for one in messages]))
    else:
        print("Nobody has to be reminded of anything today.")


def _switch(username: str, reason: str, deed: str) -> Dossier:
    from saferoom.hub.cli.commands import command
    from saferoom.projects.people.records import AccountForm

    with acting() as (instance, actor):
        version = instance.people.dossier(actor, _name(username)).version
        form = command(AccountForm, {"reason": reason, "version": version})
        do = instance.people.close if deed == "close" else instance.people.reopen
        return do(actor, _name(username), form)


def _name(username: str) -> Username:
    from saferoom import ids

    return ids.username(username)


def _done(made: Any, as_json: bool, said: str) -> None:
    from saferoom.hub.cli.commands import print_json

    if as_json:
        print_json(made)
    else:
        print(said)


def _show(instance: Instance, dossier: Dossier) -> None:
    from saferoom.hub.cli.text import table

    now = instance.clock.now()
    records = [(r.id, r.kind.value, r.type, r.body, str(r.expires), r.state(now)) for r in dossier.records]
    if records:
        print(table(("record", "kind", "type", "body", "until", "state"), records))
    for held in dossier.roles:
        until = f" until {held.ended_at:%Y-%m-%d}" if held.ended_at else ""
        since = f" since {held.since:%Y-%m-%d}" if held.since else ""
        print(f"Role {held.role.value}{since}{until}")
    for membership in dossier.memberships:
        until = f" until {membership.ended_at:%Y-%m-%d}" if membership.ended_at else ""
        print(f"Member of {membership.project} since {membership.since:%Y-%m-%d}{until}")
