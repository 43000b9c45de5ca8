"""``saferoom audit verify``: checks the whole audit trail and names the first broken link."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from saferoom.errors import SaferoomError
from saferoom.hub import keys
from saferoom.hub.home import Home
from saferoom.signing import VerifyingKey


class NothingToVerifyError(SaferoomError):
    """There is no audit trail, or no key to check its heads with."""


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="Verify the audit trail.", no_args_is_help=True)
    group.callback()(_group)
    group.command("verify", help="Check every link, payload and signed head of the audit trail.")(verify)
    app.add_typer(group, name="audit")


def _group() -> None:
    """Verify the audit trail."""


def verify(
    home: Annotated[Path | None, typer.Option("--home", help="The instance's home. Default: SAFEROOM_HOME.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Check the audit trail: exit 0 when it holds, else 1 with the first broken link."""
    from saferoom.hub.key_rotation import checked
    from saferoom.hub.store.audit_log import verify_audit_log
    from saferoom.hub.store.database import Database
    from saferoom.hub.store.inputs import InputChains
    from saferoom.projects.inputs.service import verify_chains

    instance = Home(home.resolve()) if home else Home.from_environment()
    database = Database(existing(instance))
    try:
        with database.reading() as session:
            key = _key(instance)
            report = verify_audit_log(session, key)
            changes = len(checked(session, instance, key))
            inputs = verify_chains(InputChains(session))
    finally:
        database.dispose()
    if as_json:
        print(json.dumps({"ok": True, **asdict(report), "key_changes": changes, "inputs": inputs}, indent=2))
        return
    erased = f", {report.erased_payloads} of them with an erased payload" if report.erased_payloads else ""
    print(f"The audit trail holds: {report.links} links{erased}, {report.signed_heads} signed heads.")
    if changes:
        print(f"The signing key changed {changes} time{'s' if changes > 1 else ''}; every statement of it holds.")
    if inputs:
        print(f"What kernels were told to run holds: {inputs} inputs are kept, as they were heard.")
    print(f"Head: {report.head}")


def existing(home: Home) -> str:
    """Return the address of an instance's database; raise `NothingToVerifyError` where there is none."""
    # Opening a SQLite address makes an empty database; a missing one must not look like an unbroken trail.
    url = home.database_url
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        raise NothingToVerifyError(f"there is no Saferoom instance at {home.root}; give its folder with --home")
    return url


def _key(home: Home) -> VerifyingKey:
    if not home.verifying_key.is_file():
        raise NothingToVerifyError(f"{home.verifying_key} is missing, so signed heads cannot be checked; restore it")
    return keys.verifying_key(home)
