"""``saferoom admin notices``: which letters went out, try one again, and try the way to the mail server."""

from __future__ import annotations

import typer

from saferoom.hub.cli.admin_people import JSON, acting

_IDS = typer.Argument(..., metavar="LETTER...", help="Letters' ids, from saferoom admin notices letters.")


def register(group: typer.Typer) -> None:
    """Add the commands to ``saferoom admin``."""
    inner = typer.Typer(name="notices", help="Letters by e-mail: sent, waiting, given up.", no_args_is_help=True)
    inner.command("letters")(letters)
    inner.command("retry")(retry)
    inner.command("test")(try_way)
    group.add_typer(inner)


def letters(
    state: str = typer.Option(None, "--state", help="waiting, sent, dropped or given-up."),
    page: int = typer.Option(1, "--page", min=1, help="Which page of 50, the newest first."),
    as_json: bool = JSON,
) -> None:
    """List letters: to whom, where they are, and why. What they say is not shown."""
    from saferoom.errors import BadInputError
    from saferoom.hub.cli.commands import plain, print_json
    from saferoom.hub.cli.text import table
    from saferoom.projects.notices.model import LetterState
    from saferoom.projects.paging import Cut

    if state not in {None, *LetterState}:
        raise BadInputError(f"--state: choose one of {', '.join(LetterState)}")
    with acting() as (instance, actor):
        found = instance.notices.letters(actor, LetterState(state) if state else None, Cut(page))
        counts = instance.notices.counts(actor)
    if as_json:
        kept = ("id", "to", "category", "state", "created_at", "next_at", "tries", "reason", "ended_at")
        lines = [{name: plain(getattr(one, name)) for name in kept} for one in found.items]
        print_json({"total": found.total, "counts": counts, "letters": lines})
        return
    print(", ".join(f"{count:,} {name.value}" for name, count in counts.items()))
    rows = [
        (
            one.id,
            one.to,
            one.category or "digest",
            f"{one.created_at:%Y-%m-%d %H:%M}",
            one.state,
            str(one.tries),
            one.reason,
        )
        for one in found.items
    ]
    if rows:
        print(table(("id", "to", "about", "written", "state", "tries", "why"), rows))
    if found.pages > 1:
        print(f"Page {found.number} of {found.pages}, {found.total:,} letters.")


def retry(ids: list[str] = _IDS, as_json: bool = JSON) -> None:
    """Try letters again that were dropped or given up; whether they may go out is asked anew."""
    from saferoom.hub.cli.commands import print_json

    with acting() as (instance, actor):
        done = [instance.notices.retry(actor, one).id for one in ids]
    if as_json:
        print_json({"waiting": done})
    else:
        print(f"{len(done)} waiting again; a running airlock sends within a minute.")


def try_way(
    address: str = typer.Argument(..., metavar="ADDRESS", help="Where the test letter goes."), as_json: bool = JSON
) -> None:
    """Send a letter that tells nothing, now, with the settings of mail.yaml."""
    from saferoom.errors import BadInputError, UnavailableError
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.notices.post import SmtpPost
    from saferoom.hub.notices.writing import UnusableAddressError, write_trial
    from saferoom.ids import new_id
    from saferoom.projects.notices.sending import Fate

    with acting() as (instance, _):
        post, at = SmtpPost.of(instance.home), instance.clock.now()
        if post is None:
            raise BadInputError(f"e-mail is not set up: there is no {instance.home.mail_settings}")
    try:
        message = write_trial(address, post.settings, new_id("test"), at)
    except UnusableAddressError as error:
        raise BadInputError(f"ADDRESS: {error}, such as rosa@example.org") from None
    outcome = post.hand_over(message, address)
    if outcome.fate is not Fate.SENT:
        raise UnavailableError(outcome.reason)
    if as_json:
        print_json({"sent": address})
    else:
        print(f"The mail server took a test letter to {address}.")
