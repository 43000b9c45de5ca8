"""``saferoom admin``: which account at the identity provider is whose, and people's second factors."""

from __future__ import annotations

from datetime import datetime

import typer

from saferoom.hub.cli.instance import opened

_JSON = typer.Option(False, "--json", help="Print one JSON document.")
_USER = typer.Argument(..., metavar="USER", help="The user name.")


def register(group: typer.Typer) -> None:
    """Add the commands to ``saferoom admin``."""
    group.command("link-account")(link)
    group.command("unlink-account")(unlink)
    group.command("linked-accounts")(links)
    group.command("invite")(invite)
    group.command("second-factor")(second_factor)
    group.command("remove-security-key")(remove_key)


def link(
    username: str = _USER,
    issuer: str = typer.Option(..., "--issuer", help="The provider's issuer, as in the settings file."),
    subject: str = typer.Option(..., "--subject", help="The provider's own id of the account (`sub`); no e-mail."),
    as_json: bool = _JSON,
) -> None:
    """Say which account at the identity provider is this person's; only its hash is kept."""
    from saferoom import ids
    from saferoom.hub.store.sign_in_links import Identity

    name, identity = ids.username(username), Identity(issuer, subject)
    with opened() as (instance, administration):
        instance.sign_in_links.link(name, identity, actor=administration.actor)
    _done({"username": name, "issuer": issuer}, as_json, f"{name} signs in with that account of {issuer} now.")


def unlink(username: str = _USER, as_json: bool = _JSON) -> None:
    """End a person's link, and an open invitation; sessions and rooms end within half a minute."""
    from saferoom import ids

    name = ids.username(username)
    with opened() as (instance, administration):
        ended = instance.sign_in_links.unlink(name, actor=administration.actor)
    said = f"{name} is not linked any more." if ended else f"{name} was not linked; an open invitation is void."
    _done({"username": name, "ended": ended}, as_json, said)


def links(username: str = _USER, as_json: bool = _JSON) -> None:
    """Show at which identity provider a person has an account, and when it was used last."""
    from saferoom import ids
    from saferoom.hub.cli.commands import plain, print_json
    from saferoom.hub.cli.text import table

    name = ids.username(username)
    with opened() as (instance, _):
        instance.registry.person(name)
        found = instance.sign_in_links.of(name)
    if as_json:
        print_json({"username": name, "links": plain(found)})
    elif found:
        rows = [
            (
                one.issuer,
                f"{one.linked_at:%Y-%m-%d}",
                one.linked_by,
                _day(one.signed_in_at),
            )
            for one in found
        ]
        print(table(("issuer", "linked", "by", "signed in (UTC)"), rows))
    else:
        print(f"{name} is not linked to an account at an identity provider.")


def invite(
    username: str = _USER,
    days: int = typer.Option(7, "--days", help="How long it may be used; 30 at most."),
    as_json: bool = _JSON,
) -> None:
    """Make a code with which a person links the own account, once; an earlier one is void."""
    from saferoom import ids

    name = ids.username(username)
    with opened() as (instance, administration):
        made = instance.sign_in_links.invite(name, actor=administration.actor, days=days)
    until = f"{made.expires_at:%Y-%m-%d %H:%M}"
    said = f"Invitation of {name}, shown this once; give it to that person alone. Until {until} UTC:\n  {made.code}"
    _done({"username": name, "code": made.code, "expires_at": made.expires_at}, as_json, said)


def second_factor(username: str = _USER, as_json: bool = _JSON) -> None:
    """Show a person's security keys, and whether one-time codes count; `saferoom admin password` gives new ones."""
    from saferoom import ids
    from saferoom.hub.cli.commands import plain, print_json
    from saferoom.hub.cli.text import table

    name = ids.username(username)
    with opened() as (instance, _):
        found = instance.security_keys.factors(name)
        enrolled = instance.credentials.enrolled(name)
    if as_json:
        print_json({"username": name, "codes": found.codes, "keys": plain(found.keys)})
        return
    codes = (
        "count"
        if found.codes
        else "do not count: this person signs in with keys alone"
        if enrolled
        else "are not set up"
    )
    print(f"One-time codes of {name} {codes}.")
    rows = [
        (one.id, one.name, "yes" if one.synced else "no", f"{one.added_at:%Y-%m-%d}", _day(one.used_at))
        for one in found.keys
    ]
    print(table(("key", "name", "synced", "added", "last used (UTC)"), rows) if rows else "There are no security keys.")


def remove_key(
    username: str = _USER,
    key: str = typer.Argument(..., metavar="KEY", help="The key's id, from saferoom admin second-factor."),
    reason: str = typer.Option(..., "--reason", help="Why; kept in the audit trail."),
    as_json: bool = _JSON,
) -> None:
    """Remove a security key that was lost; it counts no more from now on. The person gets a notice."""
    from saferoom import ids

    name = ids.username(username)
    with opened() as (instance, administration):
        instance.security_keys.remove(name, key, actor=administration.actor, reason=reason)
        left = instance.security_keys.factors(name)
    said = f"{key} of {name} is removed; whoever has it cannot sign in with it any more."
    if not left.codes and not left.keys:
        said += (
            f"\n{name} has no second factor left and cannot sign in: saferoom admin password {name} gives a new one."
        )
    _done({"username": name, "removed": key, "codes": left.codes, "keys": len(left.keys)}, as_json, said)


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "never"


def _done(made: object, as_json: bool, said: str) -> None:
    from saferoom.hub.cli.commands import print_json

    if as_json:
        print_json(made)
    else:
        print(said)
