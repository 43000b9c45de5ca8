"""Verifies a release bundle: bytes and a trusted key in, a report out. No files, no network, no clock.

The key must come from elsewhere: a key inside a bundle would prove nothing, so none is looked for.

References
----------
DSSE protocol v1.0.2 (https://github.com/secure-systems-lab/dsse), sections "Signature definition" and "Protocol";
RO-Crate Metadata Specification 1.1; `saferoom.projects.airlock.bundle` for what a bundle holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from saferoom.digests import sha256
from saferoom.disclosure.privacy.certificate import CERTIFICATE_TYPE as PRIVACY_TYPE
from saferoom.errors import IntegrityError
from saferoom.projects.airlock import verify_privacy, verify_records
from saferoom.projects.airlock.archive import read_archive
from saferoom.projects.airlock.layout import (
    CRATE,
    ENVELOPE,
    FIXED,
    MANIFEST_TYPE,
    MANIFEST_VERSION,
    OUTPUT,
    SDC_RECORD,
    SDC_RECORD_VERSION,
)
from saferoom.projects.airlock.model import Lane
from saferoom.projects.airlock.verify_privacy import Certified
from saferoom.projects.airlock.verify_report import BundleReport, Check
from saferoom.projects.airlock.withdrawals import Withdrawn
from saferoom.projects.keys.doubts import doubt, refuse
from saferoom.signing import VerifyingKey

_ALONE = frozenset({Lane.DECLARED.value, Lane.PRIVACY.value})
"""What may leave without a person."""


@dataclass
class _Trusted:
    """What has been proven so far; each step trusts only what the steps before it proved."""

    data: bytes
    key: VerifyingKey
    files: dict[str, bytes] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)
    certified: tuple[Certified, ...] = ()
    key_id: str = ""
    warnings: tuple[str, ...] = ()


def verify_bundle(data: bytes, key: VerifyingKey, withdrawals: Mapping[str, Withdrawn] | None = None) -> BundleReport:
    """Check `data` from the outside in, and stop at the first thing that is wrong.

    Parameters
    ----------
    withdrawals : mapping of str to Withdrawn, optional
        Releases that are withdrawn, by their ids; without it nothing is said of withdrawals.
    """
    trusted = _Trusted(data, key)
    checks: list[Check] = []
    for name, enforces, check in CHECKS:
        try:
            check(trusted)
        except IntegrityError as error:
            return BundleReport((*checks, Check(name, enforces, error.message)), key.key_id)
        checks.append(Check(name, enforces))
    return BundleReport(
        checks=tuple(checks),
        key_id=trusted.key_id,
        release=trusted.manifest["release"],
        project=trusted.manifest["project"],
        approved_at=trusted.manifest["approved_at"],
        files=tuple(item["path"] for item in trusted.manifest["files"]),
        audit=trusted.record["audit"],
        withdrawn=(withdrawals or {}).get(trusted.manifest["release"]),
        certificates=tuple(one.certificate for one in trusted.certified),
        warnings=trusted.warnings,
        complete=True,
    )


def check_archive(trusted: _Trusted) -> None:
    """Read the archive; see `saferoom.projects.airlock.archive`."""
    trusted.files = read_archive(trusted.data)


def check_names(trusted: _Trusted) -> None:
    """Check that there is nothing in the bundle but what bundles hold."""
    missing = sorted(FIXED - set(trusted.files))
    if missing:
        raise IntegrityError(f"the bundle has no {missing[0]}" + ("; it is not signed" if ENVELOPE in missing else ""))
    for path in trusted.files:
        if path not in FIXED and not OUTPUT.fullmatch(path):
            raise IntegrityError("the bundle has a file that does not belong into a release")


def check_signature(trusted: _Trusted) -> None:
    """Check the envelope with the given key, and only then look at what it says."""
    envelope = _json(trusted.files[ENVELOPE], ENVELOPE)
    payload = trusted.key.open(envelope, MANIFEST_TYPE)
    trusted.key_id = trusted.key.signer(envelope, MANIFEST_TYPE).key_id
    trusted.manifest = _json(payload, "the signed manifest")


def check_manifest(trusted: _Trusted) -> None:
    """Check that the signed manifest is of a version and a form this program knows."""
    manifest = trusted.manifest
    if manifest.get("version") != MANIFEST_VERSION or isinstance(manifest.get("version"), bool):
        raise IntegrityError("the signed manifest is of a version this program does not know; use a newer one")
    if set(manifest) != {"version", "release", "project", "approved_at", "files"}:
        raise IntegrityError("the signed manifest has not exactly the entries of its version")
    texts = [manifest["release"], manifest["project"], manifest["approved_at"]]
    if not all(isinstance(text, str) for text in texts) or not isinstance(manifest["files"], list):
        raise IntegrityError("the signed manifest has an entry of another kind than its version asks")
    if not all(_is_file_entry(item) for item in manifest["files"]):
        raise IntegrityError("the signed manifest describes a file in another form than its version asks")


def _is_file_entry(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and set(item) == {"path", "sha256", "size"}
        and isinstance(item["path"], str)
        and isinstance(item["sha256"], str)
        and type(item["size"]) is int
    )


def check_files(trusted: _Trusted) -> None:
    """Check that the bundle holds exactly the signed files, byte for byte."""
    signed = [item["path"] for item in trusted.manifest["files"]]
    if len(set(signed)) != len(signed):
        raise IntegrityError("the signed manifest names a file twice")
    for path in signed:
        if path not in trusted.files or path == ENVELOPE:
            raise IntegrityError(f"{_shown(path)} is signed but missing")
    for path in trusted.files:
        if path != ENVELOPE and path not in signed:
            raise IntegrityError(f"{path} is in the bundle but was not signed")
    for item in trusted.manifest["files"]:
        content = trusted.files[item["path"]]
        if len(content) != item["size"] or sha256(content) != item["sha256"]:
            raise IntegrityError(f"{item['path']} was changed after it was signed")


def check_record(trusted: _Trusted) -> None:
    """Check that the record of the disclosure control is about this release and about every file of it."""
    record = _json(trusted.files[SDC_RECORD], SDC_RECORD)
    if record.get("version") != SDC_RECORD_VERSION:
        raise IntegrityError(f"{SDC_RECORD} is of a version this program does not know; use a newer one")
    try:
        about = (record["release"], record["project"], record["approved_at"])
        described = {file["path"]: file["sha256"] for output in record["outputs"] for file in output["files"]}
        audit = (record["audit"]["link"], record["audit"]["digest"])
    except (KeyError, TypeError) as error:
        raise IntegrityError(f"{SDC_RECORD} lacks an entry of its version") from error
    if record.get("route") == "automatic" and any(o.get("lane", "declared") not in _ALONE for o in record["outputs"]):
        raise IntegrityError(f"{SDC_RECORD} says that a file left without a person; no file may")
    _check_groups(record)
    manifest = trusted.manifest
    if about != (manifest["release"], manifest["project"], manifest["approved_at"]) or None in audit:
        raise IntegrityError(f"{SDC_RECORD} is about another release")
    outputs = {item["path"]: item["sha256"] for item in manifest["files"] if item["path"] not in FIXED}
    if described != outputs:
        raise IntegrityError(f"{SDC_RECORD} does not describe exactly the outputs of this release")
    trusted.record = record


def _check_groups(record: dict[str, Any]) -> None:
    """Check that each output is in one group, where there are groups."""
    if "groups" not in record:
        return
    try:
        grouped = [place for group in record["groups"] for place in group["outputs"]]
        places = [output["position"] for output in record["outputs"]]
    except (KeyError, TypeError) as error:
        raise IntegrityError(f"{SDC_RECORD} lacks an entry of its version") from error
    if sorted(map(str, grouped)) != sorted(map(str, places)):
        raise IntegrityError(f"{SDC_RECORD} does not have each output in one of its groups")


def check_certificates(trusted: _Trusted) -> None:
    """Check that what is differentially private has a certificate, which is ours, agrees with itself and is its own."""
    trusted.certified = verify_privacy.signed(trusted.record, trusted.key)
    verify_privacy.check_about(trusted.record, trusted.certified)
    verify_privacy.check_processing(trusted.certified, trusted.files)


def check_key(trusted: _Trusted) -> None:
    """Check that nobody else had the key, or may have had it, when it signed; warn where it came to that later."""
    at = trusted.manifest["approved_at"]
    signed = [(_json(trusted.files[ENVELOPE], ENVELOPE), MANIFEST_TYPE)]
    signed += [(one.described["certificate"], PRIVACY_TYPE) for one in trusted.certified]
    said = (refuse(doubt(trusted.key, envelope, type_, at)) for envelope, type_ in signed)
    trusted.warnings = tuple(dict.fromkeys(warning for warnings in said for warning in warnings))


def check_records(trusted: _Trusted) -> None:
    """Check that record-level files were made by the plans that are shown, within their limits, and were signed."""
    verify_records.check(trusted.record)


def check_budgets(trusted: _Trusted) -> None:
    """Check that every certified output was paid for, before it left, and left once."""
    verify_privacy.check_ledger(trusted.record, trusted.certified)
    verify_privacy.check_once(trusted.certified)


def check_rules(trusted: _Trusted) -> None:
    """Check that every certified output was drawn by the rules that it shows."""
    verify_privacy.check_rules(trusted.certified)


def check_crate(trusted: _Trusted) -> None:
    """Check that the RO-Crate metadata describe a root data set with every file of the release."""
    graph = _json(trusted.files[CRATE], CRATE).get("@graph")
    entities = graph if isinstance(graph, list) else []
    root = next((e for e in entities if isinstance(e, dict) and e.get("@id") == "./"), {})
    parts = root.get("hasPart")
    named = {part.get("@id") for part in parts if isinstance(part, dict)} if isinstance(parts, list) else set()
    wanted = {item["path"] for item in trusted.manifest["files"]} - {CRATE}
    if not wanted <= named or root.get("identifier") != trusted.manifest["release"]:
        raise IntegrityError(f"{CRATE} does not describe this release")


CHECKS: tuple[tuple[str, str, Callable[[_Trusted], None]], ...] = (
    ("archive", "one unambiguous ZIP file of bounded size (APPNOTE.TXT 4.3.6)", check_archive),
    ("names", "only the files a bundle holds, and all that it must", check_names),
    ("signature", "an Ed25519 signature by the given key over the manifest (DSSE 1.0.2)", check_signature),
    ("manifest", f"a manifest of version {MANIFEST_VERSION} and nothing unknown in it", check_manifest),
    ("files", "exactly the signed files, by size and SHA-256", check_files),
    ("record", "the disclosure control record is about these files", check_record),
    ("records", "record-level files left by their owner's plan, signed, and its limits hold", check_records),
    ("certificates", "differential privacy is certified, and every loss follows from its plan", check_certificates),
    ("key", "a key that was in nobody else's hands when it signed", check_key),
    ("budgets", "a ledger entry, earlier than the release, for all that each plan costs", check_budgets),
    ("rules", "the unit of privacy and the bounds that the rules set", check_rules),
    ("crate", "RO-Crate metadata describe the release (RO-Crate 1.1)", check_crate),
)


def _json(data: bytes, name: str) -> dict[str, Any]:
    try:
        document = json.loads(data, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{name} is not a JSON document, or has a key twice") from error
    if not isinstance(document, dict):
        raise IntegrityError(f"{name} is not a JSON object")
    return document


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _shown(path: str) -> str:
    return path if path in FIXED or OUTPUT.fullmatch(path) else "a file"
