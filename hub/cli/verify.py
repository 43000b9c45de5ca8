"""``saferoom verify FILE``: an offline check of a release bundle or a certificate of deletion; it needs a key alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from saferoom.errors import BadInputError, IntegrityError, SaferoomError
from saferoom.hub import keys
from saferoom.hub.home import Home
from saferoom.policies.models import PolicyModel
from saferoom.projects.airlock.verify import verify_bundle
from saferoom.projects.airlock.verify_report import BundleReport
from saferoom.projects.airlock.withdrawals import Withdrawn, read_withdrawals
from saferoom.projects.keys.doubts import doubt, refuse
from saferoom.projects.keys.rotations import read_key_list
from saferoom.projects.retention.certificates import CERTIFICATE_TYPE as RETENTION_TYPE
from saferoom.projects.retention.certificates import check
from saferoom.signing import VerifyingKey

_NO_KEY = (
    "no key to verify with: give the releasing instance's public key with --key FILE (PEM). "
    "Without it anybody could have made this bundle"
)


class CannotVerifyError(SaferoomError):
    """There is nothing to verify, or nothing to trust a signature by; exit 1, because nothing was proven."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify", help="Verify a release bundle offline.")(verify)


def verify(
    bundle: Annotated[Path, typer.Argument(help="The bundle (ZIP), or a certificate (JSON).", metavar="BUNDLE.zip")],
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            help="The releasing instance's public key (PEM), or its list of keys (keys.json of its public register), "
            "which knows the ended ones too. Default: this instance's own.",
        ),
    ] = None,
    known: Annotated[
        Path | None,
        typer.Option("--known", help="A public key of the instance (PEM) from earlier: the list must come from it."),
    ] = None,
    withdrawals: Annotated[
        Path | None,
        typer.Option(
            "--withdrawals",
            help="The signed list of withdrawn releases, from the instance's public register, or one statement of it.",
        ),
    ] = None,
    ledger: Annotated[
        bool,
        typer.Option(
            "--ledger",
            help="On the releasing instance (SAFEROOM_HOME): check its own record of the release, its ledger of "
            "privacy budgets and its whole audit trail as well.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Verify a release bundle, or a certificate of deletion: exit 0 when everything holds, else 1 with what is wrong.

    A bundle that is withdrawn is still what was signed; with ``--withdrawals`` that is said, and the exit is 1. What is
    differentially private must have a certificate: its loss is computed again from its plan, without any data.
    """
    trusted, data = _key(key, known), _read(bundle, "the bundle")
    if data.lstrip().startswith(b"{"):
        _certificate(data, trusted, as_json)
        return
    withdrawn = _withdrawals(withdrawals, trusted) if withdrawals else None
    report = verify_bundle(data, trusted, withdrawn)
    if ledger and report.genuine:
        report = _on_record(report, data, trusted)
    print(json.dumps(report.document(), indent=2) if as_json else "\n".join(_lines(report)))
    raise typer.Exit(0 if report.ok else 1)


def _on_record(report: BundleReport, data: bytes, key: VerifyingKey) -> BundleReport:
    from saferoom.hub.cli.audit import existing
    from saferoom.hub.cli.verify_ledger import with_record
    from saferoom.hub.store.database import Database

    database = Database(existing(Home.from_environment()))
    try:
        with database.reading() as session:
            return with_record(report, data, session, key)
    finally:
        database.dispose()


def _certificate(data: bytes, key: VerifyingKey, as_json: bool) -> None:
    """Verify the certificate that a closed project's workspace was destroyed, or that a file was deleted."""
    from saferoom.projects.life.sealing import CERTIFICATE_TYPE, check_certificate

    try:
        envelope = json.loads(data)
    except (ValueError, RecursionError):
        raise IntegrityError("NOT a valid certificate: the file is not JSON") from None
    if isinstance(envelope, dict) and envelope.get("payloadType") == RETENTION_TYPE:
        _retention(envelope, key, as_json)
        return
    found = check_certificate(envelope if isinstance(envelope, dict) else {}, key)
    warnings = refuse(doubt(key, envelope, CERTIFICATE_TYPE, found.deleted_at))
    if as_json:
        _document(found, warnings)
        return
    print(f"Valid certificate: the sealed workspace of project {found.project} was destroyed {found.deleted_at}")
    print(f"by {found.deleted_by}, {len(found.destroyed.parts)} parts and their key. Kept until {found.retain_until}.")
    print(f"Signed by key {key.signer(envelope, CERTIFICATE_TYPE).key_id}.")
    _warn(warnings)


def _retention(envelope: Mapping[str, Any], key: VerifyingKey, as_json: bool) -> None:
    found = check(envelope, key)
    warnings = refuse(doubt(key, envelope, RETENTION_TYPE, found.deleted_at))
    if as_json:
        _document(found, warnings)
        return
    thing = {"owner's file": "data owner's file", "delivery": "split delivery", "draft": "draft", "log": "log file"}
    print(f"Valid certificate: a {thing[found.what]} of {found.bytes:,} bytes was deleted {found.deleted_at}")
    print(f"by the {found.by}: {found.why}. Its SHA-256 was {found.sha256}.")
    print(found.remains)
    if found.backups:
        print(f"Backups of data that nobody had said to be destroyed by then: {found.backups:,}.")
    print(f"Decided in audit link {found.link}; signed by key {key.signer(envelope, RETENTION_TYPE).key_id}.")
    _warn(warnings)


def _document(found: PolicyModel, warnings: Sequence[str]) -> None:
    print(json.dumps({"ok": True, "certificate": found.model_dump(mode="json"), "warnings": list(warnings)}, indent=2))


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        print(f"WARNING: {warning}.")


def _key(given: Path | None, known: Path | None) -> VerifyingKey:
    """Return the key that is trusted, or the keys: of a list, or of this instance."""
    home = Home.from_environment()
    path = given or home.verifying_key
    if given is None and not path.is_file():
        raise CannotVerifyError(_NO_KEY)
    try:
        data = _read(path, "the key")
        if data.lstrip().startswith(b"{"):
            return read_key_list(data, VerifyingKey.from_pem(_read(known, "the key")) if known else None)
        if known is not None:
            raise BadInputError("--known goes with a list of keys in --key")
        return VerifyingKey.from_pem(data) if given else keys.verifying_key(home)
    except (BadInputError, IntegrityError) as error:
        raise CannotVerifyError(f"{path}: {error.message}") from error


def _withdrawals(path: Path, key: VerifyingKey) -> Mapping[str, Withdrawn]:
    try:
        return read_withdrawals(_read(path, "the list of withdrawals"), key)
    except BadInputError as error:
        raise CannotVerifyError(f"{path}: {error.message}") from error


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CannotVerifyError(f"{what} {path} cannot be read: {error.strerror}") from error


def _lines(report: BundleReport) -> list[str]:
    marks = [f"  {'ok    ' if c.passed else 'FAILED'}  {c.name}: {c.enforces}" for c in report.checks]
    if report.genuine and report.withdrawn is not None:
        return [*marks, f"WITHDRAWN: {report.release} is what was signed, but {report.problem}."]
    if not report.ok:
        return [*marks, f"NOT a valid release: {report.problem}."]
    return [
        *marks,
        f"Valid release {report.release} of project {report.project}, approved {report.approved_at}.",
        f"Signed by key {report.key_id}; {len(report.files)} files.",
        f"Audit link {report.audit['link']}: {report.audit['digest']}",
        *(_private(one.summary()) for one in report.certificates),
        *(f"WARNING: {warning}." for warning in report.warnings),
    ]


def _private(said: Mapping[str, Any]) -> str:
    """Say what one output with differential privacy cost, and whom it protects."""
    name = {"zcdp": "rho", "pure": "epsilon"}[said["measure"]]
    delta = f", delta {said['delta']:.3g}" if said["delta"] else ""
    made = "made from numbers that are" if said["processed"] else "is"
    return (
        f"Output {said['output']} {made} {said['label']}: {name} {said['loss']:.6g}{delta} for every {said['unit']}, "
        f"charge {said['charge']}."
    )
