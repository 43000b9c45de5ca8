"""``saferoom admin rotate-key`` and ``key-list``: new keys in the place of old ones, and what outsiders are told."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from saferoom.errors import BadInputError
from saferoom.hub.cli.instance import opened

if TYPE_CHECKING:
    from saferoom.hub.key_rotation import Rotated

_JSON = typer.Option(False, "--json", help="Print one JSON document.")


class Which(StrEnum):
    """Keys that can be rotated by themselves."""

    SIGNING = "signing"
    COOKIES = "cookies"


def register(group: typer.Typer) -> None:
    """Add the commands to ``saferoom admin``."""
    group.command("rotate-key")(rotate_key)
    group.command("key-list")(key_list)


def rotate_key(
    which: Which = typer.Argument(..., help="Which key."),
    reason: str = typer.Option(..., "--reason", help="Why; kept in the audit trail."),
    compromised: bool = typer.Option(
        False, "--compromised", help="Somebody else has the old signing key, or may have it; said in the list of keys."
    ),
    as_json: bool = _JSON,
) -> None:
    """Put a new key in the place of an old one, while the hub is stopped.

    signing: what the old key had signed until now goes on a list and stays valid; nothing else that it signs ever is.
    cookies: everybody signs in again; sessions, and tokens of the hub, end.
    """
    from saferoom.hub import cookie_rotation
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.cli.hub import only_one
    from saferoom.hub.key_rotation import rotate

    said = reason.strip()
    if not said or len(said) > 1000:
        raise BadInputError("--reason: say why, in at most 1000 characters")
    if compromised and which is not Which.SIGNING:
        raise BadInputError("--compromised: only with signing; cookies from before are worth nothing either way")
    with opened() as (instance, administration), only_one(instance.home):
        match which:
            case Which.COOKIES:
                ended = cookie_rotation.rotate(instance, administration.actor, said)
                _cookies(ended, as_json=as_json)
                return
            case Which.SIGNING:
                done = rotate(instance, administration.actor, said, compromised=compromised)
    if as_json:
        print_json(_document(done, compromised=compromised))
    else:
        print("\n".join(_told(done, compromised=compromised)))


def key_list(
    out: Path = typer.Argument(..., metavar="OUT", help="The file to write."),
    as_json: bool = _JSON,
) -> None:
    """Write the list of the instance's signing keys, with which everything that it ever signed is verified offline.

    The public register has the same one (register/keys.json). Give it to `saferoom verify --key`.
    """
    import json

    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.cli.record_files import whole_or_nothing
    from saferoom.hub.key_rotation import published
    from saferoom.projects.keys.rotations import key_list as made

    with opened() as (instance, _), whole_or_nothing(out, "OUT") as temporary:
        stated = published(instance)
        key = instance.signing_key.verifying_key
        temporary.write_text(json.dumps(made(key, stated)), encoding="utf-8")
    if as_json:
        print_json({"key_id": key.key_id, "ended": len(stated), "file": str(out)})
    else:
        print(f"Key {key.key_id} and {len(stated)} ended before it: {out}")


def _cookies(ended: int, *, as_json: bool) -> None:
    from saferoom.hub.cli.commands import print_json

    if as_json:
        print_json({"tokens_ended": ended})
    else:
        print(f"Cookies have another secret, and {ended:,} tokens of the hub ended. Start the hub: everybody signs in.")
        print("People's own API tokens are not the hub's: saferoom admin end-tokens USER.")


def _document(done: Rotated, *, compromised: bool) -> dict[str, object]:
    found = done.inventory
    return {
        "ended": done.ended,
        "new": done.new,
        "audit_link": done.link,
        "compromised": compromised,
        "listed": len(found.outside),
        "kept": len(found.inside),
        "releases": found.releases,
        "releases_not_listed": found.missing,
    }


def _told(done: Rotated, *, compromised: bool) -> list[str]:
    found = done.inventory
    lines = [
        f"Key {done.ended} ended with link {done.link} of the audit trail; {done.new} signs from now on.",
        f"What it had signed stays valid: {found.releases:,} releases, {len(found.outside):,} statements for outside "
        f"in all, {len(found.inside):,} inside.",
    ]
    if found.missing:
        lines.append(
            f"Not listed: {found.missing:,} releases whose bundle is missing, or not as the audit trail has it; they "
            "do not verify any more. Restore the vault and look into it."
        )
    if compromised:
        lines += [
            "Not to be trusted any more: anything with the old key's signature that is not on the list of keys, "
            "whatever date it bears; lists of withdrawals and heads that were downloaded earlier (fetch them again);",
            "and what was put on record while somebody else had the key: hold the releases of that time against what "
            "output checkers remember (saferoom verify BUNDLE --ledger), and withdraw what nobody approved.",
            "Whoever has the old public key alone cannot tell: publish the new one, and this, by another way as well.",
        ]
    return [
        *lines,
        "Start the hub. Publish the new list of keys (saferoom admin key-list, or register/keys.json), and back up "
        "the keys (saferoom admin backup --keys).",
    ]
