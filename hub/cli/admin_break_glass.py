"""``saferoom admin break-glass``: open, end, review and list emergencies."""

from __future__ import annotations

import typer

from saferoom.hub.cli.admin_people import JSON, USER, acting

_ID = typer.Argument(..., metavar="ID", help="The break-glass act's id, from saferoom admin break-glass list.")


def register(group: typer.Typer) -> None:
    """Add the commands to ``saferoom admin``."""
    inner = typer.Typer(name="break-glass", help="Powers for hours, in emergencies.", no_args_is_help=True)
    inner.command("open")(open_)
    inner.command("end")(end)
    inner.command("review")(review)
    inner.command("list")(list_)
    inner.command("show")(show)
    group.add_typer(inner)


def open_(
    username: str = USER,
    power: str = typer.Option(None, "--power", help="output-checker or reinstatement."),
    hours: int = typer.Option(1, "--hours", help="From 1 to 8."),
    reason: str = typer.Option(None, "--reason", help="What happened, and why it cannot wait."),
    as_json: bool = JSON,
) -> None:
    """Break the glass for somebody: told to all administrators and data owners, reviewed afterwards."""
    from saferoom.hub.cli.commands import command, print_json
    from saferoom.projects.people.emergencies import EmergencyForm

    form = command(EmergencyForm, {"username": username, "power": power, "hours": hours, "reason": reason})
    with acting() as (instance, actor):
        made = instance.people.break_glass(actor, form)
    if as_json:
        print_json(made)
        return
    print(f"{username} has the power '{made.power.value}' until {made.until:%Y-%m-%d %H:%M} UTC ({made.id}).")
    print("All administrators and data owners are told. Somebody else reviews it afterwards.")


def end(emergency: str = _ID, as_json: bool = JSON) -> None:
    """End a power before its time."""
    from saferoom.hub.cli.commands import print_json

    with acting() as (instance, actor):
        ended = instance.people.end_emergency(actor, emergency)
    if as_json:
        print_json(ended)
    else:
        print(f"The power of {ended.username} has ended. Somebody else reviews it now.")


def review(
    emergency: str = _ID,
    judgement: str = typer.Option(None, "--judgement", help="justified or not-justified."),
    findings: str = typer.Option(None, "--findings", help="What was done with the power."),
    as_json: bool = JSON,
) -> None:
    """Judge a power that has ended; never by whoever opened it."""
    from saferoom.hub.cli.commands import command, print_json
    from saferoom.projects.people.emergencies import ReviewForm

    form = command(ReviewForm, {"judgement": judgement, "findings": findings})
    with acting() as (instance, actor):
        reviewed = instance.people.review_emergency(actor, emergency, form)
    if as_json:
        print_json(reviewed)
    else:
        print(f"The review is recorded: {form.judgement.value.replace('-', ' ')}.")


def show(emergency: str = _ID, as_json: bool = JSON) -> None:
    """Show one break-glass act: who gave whom which power, why, and what the review found."""
    from saferoom.hub.cli.commands import print_json

    with acting() as (instance, actor):
        found = instance.people.emergency(actor, emergency)
    if as_json:
        print_json(found)
        return
    print(f"{found.id}: {found.power.value} for {found.username}, {found.state.value}")
    print(f"By {found.opened_by} on {found.opened_at:%Y-%m-%d %H:%M}, until {found.until:%Y-%m-%d %H:%M} UTC")
    print(f"Reason: {found.reason}")
    if found.ended_at is not None:
        print(f"Ended by {found.ended_by} on {found.ended_at:%Y-%m-%d %H:%M} UTC")
    if found.reviewed_at is not None:
        judged = "justified" if found.justified else "not justified"
        print(f"Reviewed by {found.reviewed_by} on {found.reviewed_at:%Y-%m-%d %H:%M} UTC: {judged}. {found.findings}")


def list_(
    page: int = typer.Option(1, "--page", min=1, help="Which page of 50, the newest first."), as_json: bool = JSON
) -> None:
    """List break-glass acts and deputies, newest first."""
    from saferoom.hub.cli.commands import plain, print_json
    from saferoom.hub.cli.text import table
    from saferoom.projects.paging import Cut

    with acting() as (instance, actor):
        found, deputies = instance.people.emergencies(actor, Cut(page)), instance.people.deputies(actor)
    if as_json:
        print_json({"total": found.total, "emergencies": plain(found.items), "deputies": plain(deputies)})
        return
    if not found.items:
        print("Nobody has broken the glass.")
    else:
        rows = [
            (one.id, one.username, one.power.value, one.opened_by, f"{one.until:%Y-%m-%d %H:%M}", one.state.value)
            for one in found.items
        ]
        print(table(("id", "for", "power", "by", "until", "state"), rows))
    for deputy in deputies:
        print(f"Deputy: {deputy.username} until {deputy.until}")
