"""``saferoom admin rotate-key`` and ``key-list``: new keys in the place of old ones, and what outsiders are told."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from saferoom.errors import BadInputError
from saferoom.hub.cli.instance import opened

if TYPE_CHECKING:
    from saferoom.hub.key_rotation import Rotated
    from saferoom.hub.wiring import Instance

_BACK_UP = "Back up the keys (saferoom admin backup --keys)."
_JSON = typer.Option(False, "--json", help="Print one JSON document.")


class Which(StrEnum):
    """Keys that can be rotated by themselves."""

    SIGNING = "signing"
    COOKIES = "cookies"
    EXTRACTS = "extracts"
    LINKER = "linker"
    PROVISIONER = "provisioner"


_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]


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
    since: datetime | None = typer.Option(
        None,
        "--since",
        formats=_TIMES,
        help="With --compromised: from when on (UTC). What it signed from then on verifies no more.",
    ),
    as_json: bool = _JSON,
) -> None:
    """Put a new key in the place of an old one; for all but extracts while the hub is stopped.

    signing: what the old key had signed until now goes on a list and stays valid; nothing else that it signs ever is.
    cookies: everybody signs in again; sessions, and tokens of the hub, end.
    extracts, linker, provisioner: the keys of the files are wrapped anew, and the old key is destroyed. No data is
    written again. Interrupted, it is run again.
    """
    from saferoom.hub import cookie_rotation
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.cli.hub import only_one
    from saferoom.hub.key_rotation import rotate

    said = reason.strip()
    if not said or len(said) > 1000:
        raise BadInputError("--reason: say why, in at most 1000 characters")
    if (compromised or since) and which is not Which.SIGNING:
        raise BadInputError("--compromised, --since: only with signing; what others opened is worth nothing any more")
    with opened() as (instance, administration):
        if which is Which.EXTRACTS:
            _extracts(instance, administration.actor, said, as_json=as_json)
            return
        with only_one(instance.home):
            if which in (Which.LINKER, Which.PROVISIONER):
                _zone(instance, which, administration.actor, said, as_json=as_json)
                return
            if which is Which.COOKIES:
                _cookies(cookie_rotation.rotate(instance, administration.actor, said), as_json=as_json)
                return
            moment = since and since.replace(tzinfo=UTC)
            done = rotate(instance, administration.actor, said, compromised=compromised, since=moment)
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


def _extracts(instance: Instance, actor: str, reason: str, *, as_json: bool) -> None:
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.extract_key_rotation import rotate

    done = rotate(instance, actor, reason)
    if as_json:
        print_json({"ended": done.ended, "new": done.new, "projects": done.projects, "files": done.files})
        return
    print(f"The keys of {done.files:,} files of {done.projects:,} projects are wrapped under key {done.new} now.")
    print(f"Key {done.ended} is destroyed: extracts in older backups open with the backup of keys from then alone.")
    print(_BACK_UP)


def _zone(instance: Instance, which: Which, actor: str, reason: str, *, as_json: bool) -> None:
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.linkage.key_change import rotate
    from saferoom.hub.linkage.zones import Zone

    done = rotate(instance, Zone(which.value), actor, reason)
    if as_json:
        print_json({"ended": done.ended, "new": done.new, "files": done.files})
        return
    print(f"The keys of {done.files:,} files are wrapped for the {which.value}'s key {done.new} now.")
    print(
        f"Key {done.ended} is destroyed: the {which.value}'s files in older backups open with the key from then alone."
    )
    print(f"{_BACK_UP} Start the hub.")


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
