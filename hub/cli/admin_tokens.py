"""``saferoom admin``: somebody's API tokens, and their end."""

from __future__ import annotations

import typer

from saferoom.hub.cli.admin_people import JSON, USER, acting


def register(group: typer.Typer) -> None:
    """Add the commands to ``saferoom admin``."""
    group.command("tokens")(tokens)
    group.command("end-tokens")(end_tokens)


def tokens(
    username: str = USER,
    page: int = typer.Option(1, "--page", min=1, help="Which page of 50, the newest first."),
    as_json: bool = JSON,
) -> None:
    """List somebody's API tokens; no secret is kept here."""
    from saferoom import ids
    from saferoom.hub.cli.commands import plain, print_json
    from saferoom.hub.cli.text import table
    from saferoom.projects.paging import Cut

    name = ids.username(username)
    with acting() as (instance, actor):
        instance.registry.person(name)
        found = instance.tokens.of(actor, name, Cut(page))
    if as_json:
        lines = [plain(one.token) | {"ending": one.ending} for one in found.items]
        print_json({"total": found.total, "tokens": lines})
        return
    rows = [
        (
            one.token.id,
            one.token.name,
            one.token.scope.value,
            f"{one.token.expires_at:%Y-%m-%d %H:%M}",
            f"{one.token.used_at:%Y-%m-%d %H:%M}" if one.token.used_at else "never",
            one.ending.value if one.ending else "holds",
        )
        for one in found.items
    ]
    print(table(("id", "name", "scope", "until", "last use", "state"), rows) if rows else f"{name} has no API token.")
    if found.pages > 1:
        print(f"Page {found.number} of {found.pages}, {found.total:,} tokens.")


def end_tokens(username: str = USER, as_json: bool = JSON) -> None:
    """End every API token of somebody; each is refused from its next use on."""
    from saferoom import ids
    from saferoom.hub.cli.commands import print_json

    name = ids.username(username)
    with acting() as (instance, actor):
        ended = instance.tokens.end_all(actor, name)
    if as_json:
        print_json({"ended": [one.id for one in ended]})
    else:
        print(f"{len(ended)} ended; {name} was told." if ended else f"{name} has no API token that holds.")
